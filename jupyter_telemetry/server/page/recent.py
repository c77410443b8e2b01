"""The last events as they were written: from a journal, or from memory where none is kept.

Both answer with a mark that changes whenever something was written or removed, so that whoever asks again and again
pays for nothing while nothing happens. In the order of writing, not of ids: a generalised time takes an event's id
back to the hour or the day, where one who watches would never see it come.
"""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ...errors import JournalError
from ...forksafe import Lock
from ...journal import JournalReader
from ...journal.line import examine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ...journal.segment import SegmentFile

__all__ = ["COUNT", "JournalTail", "Memory", "Recent"]

COUNT = 50
MOST_SEGMENTS = 16  # how many processes may write at once and still be seen, all of them
TAIL_BYTES = (64 * 1024, 2 * 1024**2)  # what is read of a segment's end; the second if no line is shorter
MOST_BYTES = 4 * 1024**2  # of one answer


class Recent(NamedTuple):
    """The last lines, the oldest first, without their newlines, and what to tell a later state from this one by."""

    mark: str
    lines: list[str]


class JournalTail:
    """The last lines of a journal, whoever wrote them; reads no more than the ends of its youngest segments."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._known = Recent("", [])

    def read(self) -> Recent:
        """Return the last lines. A journal that cannot be read has none."""
        try:
            segments = JournalReader(self.directory).segments()
        except JournalError:
            segments = []
        named = repr([(str(segment.path), segment.size) for segment in segments])
        mark = hashlib.blake2b(named.encode(), digest_size=8).hexdigest()
        if mark != self._known.mark:
            self._known = Recent(mark, _within(MOST_BYTES, _last(segments)))
        return self._known


class Memory(logging.NullHandler):
    """A handler that remembers the last lines it was given, for the page alone.

    A NullHandler, since what it is given goes nowhere: it is no destination that a user would be asked about.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[bytes] = deque(maxlen=COUNT)
        self._count = 0
        self._guard = Lock()

    def write_event(self, line: bytes) -> None:
        """Remember one event: a line of UTF-8 JSON that ends in a newline. Any thread may call it."""
        with self._guard:
            self._count += 1
            self._lines.append(line)

    def write_schema(self, schema_id: str, version: int | str, schema: bytes) -> None:
        """Do without a schema."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Remember the event of an EventLog's record, unless a filter holds it back."""
        passed = bool(self.filter(record))
        if passed:
            self.write_event(record.getMessage().encode())
        return passed

    def forget(self) -> None:
        """Forget all."""
        with self._guard:
            self._count += 1
            self._lines.clear()

    def read(self) -> Recent:
        """Return the last lines."""
        with self._guard:
            return Recent(str(self._count), _within(MOST_BYTES, list(self._lines)))


def _last(segments: list[SegmentFile]) -> list[bytes]:
    """Return the last lines of all segments, the last written last."""
    youngest = sorted(segments, key=lambda segment: segment.modified_at)[-MOST_SEGMENTS:]
    found = [each for order, segment in enumerate(youngest) for each in _dated(segment, order)]
    return [line for *_, line in sorted(found, key=lambda each: each[:3])][-COUNT:]


def _dated(segment: SegmentFile, order: int) -> Iterator[tuple[str, int, int, bytes]]:
    """Yield the last lines of a segment, each with the latest time that was written up to it."""
    latest = ""
    for place, line in enumerate(_tail(segment)[-COUNT:]):
        examined = examine(line)
        if not examined.event_id:
            continue  # damaged
        event = line[examined.start :]
        latest = max(latest, str(orjson.loads(event).get("__timestamp__", "")))
        yield latest, order, place, event


def _tail(segment: SegmentFile) -> list[bytes]:
    """Return whole lines at the end of a segment; none if it is gone meanwhile."""
    for length in TAIL_BYTES:
        start = max(0, segment.size - length)
        try:
            with segment.path.open("rb") as file:
                file.seek(start)
                text = file.read(length)
        except OSError:
            return []
        whole = text.split(b"\n")[1 if start else 0 : -1]
        if whole or not start:
            return whole
    return []


def _within(most_bytes: int, lines: list[bytes]) -> list[str]:
    """Return as many of the last lines as have room, as text."""
    taken: list[str] = []
    for line in reversed(lines):
        most_bytes -= len(line)
        if most_bytes < 0:
            break
        taken.append(line.rstrip(b"\n").decode("utf-8", "replace"))
    return taken[::-1]
