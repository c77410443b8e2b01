"""What the subject of a journal holds already: which events need not be published again."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from bisect import bisect_left
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

from ...journal.line import id_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from .stream import JetStream

__all__ = ["History", "range_of"]

LONGEST_RANGE = 512  # characters
ANY = ("", chr(0x10FFFF))

GETS_AT_ONCE = 32


class _Message(NamedTuple):
    sequence: int
    low: str  # no id in it is lower
    high: str


class History:
    """What a subject held when it was looked at: each message, and between which ids its events' are.

    last: the sequence of the newest message; 0 if there is none.
    """

    def __init__(self, stream: JetStream, subject: str) -> None:
        self.last = 0
        self._stream = stream
        self._subject = subject
        self._looked_upto = 0
        self._newest_at = float("-inf")
        self._messages: list[_Message] = []
        self._since = float("inf")

    async def look(self) -> None:
        """Find the newest message."""
        newest = await self._stream.message(last_by_subj=self._subject)
        if newest is not None:
            self.last = self._looked_upto = newest["seq"]
            self._newest_at = datetime.fromisoformat(newest["time"][:19] + "+00:00").timestamp()

    async def held(self, ids: Collection[str], since: float) -> set[str]:
        """Return which of these events, none of them published before `since`, the subject held.

        Raises EOFError where it cannot be told yet.
        """
        if self._newest_at + 1 < since:
            return set()
        if since < self._since:
            since = min(since, self._newest_at)  # which is there to be read
            headers = await self._stream.headers(self._subject, since, self._looked_upto)
            self._messages = [_Message(sequence, *_range(text)) for sequence, text in headers]
            self._since = since
        ordered = sorted(ids)
        found: set[str] = set()
        suspects = [message.sequence for message in self._messages if _overlaps(message, ordered)]
        for start in range(0, len(suspects), GETS_AT_ONCE):
            some = suspects[start : start + GETS_AT_ONCE]
            for message in await asyncio.gather(*(self._stream.message(seq=sequence) for sequence in some)):
                if message is not None:
                    found.update(_ids_in(base64.b64decode(message.get("data", ""))))
        return found.intersection(ids)


def range_of(ids: Sequence[str]) -> str:
    """Write down between which two ids these are; "" if they are too long for a header."""
    text = f"{quote(min(ids), safe='')} {quote(max(ids), safe='')}"
    return text if len(text) <= LONGEST_RANGE else ""


def _ids_in(payload: bytes) -> Iterator[str]:
    for line in payload.splitlines():
        with contextlib.suppress(ValueError):  # no event: somebody else has published here
            yield id_of(line).decode()


def _range(text: str | None) -> tuple[str, str]:
    low, _, high = (text or "").partition(" ")
    return (unquote(low), unquote(high)) if high else ANY


def _overlaps(message: _Message, ordered: list[str]) -> bool:
    index = bisect_left(ordered, message.low)
    return index < len(ordered) and ordered[index] <= message.high
