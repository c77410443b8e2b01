"""Events out of a lake: the files that hold them are written anew without them, each at once.

An `__id__` begins with the moment at which its event was recorded, so it is looked for in the days around it first,
and then in whatever was written since. What a file says of its least and greatest id is enough to pass most over.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped]  # it has no types

from .layout import partition_of
from .parquet import encoded, ids_of, read_table, span_of
from .place import Overtaken
from .table import ID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .place import Entry, Place

__all__ = ["erase"]

_SLACK = timedelta(days=1)
_MOST_ROUNDS = 5  # another one follows where something was found: somebody may have copied it meanwhile


def erase(place: Place, ids: Sequence[str], check: Callable[[], None] = lambda: None) -> int:
    """Take the events with these ids out; say how many rows that were. Raises OSError, and what `check` raises.

    Raises Overtaken where others write the same files all the time.
    """
    wanted = set(ids)
    seen: set[Entry] = set()
    erased = 0
    for _ in range(_MOST_ROUNDS if wanted else 0):
        files = [each for each in place.files() if each not in seen]
        found, is_sure = _round(place, files, wanted, check)
        erased += found
        if is_sure and not found:
            return erased
        if is_sure:
            seen.update(files)
    if wanted:
        raise Overtaken
    return 0


def _round(place: Place, files: Sequence[Entry], wanted: set[str], check: Callable[[], None]) -> tuple[int, bool]:
    """Look through files once; return how many rows were erased, and whether all files were still there."""
    moments = [_moment(each) for each in wanted]
    known = [each for each in moments if each is not None]
    since = min(known) - _SLACK if len(known) == len(moments) else None
    days = {(each + away * _SLACK).date().isoformat() for each in known for away in (-1, 0, 1)}
    near: list[Entry] = []
    far: list[Entry] = []
    for each in files:
        partition = partition_of(each.path)
        if partition is not None and (since is None or each.modified_ns >= since.timestamp() * 1e9):
            (near if partition.day in days else far).append(each)
    missing, erased, is_sure = set(wanted), 0, True
    touched: set[str] = set()  # directories: a compaction that was killed half-way has left second copies in them
    for each in [*near, *far]:
        directory = each.path.rpartition("/")[0]
        if not missing and directory not in touched:
            continue
        try:
            found = _without(place, each, wanted, check)
        except FileNotFoundError:  # compacted meanwhile
            is_sure = False
            continue
        if found:
            touched.add(directory)
        erased += len(found)
        missing -= found
    return erased, is_sure


def _without(place: Place, entry: Entry, wanted: set[str], check: Callable[[], None]) -> set[str]:
    """Write one file anew without some events; return which of them it held."""
    least, greatest = min(wanted), max(wanted)
    if not span_of(place, entry.path).may_hold(least, greatest):
        return set()
    found = wanted & ids_of(place, entry.path, least, greatest)
    if found:
        table = read_table(place, entry.path)
        kept = table.filter(pa.array([each not in wanted for each in table.column(ID).to_pylist()]))
        if kept.num_rows:
            place.write(entry.path, encoded(kept), check, entry)
        else:
            check()
            place.delete([entry.path])
    return found


def _moment(event_id: str) -> datetime | None:
    """Return when a UUIDv7 was made (RFC 9562 §5.7)."""
    try:
        return datetime.fromtimestamp(int(event_id[:8] + event_id[9:13], 16) / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
