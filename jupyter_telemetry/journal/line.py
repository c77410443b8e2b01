"""A line of a journal as a reader meets it: whole, torn, or damaged."""

from __future__ import annotations

import re
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import orjson

__all__ = [
    "HEAD",
    "TIMESTAMP",
    "Damage",
    "Examined",
    "earliest_id",
    "examine",
    "holds_event",
    "id_if_whole",
    "id_of",
    "schema_and_version_of",
    "schema_of",
    "time_of",
]

TIMESTAMP = (
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
"""The form of an event's `__timestamp__` (RFC 3339 §5.6), as a regular expression of Python's and of DuckDB's."""

HEAD = re.compile(
    rb'\{"__timestamp__":"([^"\\]*)","__schema__":"([^"\\]*)","__schema_version__":("[^"\\]*"|-?\d+),'
    rb'"__metadata_version__":(\d+),"__id__":"([^"\\]*)"'
)
"""The metadata of a line as EventLog writes it: timestamp, schema, version (as JSON), metadata version, id.

Whatever does not match is to be parsed.
"""

_TIMESTAMP = re.compile(TIMESTAMP)
_NAMES = ("__id__", "__timestamp__", "__schema__", "__schema_version__")
_metadata = itemgetter(*_NAMES)
_START = b'{"__timestamp__":"'
_METADATA = re.compile(  # as EventLog writes it; whatever does not match is parsed
    rb'\{"__timestamp__":"[^"]*","__schema__":"[^"]*","__schema_version__":[^,]*,"__metadata_version__":\d+,'
    rb'"__id__":"([^"\\]*)"'
)
_SCHEMA = re.compile(rb'\{"__timestamp__":"[^"\\]*","__schema__":"([^"\\]*)"')
_VERSION = re.compile(_SCHEMA.pattern + rb',"__schema_version__":(?:(\d+)|"([^"\\]*)"),')
_UUID7 = re.compile(rb"([0-9a-f]{8})-([0-9a-f]{4})(?:-7[0-9a-f]{3}-|$)")  # or the start of one, as of earliest_id
_MOST_TRIES = 16


class Damage(NamedTuple):
    """A line that is no event, and was skipped. `reason` holds nothing of the line."""

    path: Path
    line_number: int  # from 1; 0 if the file as a whole cannot be read
    reason: str


class Examined(NamedTuple):
    """What was found out about a line."""

    event_id: bytes = b""
    start: int = 0  # where in the line the event starts, if something torn stands before it
    reason: str = ""  # why the line, or what stands before the event, is damaged; "" if it is not


def id_of(line: bytes) -> bytes:
    """Return the `__id__` of a line that is an event, as UTF-8: its order is that of the text.

    Raises ValueError for a line without one.
    """
    if found := _METADATA.match(line):
        return found[1]
    event = orjson.loads(line)
    if isinstance(event, dict) and isinstance(event_id := event.get("__id__"), str):
        return event_id.encode()
    raise ValueError("no __id__")


def schema_of(event: bytes) -> str:
    """Return the `__schema__` of a whole event, in which `examine` has found nothing amiss."""
    found = _SCHEMA.match(event)
    schema_id: str = found[1].decode() if found else orjson.loads(event)["__schema__"]
    return schema_id


def schema_and_version_of(event: bytes) -> tuple[str, str]:
    """Return the `__schema__` of such an event, and its `__schema_version__` as text."""
    if found := _VERSION.match(event):
        return found[1].decode(), (found[2] or found[3]).decode()
    read = orjson.loads(event)
    return read["__schema__"], str(read["__schema_version__"])


def examine(line: bytes) -> Examined:
    """Find out whether a line, with or without its newline, is one event.

    It is one if it is a JSON object with an event's metadata: texts in `__id__` and `__schema__`, a text or an integer
    in `__schema_version__`, a time in `__timestamp__`. All that reads a journal goes by this.

    After a write that the disk cut short another thread's line may stand on the same line of the file; after a
    power cut, zeros. The event at the end of such a line is found.
    """
    try:
        event = orjson.loads(line)
    except ValueError:
        return _behind_the_tear(line)
    found = _id_or_lack(event)
    return Examined(found) if isinstance(found, bytes) else Examined(reason=found)


def id_if_whole(line: bytes) -> bytes:
    """Return the id of a line that is one event and nothing else; b"" for any other, which `examine` tells of."""
    try:
        found = _id_or_lack(orjson.loads(line))
    except ValueError:
        return b""
    return found if isinstance(found, bytes) else b""


def holds_event(line: bytes) -> bool:
    """Say whether there is an event on a line, without reading one that begins and ends as whole ones do."""
    return (line.startswith(_START) and line.endswith(b"}\n")) or bool(examine(line).event_id)


def _id_or_lack(event: Any) -> bytes | str:
    """Return the id of a JSON value that is an event; of any other, as text, what it lacks to be one."""
    try:
        event_id, timestamp, schema_id, version = _metadata(event)
    except TypeError:
        return "not a JSON object"
    except KeyError:
        event_id, timestamp, schema_id, version = map(event.get, _NAMES)
    if not (isinstance(event_id, str) and event_id):
        return "no __id__"
    if not (isinstance(timestamp, str) and _TIMESTAMP.fullmatch(timestamp)):
        return "no time in __timestamp__"
    if not isinstance(schema_id, str):
        return "no __schema__"
    return event_id.encode() if type(version) in (int, str) else "no __schema_version__"


def earliest_id(seconds: float) -> bytes:
    """Return what no UUIDv7 that is made at this time (since the epoch) or later comes before."""
    digits = f"{max(0, int(seconds * 1000)):012x}"
    return f"{digits[:8]}-{digits[8:]}".encode()


def time_of(event_id: bytes) -> float | None:
    """Return when a UUIDv7 was made, in seconds since the epoch; None for any other id."""
    found = _UUID7.match(event_id)
    return int(found[1] + found[2], 16) / 1000 if found else None


def _behind_the_tear(line: bytes) -> Examined:
    start = len(line)
    for _ in range(_MOST_TRIES):
        start = line.rfind(_START, 1, start)
        if start < 0:
            break
        try:
            event = orjson.loads(line[start:])
        except ValueError:
            continue
        if isinstance(found := _id_or_lack(event), bytes):
            return Examined(found, start, "torn, with a whole event behind it")
    if not line.strip(b"\0\n"):
        return Examined(reason="zeros")
    return Examined(reason="not UTF-8 JSON")
