"""A file of ours that DuckDB's threads share, and what went wrong when it was read: DuckDB keeps only a traceback."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Failures", "SharedFile"]


class Failures:
    """Keeps the last failure of the files that are read for a question."""

    def __init__(self) -> None:
        self.failure: Exception | None = None

    def take_failure(self) -> Exception | None:
        """Return the failure, and forget it."""
        failure, self.failure = self.failure, None
        return failure


class SharedFile:
    """An open file: each thread seeks, and then reads from where it sought.

    read_at: returns so many bytes, or fewer at the end, from a position. close: is called once.
    """

    def __init__(
        self,
        size: int,
        read_at: Callable[[int, int], bytes],
        failures: Failures,
        close: Callable[[], None] | None = None,
    ) -> None:
        self._size = size
        self._read_at = read_at
        self._failures = failures
        self._close = close
        self._position = 0
        self._sought: dict[int, int] = {}  # by thread

    def seek(self, position: int) -> int:
        self._sought[threading.get_ident()] = position
        return position

    def tell(self) -> int:
        return self._sought.get(threading.get_ident(), self._position)

    def read(self, count: int = -1) -> bytes:
        position = self._sought.pop(threading.get_ident(), self._position)
        try:
            found = self._read_at(self._size - position if count < 0 else count, position)
        except Exception as error:
            self._failures.failure = error
            raise
        self._position = position + len(found)
        return found

    def close(self) -> None:
        """Close what is behind it, if that needs closing."""
        close, self._close = self._close, None
        if close is not None:
            close()
