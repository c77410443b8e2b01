"""Follow a journal: the lines that come, from all writers, whatever segments they begin meanwhile."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from .line import Damage, examine
from .segment import scan
from .text import CHUNK_BYTES, SegmentText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .segment import SegmentFile

__all__ = ["Follower"]

BATCH_BYTES = 4 * CHUNK_BYTES  # of one segment at one look, so that a flood does not fill the memory


class Follower:
    """Knows how far each segment was read, by its name, which it keeps when it is sealed.

    One that an erasure has rewritten is read from its start again, and only what has a higher id than what was read
    of it before is new: its writer's ids rise.
    """

    def __init__(self, directory: Path, segments: list[SegmentFile], damage: Callable[[Damage], None]) -> None:
        """Start behind what `segments` hold, which was listed a moment ago."""
        self._directory = directory
        self._damage = damage
        self._ends: dict[str, int] = {}
        self._inodes: dict[str, int] = {}
        self._highest: dict[str, bytes] = {}  # ids
        self._rewritten: set[str] = set()
        for segment in segments:
            self._inodes[segment.name] = segment.inode
            self._ends[segment.name], self._highest[segment.name] = _start(segment)

    def lines(self, stop: threading.Event | None, timeout_s: float | None, poll_interval_s: float) -> Iterator[bytes]:
        """Yield what comes, until `stop` or the time-out, and a last look after it."""
        stop = stop or threading.Event()
        give_up_at = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        while True:
            is_last = stop.is_set() or time.monotonic() >= give_up_at
            segments = self._grown()
            while batch := self._read(segments):
                yield from batch
            if is_last:
                return
            stop.wait(min(poll_interval_s, max(0.0, give_up_at - time.monotonic())))

    def _grown(self) -> list[SegmentFile]:
        """List the segments that hold more than was read."""
        try:
            return [found for found in scan(self._directory) if self._has_grown(found)]
        except OSError:  # for a while, perhaps: whoever follows waits
            return []

    def _has_grown(self, segment: SegmentFile) -> bool:
        inode = self._inodes.setdefault(segment.name, segment.inode)
        if inode != segment.inode or segment.size < self._ends.get(segment.name, 0):
            self._inodes[segment.name] = segment.inode
            self._ends[segment.name] = 0
            self._rewritten.add(segment.name)
        return segment.size > self._ends.get(segment.name, 0)

    def _read(self, segments: list[SegmentFile]) -> list[bytes]:
        """Read on in each segment, up to the size that it was listed with; return the lines, in order."""
        found: list[tuple[bytes, bytes]] = []
        for segment in segments:
            with contextlib.suppress(OSError):  # gone, or not to be read now: there is another look
                found += self._read_on(segment)
        return [line for _, line in sorted(found)]

    def _read_on(self, segment: SegmentFile) -> Iterator[tuple[bytes, bytes]]:
        start = self._ends.get(segment.name, 0)
        if segment.size <= start:
            return
        highest = self._highest.get(segment.name, b"")
        known = highest if segment.name in self._rewritten else b""
        with SegmentText(segment, upto=segment.size) as text:
            for offset, line in text.lines(start):
                found = examine(line)
                if found.reason and line != b"\n":
                    self._damage(Damage(text.path, text.line_number(offset), found.reason))
                self._ends[segment.name] = offset + len(line)
                if found.event_id > known:
                    highest = self._highest[segment.name] = max(highest, found.event_id)
                    yield found.event_id, line[found.start :]
                if offset - start > BATCH_BYTES:
                    break


def _start(segment: SegmentFile) -> tuple[int, bytes]:
    """Return where a segment that is there already will go on, and the last id before."""
    try:
        with SegmentText(segment, upto=segment.size) as text:
            return segment.size if segment.sealed else text.whole_end(), text.last_id()
    except OSError:
        return segment.size, b""
