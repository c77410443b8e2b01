"""What became of every event of a journal for one destination: each counts once."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import JournalError
from ..journal.cursors import CURSOR_FILE, Cursor
from ..journal.deadletters import dead_letters
from ..journal.line import examine
from ..journal.reader import JournalReader
from ..journal.text import SegmentText
from ..journal.tombstones import tombstones
from .afterwards import account_for_the_gone
from .feed import Feed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..journal.segment import SegmentFile

__all__ = ["Reckoning", "reckon"]


class Reckoning(NamedTuple):
    """Events by what became of them, for one destination; their sum is what the journal has recorded."""

    delivered: int  # acknowledged; a destination that cannot erase may hold some of the erased, too
    refused: int  # dead letters
    expired: int  # deleted before they were delivered, to keep the journal within its limits
    erased: int
    waiting: int


def reckon(journal: str | os.PathLike[str], place: str | os.PathLike[str]) -> Reckoning:
    """Count what became of a journal's events for the destination whose directory below `shipping/` is `place`.

    It reads the whole journal, and changes nothing. While events are recorded and shipped it tells of different
    moments: those of one batch may be missing, or count twice. So do those that an erasure has named before it was
    killed, if a limit has deleted them since.

    Raises JournalError for what cannot be read.
    """
    directory, place = Path(journal), Path(place)
    cursor = Cursor.load(place / CURSOR_FILE, "")
    try:
        letters = list(dead_letters(directory, place.name))
        refused = {letter.event_id for letter in letters}
        feed = Feed(directory, cursor, lambda: refused)
        delivered = waiting = 0
        there: set[str] = set()
        for segment in JournalReader(directory).segments():
            for event_id, is_had in _events(feed, segment):
                there.add(event_id)
                if event_id not in refused:
                    delivered += is_had
                    waiting += not is_had
        account_for_the_gone(directory, cursor, lambda: Counter(letter.segment for letter in letters))
    except OSError as error:
        raise JournalError(f"the journal {directory} cannot be read: {error.strerror}") from error
    erased = {event_id for tombstone in tombstones(directory) for event_id in tombstone.ids()}
    return Reckoning(delivered + cursor.delivered, len(refused), cursor.expired, len(erased - there - refused), waiting)


def _events(feed: Feed, segment: SegmentFile) -> Iterator[tuple[str, bool]]:
    """Yield the id of each event, and whether the destination has had it."""
    try:
        with SegmentText(segment) as text:
            had = feed.had(segment, text)
            for offset, line in text.lines():
                if event_id := examine(line).event_id:
                    yield event_id.decode(), offset < had
    except FileNotFoundError:  # deleted or erased a moment ago
        return
