"""Journals as they lie on the disk, written without the package's own writer."""

from __future__ import annotations

import hashlib
import itertools
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import orjson

from jupyter_telemetry.journal import view_name

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_telemetry.analysis import JournalDatabase

THING = {
    "$id": "https://example.org/thing",
    "version": 1,
    "title": "Thing",
    "description": "Something happened.",
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "What it is called."},
        "count": {"type": "integer"},
    },
}
THING_VIEW = "example_org_thing_v1"
TIMESTAMP = "2026-11-23T17:42:05.123456Z"
WHEN = datetime(2026, 11, 23, 17, 42, 5, 123456, tzinfo=timezone.utc)
METADATA = ["__timestamp__", "__schema__", "__schema_version__", "__metadata_version__", "__id__"]


def event_id(number: int) -> str:
    return f"0193597b-ee03-7000-8000-{number:012x}"


class Journal:
    """A journal's directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._numbers = itertools.count(1)
        directory.mkdir(parents=True, exist_ok=True)

    def line(self, properties: dict[str, Any], schema: dict[str, Any] = THING, **metadata: Any) -> bytes:
        """Make a line as EventLog writes it, but for the metadata given."""
        envelope = {
            "__timestamp__": TIMESTAMP,
            "__schema__": schema["$id"],
            "__schema_version__": schema["version"],
            "__metadata_version__": 2,
            "__id__": event_id(next(self._numbers)),
        }
        return orjson.dumps({**envelope, **metadata, **properties}) + b"\n"

    def segment(self, *lines: bytes, name: str | None = None, is_open: bool = False) -> Path:
        """Write a segment."""
        name = name or f"20261123T174205{next(self._numbers):06d}Z-5f3a9c01"
        path = self.directory / f"{name}{'.open' if is_open else ''}.jsonl"
        path.write_bytes(b"".join(lines))
        return path

    def schema(self, schema: dict[str, Any]) -> Path:
        """Store a schema."""
        content = orjson.dumps(schema, option=orjson.OPT_SORT_KEYS)
        directory = self.directory / "schemas"
        directory.mkdir(exist_ok=True)
        view = view_name(schema["$id"], schema["version"])
        path = directory / f"{view}-{hashlib.sha256(content).hexdigest()[:12]}.json"
        path.write_bytes(content)
        return path

    def events(self, *events: dict[str, Any], schema: dict[str, Any] = THING) -> Path:
        """Store a schema and a segment with events of it."""
        self.schema(schema)
        return self.segment(*(self.line(event, schema) for event in events))


def schema_of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a schema with these properties."""
    return {"$id": THING["$id"], "version": 1, "type": "object", "properties": properties, **more}


def names(database: JournalDatabase) -> list[str]:
    """Return the events' property `name`, in the events' order."""
    return [name for (name,) in database.sql("SELECT event->>'name' FROM events ORDER BY __id__").rows()]


def instant(text: str) -> datetime:
    """Read RFC 3339, all of it: Python 3.10 knows neither Z nor fractions of any length."""
    whole, fraction, offset = re.fullmatch(r"([^.]{19})(?:\.(\d+))?(.*)", text).groups("")
    return datetime.fromisoformat(f"{whole}.{fraction:0<6}{offset.replace('Z', '+00:00')}")
