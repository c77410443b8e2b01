"""The way of a line into the journal: one `os.write` to an append-only file, and no lock.

The segment in hand is one attribute, swapped whole when it is full, old, broken or gone; only the swap takes a
lock. A thread that is in the middle of a write to the old segment keeps it alive by its reference; see Segment.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import threading
import weakref
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from ..privatefile import make_private, sync_directory
from .access import file_mode, open_to_group
from .accounts import account
from .losses import Losses
from .names import refuse_planted
from .retention import ORPHAN_SLACK_S, Retention
from .schemas import SchemaStore
from .segment import NO_SEGMENT, create_segment, new_name
from .syncing import CANNOT_SYNC, IN_BACKGROUND, MOST_PARTS, SOME_PARTS, GroupCommit, SyncThread, Unsynced
from .system import SYSTEM
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .retention import Limits
    from .segment import Segment
    from .syncing import Part
    from .system import System

__all__ = ["JournalWriter"]

LOOK_INTERVAL_S = 0.5  # between two looks whether the segment is still there
RETRY_INTERVAL_S = 1.0  # between two tries to begin a segment on a disk that refuses
ACCOUNT_INTERVAL_S = 60.0  # between two lines of what was lost
TIDY_INTERVAL_S = 3600.0  # between two looks at the limits, while no segment is begun

AT_ONCE = float("-inf")

_TORN = -1  # a problem beside those that errno names: os.write took a part of the line
_NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class JournalWriter:
    """Appends lines to segments of its own in a journal's directory, from any thread.

    Nothing is done to the disk before the first line or schema. No method raises OSError: what cannot be written is
    counted, and said. The child of a fork begins a segment of its own.

    Parameters
    ----------
    directory: an absolute path.
    limits: when a segment is sealed and another one begun (at the next line), and when the oldest are deleted.
    sync_interval_s: between two syncs by a thread in the background; None: there is no such thread.
    exit_timeout_s: how long `close` waits for the last sync.
    is_open_to_group: whether the group of the directory may read it.
    is_scratch: it stands where anybody may plant a directory: one that is not private is refused.
    """

    _segment: Segment
    _named_at_us: int

    def __init__(
        self,
        directory: str,
        limits: Limits,
        *,
        sync_interval_s: float | None = 1.0,
        exit_timeout_s: float = 0.7,
        is_open_to_group: bool = False,
        is_scratch: bool = False,
        system: System = SYSTEM,
    ) -> None:
        self.directory = directory
        self.limits = limits
        self.closes_at_exit = True
        self._sync_interval_s = sync_interval_s if IN_BACKGROUND else None
        self._exit_timeout_s = exit_timeout_s
        self._is_open_to_group = is_open_to_group
        self._is_scratch = is_scratch
        self._system = system
        self._write = system.write
        self._clock = system.clock
        self._schemas = SchemaStore(directory)
        self._start_afresh()
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
            problem = _TORN
        except OSError as error:
            problem = error.errno or errno.EIO
        self._rescue(segment, line, problem)

    def write_lasting(self, line: bytes) -> None:
        """Append a line; when this returns it is on the disk, or counted as lost."""
        segment = self._segment
        self.write(line)
        if self._segment is not segment and segment.fd >= 0:  # it may have got the line after its last sync
            with contextlib.suppress(OSError):
                self._system.sync(segment.fd)
        self._commits.commit(self._sync_now)

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
            self._rescue(segment, lines[whole], _TORN)
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
            last_round = self._sync_thread.end() if self._sync_thread else None
        if last_round is not None:
            last_round.join(self._exit_timeout_s)
        elif self._unsynced.parts:  # the interpreter is ending, and starts no thread
            self._sync_now()
        self._account()
        self.losses.say(now=True)

    def sync(self) -> None:
        """Return when what was written before is on the disk; what cannot be put there counts as lost."""
        self._commits.commit(self._sync_now)

    def sync_round(self) -> None:
        """Do what is to be done every second, in the thread for that; find out whether it has to come again."""
        if self._unsynced.is_behind(self._tally.read()):
            self.sync()
        now = self._clock()
        if now >= self._tidy_at and self._segment is not NO_SEGMENT:
            self._make_room()
        with self._lock:
            now = self._clock()
            # Else a line may be written without a look, which would wake the thread.
            looks = self._segment is NO_SEGMENT or now >= self._segment.look_at
            if looks and self._sync_thread and not self._unsynced.is_behind(self._tally.read()):
                self._sync_thread.is_parked = True
        self.losses.say()

    def _look_after(self, length: int) -> Segment:
        """Return the segment that takes the next line: the one in hand, or another; NO_SEGMENT if none does."""
        now = self._clock()
        if self._segment is NO_SEGMENT and now < self._begin_at:
            return NO_SEGMENT
        with self._lock:
            if not self._can_take(length, now):
                self._begin(now)
            segment = self._segment
            if self._sync_thread and self._sync_thread.is_parked:
                self._sync_thread.wake()
        self.losses.say()
        return segment

    def _can_take(self, length: int, now: float) -> bool:
        segment = self._segment
        if segment.size + length > segment.limit and segment.size:  # a line longer than that has a segment to itself
            return False
        if now < segment.look_at:
            return True  # another thread was here meanwhile
        wall_now = self._system.wall_clock()  # which goes on while a laptop sleeps
        pause_s = max(now - segment.look_at, wall_now - segment.looked_at)
        if (
            now >= segment.expires_at
            or wall_now - segment.begun_at >= self.limits.max_segment_age_s
            or pause_s >= (self.limits.max_segment_age_s + ORPHAN_SLACK_S) / 2  # of its lease; see Retention
            or not segment.is_in_place()
        ):
            return False
        segment.look_at = min(now + LOOK_INTERVAL_S, segment.expires_at)
        segment.looked_at = wall_now
        self._written_at_look = self._tally.read()
        self._store_schemas(now)
        if now >= self._account_at:
            self._account()
        return True

    def _begin(self, now: float) -> None:
        """Part with the segment in hand and begin another, unless that failed a moment ago."""
        self._part()
        if now < self._begin_at:
            return
        try:
            segment = self._create()
        except OSError as error:
            self._pause(now, error.errno or errno.EIO)
            return
        segment.expires_at = now + self.limits.max_segment_age_s
        segment.look_at = min(now + LOOK_INTERVAL_S, segment.expires_at)
        self._segment = segment
        segment.limit = self._make_room(segment) or segment.limit
        self._schemas.look()  # the directory may be a new one
        self._store_schemas(now)
        self._account()

    def _create(self) -> Segment:
        """Create the file of a new segment. Raises OSError."""
        if self._is_scratch:
            refuse_planted(self.directory)
        make_private(self.directory)
        mode = 0o600
        if self._is_open_to_group:
            try:
                open_to_group(Path(self.directory))
            except OSError as error:
                self.losses.note(f"the directory not opened to its group ({_reason(error.errno)})")
            mode = file_mode(self.directory)
        wall_now = self._system.wall_clock()
        # Names rise even if the wall clock falls, as ids do.
        self._named_at_us = max(round(wall_now * 1e6), self._named_at_us + 1)
        name = new_name(self._named_at_us / 1e6)
        limit = self.limits.max_segment_bytes
        return create_segment(self.directory, name, limit, wall_now, make=self._system.create, mode=mode)

    def _part(self, *, is_sound: bool = True) -> None:
        """Let go of the segment in hand; count what was written to it since anybody knew that it has a name."""
        segment, self._segment = self._segment, NO_SEGMENT
        written = self._tally.read()
        if segment is NO_SEGMENT:
            return
        # Later it may be gone because another writer took it for an orphan, and counted its events as expired.
        is_ours = self._clock() < segment.expires_at + ORPHAN_SLACK_S
        is_gone = is_ours and not segment.is_in_place() and segment.is_deleted()
        if is_gone and is_sound and not segment.is_dealt_with():
            self._unwrite(written - self._written_at_look, "their file was deleted")
            self._unsynced.begin(written)
        elif is_sound:
            self._unsynced.part(segment, written)
            self._relieve()
        self._written_at_look = written

    def _relieve(self) -> None:
        """Keep few files open that wait for a sync."""
        parts = self._unsynced.parts
        if self._sync_thread is None or len(parts) >= MOST_PARTS:
            self._sync_now(self._unsynced.take(NO_SEGMENT, 0))
        elif len(parts) >= SOME_PARTS:
            self._sync_thread.hurry()

    def _make_room(self, begun: Segment | None = None) -> int | None:
        """Keep the journal within its limits; return how long a new segment may become, if that is known."""
        self._tidy_at = self._clock() + TIDY_INTERVAL_S
        name = os.path.basename((begun or self._segment).path).partition(".")[0]
        try:
            now = os.fstat(begun.fd).st_mtime if begun else None
            room = self._retention.make_room(apart_from=name, now=now)
        except OSError:  # a directory that may be written but not listed
            return None
        for reason, events in room.expired.items():
            self.losses.expire(events, reason)
        return room.segment_bytes

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
                self.losses.lose(1, _reason(problem))
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
            problem = _TORN
        except OSError as error:
            problem = error.errno or errno.EIO
        if problem not in _NO_ROOM:
            self._pause(now, problem)
            self._part()
        return False

    def _sync_now(self, parts: Sequence[Part] | None = None) -> None:
        if parts is None:
            with self._lock:
                parts = self._unsynced.take(self._segment, self._tally.read())
        for part in parts:
            try:
                self._system.sync(part.file.fd)
            except OSError as error:
                if error.errno not in CANNOT_SYNC:
                    self._not_synced(part, error.errno or errno.EIO)
                    continue
            finally:
                part.file.close()
            if not part.is_proven:
                self._sync_names()
            with self._lock:
                self._unsynced.done(part, self._segment)
        self.losses.say()

    def _sync_names(self) -> None:
        """Have a new segment's name on the disk too, as far as the file system can say so."""
        for directory in (self.directory, os.path.dirname(self.directory)):
            with contextlib.suppress(OSError):
                sync_directory(directory)

    def _not_synced(self, part: Part, problem: int) -> None:
        """Count as lost what a segment was given since it was last put on the disk, and give it up."""
        with self._lock:
            upto = part.upto
            if part.path == self._segment.path:
                upto = self._tally.read()
                if not part.is_proven:  # nothing of it ever came to the disk: neither would the next one
                    self._pause(self._clock(), problem)
                self._part(is_sound=False)
                self._unsynced.begin(upto)
            self._unwrite(upto - part.since, f"{_reason(problem)}, when they were to be put on the disk")

    def _unwrite(self, events: int, reason: str) -> None:
        """Count events as lost that were counted as written."""
        self._unwritten += events
        if events:
            self.losses.lose(events, reason)

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
            self.losses.note(f"schemas not stored yet ({_reason(error.errno)})")

    def _account(self) -> None:
        """Write down what was lost."""
        self._account_at = self._clock() + ACCOUNT_INTERVAL_S
        if not self.losses.unaccounted:
            return
        unaccounted = +self.losses.take_unaccounted()
        for reason, events in list(unaccounted.items()):
            try:
                account(self.directory, "lost", events, reason)
            except OSError:
                break
            del unaccounted[reason]
        self.losses.give_back(unaccounted)

    def _start_afresh(self) -> None:
        """Begin as new: in this process nothing was written yet."""
        self._lock = threading.RLock()  # reentrant: a signal handler may record an event
        self._segment = NO_SEGMENT
        self._begin_at = self._schemas_at = AT_ONCE  # not to begin a segment, or store a schema, before (by the clock)
        self._account_at = self._tidy_at = AT_ONCE
        self._named_at_us = 0  # microseconds since the epoch, in the name of the last segment
        self._why_not = ""  # no segment was begun the last time
        self._retention = Retention(self.directory, self.limits)
        self._unsynced = Unsynced()
        self._commits = GroupCommit()
        self._sync_thread = None if self._sync_interval_s is None else SyncThread(self, self._sync_interval_s)
        self.losses = Losses(self.directory, self._clock)
        self._tally = Tally()  # of lines written
        self._add = self._tally.add
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


@atexit.register
def _close_all() -> None:
    """Close those that nobody uses any more, but a thread in the middle of a sync, which ends with the interpreter."""
    for writer in list(_alive):
        if writer.closes_at_exit:
            writer.close()


if hasattr(os, "register_at_fork"):  # absent on Windows, which has no fork
    os.register_at_fork(after_in_child=_start_all_afresh)  # after Segment's own, which was registered before
