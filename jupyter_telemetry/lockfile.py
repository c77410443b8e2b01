"""A lock between processes that share nothing but a directory, also over NFS: a name that only one can create.

No flock: not every NFS has it, and a forked child would hold it too. The lock names its holder. That of a process
that has died here is broken at once, any other when it has stayed the same for `stale_s` by the watch of the one who
waits: no two machines' clocks are compared. A holder that slept so long must not go on as if it had the lock: it
calls `check` before the step that counts.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import random
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

from .privatefile import create

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ASIDE_SUFFIX", "HAS_SYMLINKS", "LockFile", "LockLost", "new_owner"]

ASIDE_SUFFIX = ".draft"  # of a broken lock, for a moment
HAS_SYMLINKS = os.utime in os.supports_follow_symlinks  # that can be touched: not on Windows

_LONGEST_PAUSE_S = 0.05
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a FIFO hangs nobody


class LockLost(Exception):
    """Somebody else took the lock for one that was left behind."""


class _Found(NamedTuple):
    owner: str  # "" if nobody can be read from it
    touched_at: int  # nanoseconds since the epoch, by the clock of whose disk it is


class LockFile:
    """Held inside `with`, by one process or thread at a time.

    Parameters
    ----------
    path: of the lock, whose directory exists.
    stale_s: seconds, after which a lock that stays the same was left by somebody who was killed.
    wait_s: seconds, after which one gives up.
    as_symlink: it is a symlink that points nowhere, where there are any, instead of a file: it is never seen without
        its holder's name, and a full disk has room for it. (An NFS client looks after a file more often.)

    Raises OSError if it cannot be made, or TimeoutError (an OSError) if others hold it for `wait_s`.
    """

    def __init__(self, path: Path, *, stale_s: float, wait_s: float, as_symlink: bool = False) -> None:
        self._path = str(path)
        self._stale_s = stale_s
        self._wait_s = wait_s
        self._as_symlink = as_symlink and HAS_SYMLINKS
        self._owner = new_owner()
        self._seen: _Found | None = None  # whose lock it was at the last look, and since when, by our watch
        self._since = 0.0

    def __enter__(self) -> LockFile:
        give_up_at = time.monotonic() + self._wait_s
        while not self.try_take():
            if time.monotonic() >= give_up_at:
                raise TimeoutError(errno.ETIMEDOUT, f"other processes hold its lock {self._path} all the time")
            time.sleep(random.uniform(0, _LONGEST_PAUSE_S))  # noqa: S311 - no secret
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._is_ours():
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def try_take(self) -> bool:
        """Take the lock if it is free, or if whoever held it was killed; say whether it is held now.

        Raises OSError if it cannot be made.
        """
        while not self._take():
            found = _look(self._path)
            if found is None or not self._is_left(found):
                return False
            self._break(found)
            if _look(self._path) == found:  # it cannot be broken
                return False
        return True

    def is_free(self) -> bool:
        """Say whether nobody holds the lock, as far as one can know who looks again and again."""
        found = _look(self._path)
        return found is None or self._is_left(found)

    def check(self) -> None:
        """Raise LockLost unless the lock is still held."""
        if not self._is_ours():
            raise LockLost

    def _is_left(self, found: _Found) -> bool:
        """Say whether whoever held it was killed: it has stayed the same for so long, or its process is dead."""
        now = time.monotonic()
        if found != self._seen:
            self._seen, self._since = found, now
        return now - self._since >= self._stale_s or _is_dead(found.owner)

    def _is_ours(self) -> bool:
        found = _look(self._path)
        return found is not None and found.owner == self._owner

    def _take(self) -> bool:
        try:
            self._make(self._owner)
        except FileExistsError:
            return False
        return True

    def _make(self, owner: str) -> None:
        """Make the lock; raises FileExistsError if there is one, and OSError."""
        if self._as_symlink:
            try:
                os.symlink(owner, self._path)
                return
            except FileExistsError:
                raise
            except OSError:  # a file system without symlinks, or one that refuses all
                pass
        fd = create(self._path)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(owner.encode())
        except OSError:  # a full disk has room for the name, but not for what stands in it
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            raise

    def _break(self, left: _Found) -> None:
        """Take the lock away that was left behind, and none that somebody else has taken meanwhile."""
        aside = f"{self._path}.{os.urandom(4).hex()}{ASIDE_SUFFIX}"
        with contextlib.suppress(OSError):
            os.rename(self._path, aside)
            found = _look(aside)
            if found is not None and found != left:  # another one that waited was faster, and it is theirs
                self._give_back(aside, found.owner)
        with contextlib.suppress(OSError):
            os.unlink(aside)

    def _give_back(self, aside: str, owner: str) -> None:
        """Put a lock back, unless there is a new one: then its holder finds it lost, and begins again."""
        try:
            os.link(aside, self._path, follow_symlinks=not HAS_SYMLINKS)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):  # a file system without second names
            self._make(owner)


def _look(path: str) -> _Found | None:
    """Find out whose lock it is, and when it was touched; None if it is gone."""
    try:
        return _Found(_owner_of(path), os.stat(path, follow_symlinks=False).st_mtime_ns)
    except OSError:
        return None


def _owner_of(path: str) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(path)
    try:
        fd = os.open(path, _READ)
    except FileNotFoundError:
        raise
    except OSError:  # another user's, or nothing that can be opened
        return ""
    try:
        return os.read(fd, 1000).decode(errors="replace")
    except OSError:  # a directory of that name
        return ""
    finally:
        os.close(fd)


def new_owner() -> str:
    """Make up a name for somebody who holds a lock in this process."""
    return f"{this_place()}:{os.getpid()}:{os.urandom(8).hex()}"


def this_place() -> str:
    """Name where process ids are one's own: a machine since its start, and a container on it."""
    about = socket.gethostname()
    with contextlib.suppress(OSError):
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            about += file.read()
        about += str(os.stat("/proc/self/ns/pid").st_ino)
    return hashlib.sha256(about.encode()).hexdigest()[:12]


def _is_dead(owner: str) -> bool:
    """Say whether the holder was a process of this place and runs no more."""
    place, pid, *_ = [*owner.split(":"), ""]
    if os.name != "posix" or place != this_place() or not (pid.isascii() and pid.isdigit()):
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another user's
        return False
    return False
