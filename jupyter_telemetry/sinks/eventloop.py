"""An event loop in a thread of its own, for clients that are written for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from .inherited import abandon

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["EventLoop", "take_note"]

T = TypeVar("T")


class EventLoop:
    """Runs coroutines for a thread that waits for them; between two, the client goes on: it answers pings.

    The thread is a daemon: a destination that does not answer keeps no process alive. Where none can be started, at the
    end of an interpreter (Python 3.12), the loop runs in the thread that waits.
    """

    def __init__(self, name: str) -> None:
        self._loop = _Loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        with contextlib.suppress(RuntimeError):
            self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_s: float) -> T:
        """Return what it returns. Raises asyncio.TimeoutError when it takes too long, and what it raises."""
        if self._thread.ident is None:
            return self._loop.run_until_complete(asyncio.wait_for(coroutine, timeout_s))
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, timeout_s), self._loop)
        try:
            return future.result()
        except BaseException:  # of the waiting thread: an interrupt
            future.cancel()
            raise

    def close(self) -> None:
        """Cancel what is left, cut its connections, and end the thread."""
        if self._thread.ident is None:
            self._loop.run_until_complete(self._loop.give_up())
        else:
            asyncio.run_coroutine_threadsafe(self._loop.give_up(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def abandon(self) -> None:
        """In the child of a fork, where nothing runs the loop: drop the copies of the parent's connections.

        It is not closed: what it waits on is the parent's, too.
        """
        connections = [each for each in self._loop.connections if not each.is_closing()]
        abandon(self, [each.get_extra_info("socket").fileno() for each in connections])


class _Loop(asyncio.SelectorEventLoop):
    """A loop that knows its connections: clients leave some behind, where a server breaks off in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: set[asyncio.Transport] = set()

    async def create_connection(self, *arguments: Any, **options: Any) -> Any:
        transport, protocol = await super().create_connection(*arguments, **options)
        self.connections = {each for each in self.connections if not each.is_closing()} | {transport}
        return transport, protocol

    async def getaddrinfo(self, *arguments: Any, **options: Any) -> Any:
        try:
            return await super().getaddrinfo(*arguments, **options)
        except RuntimeError:  # the interpreter ends, and its pool of threads takes nothing any more
            return socket.getaddrinfo(*arguments, **options)

    async def give_up(self) -> None:
        """Cancel all tasks, and cut all connections, whatever is still to be sent."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in self.connections:
            connection.abort()
        await asyncio.sleep(0)  # in which they are closed
        await asyncio.sleep(0)


def take_note(task: asyncio.Task[Any]) -> None:
    """Take note of how a task ended that nobody may wait for any more: asyncio would print its traceback."""
    if not task.cancelled():
        task.exception()
