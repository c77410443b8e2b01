"""Which events a destination refused, by id, for as long as it matters: `shipping/<destination>/refused.jsonl`.

Dead letters go: a limit takes them, somebody deletes them, they are sent again and taken. Then the journal, or what is
left of it, does not tell any more which of the events that the cursor has passed never arrived; this file does. Its
head is {"cursor": name, "expired": n, "delivered": n}: those whose dead letter and segment are both gone, by what
became of them; when the cursor is lost they are counted anew, as is all that it has summed up of what is gone. A line
is [segment, id], or [segment, id, true] of a dead letter that was sent again, and taken. It is on the disk before the
cursor passes its event, and before a dead letter that was taken goes.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ..journal.access import file_mode, replacing_shared
from ..privatefile import create, give_to_owner_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from ..journal.tombstones import Erased

__all__ = ["Refusal", "Refusals"]

FILE = "refused.jsonl"

_APPEND = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Refusal(NamedTuple):
    """What is known of an event that was refused."""

    segment: str  # the name of that which it stands in, or stood
    is_taken: bool = False  # it was sent again, and taken


class Refusals:
    """What one destination refused; only who holds its lease changes it.

    Parameters
    ----------
    place: the destination's own directory in the journal.
    cursor: the cursor's name.

    Raises OSError for a file that cannot be read.
    """

    def __init__(self, place: Path, cursor: str) -> None:
        self._path = place / FILE
        self._cursor = cursor
        self.known: dict[str, Refusal] = {}  # by the event's id
        self.expired = 0  # that are gone from everywhere, and never arrived
        self.delivered = 0  # that are gone from everywhere, and were taken when they were sent again
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        for line in content.splitlines():
            self._read(line)

    def _read(self, line: bytes) -> None:
        try:
            found = orjson.loads(line)
        except ValueError:  # torn: its event is sent again
            return
        match found:
            case {"cursor": self._cursor, "expired": int(expired), "delivered": int(delivered)}:
                self.expired, self.delivered = expired, delivered
            case [str(segment), str(event_id), *rest]:
                self.known[event_id] = Refusal(segment, bool(rest))

    @property
    def taken(self) -> set[str]:
        """The ids of dead letters that were sent again and taken: they are none any more, even if they are there."""
        return {event_id for event_id, refusal in self.known.items() if refusal.is_taken}

    @property
    def standing(self) -> set[str]:
        """The ids of those that never arrived."""
        return {event_id for event_id, refusal in self.known.items() if not refusal.is_taken}

    def by_segment(self, letters: Iterable[tuple[str, str]], erased: Erased) -> Counter[str]:
        """Count those that are reckoned up here, and not by the cursor, when a segment is gone; by its name.

        letters: (id, segment) of the dead letters there are.
        """
        # An erasure takes events out of segments first, and then their dead letters: until then these say nothing.
        # What it took out of dead letters alone was in the segment as long as that was there.
        known = {event_id: each.segment for event_id, each in self.known.items()}
        found = {**known, **erased.out_of_letters, **dict(letters)}
        return Counter(segment for event_id, segment in found.items() if event_id not in erased.out_of_segments)

    def add(self, refused: Iterable[tuple[str, str]]) -> None:
        """Note events that were refused: (id, segment); they are on the disk when this returns. Raises OSError."""
        new = {event_id: Refusal(segment) for event_id, segment in refused}
        self._append([[each.segment, event_id] for event_id, each in new.items()])
        self.known.update(new)

    def take(self, letters: Iterable[tuple[str, str]]) -> None:
        """Note dead letters that were sent again, and taken: (id, segment); likewise. Raises OSError."""
        new = {event_id: Refusal(segment, True) for event_id, segment in letters}
        self._append([[each.segment, event_id, True] for event_id, each in new.items()])
        self.known.update(new)

    def discard(self, event_ids: Iterable[str], check: Callable[[], None]) -> None:
        """Forget events that are on their way again. Raises OSError, and what `check` raises."""
        found = self.known.keys() & set(event_ids)
        if found:
            self._write({event_id: each for event_id, each in self.known.items() if event_id not in found}, check)

    def sum_up(
        self, segments: Collection[str], letters: Collection[str], erased: Collection[str], check: Callable[[], None]
    ) -> None:
        """Keep a number only of those of which nothing is there any more.

        segments: names of those that are in the journal, or that the cursor has not summed up. letters: ids of the
        dead letters there are. erased: ids of events that were erased, which count as such.

        Raises OSError, and what `check` raises.
        """
        kept: dict[str, Refusal] = {}
        expired, delivered = self.expired, self.delivered
        for event_id, each in self.known.items():
            if event_id in letters or (each.segment in segments and not each.is_taken):
                kept[event_id] = each
            elif each.segment not in segments and event_id not in erased:  # else the cursor counts it as the others
                expired += not each.is_taken
                delivered += each.is_taken
        if len(kept) < len(self.known):
            self._write(kept, check, expired, delivered)

    def _append(self, lines: list[list[object]]) -> None:
        """Append by one write, behind what may be torn."""
        if not lines:
            return
        content = b"\n" + b"".join(orjson.dumps(line) + b"\n" for line in lines)
        journal = self._path.parents[2]
        try:
            fd = os.open(self._path, _APPEND)
        except FileNotFoundError:
            fd = create(self._path, _APPEND, mode=file_mode(journal))
            give_to_owner_of(self._path.parent, self._path)
        with os.fdopen(fd, "ab", buffering=0) as file:
            while content:
                content = content[file.write(content) :]
            os.fsync(file.fileno())

    def _write(
        self,
        known: dict[str, Refusal],
        check: Callable[[], None],
        expired: int | None = None,
        delivered: int | None = None,
    ) -> None:
        expired = self.expired if expired is None else expired
        delivered = self.delivered if delivered is None else delivered
        head = {"cursor": self._cursor, "expired": expired, "delivered": delivered}
        lines: list[object] = [head]
        lines += [[each.segment, event_id, *([True] * each.is_taken)] for event_id, each in known.items()]
        with replacing_shared(self._path, lasting=True, check=check) as file:
            file.writelines(orjson.dumps(line) + b"\n" for line in lines)
        self.known, self.expired, self.delivered = known, expired, delivered
