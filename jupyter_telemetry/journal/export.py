"""Give somebody all events of a journal, in a form that other programs read.

jsonl
    The lines as they were written.
csv
    RFC 4180, in UTF-8: the columns of the view `events` (`jupyter telemetry query`), which are the metadata and the
    event's own properties as JSON. One table holds events of all schemas, and no property is lost or changes its type.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ..printable import disarmed
from .line import HEAD, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .line import Damage
    from .reader import JournalReader

__all__ = ["FORMATS", "Format", "export"]

_CHUNK_BYTES = 64 * 1024
_HEAD = re.compile(HEAD.pattern + rb"(?:,|(?=\}))")
_COLUMNS = ("__timestamp__", "__schema__", "__schema_version__", "__id__")


def export(
    reader: JournalReader,
    form: str,
    *,
    wants: Callable[[str], bool] | None = None,
    damage: Callable[[Damage], None] | None = None,
) -> Iterator[bytes]:
    """Yield an export in one of FORMATS, in pieces of about 64 KiB, without holding more of it in memory.

    Parameters
    ----------
    wants: says of a schema id whether its events are exported; by default all are.
    damage: is told of lines that are no events, and are left out, as in `JournalReader.lines`.

    Raises JournalError for a journal that cannot be read; ValueError for another format.
    """
    if form not in FORMATS:
        raise ValueError(f"there is no format {form!r}; there are: {', '.join(FORMATS)}")
    lines = reader.lines(damage=damage)
    if wants is not None:
        lines = _wanted(lines, wants)
    return _in_chunks(FORMATS[form].write(lines))


def _wanted(lines: Iterator[bytes], wants: Callable[[str], bool]) -> Iterator[bytes]:
    verdicts: dict[str, bool] = {}
    for line in lines:
        schema_id = schema_of(line)
        if schema_id not in verdicts:
            verdicts[schema_id] = wants(schema_id)
        if verdicts[schema_id]:
            yield line


def _csv(lines: Iterator[bytes]) -> Iterator[bytes]:
    row = io.StringIO()
    writer = csv.writer(row)
    writer.writerow([*_COLUMNS, "event"])
    for line in lines:
        *metadata, event = _as_written(line) or _parsed(line)
        writer.writerow([*map(disarmed, metadata), event])
        yield row.getvalue().encode()
        row.seek(0)
        row.truncate()
    yield row.getvalue().encode()  # the names, where there is no event


def _as_written(line: bytes) -> list[str] | None:
    """Return the fields of a line as EventLog writes it, the event's own properties to the letter."""
    found = _HEAD.match(line)
    if found is None:
        return None
    timestamp, schema_id, version, _, event_id = (each.decode() for each in found.groups())
    return [timestamp, schema_id, version.strip('"'), event_id, "{" + line[found.end() :].decode().rstrip("\n")]


def _parsed(line: bytes) -> list[str]:
    """Return the fields of a line that somebody else has written."""
    event = orjson.loads(line)
    fields = [event.pop(name, None) for name in _COLUMNS]
    event.pop("__metadata_version__", None)
    texts = [each if isinstance(each, str) else "" if each is None else json.dumps(each) for each in fields]
    try:
        return [*texts, orjson.dumps(event).decode()]
    except TypeError:  # deeper than orjson writes
        return [*texts, line.decode().rstrip("\n")]


def _in_chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    chunk: list[bytes] = []
    size = 0
    for piece in pieces:
        chunk.append(piece)
        size += len(piece)
        if size >= _CHUNK_BYTES:
            yield b"".join(chunk)
            chunk, size = [], 0
    if size:
        yield b"".join(chunk)


class Format(NamedTuple):
    """A form in which events are given out."""

    media_type: str
    write: Callable[[Iterator[bytes]], Iterator[bytes]]  # makes it of whole lines


FORMATS = {"jsonl": Format("application/x-ndjson", iter), "csv": Format("text/csv; charset=UTF-8", _csv)}
