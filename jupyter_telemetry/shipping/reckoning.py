"""What became of every event of a journal for one destination: each counts once."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import JournalError
from ..journal.cursors import CURSOR_FILE, Cursor
from ..journal.deadletters import dead_letters
from ..journal.line import examine
from ..journal.reader import JournalReader
from ..journal.segment import scan
from ..journal.text import SegmentText
from ..journal.tombstones import erased_from
from .feed import Feed
from .refusals import Refusals
from .settlement import account_for_the_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..journal.segment import SegmentFile
    from .refusals import Refusal

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
        erased = erased_from(directory, place.name)
        erased_ids = erased.ids
        remembered = letters.keys() | refusals.known.keys() | erased_ids  # who else is there is not kept in mind
        feed = Feed(directory, cursor, lambda: letters.keys() | refusals.standing)
        numbers = itertools.count(1)
        read: dict[str, _Contents] = {}
        for segment in JournalReader(directory).segments():
            contents = read[segment.name] = _Contents()
            for event_id, is_had in _events(feed, segment):
                if next(numbers) % EVENTS_AT_ONCE == 0:
                    pause()
                if event_id in remembered:
                    contents.remembered.add(event_id)
                if event_id not in letters:
                    contents.outcomes[_outcome(refusals.known.get(event_id), is_had=is_had)] += 1
        # Of those that are gone meanwhile the cursor tells, as it stands now.
        cursor = Cursor.load(place / CURSOR_FILE, "")
        account_for_the_gone(directory, cursor, lambda: refusals.by_segment(letters.items(), erased))
        names = {segment.name for _ in range(2) for segment in scan(directory)}  # one that is renamed may miss once
    except OSError as error:
        raise JournalError(f"the journal {directory} cannot be read: {error.strerror}") from error
    still = [contents for name, contents in read.items() if name in names]
    outcomes = sum((contents.outcomes for contents in still), Counter[str]())
    there = set[str]().union(*(contents.remembered for contents in still))
    gone = Counter(
        refusal.is_taken
        for event_id, refusal in refusals.known.items()
        if event_id not in there and event_id not in letters and event_id not in erased_ids
    )
    return Reckoning(
        outcomes["delivered"] + cursor.delivered + refusals.delivered + gone[True],
        len(letters),
        cursor.expired + refusals.expired + outcomes["removed"] + gone[False],
        len(erased_ids - there - letters.keys()),
        outcomes["waiting"],
    )


def _outcome(refusal: Refusal | None, *, is_had: bool) -> str:
    """Say what became of an event that is in the journal, and no dead letter."""
    if not is_had:
        return "waiting"
    return "delivered" if refusal is None or refusal.is_taken else "removed"


class _Contents:
    """What a segment was found to hold."""

    def __init__(self) -> None:
        self.outcomes = Counter[str]()
        self.remembered: set[str] = set()


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
