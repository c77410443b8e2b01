"""Many small files into few large ones, for days that are over.

In a directory of Linux the files of a partition are written anew beside it, and the two directories change their names
at once: whoever lists it sees the one or the other. Elsewhere a compacted file says in its metadata which files it has
absorbed, and these are deleted after it was written: in between both stand there, which this package's own reading
heeds and others do not.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped]  # it has no types

from .appending import DAYS_OPEN
from .layout import COMPACTED, Partition, file_name, owner_of, partition_of
from .parquet import ABSORBED, absorbed, encoded, read_table
from .place import Directory
from .swapping import complete, swap
from .table import ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .place import Entry, Place

__all__ = ["Compaction", "compact", "latest_day"]

LARGE = 64 * 1024**2  # bytes of files that become one
MANY_ROWS = 2_000_000  # in one


class Compaction(NamedTuple):
    """What was done: partitions, and the files in them before and after."""

    partitions: int = 0
    before: int = 0
    after: int = 0


def latest_day(now: datetime | None = None) -> date:
    """Return the last day that may be compacted: nobody merges into files of that day any more."""
    return (now or datetime.now(timezone.utc)).date() - timedelta(days=DAYS_OPEN + 1)


def compact(place: Place, before: date | None = None, check: Callable[[], None] = lambda: None) -> Compaction:
    """Compact the days before `before`, none of them later than `latest_day`. Raises OSError."""
    end = latest_day() + timedelta(days=1)
    end = min(end, before) if before is not None else end
    done = Compaction()
    if isinstance(place, Directory):
        complete(place)
    for partition, files in _partitions(place, end.isoformat()):
        check()
        files = _without_absorbed(place, files)
        if len(files) < 2 or all(owner_of(each.name) == COMPACTED for each in files):
            continue
        after = _exchanged(place, partition, files, check) if isinstance(place, Directory) else None
        after = _absorbing(place, partition, files, check) if after is None else after
        done = Compaction(done.partitions + 1, done.before + len(files), done.after + after)
    return done


def _partitions(place: Place, end: str) -> Iterator[tuple[Partition, list[Entry]]]:
    """Yield the partitions of the days before `end`, and the files in them."""
    for schema in place.directories():
        for directory in place.directories(schema):
            partition = partition_of(f"{directory}/any.parquet")
            if partition is not None and partition.day < end:
                yield partition, [each for each in place.files(directory) if partition_of(each.path)]


def _without_absorbed(place: Place, files: list[Entry]) -> list[Entry]:
    """Delete what a compaction has absorbed that was killed before it could."""
    gone = {
        name for each in files if owner_of(each.name) == COMPACTED for name in absorbed(place, each.path)
    }  # a name is never used again
    place.delete(each.path for each in files if each.name in gone)
    return [each for each in files if each.name not in gone]


def _merged(place: Place, files: Sequence[Entry]) -> Iterator[tuple[list[Entry], Any]]:
    """Yield tables of several files each, and the files; only those of one layout are together."""
    together: dict[Any, tuple[list[Entry], list[Any]]] = {}
    for entry in sorted(files, key=lambda each: each.name.partition("-")[2]):  # as they were begun
        table = read_table(place, entry.path)
        note = table.schema.metadata.pop(ABSORBED, None) if table.schema.metadata else None
        if note is not None:
            table = table.replace_schema_metadata({k: v for k, v in table.schema.metadata.items() if k != ABSORBED})
        key = str(table.schema), *sorted((table.schema.metadata or {}).items())
        entries, tables = together.setdefault(key, ([], []))
        entries.append(entry)
        tables.append(table)
        if sum(each.size for each in entries) >= LARGE or sum(each.num_rows for each in tables) >= MANY_ROWS:
            yield entries, pa.concat_tables(tables).sort_by(ID)
            del together[key]
    for entries, tables in together.values():
        yield entries, pa.concat_tables(tables).sort_by(ID)


def _exchanged(place: Directory, partition: Partition, files: Sequence[Entry], check: Callable[[], None]) -> int | None:
    """Compact a partition by an exchange; return how many files there are then, None where that cannot be done."""
    names: list[str] = []

    def new() -> Iterator[tuple[str, Any]]:
        for _, table in _merged(place, files):
            check()  # which also tells the others that this one lives
            names.append(file_name(COMPACTED))
            yield names[-1], encoded(table)

    swapped = swap(place, partition.path, files, new(), check)
    if swapped is None:
        return None
    return len(names) if swapped else len(files)  # else one was erased from meanwhile: another time


def _are_same(found: Sequence[Entry], files: Sequence[Entry]) -> bool:
    """Say whether the files are still as they were; there may be others beside them."""
    return set(files) <= set(found)


def _absorbing(place: Place, partition: Partition, files: Sequence[Entry], check: Callable[[], None]) -> int:
    """Write compacted files that say what they have absorbed, and delete that."""
    count = 0
    for entries, table in _merged(place, files):
        names = "\n".join(each.name for each in entries).encode()
        noted = table.replace_schema_metadata({**(table.schema.metadata or {}), ABSORBED: names})
        path = f"{partition.path}/{file_name(COMPACTED)}"
        place.write(path, encoded(noted), check)
        if _are_same(place.files(partition.path), entries):
            place.delete([each.path for each in entries])
            count += 1
        else:  # erased from meanwhile, and what was erased would be there again
            place.delete([path])
            count += len(entries)
    return count
