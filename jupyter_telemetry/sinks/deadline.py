"""A deadline for a library that waits on its connection for as long as the other side is silent."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Deadline"]


class Deadline:
    """Cuts a connection that is in use for too long: whoever waits on it gets the error of a broken one.

    Time-outs of the protocol and of TCP do not hold against a server that is stopped while its machine goes on.

    Parameters
    ----------
    connection: the file descriptor of a socket, which stays another's.
    timeout_s: from when the deadline is entered.

    There is none at the end of an interpreter that starts no thread any more (Python 3.12): nobody waits for long then.
    """

    def __init__(self, connection: int, timeout_s: float) -> None:
        self._socket = socket.socket(
            fileno=os.dup(connection)
        )  # the number may be another file's when the time has come
        self._timer = threading.Timer(timeout_s, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._timer.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._socket.close()

    def _cut(self) -> None:
        with self._lock, contextlib.suppress(OSError):  # it is closed, or the other side has
            self._socket.shutdown(socket.SHUT_RDWR)
