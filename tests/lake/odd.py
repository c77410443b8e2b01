"""A schema that gives a column of every type, and events that try them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import orjson

from jupyter_telemetry.envelope import Envelope
from jupyter_telemetry.shipping import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ODD_ID", "ODD_SCHEMA", "VALUES", "odd_events", "sealed"]

ODD_ID = "https://example.org/odd"
TEXT = {"type": "string"}
ODD_SCHEMA: dict[str, Any] = {
    "$id": ODD_ID,
    "version": 3,
    "type": "object",
    "properties": {
        "text": TEXT,
        "yes": {"type": "boolean"},
        "whole": {"type": "integer"},
        "large": {"type": "integer", "minimum": 0, "maximum": 2**64 - 1},
        "number": {"type": "number"},
        "at": {"type": "string", "format": "date-time"},
        "on": {"type": "string", "format": "date"},
        "any": {},
        "texts": {"type": "array", "items": TEXT},
        "table": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
        "names": {"type": "object", "additionalProperties": {"type": "number"}},
        "who": {
            "type": "object",
            "properties": {
                "id": TEXT,
                "since": {"type": "string", "format": "date-time"},
                "tags": {"type": "array", "items": TEXT},
            },
        },
        "people": {
            "type": "array",
            "items": {"type": "object", "properties": {"id": TEXT, "age": {"type": "integer"}}},
        },
        "schema": TEXT,
        "Day": TEXT,
        "a b.c": {"type": "integer"},
    },
}
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.0, 1.5, -0.0, 1e300, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1,
    "", "x", "é \u2028 🎉 \"\\", "true", "1", "null",
    "2026-11-23T17:42:05.123456Z", "2026-11-23T17:42:05Z", "2026-11-23t17:42:05.5z", "2026-11-23T17:42:05.123456+01:00",
    "2026-11-23T23:59:60Z", "2026-11-23T17:42:05.1234567Z", "0001-01-01T00:00:00-10:00", "2026-02-30T00:00:00.000000Z",
    "2026-11-23", "2026-02-30", "٢026-11-23",
    [], [None], ["a"], ["a", None, 1], [[1], []], [[1, None], None], [[1.5]],
    {}, {"a": None}, {"a": 1.5, "b": 2}, {"id": "i"}, {"id": None}, {"id": 1}, {"id": "i", "more": 1},
    {"since": "2026-11-23T17:42:05.123456Z", "tags": ["x", None]}, {"since": "2026-11-23T17:42:05Z"}, {"tags": None},
    [{"id": "a"}, {"age": 3}], [{"id": "a", "age": None}], [None, {"id": "b"}], [{"age": "x"}], {"": {"": None}},
)  # fmt: skip


def odd_events() -> list[dict[str, Any]]:
    """Return events in which each property has each of the values, and some more."""
    events: list[dict[str, Any]] = [{name: value} for value in VALUES for name in ODD_SCHEMA["properties"]]
    events += [
        {},
        dict.fromkeys(ODD_SCHEMA["properties"]),
        {"more": 1, "text": "x"},
        {"more": None},
        {"day": "d", "Schema": 1},
    ]
    return events


def sealed(events: Iterable[dict[str, Any]], schema: dict[str, Any] = ODD_SCHEMA, at: datetime | None = None) -> Batch:
    """Put events of one schema into a batch."""
    envelope = Envelope(schema["$id"], schema["version"])
    moment = datetime(2026, 11, 23, 12, tzinfo=timezone.utc) if at is None else at
    lines = [orjson.dumps(envelope.seal(each, moment)) + b"\n" for each in events]
    return Batch(lines, lambda *_: schema, journal="0123456789abcdef")
