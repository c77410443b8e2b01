"""An event loop in a thread of its own, for clients that are written for asyncio."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["EventLoop"]

T = TypeVar("T")


class EventLoop:
    """Runs coroutines for a thread that waits for them; between two, the client goes on: it answers pings.

    The thread is a daemon: a destination that does not answer keeps no process alive.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_s: float) -> T:
        """Return what it returns. Raises asyncio.TimeoutError when it takes too long, and what it raises."""
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, timeout_s), self._loop)
        try:
            return future.result()
        except BaseException:  # of the waiting thread: an interrupt
            future.cancel()
            raise

    def close(self) -> None:
        """Cancel what is left, and end the thread."""
        asyncio.run_coroutine_threadsafe(_cancelled(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancelled() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
