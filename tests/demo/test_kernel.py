"""The channel to a kernel, against a server that speaks when we say so."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING

import pytest
import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket

from jupyter_telemetry.demo.kernel import KernelChannel

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Kernel(tornado.websocket.WebSocketHandler):
    """Answers a cell with what the cell is: the name of a deed."""

    async def on_message(self, message: str) -> None:
        request = json.loads(message)
        deed = request["content"]["code"]
        if deed == "close":
            self.close()
            return
        if deed == "chatter":
            self.ping(b"")
            await self.write_message(b"binary", binary=True)
            await self._reply({"msg_id": "another"}, "ok")
            await self.write_message(
                json.dumps({"msg_type": "status", "parent_header": request["header"], "content": {}})
            )
        if deed == "silence":
            for _ in range(20):
                self.ping(b"")
                await asyncio.sleep(0.05)
            return
        await self._reply(request["header"], "error" if deed == "error" else "ok")

    async def _reply(self, parent: dict[str, str], status: str) -> None:
        reply = {"msg_type": "execute_reply", "parent_header": parent, "content": {"status": status}}
        await self.write_message(json.dumps(reply))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    loop = asyncio.new_event_loop()
    server: list[tornado.httpserver.HTTPServer] = []
    ready = threading.Event()

    async def serve() -> None:
        server.append(tornado.httpserver.HTTPServer(tornado.web.Application([(".*", _Kernel)])))
        server[0].add_sockets(sockets)
        ready.set()

    async def end() -> None:
        server[0].stop()
        await server[0].close_all_connections()

    def live() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=live)
    thread.start()
    ready.wait(10)
    yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    asyncio.run_coroutine_threadsafe(end(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def channel(url: str) -> Iterator[KernelChannel]:
    with KernelChannel(url, "k1", {"Authorization": "token x"}) as channel:
        yield channel


@pytest.mark.parametrize(("cell", "status"), [("1 + 1", "ok"), ("error", "error"), ("chatter", "ok")])
def test_the_answer_to_a_cell_is_found_among_what_else_is_said(channel, cell, status):
    assert channel.answer(channel.send(cell)) == status


def test_pings_do_not_put_off_the_end_of_waiting(channel):
    assert channel.answer(channel.send("silence"), timeout_s=0.3) is None


def test_a_cell_that_is_not_answered_is_an_error(channel, monkeypatch):
    monkeypatch.setattr("jupyter_telemetry.demo.kernel.TIMEOUT_S", 0.3)
    with pytest.raises(TimeoutError, match="did not answer"):
        channel.run("silence")


def test_a_channel_that_the_server_closes_is_an_error(channel):
    with pytest.raises(ConnectionError, match="closed the channel"):
        channel.run("close")
