"""Which files of a lake are to be read, and the events in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .layout import COMPACTED, owner_of, partition_of
from .parquet import absorbed, read_table
from .table import events_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .place import Entry, Place

__all__ = ["current_files", "read_events"]


def current_files(place: Place) -> list[Entry]:
    """List the files of events that count, by path: none whose events a compacted file has taken over.

    Raises OSError.
    """
    found = [each for each in place.files() if partition_of(each.path)]
    mixed = {each.parent for each in found if owner_of(each.name) != COMPACTED}
    gone: set[str] = set()
    for each in found:
        if owner_of(each.name) == COMPACTED and each.parent in mixed:
            gone |= {f"{each.parent}/{name}" for name in absorbed(place, each.path)}
    return [each for each in found if each.path not in gone]


def read_events(place: Place) -> Iterator[dict[str, Any]]:
    """Yield every event, exactly as it was recorded but for the order of its properties; one file after the other.

    Raises OSError; FileNotFoundError if a file was compacted meanwhile.
    """
    for each in current_files(place):
        yield from events_of(read_table(place, each.path))
