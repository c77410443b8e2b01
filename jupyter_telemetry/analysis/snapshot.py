"""What a journal holds at one moment, as if it were one file of whole lines."""

from __future__ import annotations

import bisect
import contextlib
import os
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ..errors import JournalError
from ..journal.line import examine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..journal.segment import SegmentFile

__all__ = ["LONGEST_LINE", "Snapshot"]

LONGEST_LINE = 2 * 2**20  # bytes: what no line of an event surpasses that was recorded with the default limits
_BLOCK = 4096
_TAIL = 2**16  # bytes of a segment in which lines may follow a torn one: its writer gave it up then
_OPEN, _SEALED = ".open.jsonl", ".jsonl"


class _Part(NamedTuple):
    path: str  # "" for a newline that stands in no file
    offset: int  # in the file
    start: int  # in the snapshot
    size: int
    inode: int


class Snapshot:
    """The whole lines of some segments, one segment after the other; read by any thread.

    It ends each segment at its last newline: a line that is torn, or being written, is not in it, nor is anything
    that is written later. Where another thread's event follows a torn line on the same line of the file, it begins
    a line. A segment that retention takes away, or an erasure rewrites, reads as newlines from then on: as no rows.

    `longest_line` is at least the length in bytes of the longest line, and at least LONGEST_LINE.

    Raises JournalError if a segment cannot be read.
    """

    def __init__(self, segments: Iterable[SegmentFile]) -> None:
        self._parts: list[_Part] = []
        self.size = 0
        self.longest_line = LONGEST_LINE
        for segment in segments:
            self._add(str(segment.path), segment.size)
        self._starts = [part.start for part in self._parts]

    def _add(self, path: str, size: int) -> None:
        try:
            with _open(path) as file:
                end = _end_of_lines(file, 0, size)
                self.longest_line = max(self.longest_line, _longest_line(file, end))
                tears = _tears(file, end)
                inode = os.fstat(file.fileno()).st_ino
        except FileNotFoundError:
            return
        except OSError as error:
            raise JournalError(f"{path} cannot be read: {error.strerror}") from error
        offset = 0
        for tear in tears:
            self._append(path, offset, tear - offset, inode)
            self._append("", 0, 1, 0)
            offset = tear
        self._append(path, offset, end - offset, inode)

    def _append(self, path: str, offset: int, size: int, inode: int) -> None:
        if size:
            self._parts.append(_Part(path, offset, self.size, size, inode))
            self.size += size

    def read(self, position: int, count: int) -> bytes:
        """Return `count` bytes from `position`, or as many as there are."""
        count = max(0, min(count, self.size - position))
        pieces: list[bytes] = []
        at = bisect.bisect_right(self._starts, position) - 1
        while count:
            part = self._parts[at]
            within = position - part.start
            wanted = min(count, part.size - within)
            found = _read(part, part.offset + within, wanted) if part.path else b""
            pieces.append(found.ljust(wanted, b"\n"))
            position, count, at = position + wanted, count - wanted, at + 1
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _open(path: str) -> BinaryIO:
    """Open a segment, under its other name if it was sealed a moment ago."""
    with contextlib.suppress(FileNotFoundError):
        return open(path, "rb")
    return open(path.removesuffix(_OPEN).removesuffix(_SEALED) + _SEALED, "rb")


def _read(part: _Part, offset: int, count: int) -> bytes:
    with contextlib.suppress(FileNotFoundError), _open(part.path) as file:
        if os.fstat(file.fileno()).st_ino == part.inode:
            file.seek(offset)
            return file.read(count)
    return b""


def _end_of_lines(file: BinaryIO, start: int, end: int) -> int:
    """Return where the last line ends that ends between `start` and `end`; `start` if none does."""
    while end > start:
        at = max(start, end - _BLOCK)
        file.seek(at)
        found = file.read(end - at).rfind(b"\n")
        if found >= 0:
            return at + found + 1
        end = at
    return start


def _tears(file: BinaryIO, end: int) -> list[int]:
    """Return where events begin, near the end of a segment, that stand behind a torn line."""
    at = max(0, end - _TAIL)
    file.seek(at)
    tears = []
    for line in file.read(end - at).split(b"\n"):
        if line.find(b'{"__timestamp__":"', 1) > 0 and (start := examine(line).start):
            tears.append(at + start)
        at += len(line) + 1
    return tears


def _longest_line(file: BinaryIO, size: int) -> int:
    """Return the length of the longest line if it is more than LONGEST_LINE, else 0; reads little of the file.

    In each stretch of LONGEST_LINE bytes behind a newline another must stand, or a line is longer.
    """
    longest, start = 0, 0
    while size - start > LONGEST_LINE:
        end = _end_of_lines(file, start, start + LONGEST_LINE)
        if end == start:
            end = _next_line(file, start + LONGEST_LINE)
            longest = max(longest, end - start)
        start = end
    return longest


def _next_line(file: BinaryIO, position: int) -> int:
    file.seek(position)
    while (block := file.read(LONGEST_LINE)) and b"\n" not in block:
        position += len(block)
    return position + block.find(b"\n") + 1
