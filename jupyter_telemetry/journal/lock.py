"""One erasure of a journal at a time, in whatever process and machine: a lock that does not outlive its holder.

Whoever holds it touches it every few seconds, for an erasure may take longer than anybody believes in a dead one's.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from ..errors import JournalError
from ..lockfile import ASIDE_SUFFIX, HAS_SYMLINKS, LockFile, LockLost

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DRAFT_SUFFIX", "JournalLock"]

DRAFT_SUFFIX = ASIDE_SUFFIX  # of a hidden file that only whoever holds the lock needs
STALE_S = 60.0
TOUCH_INTERVAL_S = 2.0


class JournalLock(LockFile):
    """Held as a context manager; whoever holds it calls `touch` often, and `check` before what cannot be undone.

    Raises JournalError if it cannot be had within `patience_s` seconds, or not at all.
    """

    def __init__(self, directory: Path, *, patience_s: float = 300.0, stale_s: float = STALE_S) -> None:
        super().__init__(directory / ".erasure.lock", stale_s=stale_s, wait_s=patience_s, as_symlink=True)
        self._touched_at = 0.0

    def __enter__(self) -> JournalLock:
        try:
            super().__enter__()
        except TimeoutError:
            raise JournalError(f"another erasure is at work in {self._path}; try again when it has ended") from None
        except OSError as error:
            raise JournalError(f"{self._path} cannot be made: {error.strerror}") from error
        self._touched_at = time.monotonic()
        return self

    def touch(self) -> None:
        """Say to those who wait that the holder is alive."""
        if time.monotonic() >= self._touched_at + TOUCH_INTERVAL_S:
            self._touched_at = time.monotonic()
            with contextlib.suppress(OSError):
                os.utime(self._path, follow_symlinks=not HAS_SYMLINKS)

    def check(self) -> None:
        """Raise JournalError if somebody has taken the holder for dead, and its lock."""
        try:
            super().check()
        except LockLost:
            raise JournalError(
                f"the lock {self._path} was taken by another erasure; try again when that has ended"
            ) from None
