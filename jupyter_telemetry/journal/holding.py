"""The segment that a writer has in hand: begun, looked after, put on the disk, parted with.

It is one attribute, swapped whole when it is full, old, broken or gone; only the swap takes a lock.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ..farewell import left_s
from ..privatefile import make_private, sync_directory
from .access import file_mode, open_to_group
from .accounts import account, accounts_lock
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

__all__ = ["AT_ONCE", "LOOK_INTERVAL_S", "TORN", "SegmentInHand", "not_synced", "reason_of"]

LOOK_INTERVAL_S = 0.5  # between two looks whether the segment is still there
RETRY_INTERVAL_S = 1.0  # between two tries to begin a segment on a disk that refuses
ACCOUNT_INTERVAL_S = 60.0  # between two lines of what was lost
TIDY_INTERVAL_S = 3600.0  # between two looks at the limits, while no segment is begun

AT_ONCE = float("-inf")
TORN = -1  # a problem beside those that errno names: os.write took a part of the line


class SegmentInHand:
    """What a writer writes to, and what of it is known to be kept. No method raises OSError.

    Parameters
    ----------
    directory: an absolute path.
    limits: when a segment is sealed and another one begun (at the next line), and when the oldest are deleted.
    sync_interval_s: between two syncs by a thread in the background; None: there is no such thread.
    exit_timeout_s: how long closing waits for the last sync.
    is_open_to_group: whether the group of the directory may read it.
    is_scratch: it stands where anybody may plant a directory: one that is not private is refused.
    """

    losses: Losses
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
        self._sync_interval_s = sync_interval_s if IN_BACKGROUND else None
        self._exit_timeout_s = exit_timeout_s
        self._is_open_to_group = is_open_to_group
        self._is_scratch = is_scratch
        self._system = system
        self._clock = system.clock
        self._schemas = SchemaStore(directory)
        self._start_afresh()

    def _start_afresh(self) -> None:
        """Begin as new: in this process nothing was written yet."""
        self._lock = threading.RLock()  # reentrant: a signal handler may record an event
        self._segment = NO_SEGMENT
        self._begin_at = self._schemas_at = AT_ONCE  # not to begin a segment, or store a schema, before (by the clock)
        self._account_at = self._tidy_at = AT_ONCE
        self._named_at_us = 0  # microseconds since the epoch, in the name of the last segment
        self._why_not = ""  # no segment was begun the last time
        self._retention = Retention(self.directory, self.limits)
        self._accounts_lock = accounts_lock(self.directory)
        self._unsynced = Unsynced()
        self._commits = GroupCommit()
        self._sync_thread = None if self._sync_interval_s is None else SyncThread(self, self._sync_interval_s)
        self.losses = Losses(self.directory, self._clock)
        self._tally = Tally()  # of lines written
        self._add = self._tally.add
        self._written_at_look = 0
        self._unwritten = 0  # lines that were counted as written, and then lost

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
                self.losses.note(f"the directory not opened to its group ({reason_of(error.errno)})")
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
        self.losses.note("dead letters deleted, the oldest, because the journal passed a limit", room.letters)
        return room.segment_bytes

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
            self._unwrite(upto - part.since, not_synced(problem))

    def _unwrite(self, events: int, reason: str) -> None:
        """Count events as lost that were counted as written."""
        self._unwritten += events
        if events:
            self.losses.lose(events, reason)

    def _pause(self, now: float, problem: int) -> None:
        self._begin_at = now + RETRY_INTERVAL_S
        self._why_not = reason_of(problem)

    def _store_schemas(self, now: float) -> None:
        if now < self._schemas_at:
            return
        try:
            self._schemas.store()
        except OSError as error:
            self._schemas_at = now + RETRY_INTERVAL_S
            self.losses.note(f"schemas not stored yet ({reason_of(error.errno)})")

    def _account(self, *, patient: bool = False) -> None:
        """Write down what was lost; who is not patient does not wait for others who hold the accounts."""
        self._account_at = self._clock() + ACCOUNT_INTERVAL_S
        if not self.losses.unaccounted:
            return
        unaccounted = self.losses.take_unaccounted()
        for reason, events in list(unaccounted.items()):
            try:
                if events:  # below zero: they were kept after all, when an account said already that they were lost
                    lock = None if patient else self._accounts_lock
                    account(self.directory, "lost", events, reason, lock=lock, wait_s=left_s(self._exit_timeout_s))
            except TimeoutError:  # others hold the accounts, for a moment
                self._account_at = self._clock() + RETRY_INTERVAL_S
                break
            except OSError:
                break
            del unaccounted[reason]
        self.losses.give_back(unaccounted)


def reason_of(problem: int | None) -> str:
    if problem == TORN:
        return "a line was written in part: the disk is full, or a limit of the file's size is reached"
    return os.strerror(problem or errno.EIO)


def not_synced(problem: int | None) -> str:
    return f"{reason_of(problem)}, when they were to be put on the disk"
