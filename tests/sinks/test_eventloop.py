"""An event loop in a thread of its own: it waits no longer than it is told, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

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


def test_where_no_thread_can_be_started_it_runs_in_the_one_that_waits():
    size = threading.stack_size(1 << 46)  # which no machine has room for
    try:
        loop = EventLoop("a loop of a test")
    finally:
        threading.stack_size(size)
    assert loop.run(asyncio.sleep(0, 3), 10) == 3
    with pytest.raises(asyncio.TimeoutError):
        loop.run(asyncio.sleep(60), 0.01)
    loop.close()
    gc.collect()


def test_where_the_pool_of_threads_is_gone_names_are_looked_up_all_the_same(loop):
    loop._loop.set_default_executor(pool := ThreadPoolExecutor(1))
    pool.shutdown()  # as at the end of the interpreter
    assert loop.run(loop._loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM), 10)[0][4] == ("127.0.0.1", 80)


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
