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
from ..journal.tombstones import erased_ids
from .feed import Feed
from .refusals import Refusals
from .settlement import account_for_the_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..journal.segment import SegmentFile

__all__ = ["EVENTS_AT_ONCE", "Reckoning", "reckon"]

EVENTS_AT_ONCE = 256


class Reckoning(NamedTuple):
    """Events by what became of them, for one destination; their sum is what the journal has recorded."""

    delivered: int  # acknowledged; a destination that cannot erase may hold some of the erased, too
    refused: int  # dead letters
    expired: (
        int  # deleted before they were delivered, to keep the journal within its limits; or dead letters, by anybody
    )
    erased: int
    waiting: int


def reckon(
    journal: str | os.PathLike[str], place: str | os.PathLike[str], pause: Callable[[], None] = lambda: None
) -> Reckoning:
    """Count what became of a journal's events for the destination whose directory below `shipping/` is `place`.

    It reads the whole journal, and changes nothing. While events are recorded, shipped and erased it tells of different
    moments: those of one batch, or one erasure, may be missing, or count twice. Those that an erasure has named before
    it was killed count twice if a limit has deleted them since. What is erased out of another destination's dead
    letters when the journal does not hold it any more goes on counting as it did.

    pause: is called after every EVENTS_AT_ONCE events, for who is in no hurry.

    Raises JournalError for what cannot be read.
    """
    directory, place = Path(journal), Path(place)
    cursor = Cursor.load(place / CURSOR_FILE, "")
    try:
        refusals = Refusals(place, cursor.name)
        letters = {letter.event_id: letter.segment for letter in dead_letters(directory, place.name)}
        for event_id in refusals.taken:
            letters.pop(event_id, None)
        erased = erased_ids(directory, place.name)
        remembered = letters.keys() | refusals.known.keys() | erased  # who else is there is not kept in mind
        feed = Feed(directory, cursor, lambda: letters.keys() | refusals.standing)
        delivered = removed = waiting = 0
        there: set[str] = set()
        for segment in JournalReader(directory).segments():
            for number, (event_id, is_had) in enumerate(_events(feed, segment), start=1):
                if number % EVENTS_AT_ONCE == 0:
                    pause()
                if event_id in remembered:
                    there.add(event_id)
                if event_id not in letters:
                    is_removed = is_had and event_id in refusals.known and not refusals.known[event_id].is_taken
                    delivered += is_had and not is_removed
                    removed += is_removed
                    waiting += not is_had
        account_for_the_gone(directory, cursor, lambda: refusals.by_segment(letters.items(), erased_ids(directory)))
    except OSError as error:
        raise JournalError(f"the journal {directory} cannot be read: {error.strerror}") from error
    gone = Counter(
        refusal.is_taken
        for event_id, refusal in refusals.known.items()
        if event_id not in there and event_id not in letters and event_id not in erased
    )
    return Reckoning(
        delivered + cursor.delivered + refusals.delivered + gone[True],
        len(letters),
        cursor.expired + refusals.expired + removed + gone[False],
        len(erased - there - letters.keys()),
        waiting,
    )


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
