"""Keep a journal's directory within its limits of bytes and age, and seal what dead writers left open.

Every writer does so when it begins a segment, over the segments of all writers; there is no other bookkeeping, so
that any number of processes may do it at once. A segment that is still open is never deleted. Of several processes
that find too much, one deletes, and writes down what (accounts).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..lockfile import LockFile
from ..privatefile import create, draft_of
from .accounts import account, accounts_lock, has_account_of
from .cursors import behind
from .deadletters import expire_dead_letters, size_of_dead_letters
from .line import holds_event
from .segment import SEALED_SUFFIX, scan, seal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .segment import SegmentFile

__all__ = ["ORPHAN_SLACK_S", "TOO_MUCH", "TOO_OLD", "Limits", "Retention", "Room"]

ORPHAN_SLACK_S = 600.0  # how far the clocks of two machines that share a directory may be apart
TOO_MUCH = "the journal passed its limit of bytes"
TOO_OLD = "they were older than the journal's limit of age"

_LOCK = ".retention.lock"
_STALE_S = 60.0
_SHARE = 4  # the part of the limit that all open segments together may fill: one in so many
_LETTERS_SHARE = 8  # and that all dead letters together may: they count against the limit as segments do
_NOBODY = 1 << 30


class Limits(NamedTuple):
    """How large a journal may become, and its segments."""

    max_segment_bytes: int
    max_segment_age_s: float
    max_bytes: int
    max_age_s: float


class Room(NamedTuple):
    """What was found and done."""

    segment_bytes: int  # how long the new segment may become
    expired: dict[str, int]  # events in the segments that were deleted, by the reason
    letters: int = 0  # dead letters that were deleted; their events count for their destination


class Retention:
    """Keeps one journal within its limits; a writer has one, and calls it under its lock."""

    def __init__(self, directory: str, limits: Limits) -> None:
        self._directory = directory
        self._limits = limits
        self._lock: LockFile | None = None
        self._letters_lock: LockFile | None = None
        self._accounts_lock = accounts_lock(directory)

    def make_room(self, *, apart_from: str = "", now: float | None = None) -> Room:
        """Seal orphans, and delete sealed segments: those that are too old, and as many as the limit of bytes asks for.

        A writer never writes to a segment that is older than its `max_segment_age_s`. So an open segment that was not
        written for longer, and for ORPHAN_SLACK_S more, has no writer that will; if it has one after all (a paused
        process, or one that waits for longer), that one finds its segment sealed and begins another.

        Open segments cannot be deleted: the more there are, the shorter each may become, so that together they hold a
        quarter of `max_bytes` at most. Where many processes begin at once the limit may be passed by that much.
        Dead letters are part of the journal: the limit of age is theirs too, an eighth of the limit of bytes, of all
        destinations together, and the oldest go first; what they take, the segments do not have.
        What fewer destinations lack goes first, and of these the oldest. Files that some other program named do not
        count, and are left alone.

        Parameters
        ----------
        apart_from: the name of the segment that room is made for, if its file is there already.
        now: the time by the clock of the file system, whose the mtimes are that it is compared with: so no two
            machines' clocks are. By default it is asked, by a file that is made there.

        Raises OSError if the directory cannot be read.
        """
        found = [each for each in scan(self._directory) if each.is_a_writers and each.name != apart_from]
        if now is None:
            now = _file_system_now(self._directory) if found else 0.0
        horizon = now - self._limits.max_segment_age_s - ORPHAN_SLACK_S
        orphans = [segment for segment in found if not segment.sealed and segment.modified_at < horizon]
        for orphan in orphans:
            seal(str(orphan.path))
        writing = sum(not segment.sealed for segment in found) - len(orphans)
        room = max(1, min(self._limits.max_segment_bytes, self._limits.max_bytes // (_SHARE * (writing + 1))))
        sealed = [segment for segment in found if segment.sealed or segment in orphans]
        letters, letters_size = self._expire_letters(now)
        too_much = sum(segment.size for segment in found) + letters_size + room - self._limits.max_bytes
        too_old = [segment for segment in sealed if segment.modified_at < now - self._limits.max_age_s]
        if too_much <= 0 and not too_old:
            return Room(room, {}, letters)
        with self._alone() as is_alone:
            expired: Counter[str] = Counter()
            if is_alone:
                with contextlib.suppress(TimeoutError):  # who holds the accounts is not waited for: next time the rest
                    self._expire(sealed, too_old, too_much, expired)
            return Room(room, dict(+expired), letters)

    def _expire_letters(self, now: float) -> tuple[int, int]:
        """Delete dead letters that are too old, or too many; return how many, and how many bytes there still are."""
        gone, size = 0, 0
        most, horizon = self._limits.max_bytes // _LETTERS_SHARE, now - self._limits.max_age_s
        with contextlib.suppress(OSError):  # a directory that is not ours: it holds up no segment
            self._letters_lock, gone = expire_dead_letters(self._directory, most, horizon, self._letters_lock)
            size = size_of_dead_letters(self._directory)
        return gone, size

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Say whether no other process deletes anything meanwhile."""
        if self._lock is None:
            self._lock = LockFile(Path(self._directory, _LOCK), stale_s=_STALE_S, wait_s=0.0, as_symlink=True)
        try:
            is_alone = self._lock.try_take()
        except OSError:  # a disk that has no room for a name: all the more something must go
            yield True
            return
        try:
            yield is_alone
        finally:
            if is_alone:
                self._lock.__exit__()

    def _expire(
        self, sealed: Sequence[SegmentFile], too_old: list[SegmentFile], too_much: int, expired: Counter[str]
    ) -> None:
        """Delete what is too old and too much; count the events, by the reason. Raises TimeoutError."""
        for segment in too_old:
            too_much -= self._delete(segment, TOO_OLD, expired)
        if too_much > 0:
            lacking = behind(self._directory)
            nobody = _NOBODY if lacking else 0
            rest = [segment for segment in sealed if segment not in too_old]
            for segment in sorted(rest, key=lambda each: (lacking.get(each.name, nobody), each.name)):
                if too_much <= 0:
                    break
                too_much -= self._delete(segment, TOO_MUCH, expired)

    def _delete(self, segment: SegmentFile, reason: str, expired: Counter[str]) -> int:
        """Delete a sealed segment, and count its events; return how many bytes are free now.

        Of several processes that do so, only the one that really deletes it counts its events. Raises TimeoutError
        where others hold the accounts.
        """
        path = segment.path.with_name(segment.name + SEALED_SUFFIX)
        try:
            events = _count_events(path)
            self._account(segment, events, reason)
            os.unlink(path)
        except TimeoutError:
            raise
        except FileNotFoundError:
            return segment.size
        except OSError:  # on Windows: somebody reads it
            return 0
        expired[reason] += events
        return segment.size

    def _account(self, segment: SegmentFile, events: int, reason: str) -> None:
        if has_account_of(segment.directory, segment.name):
            return
        try:
            account(segment.directory, "expired", events, reason, segment.name, lock=self._accounts_lock)
        except TimeoutError:
            raise
        except OSError:  # a full disk, which the deletion mends
            pass


def _file_system_now(directory: str) -> float:
    """Return the time by the clock of a directory's file system; by ours, if that is full."""
    try:
        with draft_of(os.path.join(directory, "now")) as probe:
            fd = create(probe)
            try:
                return os.fstat(fd).st_mtime
            finally:
                os.close(fd)
    except OSError:
        return time.time()


def _count_events(path: Path) -> int:
    """Count the events of a segment as a shipper does; what is damaged is none."""
    with path.open("rb") as file:
        return sum(map(holds_event, file))
