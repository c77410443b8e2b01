"""What of a journal a destination has not had: the next lines for it, and how far it is when it has them."""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ..journal.cursors import Progress, Take
from ..journal.line import examine, id_if_whole
from ..journal.segment import OPEN_SUFFIX, SEALED_SUFFIX, SegmentFile, scan
from ..journal.text import SegmentText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ..journal.cursors import Cursor
    from .sink import BatchLimits

__all__ = ["Feed", "Hand"]

SETTLE_S = 60.0  # after that nobody mends a line in a segment that is still open
_ANCHORS = 6
_LOOK_BACK_BYTES = 4096


class Hand(NamedTuple):
    """What is taken out of a journal, to be sent as one batch."""

    takes: tuple[Take, ...]
    lines: list[bytes]
    events: tuple[int, ...]  # in each take
    anchors: tuple[tuple[str, ...], ...]  # of each take
    is_full: bool  # no more would fit

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

    Parameters
    ----------
    refused: returns the ids of the destination's dead letters.
    unreadable: is told why a segment cannot be read now.
    clock: tells seconds, and goes forward only.
    """

    def __init__(
        self,
        directory: Path,
        cursor: Cursor,
        refused: Callable[[], set[str]] = lambda: set(),
        unreadable: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._cursor = cursor
        self._refused = refused
        self._unreadable = unreadable
        self._clock = clock
        self.is_before_damage = False  # something waits until it is known that nobody mends the line before it
        self._unchanged: dict[str, tuple[int, int, float]] = {}  # (inode, size, since when) of such segments
        self._seen: dict[str, tuple[int, int, bool]] = {}  # (inode, size, sealed) of those with nothing to take then

    def segments(self) -> list[SegmentFile]:
        """List the segments, by name, that have something the destination has not had, as far as their sizes tell.

        Raises OSError for a directory that cannot be read.
        """
        for _ in range(2):  # one that is renamed meanwhile may be missing from one listing
            found = [segment for segment in scan(self._directory) if self._may_hold_more(segment)]
            if found:
                break
        return found

    def _may_hold_more(self, segment: SegmentFile) -> bool:
        progress = self._cursor.segments.get(segment.name)
        if progress is not None and progress.inode == segment.inode and segment.size <= progress.offset:
            return False
        return self._seen.get(segment.name) != (segment.inode, segment.size, segment.sealed)

    def waiting_bytes(self, segments: Iterable[SegmentFile] | None = None) -> int:
        """Return how many bytes wait, all in all: at most, where an erasure has rewritten a segment."""
        segments = self.segments() if segments is None else segments
        return sum(segment.size - self._had_bytes(segment) for segment in segments)

    def _had_bytes(self, segment: SegmentFile) -> int:
        progress = self._cursor.segments.get(segment.name)
        return progress.offset if progress is not None and progress.offset < segment.size else 0

    def take(self, segments: Iterable[SegmentFile], limits: BatchLimits) -> Hand | None:
        """Take the next lines, at least one; None if there are none. The cursor stays where it is."""
        filling = _Filling(limits, self._is_settled)
        self.is_before_damage = False
        for segment in segments:
            if filling.is_full:
                break
            try:
                with SegmentText(segment) as text:
                    progress = self._progress(segment, text)
                    is_some = filling.fill(segment, text, progress.offset)
                    self.is_before_damage |= filling.is_before_damage
                    if not (is_some or filling.is_full or filling.is_before_damage):
                        self._seen[segment.name] = segment.inode, text.end, segment.sealed
            except FileNotFoundError:
                continue
            except OSError as error:  # there is another look
                self._unreadable(error.strerror or type(error).__name__)
        return filling.hand()

    def take_behind(self, hand: Hand, segments: Iterable[SegmentFile], limits: BatchLimits) -> Hand | None:
        """Take what comes behind lines that are not acknowledged yet; None if these do not stand there any more.

        Raises OSError.
        """
        taken = {take.segment: take for take in hand.takes}
        filling = _Filling(limits, self._is_settled)
        for segment in segments:
            if filling.is_full:
                break
            with SegmentText(segment) as text:
                progress = self._progress(segment, text)
                start = progress.offset
                if (take := taken.get(segment.name)) is not None:
                    if (take.inode, take.start) != (progress.inode, start):
                        return None
                    start = take.end
                filling.fill(segment, text, start)
        return filling.hand()

    def _is_settled(self, segment: SegmentFile) -> bool:
        """Say whether what is written in a segment is all there: over NFS a later line may come before an earlier one.

        It is if it has not grown for a while by our own watch: no two clocks are compared, and none can jump.
        """
        if segment.sealed:
            return True
        now = self._clock()
        inode, size, since = self._unchanged.get(segment.name, (0, 0, now))
        if (inode, size) != (segment.inode, segment.size):
            since = now
        self._unchanged[segment.name] = segment.inode, segment.size, since
        return now - since >= SETTLE_S

    def take_again(self, takes: Iterable[Take]) -> Hand | None:
        """Take the same once more; None if an erasure or a limit has taken something of it away."""
        found = {segment.name: segment for segment in scan(self._directory)}
        filling = _Filling(None, lambda _: True)
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
        """Say whether all that was taken stands where it stood: nothing of it was erased.

        What has no name any more may have been erased as a whole, or deleted to keep the journal within its limits,
        and then nobody could erase it: neither is sent.
        """
        return all(self._stands(take) for take in hand.takes)

    def _stands(self, take: Take) -> bool:
        for suffix in (OPEN_SUFFIX, SEALED_SUFFIX, SEALED_SUFFIX):  # it may be sealed between two looks
            try:
                found = os.stat(self._directory / (take.segment + suffix), follow_symlinks=False)
            except FileNotFoundError:
                continue
            return found.st_ino == take.inode and found.st_size >= take.end
        return False

    def is_next(self, hand: Hand) -> bool:
        """Say whether it starts where the cursor is."""
        had = self._cursor.segments
        starts = ((had.get(take.segment, Progress(take.inode)), take) for take in hand.takes)
        return all((progress.inode, progress.offset) == (take.inode, take.start) for progress, take in starts)

    def is_sent_before(self, hand: Hand) -> bool:
        """Say whether anything of it may have been sent before."""
        had = self._cursor.segments
        return any(take.segment in had and take.start < had[take.segment].sent for take in hand.takes)

    def begin(self, hand: Hand) -> None:
        """Note in the cursor what is about to be sent."""
        self._cursor.in_hand = list(hand.takes)
        for take in hand.takes:
            progress = self._cursor.segments.setdefault(take.segment, Progress(take.inode))
            progress.sent = max(progress.sent, take.end)

    def acknowledge(self, hand: Hand, refused: Iterable[int]) -> None:
        """Move the cursor on behind what was taken; `refused` are the indices of the lines that are dead letters."""
        dead = Counter(map(hand.segment_of, refused))
        for take, events, anchors in zip(hand.takes, hand.events, hand.anchors, strict=True):
            progress = self._cursor.segments.setdefault(take.segment, Progress())
            progress.inode, progress.offset = take.inode, take.end
            progress.delivered += events - dead[take.segment]
            progress.refused += dead[take.segment]
            progress.anchors = [*anchors, *progress.anchors][:_ANCHORS]
        self._cursor.in_hand = []

    def had(self, segment: SegmentFile, text: SegmentText) -> int:
        """Return up to which byte of a segment the destination has had it."""
        return self._progress(segment, text).offset

    def _progress(self, segment: SegmentFile, text: SegmentText) -> Progress:
        """Return how far the destination has had the file that stands there now."""
        progress = self._cursor.segments.setdefault(segment.name, Progress(inode=text.inode))
        if not _is_where_it_was(progress, text):
            self._cursor.segments[segment.name] = progress = self._found_again(progress, text)
        return progress

    def _found_again(self, progress: Progress, text: SegmentText) -> Progress:
        """Return how far the destination has had a file that an erasure has put in the place of another."""
        found = Progress(text.inode, sent=text.end if progress.sent else 0)
        if not progress.anchors:
            return found
        ranks = {anchor.encode(): rank for rank, anchor in enumerate(progress.anchors)}
        best = len(ranks)
        dead = self._refused()
        delivered = refused = 0
        for offset, line in text.lines():
            event_id = examine(line).event_id
            if not event_id:
                continue
            if event_id.decode() in dead:
                refused += 1
            else:
                delivered += 1
            rank = ranks.get(event_id, best)
            if rank < best:
                best = rank
                found.offset, found.delivered, found.refused = offset + len(line), delivered, refused
                found.anchors = progress.anchors[rank:]
        return found


class _Filling:
    """Gathers lines of segments until the limits are reached."""

    def __init__(self, limits: BatchLimits | None, is_settled: Callable[[SegmentFile], bool]) -> None:
        self._most_events: float = math.inf if limits is None else limits.events
        self._most_size: float = math.inf if limits is None else limits.size
        self._is_settled = is_settled
        self._lines: list[bytes] = []
        self._size = 0
        self._takes: list[Take] = []
        self._events: list[int] = []
        self._anchors: list[tuple[str, ...]] = []
        self.is_full = False
        self.is_before_damage = False  # the last segment goes on, when it is known that nobody mends its next line

    def fill(self, segment: SegmentFile, text: SegmentText, start: int, end: int | None = None) -> bool:
        """Take lines from `start` on; say whether there were any. Raises OSError; then none are taken."""
        self.is_before_damage = False
        lines: list[bytes] = []
        before, most_events, most_size = len(self._lines), self._most_events, self._most_size
        size, last, middle, stop = self._size, b"", b"", start
        for offset, line in text.lines(start, end):
            event_id, begin = id_if_whole(line), 0
            if not event_id:
                event_id, begin, _ = examine(line)
            if event_id:
                events = before + len(lines)
                # One that is larger than a batch may be is a batch of its own.
                if events >= most_events or (size + len(line) > most_size and events):
                    self.is_full = True
                    break
                lines.append(line[begin:])
                size += len(line)
                last = event_id
                if len(lines) % 1024 == 1:
                    middle = event_id
            elif line != b"\n" and end is None and not self._is_settled(segment):
                self.is_before_damage = True
                break  # what is damaged may not be all there yet
            stop = offset + len(line)
        if stop > start:
            self._lines += lines
            self._size = size
            self._takes.append(Take(segment.name, text.inode, start, stop))
            self._events.append(len(lines))
            self._anchors.append(tuple(each.decode() for each in dict.fromkeys((last, middle)) if each))
        return stop > start

    def hand(self) -> Hand | None:
        if not self._takes:
            return None
        is_full = self.is_full or len(self._lines) >= self._most_events
        return Hand(tuple(self._takes), self._lines, tuple(self._events), tuple(self._anchors), is_full)


def _is_where_it_was(progress: Progress, text: SegmentText) -> bool:
    """Say whether the offset means the same in this file: an inode alone does not tell, for it is used again."""
    if progress.inode != text.inode or progress.offset > text.end:
        return False
    if not progress.anchors:
        return progress.offset == 0 or text.read(progress.offset - 1, 1) == b"\n"
    return _last_event_before(text, progress.offset) == progress.anchors[0].encode()


def _last_event_before(text: SegmentText, end: int) -> bytes:
    """Return the id of the last event that ends at `end`, or before in damaged lines; b"" if no line ends there."""
    size = _LOOK_BACK_BYTES
    while True:
        start = max(0, end - size)
        found = text.read(start, end - start)
        if not found.endswith(b"\n"):
            return b""
        first, *whole = found.split(b"\n")
        for line in reversed(whole if start else [first, *whole]):
            if event_id := line and examine(line).event_id:
                return event_id
        if not start:
            return b""
        size *= 8
