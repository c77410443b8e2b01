"""An event loop in a thread of its own: it waits no longer than it is told, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading

import pytest

from jupyter_telemetry.sinks.eventloop import EventLoop


@pytest.fixture
def loop():
    loop = EventLoop("a loop of a test")
    yield loop
    loop.close()
    assert "a loop of a test" not in [thread.name for thread in threading.enumerate()]
    gc.collect()  # what is left open is a warning, and warnings are errors


def test_what_a_coroutine_returns_or_raises_comes_back(loop):
    async def add(one, other):
        await asyncio.sleep(0)
        return one + other

    assert loop.run(add(1, 2), 10) == 3
    with pytest.raises(TypeError):
        loop.run(add(1, ""), 10)


def test_what_takes_too_long_is_given_up(loop):
    with pytest.raises(asyncio.TimeoutError):
        loop.run(asyncio.sleep(60), 0.01)


def test_connections_and_tasks_that_are_left_behind_are_ended(loop):
    kept = loop.kept = []  # for as long as the loop: one that is let go before is closed by itself
    with socket.create_server(("127.0.0.1", 0)) as server:

        async def connect():
            _, writer = await asyncio.open_connection(*server.getsockname())
            kept.append(writer)
            writer.write(b"x" * 10_000_000)  # nobody will read it
            asyncio.ensure_future(asyncio.sleep(60)).add_done_callback(lambda _: None)

        loop.run(connect(), 10)
