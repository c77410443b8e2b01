"""What a shipper holds while it has the lease: how far the destination has the journal, and what that refused."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from ..journal.cursors import CURSOR_FILE, Cursor, Progress
from ..journal.deadletters import (
    dead_letters,
    remove_dead_letters,
    take_back_dead_letters,
    write_dead_letters,
)
from ..journal.line import id_of
from ..journal.segment import scan
from ..journal.tombstones import erased_from
from .ahead import ReadAhead
from .batch import Overtaken
from .feed import Feed
from .refusals import Refusals
from .settlement import account_for_the_gone

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..journal.tombstones import Erased
    from .batch import Batch
    from .sink import BatchLimits

__all__ = ["Hold"]


class Hold:
    """The cursor, the feed, and the refusals of one destination; whoever finds the lease lost lets go of it.

    Parameters
    ----------
    place: the destination's own directory in the journal.
    check: raises LockLost when another shipper has taken over.
    unreadable: is told why a segment cannot be read now.

    Raises JournalError for a cursor that cannot be read, OSError.
    """

    def __init__(
        self,
        directory: Path,
        place: Path,
        sink_name: str,
        limits: BatchLimits,
        check: Callable[[], None],
        unreadable: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._place = place
        self._check = check
        self.cursor = cursor = Cursor.load(place / CURSOR_FILE, sink_name)
        if not cursor.name:  # there is none: it was lost, or the destination forgotten, and who knows what was sent
            cursor.name = os.urandom(4).hex()
            for segment in scan(directory):
                cursor.segments.setdefault(segment.name, Progress(segment.inode, sent=segment.size))
        self.refusals = Refusals(place, cursor.name)
        self.feed = Feed(directory, cursor, self._refused_ids, unreadable)
        self.ahead = ReadAhead(self.feed, limits)
        self.is_unsaved = False  # whether the last acknowledgement stands in no file yet
        self._ever_refused: set[str] | None = None  # ids; None: nobody has looked yet

    def save(self) -> None:
        """Write the cursor. Raises OSError, LockLost."""
        self.cursor.save(self._place / CURSOR_FILE, self._check)
        self.is_unsaved = False

    def bury(self, letters: list[tuple[bytes, str, str]], check: Callable[[], None]) -> None:
        """Make dead letters of events: (line, reason, segment); of none that `check` says were erased meanwhile.

        An erasure looks for dead letters at its end. Raises OSError, and what `check` raises.
        """
        path = write_dead_letters(self._directory, self._place.name, letters, check)
        try:
            check()
        except Overtaken:
            take_back_dead_letters(path, self._check)
            raise
        found = [(id_of(line).decode(), segment) for line, _, segment in letters]
        self.refusals.add(found)
        if self._ever_refused is not None:
            self._ever_refused.update(event_id for event_id, _ in found)

    def discard(self, batch: Batch) -> None:
        """Forget of events which are on their way again that they were refused. Raises OSError, LockLost."""
        if self._ever_refused is None:
            self._ever_refused = {event_id for event_id, _ in self._letters()} | self.refusals.known.keys()
        if self._ever_refused and (event_ids := self._ever_refused.intersection(batch.ids)):
            remove_dead_letters(self._directory, self._place.name, event_ids, self._check)
            self.refusals.discard(event_ids, self._check)

    def account_for_the_gone(self) -> None:
        """Sum up what the destination had of segments that are gone. Raises OSError, LockLost."""
        if not account_for_the_gone(self._directory, self.cursor, self._refused_by_segment):
            return
        self.save()
        if self.refusals.known:
            segments = {segment.name for segment in scan(self._directory)} | self.cursor.segments.keys()
            letters = {event_id for event_id, _ in self._letters()}
            self.refusals.sum_up(segments, letters, self._erased().ids, self._check)
            self._ever_refused = None

    def _letters(self) -> list[tuple[str, str]]:
        """List the dead letters: (id, segment)."""
        return [(letter.event_id, letter.segment) for letter in dead_letters(self._directory, self._place.name)]

    def _refused_by_segment(self) -> Counter[str]:
        return self.refusals.by_segment(self._letters(), self._erased())

    def _erased(self) -> Erased:
        return erased_from(self._directory, self._place.name)

    def _refused_ids(self) -> set[str]:
        return ({event_id for event_id, _ in self._letters()} | self.refusals.standing) - self.refusals.taken
