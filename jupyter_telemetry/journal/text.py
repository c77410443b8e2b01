"""The text of one segment: its whole lines, and the order in which they are to be read."""

from __future__ import annotations

import heapq
import os
from io import BytesIO
from operator import itemgetter
from typing import TYPE_CHECKING

from .line import Damage, examine, id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .segment import SegmentFile

__all__ = ["SegmentText", "ordered_lines"]

CHUNK_BYTES = 1024**2
SMALL_BYTES = 256 * 1024  # a segment that is read at once, so that many small ones keep no files open
TAIL_BYTES = 64 * 1024

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class SegmentText:
    """A segment's file, opened for reading: it may be renamed, deleted or appended to meanwhile.

    `end` is where it ended when it was opened, or `upto`; `inode` tells it from one that took its name. Use it as a
    context manager.

    Raises FileNotFoundError for a segment that is gone, and OSError.
    """

    def __init__(self, segment: SegmentFile, upto: int | None = None) -> None:
        self.path = segment.path
        try:
            self._fd = os.open(self.path, _READ)
        except FileNotFoundError:  # sealed since it was listed?
            self.path = segment.path.with_name(f"{segment.name}.jsonl")
            self._fd = os.open(self.path, _READ)
        self._content: bytes | None = None
        about = os.fstat(self._fd)
        self.inode = about.st_ino
        self.end = about.st_size if upto is None else upto
        if self.end <= SMALL_BYTES:
            try:
                self._content = self.read(0, self.end)
            finally:
                self.close()

    def __enter__(self) -> SegmentText:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def read(self, start: int, size: int) -> bytes:
        """Return `size` bytes from `start`, or what there is of them."""
        if self._content is not None:
            return self._content[start : start + size]
        os.lseek(self._fd, start, os.SEEK_SET)
        pieces = []
        while size > 0 and (piece := os.read(self._fd, size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def lines(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield the offset and the bytes of every whole line, which ends in a newline; `start` is one's start."""
        end = self.end if end is None else end
        position = offset = start
        begun: list[bytes] = []  # of a line that is longer than a chunk
        while position < end and (chunk := self.read(position, min(CHUNK_BYTES, end - position))):
            position += len(chunk)
            lines = BytesIO(chunk).readlines()
            rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
            if lines and begun:
                lines[0] = b"".join((*begun, lines[0]))
                begun = []
            for line in lines:
                yield offset, line
                offset += len(line)
            if rest:
                begun.append(rest)

    def whole_end(self) -> int:
        """Return where the last whole line ends."""
        position = self.end
        while position > 0:
            start = max(0, position - TAIL_BYTES)
            newline = self.read(start, position - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            position = start
        return 0

    def last_id(self, before: int | None = None) -> bytes:
        """Return the id of the last whole line, or of the one that ends at `before`; b"" if it is not easily found."""
        end = self.whole_end() if before is None else before
        start = max(0, end - TAIL_BYTES)
        line = self.read(start, end - start)[:-1].rpartition(b"\n")[2]
        try:
            return id_of(line)
        except ValueError:
            return b""

    def line_number(self, offset: int) -> int:
        """Return the number, from 1, of the line that starts at `offset`."""
        return 1 + sum(1 for _ in self.lines(0, offset))


def ordered_lines(text: SegmentText, after: bytes, damage: Callable[[Damage], None]) -> Iterator[tuple[bytes, bytes]]:
    """Yield (id, line) of the events with an id above `after`, in order of their ids; close the text at the end.

    The lines of several threads stand almost in order. A first reading finds damage and which lines come late, after
    one with a higher id: only of these, where they stand is kept in memory. The others are in order as they are.
    """
    with text:
        try:
            end, skipped, strays = _survey(text, after, damage)
            lines = _in_order(text, after, end, skipped)
            if strays:
                late = ((event_id, text.read(start, size)) for event_id, start, size in sorted(strays))
                lines = heapq.merge(lines, late, key=itemgetter(0))
            yield from lines
        except OSError as error:
            damage(Damage(text.path, 0, error.strerror or "cannot be read"))
        except ValueError:  # some other program rewrote it between the two readings
            damage(Damage(text.path, 0, "changed while it was read"))


def _survey(
    text: SegmentText, after: bytes, damage: Callable[[Damage], None]
) -> tuple[int, set[int], list[tuple[bytes, int, int]]]:
    """Return where the last whole line ends, the offsets of the lines to skip, and the strays."""
    highest = b""
    skipped: set[int] = set()
    strays: list[tuple[bytes, int, int]] = []
    offset, line = 0, b""
    for number, (offset, line) in enumerate(text.lines(), 1):
        found = examine(line)
        if found.reason and line != b"\n":
            damage(Damage(text.path, number, found.reason))
        if not found.reason and found.event_id >= highest:
            highest = found.event_id
            continue
        skipped.add(offset)
        if found.event_id > after:
            strays.append((found.event_id, offset + found.start, len(line) - found.start))
    return offset + len(line), skipped, strays


def _in_order(text: SegmentText, after: bytes, end: int, skipped: set[int]) -> Iterator[tuple[bytes, bytes]]:
    for offset, line in text.lines(0, end):
        if offset not in skipped:
            event_id = id_of(line)
            if event_id > after:
                yield event_id, line
