"""The way of a line into the journal: one `os.write` to an append-only file, and no lock.

The segment in hand is one attribute (holding). A thread that is in the middle of a write to the one before keeps that
alive by its reference; see Segment.
"""

from __future__ import annotations

import atexit
import errno
import os
import weakref
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ..farewell import interpreter_ends, left_s
from .holding import AT_ONCE, TORN, SegmentInHand, not_synced, reason_of
from .segment import NO_SEGMENT
from .syncing import CANNOT_SYNC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .retention import Limits
    from .segment import Segment

__all__ = ["JournalWriter"]

_NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class JournalWriter(SegmentInHand):
    """Appends lines to segments of its own in a journal's directory, from any thread.

    Nothing is done to the disk before the first line or schema. No method raises OSError: what cannot be written is
    counted, and said. The child of a fork begins a segment of its own. Its arguments are those of SegmentInHand.
    """

    def __init__(self, directory: str, limits: Limits, **settings: Any) -> None:
        super().__init__(directory, limits, **settings)
        self.closes_at_exit = True
        self._write = self._system.write
        _alive.add(self)

    def write(self, line: bytes) -> None:
        """Append a line, which ends in a newline; when this returns it is in the file, or counted as lost."""
        segment = self._segment
        length = len(line)
        if segment.size + length > segment.limit or self._clock() >= segment.look_at:
            segment = self._look_after(length)
        write = self._write
        try:
            if write(segment.fd, line) == length:
                segment.size += length
                self._add()
                return
            problem = TORN
        except OSError as error:
            problem = error.errno or errno.EIO
        self._rescue(segment, line, problem)

    def write_lasting(self, line: bytes) -> None:
        """Append a line; when this returns it is on the disk, or counted as lost."""
        segment = self._segment
        if segment.size + len(line) > segment.limit or self._clock() >= segment.look_at:
            segment = self._look_after(len(line))
        self.write(line)
        is_parted_with = self._segment is not segment
        self._commits.commit(self._sync_now)
        if is_parted_with and segment.fd >= 0:  # it may have got the line after its last sync
            self._sync_late(segment)

    def _sync_late(self, segment: Segment) -> None:
        try:
            self._system.sync(segment.fd)
        except OSError as error:
            if error.errno not in CANNOT_SYNC:
                with self._lock:
                    self._unwrite(1, not_synced(error.errno))
                self.losses.say()

    def write_some(self, lines: Sequence[bytes]) -> Sequence[bytes]:
        """Append lines by one write, as many as find room in a segment; return the rest. One thread alone may do so.

        Those that are not returned are in the file, or counted as lost.
        """
        segment = self._segment
        if segment.size + len(lines[0]) > segment.limit or self._clock() >= segment.look_at:
            segment = self._look_after(len(lines[0]))
        ends = list(accumulate(map(len, lines)))
        room = segment.limit - segment.size
        count = max(1, sum(end <= room for end in ends))
        try:
            taken = self._write(segment.fd, b"".join(lines[:count]))
        except OSError as error:
            self._rescue(segment, lines[0], error.errno or errno.EIO)  # the next line comes to another one, perhaps
            return lines[1:]
        whole = sum(end <= taken for end in ends[:count])
        segment.size += ends[whole - 1] if whole else 0
        self._tally.add_many(whole)
        if whole < count:
            self._rescue(segment, lines[whole], TORN)
            whole += 1
        return lines[whole:]

    def write_schema(self, schema_id: str, version: int | str, schema: bytes) -> None:
        """Store a schema beside the events, once; one that cannot be stored now is, with a later event."""
        with self._lock:
            if self._schemas.give(schema_id, version, schema):
                self._store_schemas(self._clock())
        self.losses.say()

    def lose(self, reason: str, events: int = 1) -> None:
        """Count events as lost."""
        self.losses.lose(events, reason)
        self.losses.say()

    def counts(self) -> dict[str, int]:
        """Count events: written and lost by this writer in this process; expired: deleted by it, whose ever."""
        written = self._tally.read() - self._unwritten
        return {"written": written, "lost": self.losses.lost, "expired": self.losses.expired}

    def seal(self) -> None:
        """Seal the segment in hand; a later line begins another."""
        with self._lock:
            self._part()
        self.losses.say()

    def close(self) -> None:
        """Seal the segment in hand; a later line begins another, for others close handlers that are in use."""
        with self._lock:
            self._schemas_at = AT_ONCE
            self._store_schemas(self._clock())
            self._part()
            thread = self._sync_thread
            last_round = thread.end() if thread else None
        if last_round is not None:
            last_round.join(left_s(self._exit_timeout_s))
        elif self._unsynced.parts and not (thread and thread.is_ending):  # the interpreter is ending: there is none
            self._sync_now()
        self._account(patient=True)
        self.losses.say(now=True)

    def _rescue(self, segment: Segment, line: bytes, problem: int) -> None:
        """Write a line that its segment did not take to another one, or count it as lost.

        After a short write the segment is given up as it is, for nothing may follow the torn line (which the reader
        skips at the end of a file), and the line is written anew as a whole. Where not one byte was written because
        the disk is full, the segment is sound: the next line tries it again, which costs no more than a failed write.
        """
        with self._lock:
            if segment is NO_SEGMENT:
                self.losses.lose(1, self._why_not)
            elif not self._write_anew(segment, line, problem):
                self.losses.lose(1, reason_of(problem))
        self.losses.say()

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
            if self._write(segment.fd, line) == len(line):
                segment.size += len(line)
                self._add()
                return True
            problem = TORN
        except OSError as error:
            problem = error.errno or errno.EIO
        if problem not in _NO_ROOM:
            self._pause(now, problem)
            self._part()
        return False


_alive: weakref.WeakSet[JournalWriter] = weakref.WeakSet()


def _start_all_afresh() -> None:
    for writer in list(_alive):
        writer._start_afresh()


@atexit.register
def _close_all() -> None:
    """Close those that nobody uses any more, but a thread in the middle of a sync, which ends with the interpreter."""
    interpreter_ends()
    for writer in list(_alive):
        if writer.closes_at_exit:
            writer.close()


if hasattr(os, "register_at_fork"):  # absent on Windows, which has no fork
    os.register_at_fork(after_in_child=_start_all_afresh)  # after Segment's own, which was registered before
