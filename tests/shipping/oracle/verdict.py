"""What was told, compared with what is anywhere in the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import orjson

from jupyter_telemetry.journal.deadletters import dead_letters
from jupyter_telemetry.journal.reader import JournalReader
from jupyter_telemetry.journal.tombstones import tombstones
from jupyter_telemetry.shipping.reckoning import reckon

from .programs import LOST, UNSURE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["FEWEST", "Evidence", "told_in", "verdict"]

FEWEST = 20  # events that a plan records


class Evidence(NamedTuple):
    """What is known in the end.

    told: by id, the schema, LOST or UNSURE, and the line. at_rest: lines, each as often as it stands there. expired:
    ids that were deleted as a limit does. place: of the destination, in the journal.
    """

    journal: Path
    place: Path
    told: dict[str, tuple[str, bytes]]
    at_rest: list[bytes]
    expired: frozenset[str] = frozenset()
    unfinished_erasers: int = 0  # killed, or without room for what they write
    said: str = ""  # by the programs
    erases: bool = True
    keeps_lines: bool = True


def told_in(paths: Iterable[Path]) -> dict[str, tuple[str, bytes]]:
    """Return what recorders told."""
    found = {}
    for path in paths:
        for each in path.read_bytes().splitlines(keepends=True):
            if each.endswith(b"\n"):  # else its recorder was killed meanwhile
                what, _, line = each.partition(b" ")
                found[_id(line)] = what.decode(), line
    return found


def verdict(evidence: Evidence) -> list[str]:
    """Return what is wrong, in words."""
    return _Comparison(evidence).wrong()


class _Comparison:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._told = evidence.told
        self._rest = {_id(line): line for line in evidence.at_rest}
        self._twice = [each for each, count in Counter(map(_id, evidence.at_rest)).items() if count > 1]
        letters = [letter.event_id for letter in dead_letters(evidence.journal)]
        self._letters = set(letters)
        self._twice += [each for each, count in Counter(letters).items() if count > 1]
        self._there = {event["__id__"] for event in JournalReader(evidence.journal).events()}
        self._named = {event_id for tombstone in tombstones(evidence.journal) for event_id in tombstone.ids()}
        self._erased = self._named - self._there - self._letters

    def wrong(self) -> list[str]:
        told, rest, letters, erased = self._told, self._rest, self._letters, self._erased
        expired = self._evidence.expired
        kept = {each for each, (what, _) in told.items() if what not in (LOST, UNSURE)}
        lost = {each for each, (what, _) in told.items() if what == LOST}
        # What such an erasure named is left in the journal; the destination was told to erase it all the same.
        half_erased = self._named & (self._there | expired) if self._evidence.unfinished_erasers else set()
        found = {
            "lost without a word": kept - rest.keys() - letters - erased - expired - half_erased,
            "told to be lost, and there": lost & (rest.keys() | letters | self._there | self._named | expired),
            "not as they were recorded": {each for each in told.keys() & rest.keys() if not self._is_as_told(each)},
            "twice": set(self._twice),
            "at rest and dead letters": rest.keys() & letters,
            "erased and at rest": erased & rest.keys() - half_erased if self._evidence.erases else set(),
            "of another schema, and erased": {each for each in erased & told.keys() if self._schema(each) != "a"},
            "waiting": self._there - rest.keys() - letters - self._named,
        }
        wrong = [
            f"{len(ids)} {what}: {', '.join(map(self._about, sorted(ids)[:3]))}" for what, ids in found.items() if ids
        ]
        return wrong + self._wrong_in_the_reckoning() + self._shows_nothing()

    def _shows_nothing(self) -> list[str]:
        """A plan in which programs die by themselves, or nothing is recorded or arrives, shows nothing."""
        said = self._evidence.said
        failed = [said[said.index("Traceback") :][:3000]] if "Traceback" in said else []
        few = len(self._told) < FEWEST
        return [
            *failed,
            *[f"only {len(self._told)} events were recorded"] * few,
            *["nothing is at rest"] * (not self._rest),
        ]

    def _is_as_told(self, event_id: str) -> bool:
        told, rest = self._told[event_id][1], self._rest[event_id]
        return told == rest if self._evidence.keeps_lines else bool(orjson.loads(told) == orjson.loads(rest))

    def _schema(self, event_id: str) -> str:
        return str(orjson.loads(self._told[event_id][1])["__schema__"])

    def _about(self, event_id: str) -> str:
        where = {"on a tombstone": self._named, "in the journal": self._there, "expired": self._evidence.expired}
        found = [name for name, ids in where.items() if event_id in ids]
        return f"{event_id} ({self._told.get(event_id, ('untold',))[0]}; {'; '.join(found) or 'nowhere'})"

    def _wrong_in_the_reckoning(self) -> list[str]:
        expired = self._evidence.expired
        counted = reckon(self._evidence.journal, self._evidence.place)
        recorded = self._rest.keys() | self._letters | self._erased | expired | self._there
        slack = len(expired & self._named) if self._evidence.unfinished_erasers else 0
        if (
            counted.waiting == 0
            and counted.refused == len(self._letters)
            and counted.erased == len(self._erased)
            and len(recorded) <= sum(counted) <= len(recorded) + slack
        ):
            return []
        return [f"the reckoning: {counted}, but {len(recorded)} were recorded, {len(self._erased)} erased"]


def _id(line: bytes) -> str:
    return str(orjson.loads(line)["__id__"])
