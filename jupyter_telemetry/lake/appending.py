"""Batches into a lake: few files, no event twice, and readers who see each batch at once or not at all.

A batch is merged into the last file of its journal, schema and day: the merged file takes that file's place by one
rename. A file that is large enough, or that the batch would be small beside, is left alone, and a new one begins: so
at low rates a rewrite costs about a megabyte, and at high rates every event is written once.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
import pyarrow.compute as pc  # type: ignore[import-untyped]  # the same

from .arrays import instant
from .layout import COMPACTED, Partition, batch_name, file_name, named_after, owner_of
from .parquet import Span, encoded, ids_of, read_table, span_of
from .schemas import Schemas
from .table import ID, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..shipping.batch import Batch
    from .place import Entry, Place

__all__ = ["DAYS_OPEN", "Appender"]

DAYS_OPEN = 2  # today and yesterday, in UTC: files of earlier days are never merged into, so that they can be compacted
FEW_ROWS = 20_000  # into a file of fewer, any batch is merged
MANY_ROWS = 100_000  # into a file of more, none
MOST_REWRITTEN = 16  # rows that are written again for one of the batch, in a file that is not small
LARGEST = 32 * 1024**2  # bytes of a file that is merged into
_AT_ONCE = 500  # events that are Python objects together: of more, the garbage collector would look at them all again


_Key = tuple[str, Any, str]  # a schema's id, its version as it was recorded, and a day


class _File(NamedTuple):
    entry: Entry
    span: Span
    is_ours: bool  # written since the lake was opened


class _Group:
    """The events of a batch that belong to one schema and one day."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.indices: list[int] = []
        self.tables: list[Any] = []


class Appender:
    """Appends batches to a lake, for one writer of each journal at a time.

    in_doubt: something failed, so that a batch that is not said to come again may be there nevertheless.
    """

    def __init__(self, place: Place, *, in_doubt: bool = False) -> None:
        self._place = place
        self._schemas = Schemas(place)
        self._files: dict[tuple[str, Partition], list[_File]] = {}
        self.in_doubt = in_doubt

    def forget(self) -> None:
        """Look again at what is there."""
        self._schemas.forget()
        self._files.clear()

    def append(self, batch: Batch, give_up_at: float) -> list[int]:
        """Write a batch; return, by index, what is left when time.monotonic() has come to `give_up_at`.

        Raises OSError, and what the batch's `check` raises: then a part of it may be written.
        """
        try:
            groups = self._grouped(batch)
            for at, (schema, group) in enumerate(groups.items()):
                if at and time.monotonic() >= give_up_at:
                    late = list(groups.values())[at:]
                    return sorted(index for each in late for index in each.indices)
                self._write(schema, pa.concat_tables(group.tables), batch)
        except BaseException:
            self.in_doubt = True
            self.forget()
            raise
        return []

    def _grouped(self, batch: Batch) -> dict[Partition, _Group]:
        groups: dict[_Key, _Group] = {}
        for start in range(0, len(batch), _AT_ONCE):
            lines = batch.lines[start : start + _AT_ONCE]
            events = orjson.loads(b"[" + b",".join(lines) + b"]")
            keys = [(each["__schema__"], each["__schema_version__"], _day(each["__timestamp__"])) for each in events]
            for key, where in _places(keys).items():
                group = groups.setdefault(key, _Group())
                group.events += [events[at] for at in where]
                group.indices += [start + at for at in where]
                if len(group.events) >= _AT_ONCE:
                    self._make_table(key, group, batch)
        found: dict[Partition, _Group] = {}
        for key, group in groups.items():
            partition = self._make_table(key, group, batch)
            if partition in found:  # as version 1 and as version "1"
                found[partition].tables += group.tables
                found[partition].indices += group.indices
            else:
                found[partition] = group
        return found

    def _make_table(self, key: _Key, group: _Group, batch: Batch) -> Partition:
        schema_id, version, day = key[0], str(key[1]), key[2]
        directory, layout = self._schemas.of(schema_id, version, batch.schemas(schema_id, version))
        if group.events:
            group.tables.append(table_of(group.events, layout))
            group.events = []
        return Partition(directory, day)

    def _write(self, partition: Partition, table: Any, batch: Batch) -> None:
        owner = named_after(batch.journal)
        files = self._known(owner, partition)
        table = self._new_to(files, partition, table) if batch.sent_before or self.in_doubt else table
        if not table.num_rows:
            return
        tail = files[-1] if files else None
        if tail is not None and self._is_open(tail, partition, table.num_rows):
            before = read_table(self._place, tail.entry.path)
            if before.schema.equals(table.schema, check_metadata=True):
                merged = pa.concat_tables([before, table])
                files[-1] = self._put(tail.entry.path, merged, batch, tail.entry)
                return
        files.append(self._put(f"{partition.path}/{self._new_name(owner, table, files)}", table, batch, None))

    def _new_name(self, owner: str, table: Any, files: Sequence[_File]) -> str:
        """Name a new file.

        In a directory, one who was stopped just before a file got its name must not name it when somebody else has
        written the same. In an object store that one's request would take the other's place: no two names are the same.
        """
        if not self._place.is_directory:
            return file_name(owner)
        taken = {each.entry.name for each in files}
        first = table.column(ID)[0].as_py()
        return next(name for number in count() if (name := batch_name(owner, first, number)) not in taken)

    def _put(self, path: str, table: Any, batch: Batch, replaces: Entry | None) -> _File:
        entry = self._place.write(path, encoded(table), batch.check, replaces)
        bounds = pc.min_max(table.column(ID)).as_py()
        return _File(entry, Span(table.num_rows, bounds["min"], bounds["max"]), True)

    def _known(self, owner: str, partition: Partition) -> list[_File]:
        """Return the files of a journal in a partition, the newest last."""
        key = owner, partition
        if key not in self._files:
            found = [each for each in self._place.files(partition.path) if owner_of(each.name) == owner]
            self._files[key] = [_File(each, span_of(self._place, each.path), False) for each in found]
        return self._files[key]

    def _new_to(self, files: Sequence[_File], partition: Partition, table: Any) -> Any:
        """Return the rows whose ids are not there yet."""
        bounds = pc.min_max(table.column(ID)).as_py()
        least, greatest = bounds["min"], bounds["max"]
        spans = [(each.entry.path, each.span) for each in files]
        for each in self._place.files(partition.path):
            if owner_of(each.name) == COMPACTED:
                spans.append((each.path, span_of(self._place, each.path)))
        there: set[str] = set()
        for path, span in spans:
            if span.may_hold(least, greatest):
                there |= ids_of(self._place, path, least, greatest)
        if not there and pc.count_distinct(table.column(ID)).as_py() == table.num_rows:
            return table
        keep = []
        for event_id in table.column(ID).to_pylist():
            keep.append(event_id not in there)
            there.add(event_id)
        return table if all(keep) else table.filter(pa.array(keep))

    def _is_open(self, tail: _File, partition: Partition, rows: int) -> bool:
        """Say whether a batch is merged into a file."""
        entry, there = tail.entry, tail.span.rows
        if there >= FEW_ROWS and (there > MOST_REWRITTEN * rows or there + rows > MANY_ROWS or rows >= FEW_ROWS):
            return False
        if entry.size >= LARGEST or partition.day < _first_open_day():
            return False
        # In an object store a request of a writer that was stopped may still come, however long ago it wrote: it would
        # put an older content in the place of this one.
        return self._place.is_directory or tail.is_ours


def _places(keys: Sequence[_Key]) -> Mapping[_Key, Sequence[int]]:
    """Return where each key stands."""
    if len(set(keys)) == 1:  # as ordinarily
        return {keys[0]: range(len(keys))}
    found: dict[_Key, list[int]] = {}
    for at, key in enumerate(keys):
        found.setdefault(key, []).append(at)
    return found


def _first_open_day() -> str:
    return (datetime.now(timezone.utc) - timedelta(days=DAYS_OPEN - 1)).date().isoformat()


def _day(timestamp: str) -> str:
    """Return the day of an instant in UTC."""
    if timestamp[-1:] == "Z":
        return timestamp[:10]
    moment = instant(timestamp)
    return "1970-01-01" if moment is None else moment.date().isoformat()
