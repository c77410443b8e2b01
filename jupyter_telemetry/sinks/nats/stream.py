"""A stream of JetStream's: its own API, what it is made like, and what makes one unfit."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timezone
from typing import Any

from ...errors import ConfigurationError
from ..options import seconds

__all__ = ["IDS", "JetStream", "Problem", "stream_config", "unfit"]

IDS = "Telemetry-Ids"  # the header that says between which two ids those of a message are

TIMEOUT_S = 10.0  # of one question
AT_ONCE = 500  # headers in one answer
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


def stream_config(
    stream: str, prefix: str, replicas: int | str, duplicate_window_s: float | str, max_age_s: float | str
) -> dict[str, Any]:
    """Return the configuration of a stream; on a command line, numbers are texts. Raises ConfigurationError."""
    try:
        replicas = int(replicas)
    except (TypeError, ValueError):
        replicas = 0
    if not 1 <= replicas <= 5:
        raise ConfigurationError("sink nats: replicas must be 1 to 5")
    duplicate_window_s = seconds("sink nats: duplicate_window_s", duplicate_window_s, 0)
    max_age_s = seconds("sink nats: max_age_s", max_age_s, 0)
    if max_age_s:
        duplicate_window_s = min(duplicate_window_s, max_age_s)
    return {
        "name": stream,
        "description": "Events of jupyter_telemetry",
        "subjects": [f"{prefix}.*"],
        "storage": "file",
        "retention": "limits",
        "num_replicas": replicas,
        "duplicate_window": int(duplicate_window_s * 1e9),
        "max_age": int(max_age_s * 1e9),
    }


def unfit(there: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Say why a stream does not do; "" if it does."""
    if there.get("storage") != "file":
        return "keeps its messages in memory: they would be gone with the servers"
    if there.get("retention", "limits") != "limits":
        return "deletes what was read (its retention is not limits)"
    if there.get("no_ack"):
        return "acknowledges nothing (no_ack)"
    if there.get("num_replicas", 1) < wanted["num_replicas"]:
        return f"has {there.get('num_replicas', 1)} replicas, not {wanted['num_replicas']}"
    (subject,) = wanted["subjects"]
    if not any(_takes_in(each, subject) for each in there.get("subjects", [])):
        return f"does not take the subjects {subject}"
    return ""


def _takes_in(subjects: str, wanted: str) -> bool:
    there, asked = subjects.split("."), wanted.split(".")
    if there[-1] == ">" and len(asked) >= len(there):
        there, asked = there[:-1], asked[: len(there) - 1]
    return len(there) == len(asked) and all(each in ("*", other) for each, other in zip(there, asked, strict=True))
