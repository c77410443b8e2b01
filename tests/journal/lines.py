"""Lines of a journal as EventLog writes them, and what is in a journal's directory."""

from __future__ import annotations

import json
from pathlib import Path

# By its id an event is at most a minute older than its segment: these are younger than any, whatever day it is.
MADE_AT_MS = 4_102_444_800_000  # 2100-01-01
# The schema of these lines, as a writer is given it.
SCHEMA = ("https://example.org/a", 1, b'{"$id":"https://example.org/a","version":1}')


def event_id(number: int, milliseconds: int = MADE_AT_MS) -> str:
    """Return the UUIDv7 that comes `number`-th of those made at one time."""
    return f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7000-8000-{number:012x}"


def line(number: int, milliseconds: int = MADE_AT_MS, **properties: object) -> bytes:
    """Return the line of an event."""
    event = {
        "__timestamp__": "2026-11-23T17:42:05.123456Z",
        "__schema__": "https://example.org/a",
        "__schema_version__": 1,
        "__metadata_version__": 2,
        "__id__": event_id(number, milliseconds),
        "number": number,
        **properties,
    }
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def numbers(lines) -> list[int]:
    """Return the numbers of events, from their lines."""
    return [json.loads(each)["number"] for each in lines]


def segments(directory: Path) -> list[Path]:
    """Return the files of the segments, sorted by name."""
    return sorted(path for path in directory.glob("*.jsonl") if path.name != "accounts.jsonl")


def names(directory: Path) -> list[str]:
    """Return how the segments' files end, sorted by name: "open" or "sealed"."""
    found = sorted(path.name for path in segments(directory))
    return ["open" if name.endswith(".open.jsonl") else "sealed" for name in found]


def content(directory: Path) -> bytes:
    """Return what stands in all segments, in the order of their names."""
    return b"".join(path.read_bytes() for path in segments(directory))


def counts(written: int = 0, lost: int = 0, expired: int = 0) -> dict[str, int]:
    """Return what a writer counts."""
    return {"written": written, "lost": lost, "expired": expired}
