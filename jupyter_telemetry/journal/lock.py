"""One erasure of a journal at a time, in whatever process and machine: a lock that does not outlive its holder.

It is a symlink that whoever holds it has made, and touches every few seconds; it points nowhere, and its target names
the holder, so that a lock without a name is never seen, and a full disk has room for it. (Where there are no symlinks
it is a file.) No flock: homes are on NFS, and a forked child would hold it too. The lock of a process that has died
here is broken at once, any other when nobody has touched it for STALE_S by the watch of the one who waits: the clock
of a file server is not asked.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import time
from typing import TYPE_CHECKING

from ..errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DRAFT_SUFFIX", "JournalLock"]

DRAFT_SUFFIX = ".draft"  # of a hidden file that only whoever holds the lock needs
STALE_S = 60.0
TOUCH_INTERVAL_S = 2.0
_POLL_INTERVAL_S = 0.05
_HAS_SYMLINKS = os.utime in os.supports_follow_symlinks  # that can be touched: not on Windows
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class JournalLock:
    """Held as a context manager; whoever holds it calls `touch` often, and `check` before what cannot be undone.

    Raises JournalError if it cannot be had within `patience_s` seconds, or not at all.
    """

    def __init__(self, directory: Path, *, patience_s: float = 300.0, stale_s: float = STALE_S) -> None:
        self._path = str(directory / ".erasure.lock")
        self._patience_s = patience_s
        self._stale_s = stale_s
        self._owner = f"{_place()}:{os.getpid()}:{os.urandom(4).hex()}"
        self._touched_at = 0.0

    def __enter__(self) -> JournalLock:
        give_up_at = time.monotonic() + self._patience_s
        seen, since = None, time.monotonic()
        while not self._take():
            now = time.monotonic()
            found = self._found()
            if found != seen:
                seen, since = found, now
            if found is not None and (now - since >= self._stale_s or _is_dead(found[0])):
                self._break(found[0])
                if self._found() != found:
                    continue
            if now >= give_up_at:
                raise JournalError(f"another erasure is at work in {self._path}; try again when it has ended")
            time.sleep(_POLL_INTERVAL_S)
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_ours():
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def touch(self) -> None:
        """Say to those who wait that the holder is alive."""
        if time.monotonic() >= self._touched_at + TOUCH_INTERVAL_S:
            self._touched_at = time.monotonic()
            with contextlib.suppress(OSError):
                os.utime(self._path, follow_symlinks=not _HAS_SYMLINKS)

    def check(self) -> None:
        """Raise JournalError if somebody has taken the holder for dead, and its lock."""
        if not self._is_ours():
            raise JournalError(f"the lock {self._path} was taken by another erasure; try again when that has ended")

    def _take(self) -> bool:
        try:
            _make(self._path, self._owner)
        except FileExistsError:
            return False
        except OSError as error:
            raise JournalError(f"{self._path} cannot be made: {error.strerror}") from error
        self._touched_at = time.monotonic()
        return True

    def _found(self) -> tuple[str, int] | None:
        """Return whose lock it is, and when it was touched; None if it is gone."""
        with contextlib.suppress(OSError):
            return _owner_of(self._path), os.stat(self._path, follow_symlinks=False).st_mtime_ns
        return None

    def _is_ours(self) -> bool:
        found = self._found()
        return found is not None and found[0] == self._owner

    def _break(self, owner: str) -> None:
        """Take a dead holder's lock away, and nobody else's."""
        aside = f"{self._path}.{os.urandom(4).hex()}{DRAFT_SUFFIX}"
        with contextlib.suppress(OSError):
            os.rename(self._path, aside)
            found = _owner_of(aside)
            if found != owner:  # another one that waited was faster, and it is theirs
                _make(self._path, found)
        with contextlib.suppress(OSError):
            os.unlink(aside)


def _make(path: str, owner: str) -> None:
    """Make the lock; raises FileExistsError if there is one, and OSError."""
    if _HAS_SYMLINKS:
        try:
            os.symlink(owner, path)
            return
        except FileExistsError:
            raise
        except OSError:  # a file system without symlinks, or one that refuses all
            pass
    fd = os.open(path, _CREATE, 0o600)
    try:
        os.write(fd, owner.encode())
    finally:
        os.close(fd)


def _owner_of(path: str) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(path)
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(1000)


def _place() -> str:
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
    if os.name != "posix" or place != _place() or not (pid.isascii() and pid.isdigit()):
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another user's
        return False
    return False
