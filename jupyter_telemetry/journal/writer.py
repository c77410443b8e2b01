"""The way of a line into the journal: one `os.write` to an append-only file, and no lock.

The segment in hand is one attribute, swapped whole when it is full, old, broken or gone; only the swap takes a
lock. A thread that is in the middle of a write to the old segment keeps it alive by its reference; see Segment.
"""

from __future__ import annotations

import errno
import itertools
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING

from ..privatefile import make_private
from .losses import Losses
from .retention import ORPHAN_SLACK_S, make_room
from .schemas import SchemaStore
from .segment import NO_SEGMENT, create_segment, new_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from .segment import Segment

__all__ = ["JournalWriter"]

LOOK_INTERVAL_S = 0.5  # between two looks whether the segment is still there
RETRY_INTERVAL_S = 1.0  # between two tries to begin a segment on a disk that refuses

AT_ONCE = float("-inf")

_TORN = -1  # a problem beside those that errno names: os.write took a part of the line
_NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_write = os.write


class JournalWriter:
    """Appends lines to segments of its own in a journal's directory, from any thread.

    Nothing is done to the disk before the first line or schema. No method raises OSError: what cannot be written is
    counted, and said. The child of a fork begins a segment of its own.

    Parameters
    ----------
    directory: an absolute path.
    max_segment_bytes, max_segment_age_s: when a segment is sealed and another one begun (at the next line).
    max_bytes: of all segments of all writers together; the oldest are deleted.
    clock: seconds that never run backwards. wall_clock: seconds since the epoch.
    """

    _segment: Segment
    _named_at_us: int

    def __init__(
        self,
        directory: str,
        *,
        max_segment_bytes: int,
        max_segment_age_s: float,
        max_bytes: int,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.directory = directory
        self._max_segment_bytes = max_segment_bytes
        self._max_segment_age_s = max_segment_age_s
        self._max_bytes = max_bytes
        self._clock = clock
        self._wall_clock = wall_clock
        self._schemas = SchemaStore(directory)
        self._start_afresh()
        _alive.add(self)

    def write(self, line: bytes) -> None:
        """Append a line, which ends in a newline; when this returns it is in the file, or counted as lost."""
        segment = self._segment
        length = len(line)
        if segment.size + length > segment.limit or self._clock() >= segment.look_at:
            segment = self._look_after(length)
        try:
            if _write(segment.fd, line) == length:
                segment.size += length
                self._tally()
                return
            problem = _TORN
        except OSError as error:
            problem = error.errno or errno.EIO
        self._rescue(segment, line, problem)

    def write_schema(self, schema_id: str, version: int | str, schema: bytes) -> None:
        """Store a schema beside the events, once; one that cannot be stored now is, with a later event."""
        with self._lock:
            if self._schemas.give(schema_id, version, schema):
                self._store_schemas(self._clock())
        self._say()

    def lose(self, reason: str) -> None:
        """Count an event as lost."""
        with self._lock:
            self._losses.lose(1, reason)
        self._say()

    def counts(self) -> dict[str, int]:
        """Count events: written and lost by this writer in this process; expired: deleted by it, whose ever."""
        with self._lock:
            written = self._read_tally() - self._unwritten
            return {"written": written, "lost": self._losses.lost, "expired": self._losses.expired}

    def seal(self) -> None:
        """Seal the segment in hand; a later line begins another."""
        with self._lock:
            self._part()
        self._say()

    def close(self) -> None:
        """Seal the segment in hand; a later line begins another, for others close handlers that are in use."""
        with self._lock:
            self._schemas_at = AT_ONCE
            self._store_schemas(self._clock())
            self._part()
        self._say(now=True)

    def _look_after(self, length: int) -> Segment:
        """Return the segment that takes the next line: the one in hand, or another; NO_SEGMENT if none does."""
        now = self._clock()
        if self._segment is NO_SEGMENT and now < self._begin_at:
            return NO_SEGMENT
        with self._lock:
            if not self._can_take(length, now):
                self._begin(now)
            segment = self._segment
        self._say()
        return segment

    def _can_take(self, length: int, now: float) -> bool:
        segment = self._segment
        if segment.size + length > segment.limit and segment.size:  # a line longer than that has a segment to itself
            return False
        if now < segment.look_at:
            return True  # another thread was here meanwhile
        age_s = self._wall_clock() - segment.begun_at  # by this clock too, which goes on while a laptop sleeps
        if now >= segment.expires_at or age_s >= self._max_segment_age_s or not segment.is_in_place():
            return False
        segment.look_at = min(now + LOOK_INTERVAL_S, segment.expires_at)
        self._written_at_look = self._read_tally()
        self._store_schemas(now)
        return True

    def _begin(self, now: float) -> None:
        """Part with the segment in hand and begin another, unless that failed a moment ago."""
        self._part()
        if now < self._begin_at:
            return
        wall_now = self._wall_clock()
        try:
            make_private(self.directory)
            limit = self._make_room(wall_now)
            # Names rise even if the wall clock falls, as ids do.
            self._named_at_us = max(round(wall_now * 1e6), self._named_at_us + 1)
            segment = create_segment(self.directory, new_name(self._named_at_us / 1e6), limit, wall_now)
        except OSError as error:
            self._pause(now, error.errno or errno.EIO)
            return
        segment.expires_at = now + self._max_segment_age_s
        segment.look_at = min(now + LOOK_INTERVAL_S, segment.expires_at)
        self._schemas.look()  # the directory may be a new one
        self._store_schemas(now)
        self._segment = segment

    def _part(self) -> None:
        """Let go of the segment in hand; count what was written to it since anybody knew that it has a name."""
        segment, self._segment = self._segment, NO_SEGMENT
        written = self._read_tally()
        # Later it may be gone because another writer took it for an orphan, and counted its events as expired.
        is_ours = segment is not NO_SEGMENT and self._clock() < segment.expires_at + ORPHAN_SLACK_S
        is_gone = is_ours and not segment.is_in_place() and segment.is_deleted()
        if is_gone and not segment.is_dealt_with():
            self._unwritten += written - self._written_at_look
            self._losses.lose(written - self._written_at_look, "their file was deleted")
        self._written_at_look = written

    def _make_room(self, wall_now: float) -> int:
        try:
            room = make_room(
                self.directory,
                max_segment_bytes=self._max_segment_bytes,
                max_segment_age_s=self._max_segment_age_s,
                max_bytes=self._max_bytes,
                now=wall_now,
            )
        except OSError:  # a directory that may be written but not listed
            return self._max_segment_bytes
        if room.expired_events:
            self._losses.expire(room.expired_events)
        return room.segment_bytes

    def _rescue(self, segment: Segment, line: bytes, problem: int) -> None:
        """Write a line that its segment did not take to another one, or count it as lost.

        After a short write the segment is given up as it is, for nothing may follow the torn line (which the reader
        skips at the end of a file), and the line is written anew as a whole. Where not one byte was written because
        the disk is full, the segment is sound: the next line tries it again, which costs no more than a failed write.
        """
        with self._lock:
            if segment is NO_SEGMENT:
                self._losses.lose(1, self._why_not)
            elif not self._write_anew(segment, line, problem):
                self._losses.lose(1, _reason(problem))
        self._say()

    def _write_anew(self, segment: Segment, line: bytes, problem: int) -> bool:
        if problem in _NO_ROOM:
            return False
        now = self._clock()
        if self._segment is segment:  # else another thread has given it up already
            if not segment.size:  # it never took a line: neither would the next one
                self._pause(now, problem)
            self._begin(now)
        segment = self._segment
        if segment is NO_SEGMENT:
            return False
        try:
            if _write(segment.fd, line) == len(line):
                segment.size += len(line)
                self._tally()
                return True
            problem = _TORN
        except OSError as error:
            problem = error.errno or errno.EIO
        if problem not in _NO_ROOM:
            self._pause(now, problem)
            self._part()
        return False

    def _pause(self, now: float, problem: int) -> None:
        self._begin_at = now + RETRY_INTERVAL_S
        self._why_not = _reason(problem)

    def _store_schemas(self, now: float) -> None:
        if now < self._schemas_at:
            return
        try:
            self._schemas.store()
        except OSError as error:
            self._schemas_at = now + RETRY_INTERVAL_S
            self._losses.note(f"schemas not stored yet ({_reason(error.errno)})")

    def _say(self, *, now: bool = False) -> None:
        if not self._losses.unsaid:
            return
        with self._lock:
            text = self._losses.due(now=now)
        if text:
            self._losses.say(text)

    def _read_tally(self) -> int:
        self._tally_reads += 1
        return self._tally() - self._tally_reads + 1

    def _start_afresh(self) -> None:
        """Begin as new: in this process nothing was written yet."""
        self._lock = threading.RLock()  # reentrant: a signal handler may record an event
        self._segment = NO_SEGMENT
        self._begin_at = self._schemas_at = AT_ONCE  # not to begin a segment, or store a schema, before (by the clock)
        self._named_at_us = 0  # microseconds since the epoch, in the name of the last segment
        self._why_not = ""  # no segment was begun the last time
        self._losses = Losses(self.directory, self._clock)
        self._tally = itertools.count().__next__  # of lines written: calling it is atomic, += is not
        self._tally_reads = 0  # each reading of the tally advances it
        self._written_at_look = 0
        self._unwritten = 0  # lines that were counted as written, and then lost


def _reason(problem: int | None) -> str:
    if problem == _TORN:
        return "a line was written in part: the disk is full, or a limit of the file's size is reached"
    return os.strerror(problem or errno.EIO)


_alive: weakref.WeakSet[JournalWriter] = weakref.WeakSet()


def _start_all_afresh() -> None:
    for writer in list(_alive):
        writer._start_afresh()


if hasattr(os, "register_at_fork"):  # absent on Windows, which has no fork
    os.register_at_fork(after_in_child=_start_all_afresh)  # after Segment's own, which was registered before
