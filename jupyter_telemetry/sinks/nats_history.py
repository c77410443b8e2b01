"""What the subject of a journal holds already: which events need not be published again."""

from __future__ import annotations

import asyncio
import base64
import json
from bisect import bisect_left
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote

from ..journal.line import id_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["IDS", "History", "JetStream", "Problem", "range_of"]

IDS = "Telemetry-Ids"  # the header that says between which two ids those of a message are
LONGEST_RANGE = 512  # characters
ANY = ("", chr(0x10FFFF))

TIMEOUT_S = 10.0  # of one question
AT_ONCE = 500  # headers in one answer
GETS_AT_ONCE = 32
NO_MESSAGE = 10037


class Problem(Exception):
    """JetStream's answer to a question is an error; `code` is its `err_code`. Its text says nothing of a message."""

    def __init__(self, error: dict[str, Any]) -> None:
        self.code = int(error.get("err_code", 0))
        super().__init__(f"{self.code} {error.get('description', '')}".strip())


class JetStream:
    """JetStream's own API over a connection of nats-py's: one stream in one domain.

    By its protocol, since not every version of the library has all that is needed.
    """

    def __init__(self, connection: Any, stream: str, domain: str | None) -> None:
        self.connection = connection
        self.stream = stream
        self.prefix = f"$JS.{domain}.API" if domain else "$JS.API"

    async def ask(self, what: str, question: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer. Raises Problem, and what nats-py raises."""
        asked = b"" if question is None else json.dumps(question).encode()
        reply = await self.connection.request(f"{self.prefix}.{what}.{self.stream}", asked, timeout=TIMEOUT_S)
        answer: dict[str, Any] = json.loads(reply.data)
        if "error" in answer:
            raise Problem(answer["error"])
        return answer

    async def message(self, **which: Any) -> dict[str, Any] | None:
        """Return a message as the leader has it, or None: of seq=…, or the newest with last_by_subj=…"""
        try:
            found: dict[str, Any] = (await self.ask("STREAM.MSG.GET", which))["message"]
        except Problem as problem:
            if problem.code == NO_MESSAGE:
                return None
            raise
        return found

    async def headers(self, subject: str, since: float, last: int) -> list[tuple[int, str | None]]:
        """Return sequence and ids of the messages from a time on up to `last`, which must be there.

        Raises EOFError if the consumer's server has not had all of them yet.
        """
        config = {
            "filter_subject": subject,
            "deliver_policy": "by_start_time",
            "opt_start_time": datetime.fromtimestamp(max(since, 0.0), timezone.utc).isoformat(),
            "ack_policy": "none",
            "headers_only": True,
            "mem_storage": True,
            "inactive_threshold": int(TIMEOUT_S * 1e9),
        }
        made = await self.ask("CONSUMER.CREATE", {"stream_name": self.stream, "config": config})
        context = self.connection.jetstream(prefix=self.prefix)
        subscription = await context.pull_subscribe_bind(consumer=made["name"], stream=self.stream)
        found: list[tuple[int, str | None]] = []
        try:
            while not found or found[-1][0] < last:
                for message in await subscription.fetch(AT_ONCE, timeout=TIMEOUT_S / 2):
                    found.append((message.metadata.sequence.stream, (message.headers or {}).get(IDS)))
        except asyncio.TimeoutError:
            raise EOFError from None
        finally:
            await subscription.unsubscribe()
        return found


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
                    lines = base64.b64decode(message.get("data", "")).splitlines()
                    found.update(id_of(line).decode() for line in lines)
        return found.intersection(ids)


def range_of(ids: Sequence[str]) -> str:
    """Write down between which two ids these are; "" if they are too long for a header."""
    text = f"{quote(min(ids), safe='')} {quote(max(ids), safe='')}"
    return text if len(text) <= LONGEST_RANGE else ""


def _range(text: str | None) -> tuple[str, str]:
    low, _, high = (text or "").partition(" ")
    return (unquote(low), unquote(high)) if high else ANY


def _overlaps(message: _Message, ordered: list[str]) -> bool:
    index = bisect_left(ordered, message.low)
    return index < len(ordered) and ordered[index] <= message.high
