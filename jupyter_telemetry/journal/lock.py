"""One erasure of a journal at a time, in whatever process and machine: a lock that does not outlive its holder.

It is a file that whoever holds it has made, and touches every few seconds. No flock: homes are on NFS, and a forked
child would hold it too. The lock of a process that has died here is broken at once, any other when nobody has touched
it for STALE_S by the watch of the one who waits: the clock of a file server is not asked.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import TYPE_CHECKING

from ..errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["JournalLock"]

STALE_S = 60.0
TOUCH_INTERVAL_S = 2.0
_POLL_INTERVAL_S = 0.05
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class JournalLock:
    """Held as a context manager; whoever holds it calls `touch` often, and `check` before what cannot be undone.

    Raises JournalError if it cannot be had within `patience_s` seconds, or not at all.
    """

    def __init__(self, directory: Path, *, patience_s: float = 300.0, stale_s: float = STALE_S) -> None:
        self._path = str(directory / ".erasure.lock")
        self._patience_s = patience_s
        self._stale_s = stale_s
        self._owner = f"{_place()} {os.getpid()} {os.urandom(8).hex()}".encode()
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
            elif now >= give_up_at:
                raise JournalError(f"another erasure is at work in {self._path}; try again when it has ended")
            else:
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
                os.utime(self._path)

    def check(self) -> None:
        """Raise JournalError if somebody has taken the holder for dead, and its lock."""
        if not self._is_ours():
            raise JournalError(f"the lock {self._path} was taken by another erasure; try again when that has ended")

    def _take(self) -> bool:
        try:
            fd = os.open(self._path, _CREATE, 0o600)
        except FileExistsError:
            return False
        except OSError as error:
            raise JournalError(f"{self._path} cannot be made: {error.strerror}") from error
        try:
            os.write(fd, self._owner)
        except OSError as error:
            os.unlink(self._path)
            raise JournalError(f"{self._path} cannot be written: {error.strerror}") from error
        finally:
            os.close(fd)
        self._touched_at = time.monotonic()
        return True

    def _found(self) -> tuple[bytes, int] | None:
        """Return whose lock it is, and when it was touched; None if it is gone."""
        try:
            with open(self._path, "rb") as file:
                return file.read(1000), os.fstat(file.fileno()).st_mtime_ns
        except OSError:
            return None

    def _is_ours(self) -> bool:
        found = self._found()
        return found is not None and found[0] == self._owner

    def _break(self, owner: bytes) -> None:
        """Take a dead holder's lock away, and nobody else's."""
        aside = f"{self._path}.{os.urandom(4).hex()}"
        with contextlib.suppress(OSError):
            os.rename(self._path, aside)
            with open(aside, "rb") as file:
                found = file.read(1000)
            if found != owner:  # another one that waited was faster, and it is theirs
                os.link(aside, self._path)
        with contextlib.suppress(OSError):
            os.unlink(aside)


def _place() -> str:
    """Name where process ids are one's own: a machine since its start, and a container on it."""
    name = socket.gethostname().replace(" ", "_")
    with contextlib.suppress(OSError):
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            name += ":" + file.read().strip()
        name += f":{os.stat('/proc/self/ns/pid').st_ino}"
    return name


def _is_dead(owner: bytes) -> bool:
    """Say whether the holder was a process of this place and runs no more."""
    place, _, rest = owner.partition(b" ")
    pid = rest.partition(b" ")[0]
    if os.name != "posix" or place != _place().encode() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another user's
        return False
    return False
