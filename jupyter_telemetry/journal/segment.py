"""A segment: one append-only file of a journal, and how it is named, made, sealed and found.

`<name>.open.jsonl` is a segment that its writer may still append to; `<name>.jsonl` is sealed: renamed, and never
written again. `<name>` is when the segment was begun, in UTC, and eight random hexadecimal digits, so that names
sort by time and no two processes choose the same: `20261123T174205123456Z-5f3a9c01`.

An erasure puts another file in the place of a sealed one. It has ended the old file with HANDOVER before: what a
thread, stopped in the middle of a write, appends behind that is not in the new file, and its process keeps it.

On Windows a file that somebody reads cannot be renamed or deleted: such a segment stays open, or stays, until the
next try. Modes are Windows' own there, and O_NOFOLLOW is absent (O_EXCL refuses a planted name all the same).
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import weakref
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..privatefile import create, draft_of
from .access import file_mode

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "HANDOVER",
    "NO_SEGMENT",
    "OPEN_SUFFIX",
    "SEALED_SUFFIX",
    "Segment",
    "SegmentFile",
    "create_segment",
    "new_name",
    "scan",
    "seal",
]

SEALED_SUFFIX = ".jsonl"
OPEN_SUFFIX = ".open.jsonl"
LATE_SUFFIX = ".late"  # of a hidden file that is about to become a segment
NOT_SEGMENTS = ("accounts.jsonl",)
HANDOVER = b"\n\n"  # no line is empty: the first newline ends a torn one, if there is one

_NAME = re.compile(r"(\d{8}T\d{12}Z)-[0-9a-f]{8}", re.ASCII)
_NAME_FORMAT = "%Y%m%dT%H%M%S%fZ"
_APPEND = os.O_RDWR | os.O_APPEND  # read by its writer alone, behind a handover
_LOOK_BACK_BYTES = 64 * 1024
# Absent on Windows, where a file that is being written cannot be replaced.
_pread: Callable[[int, int, int], bytes] | None = getattr(os, "pread", None)


class Segment:
    """A segment that this process writes.

    Whoever writes to `fd` holds a reference meanwhile. When the last one goes the file is closed and sealed: so a
    thread in the middle of a write needs no lock, and a sealed segment never grows. (Where references are not
    counted, on PyPy, that comes with the garbage collection.)
    """

    __slots__ = (
        "__weakref__",
        "begun_at",
        "expires_at",
        "fd",
        "identity",
        "limit",
        "look_at",
        "looked_at",
        "path",
        "size",
    )

    def __init__(self, fd: int, path: str, limit: int, begun_at: float) -> None:
        self.fd = fd
        self.path = path
        self.limit = limit  # bytes
        self.begun_at = begun_at  # by the wall clock, as in its name
        self.size = 0  # bytes of whole lines
        self.look_at = self.expires_at = float("-inf")  # when to look after it, to part with it: its writer's clock
        self.looked_at = begun_at  # by the wall clock
        self.identity: tuple[int, int] | None = None
        if fd >= 0:
            _alive.add(self)
            made = os.stat(path, follow_symlinks=False)  # not fstat: on Windows the two number devices differently
            self.identity = made.st_dev, made.st_ino

    def is_in_place(self) -> bool:
        """Say whether the file still stands under its name: neither deleted, nor moved, nor sealed by another."""
        return self._stands_at(self.path)

    def _stands_at(self, path: str) -> bool:
        try:
            found = os.stat(path, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True  # the directory cannot be looked into; the file can still be written
        return (found.st_dev, found.st_ino) == self.identity

    def is_deleted(self) -> bool:
        """Say whether the file has no name any more, so that nobody will ever read it."""
        try:
            return self.fd < 0 or os.fstat(self.fd).st_nlink == 0
        except OSError as error:
            return error.errno == errno.ESTALE  # deleted on the file server

    def is_dealt_with(self) -> bool:
        """Say whether an erasure has put another file, or nothing, in the place of this one."""
        return self._handover() is not None or os.path.lexists(_sealed(self.path))

    def _handover(self) -> int | None:
        """Return up to where an erasure has read the file; None if none has."""
        if self.fd < 0 or _pread is None:
            return None
        with contextlib.suppress(OSError):
            end = os.fstat(self.fd).st_size
            while end >= len(HANDOVER):
                start = max(0, end - _LOOK_BACK_BYTES)
                found = _pread(self.fd, end - start, start).rfind(HANDOVER)
                if found >= 0:
                    return start + found + len(HANDOVER)
                end = start + len(HANDOVER) - 1 if start else 0
        return None

    def _left_behind(self) -> bytes:
        """Return what came too late for the erasure that put another file in the place of this one."""
        if self.fd < 0 or _pread is None or self.is_in_place() or self._stands_at(_sealed(self.path)):
            return b""
        handover = self._handover()
        if handover is None:
            return b""
        with contextlib.suppress(OSError):
            return _pread(self.fd, os.fstat(self.fd).st_size - handover, handover)
        return b""

    def abandon(self) -> bool:
        """Close the file without sealing it, as the child of a fork must; say whether there was one."""
        fd, self.fd = self.fd, -1
        if fd < 0:
            return False
        with contextlib.suppress(OSError):
            if self._is_file_of(fd):
                os.close(fd)
        return True

    def _is_file_of(self, fd: int) -> bool:
        """Say whether the descriptor is still ours: somebody may have closed it, and another file have its number."""
        if os.name != "posix":
            return True
        found = os.fstat(fd)
        return (found.st_dev, found.st_ino) == self.identity

    def __del__(self) -> None:
        left = self._left_behind()  # nobody can write to it any more
        if self.abandon():
            seal(self.path)
        if left:
            _keep(self.path, left, self.begun_at)


_alive: weakref.WeakSet[Segment] = weakref.WeakSet()
NO_SEGMENT = Segment(-1, "", -1, 0.0)  # stands where a writer has none: every line is too long for it


def _abandon_the_parents() -> None:
    for segment in list(_alive):
        segment.abandon()


if hasattr(os, "register_at_fork"):  # absent on Windows, which has no fork
    os.register_at_fork(after_in_child=_abandon_the_parents)


class SegmentFile(NamedTuple):
    """A segment as it is found in a journal's directory."""

    directory: Path
    name: str  # without suffix: stays the same when the segment is sealed
    sealed: bool
    size: int  # bytes
    modified_at: float  # seconds since the epoch
    inode: int = 0  # another one under the same name: an erasure has rewritten it; 0 on Windows

    @property
    def path(self) -> Path:
        """The file, as it was named when it was found."""
        return self.directory / (self.name + (SEALED_SUFFIX if self.sealed else OPEN_SUFFIX))

    @property
    def is_a_writers(self) -> bool:
        """Whether a writer named it, and not some other program."""
        return _NAME.fullmatch(self.name) is not None

    @property
    def begun_at(self) -> datetime | None:
        """When it was begun, in UTC; None for a file that some other program named."""
        found = _NAME.fullmatch(self.name)
        try:
            return datetime.strptime(found[1], _NAME_FORMAT).replace(tzinfo=timezone.utc) if found else None
        except ValueError:
            return None


def new_name(begun_at: float) -> str:
    """Make up the name of a segment that begins now."""
    return f"{datetime.fromtimestamp(begun_at, timezone.utc).strftime(_NAME_FORMAT)}-{os.urandom(4).hex()}"


def create_segment(
    directory: str, name: str, limit: int, begun_at: float, *, make: Callable[..., int] = create, mode: int = 0o600
) -> Segment:
    """Create the file of a new segment, for its owner's eyes only whatever the umask; follow no symlink.

    make: creates a file, as `privatefile.create` does. mode: if others may read it.

    Raises OSError; FileExistsError if anything stands under that name.
    """
    path = os.path.join(directory, name + OPEN_SUFFIX)
    return Segment(make(path, _APPEND, mode=mode), path, limit, begun_at)


def seal(path: str) -> None:
    """Rename an open segment to its sealed name, or remove it if it is empty; never raises.

    Of several processes that do so one succeeds, and the others find it done.
    """
    with contextlib.suppress(OSError):
        if os.path.getsize(path) == 0:
            os.unlink(path)
        else:
            os.rename(path, _sealed(path))


def _sealed(path: str) -> str:
    return path.removesuffix(OPEN_SUFFIX) + SEALED_SUFFIX


def _keep(path: str, lines: bytes, begun_at: float) -> None:
    """Put lines that have no file any more beside where it stood, as a segment of their own; never raises."""
    directory = os.path.dirname(path)
    # As old as the one that they stood in, for readers expect no event to be older than its segment.
    path = os.path.join(directory, new_name(begun_at) + SEALED_SUFFIX)
    with contextlib.suppress(OSError), draft_of(path, LATE_SUFFIX) as draft:
        fd = create(draft, mode=file_mode(directory))
        try:
            if os.write(fd, lines) == len(lines):
                os.rename(draft, path)
        finally:
            os.close(fd)


def scan(directory: str | Path) -> list[SegmentFile]:
    """List the segments in a directory, by name; [] if there is no such directory.

    A segment that is sealed meanwhile may be missed. Raises OSError for a directory that cannot be read.
    """
    found: dict[str, SegmentFile] = {}
    place = Path(directory)
    try:
        entries = os.scandir(directory)
    except FileNotFoundError:
        return []
    with entries:
        for entry in entries:
            if not entry.name.endswith(SEALED_SUFFIX) or entry.name.startswith(".") or entry.name in NOT_SEGMENTS:
                continue
            with contextlib.suppress(OSError):  # renamed or deleted a moment ago
                about = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(about.st_mode):
                    sealed = not entry.name.endswith(OPEN_SUFFIX)
                    name = entry.name.removesuffix(SEALED_SUFFIX if sealed else OPEN_SUFFIX)
                    found[name] = SegmentFile(place, name, sealed, about.st_size, about.st_mtime, about.st_ino)
    return [found[name] for name in sorted(found)]
