"""A lock between processes that share nothing but a directory, also over NFS: a file that only one can create."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["STALE_S", "WAIT_S", "FileLock", "LockLost"]

STALE_S = 10.0  # after which a lock that stays the same was left by somebody who was killed
WAIT_S = 30.0

_LONGEST_PAUSE_S = 0.03
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)


class LockLost(Exception):
    """Somebody else took the lock for one that was left behind."""


class FileLock:
    """Held inside `with`, by one process or thread at a time.

    Who is killed while holding it leaves the file; who waits removes it when it has stayed the same for `stale_s`,
    by the waiting process's own clock: no two machines' clocks are compared. A holder that slept so long must not go
    on as if it had the lock: it calls check() before the step that counts.

    Parameters
    ----------
    path: of the file, whose directory exists.
    stale_s, wait_s: seconds.

    Raises OSError if the file cannot be made, or TimeoutError (an OSError) if others hold it for `wait_s`.
    """

    def __init__(self, path: Path, *, stale_s: float = STALE_S, wait_s: float = WAIT_S) -> None:
        self._path = str(path)
        self._stale_s = stale_s
        self._wait_s = wait_s
        self._token = os.urandom(16).hex().encode()

    def __enter__(self) -> FileLock:
        give_up_at = time.monotonic() + self._wait_s
        seen: object = None
        seen_at = 0.0
        while not self._create():
            found, now = _look(self._path), time.monotonic()
            if found is None or found != seen:
                seen, seen_at = found, now
            elif now - seen_at >= self._stale_s:
                self._remove(found)
            if now >= give_up_at:
                raise TimeoutError(errno.ETIMEDOUT, f"other processes hold its lock {self._path} all the time")
            time.sleep(random.uniform(0, _LONGEST_PAUSE_S))  # noqa: S311 - no secret
        return self

    def __exit__(self, *exc_info: object) -> None:
        with contextlib.suppress(OSError, LockLost):
            self.check()
            os.unlink(self._path)

    def check(self) -> None:
        """Raise LockLost unless the lock is still held."""
        found = _look(self._path)
        if found is None or found[1] != self._token:
            raise LockLost

    def _create(self) -> bool:
        try:
            fd = os.open(self._path, _CREATE, 0o600)
        except FileExistsError:
            return False
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(self._token)
        except OSError:  # a full disk has room for the name, but not for what stands in it
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            raise
        return True

    def _remove(self, found: object) -> None:
        """Remove the lock that was left behind, and none that somebody else has taken meanwhile."""
        aside = f"{self._path}.{self._token.decode()}"
        with contextlib.suppress(OSError):
            os.rename(self._path, aside)
            if _look(aside) != found:
                with contextlib.suppress(OSError):  # its holder finds it lost, and begins again
                    os.link(aside, self._path)
            os.unlink(aside)


def _look(path: str) -> tuple[int, bytes] | None:
    """Return what tells one lock from another; None if there is none."""
    try:
        fd = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        return -(error.errno or 1), b""
    try:
        return os.fstat(fd).st_ino, os.read(fd, 64)
    except OSError as error:  # a directory of that name
        return -(error.errno or 1), b""
    finally:
        os.close(fd)
