"""What of a journal a destination has not had: the next lines for it, and how far it is when it has them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ..journal.cursors import Progress, Take
from ..journal.line import examine
from ..journal.segment import SegmentFile, scan
from ..journal.text import SegmentText

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ..journal.cursors import Cursor
    from .sink import BatchLimits

__all__ = ["Feed", "Hand"]

_ANCHORS = 6


class Hand(NamedTuple):
    """What is taken out of a journal, to be sent as one batch."""

    takes: tuple[Take, ...]
    lines: list[bytes]
    events: tuple[int, ...]  # in each take
    anchors: tuple[tuple[str, ...], ...]  # of each take

    def segment_of(self, index: int) -> str:
        """Return the name of the segment that a line stands in."""
        for take, events in zip(self.takes, self.events, strict=True):
            if index < events:
                return take.segment
            index -= events
        raise IndexError(index)


class Feed:
    """Reads a journal for one destination, whose cursor it moves on only by `acknowledge`.

    A segment that an erasure has rewritten goes on behind the last line that is known to be delivered and still
    there; where none is, it is sent again from its start.
    """

    def __init__(self, directory: Path, cursor: Cursor) -> None:
        self._directory = directory
        self._cursor = cursor
        self._seen: dict[str, tuple[int, int, bool]] = {}  # (inode, size, sealed) of those with nothing to take then

    def segments(self) -> list[SegmentFile]:
        """List the segments, by name, that have something the destination has not had, as far as their sizes tell.

        Raises OSError for a directory that cannot be read.
        """
        return [segment for segment in scan(self._directory) if self._may_hold_more(segment)]

    def _may_hold_more(self, segment: SegmentFile) -> bool:
        progress = self._cursor.segments.get(segment.name)
        if progress is not None and progress.inode == segment.inode and segment.size <= progress.offset:
            return False
        return self._seen.get(segment.name) != (segment.inode, segment.size, segment.sealed)

    def waiting_bytes(self, segments: Iterable[SegmentFile] | None = None) -> int:
        """Return how many bytes wait, all in all."""
        segments = self.segments() if segments is None else segments
        had = self._cursor.segments
        return sum(segment.size - (had[segment.name].offset if segment.name in had else 0) for segment in segments)

    def take(self, segments: Iterable[SegmentFile], limits: BatchLimits) -> Hand | None:
        """Take the next lines, at least one; None if there are none. The cursor stays where it is."""
        filling = _Filling(limits)
        for segment in segments:
            if filling.is_full:
                break
            try:
                with SegmentText(segment) as text:
                    progress = self._progress(segment, text)
                    if not filling.fill(segment, text, progress.offset):
                        self._seen[segment.name] = segment.inode, segment.size, segment.sealed
            except OSError:  # gone, or not to be read now: there is another look
                continue
        return filling.hand()

    def take_again(self, takes: Iterable[Take]) -> Hand | None:
        """Take the same once more; None if an erasure or a limit has taken something of it away."""
        found = {segment.name: segment for segment in scan(self._directory)}
        filling = _Filling(None)
        for take in takes:
            segment = found.get(take.segment)
            if segment is None:
                return None
            try:
                with SegmentText(segment) as text:
                    progress = self._progress(segment, text)
                    if (progress.inode, progress.offset) != (take.inode, take.start) or text.end < take.end:
                        return None
                    filling.fill(segment, text, take.start, take.end)
            except OSError:
                return None
        hand = filling.hand()
        return hand if hand is not None and list(hand.takes) == list(takes) else None

    def is_unchanged(self, hand: Hand) -> bool:
        """Say whether all that was taken stands where it stood: nothing of it was erased."""
        for take in hand.takes:
            try:
                with SegmentText(_named(self._directory, take.segment)) as text:
                    if text.inode != take.inode and take.inode:
                        return False
            except OSError:  # deleted, to keep the journal within its limits: it was not erased
                continue
        return True

    def acknowledge(self, hand: Hand, refused: Iterable[int]) -> None:
        """Move the cursor on behind what was taken; `refused` are the indices of the lines that are dead letters."""
        dead = Counter(map(hand.segment_of, refused))
        for take, events, anchors in zip(hand.takes, hand.events, hand.anchors, strict=True):
            progress = self._cursor.segments.setdefault(take.segment, Progress())
            progress.inode, progress.offset = take.inode, take.end
            refused_here = dead.pop(take.segment, 0)
            progress.delivered += events - refused_here
            progress.refused += refused_here
            progress.anchors = [*anchors, *progress.anchors][:_ANCHORS]

    def _progress(self, segment: SegmentFile, text: SegmentText) -> Progress:
        """Return how far the destination has had the file that stands there now."""
        progress = self._cursor.segments.setdefault(segment.name, Progress(inode=text.inode))
        if progress.offset == 0:
            progress.inode = text.inode
        elif not _is_where_it_was(progress, text):
            self._cursor.segments[segment.name] = progress = self._found_again(progress, text)
        return progress

    def _found_again(self, progress: Progress, text: SegmentText) -> Progress:
        """Return how far the destination has had a file that an erasure has put in the place of another."""
        ranks = {anchor.encode(): rank for rank, anchor in enumerate(progress.anchors)}
        best, found = len(ranks), Progress(inode=text.inode)
        events = 0
        for offset, line in text.lines():
            about = examine(line)
            if not about.event_id:
                continue
            events += 1
            rank = ranks.get(about.event_id, best)
            if rank < best:
                best = rank
                found = Progress(text.inode, offset + len(line), events, 0, progress.anchors[rank:])
        refused = min(progress.refused, found.delivered)
        found.refused, found.delivered = refused, found.delivered - refused
        return found


class _Filling:
    """Gathers lines of segments until the limits are reached."""

    def __init__(self, limits: BatchLimits | None) -> None:
        self._limits = limits
        self._lines: list[bytes] = []
        self._size = 0
        self._takes: list[Take] = []
        self._events: list[int] = []
        self._anchors: list[tuple[str, ...]] = []

    @property
    def is_full(self) -> bool:
        return self._limits is not None and (len(self._lines) >= self._limits.events or self._size >= self._limits.size)

    def fill(self, segment: SegmentFile, text: SegmentText, start: int, end: int | None = None) -> bool:
        """Take lines from `start` on; say whether there were any."""
        events, last, middle, stop = 0, b"", b"", start
        for offset, line in text.lines(start, end):
            found = examine(line)
            if found.event_id:
                if self._would_be_too_much(len(line)):
                    break
                self._lines.append(line[found.start :])
                self._size += len(line)
                events += 1
                last = found.event_id
                if events % 1024 == 1:
                    middle = found.event_id
            elif line != b"\n" and not segment.sealed:
                break  # what is damaged may not be all there yet
            stop = offset + len(line)
        if stop > start:
            self._takes.append(Take(segment.name, text.inode, start, stop))
            self._events.append(events)
            self._anchors.append(tuple(each.decode() for each in dict.fromkeys((last, middle)) if each))
        return stop > start

    def _would_be_too_much(self, size: int) -> bool:
        limits = self._limits
        if limits is None or not self._lines:
            return False
        return len(self._lines) >= limits.events or self._size + size > limits.size

    def hand(self) -> Hand | None:
        if not self._takes:
            return None
        return Hand(tuple(self._takes), self._lines, tuple(self._events), tuple(self._anchors))


def _is_where_it_was(progress: Progress, text: SegmentText) -> bool:
    """Say whether the offset means the same in this file: an inode alone does not tell, for it is used again."""
    if progress.offset > text.end or progress.inode != text.inode:
        return False
    return not progress.anchors or text.last_id(progress.offset) in (progress.anchors[0].encode(), b"")


def _named(directory: Path, name: str) -> SegmentFile:
    return SegmentFile(directory, name, True, 0, 0.0)
