"""Events as a table, and a table's rows as events again, each exactly as it was.

A table holds the events of one schema in one version: the metadata, a column for each property that the schema types,
and `__rest__`: a JSON object of the properties that these columns do not give back exactly, ordinarily null. So an
event is the columns that are not null, and what stands in `__rest__` over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types

from ..columns import PropertyColumn, columns_of
from ..columns.sqltypes import Integer, SqlType, Text, Timestamp
from .arrays import members, nulls, restored, typed
from .kinds import arrow_type, described, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ID", "METADATA", "PARTITIONS", "REST", "Layout", "events_of", "table_of"]

METADATA: dict[str, SqlType] = {
    "__timestamp__": Timestamp(),
    "__schema__": Text(),
    "__schema_version__": Text(),
    "__metadata_version__": Integer(),
    "__id__": Text(),
}
ID = "__id__"
REST = "__rest__"
PARTITIONS = ("schema", "day")  # names that the directories give to columns of their own
_VERSION = "__schema_version__"
_CONSTANT = ("__schema__", _VERSION)  # in one table
_NOTE = b"jupyter_telemetry"  # of the columns, in the file's metadata


class LayoutColumn(NamedTuple):
    """A column: its name, the property that it holds, and its type."""

    name: str
    key: str
    kind: SqlType


class Layout:
    """The columns of the tables of one schema."""

    def __init__(self, columns: Sequence[LayoutColumn]) -> None:
        self.columns = tuple(columns)
        note = orjson.dumps([[each.name, each.key, described(each.kind)] for each in self.columns])
        fields = [pa.field(name, arrow_type(kind)) for name, kind in METADATA.items()]
        fields += [pa.field(each.name, arrow_type(each.kind)) for each in self.columns]
        self.schema = pa.schema([*fields, pa.field(REST, pa.string())], metadata={_NOTE: note})

    @classmethod
    def of_schemas(cls, texts: Sequence[dict[str, Any]]) -> Layout:
        """Make the layout for the texts of one schema, the oldest first: a later one adds columns, and changes none."""
        found: dict[str, PropertyColumn] = {}
        taken = [*METADATA, REST, *PARTITIONS]
        for text in texts:
            new = [each for each in columns_of([text], taken) if each.key not in found]
            names = {each.name.lower() for each in found.values()}
            found.update((each.key, each) for each in new if each.name.lower() not in names)
        return cls([LayoutColumn(each.name, each.key, each.type) for each in found.values()])

    @classmethod
    def of_file(cls, schema: Any) -> Layout:
        """Return the layout of a file by its Arrow schema. Raises ValueError for one that is none of a lake."""
        try:
            note = orjson.loads(schema.metadata[_NOTE])
            return cls([LayoutColumn(name, key, kind_of(kind)) for name, key, kind in note])
        except (TypeError, KeyError, ValueError):
            raise ValueError("no file of a lake: it does not say what its columns are") from None


def table_of(events: Sequence[dict[str, Any]], layout: Layout) -> Any:
    """Make a table of events that have the same `__schema__` and the same `__schema_version__`."""
    rest: dict[int, dict[str, Any]] = {}
    arrays, there = [], 0
    for key, kind in [*METADATA.items(), *((each.key, each.kind) for each in layout.columns)]:
        if key in _CONSTANT:
            arrays.append(_constant(key, events, rest))
            there += len(events)
            continue
        values, is_everywhere = members(key, events)
        column = typed(kind, values)
        lost = nulls(key, events, values, column)
        for at in column.inexact | lost:
            rest.setdefault(at, {})[key] = values[at]
        there += len(values) if is_everywhere else len(values) - values.count(None) + len(lost)
        arrays.append(column.array)
    if sum(map(len, events)) != there:
        known = {*METADATA, *(each.key for each in layout.columns)}
        for at, event in enumerate(events):
            for key in event.keys() - known:
                rest.setdefault(at, {})[key] = event[key]
    return pa.Table.from_arrays([*arrays, _texts(rest, len(events))], schema=layout.schema)


def _constant(key: str, events: Sequence[dict[str, Any]], rest: dict[int, dict[str, Any]]) -> Any:
    value = events[0][key]
    if key == _VERSION and (_version(str(value)) != value or isinstance(value, bool)):
        for at in range(len(events)):
            rest.setdefault(at, {})[key] = value
    return pa.repeat(pa.scalar(str(value), pa.string()), len(events))


def _texts(rest: dict[int, dict[str, Any]], count: int) -> Any:
    """Make the column of what the others do not give back."""
    if not rest:
        return pa.nulls(count, pa.string())
    return pa.array([orjson.dumps(rest[at]).decode() if at in rest else None for at in range(count)], pa.string())


def _version(text: str) -> int | str:
    """Return the version that is taken for granted where a text stands: a number, if one is written so."""
    try:
        number = int(text)
    except ValueError:
        return text
    return number if str(number) == text else text


def events_of(table: Any) -> Iterator[dict[str, Any]]:
    """Yield the events of a table, each as it was recorded but for the order of its properties.

    Raises ValueError for a table that is none of a lake.
    """
    layout = Layout.of_file(table.schema)
    kinds = [(name, name, kind) for name, kind in METADATA.items()]
    kinds += [(each.name, each.key, each.kind) for each in layout.columns]
    for batch in table.to_batches(max_chunksize=10_000):
        columns = [(key, kind, batch.column(name).to_pylist()) for name, key, kind in kinds]
        for at, text in enumerate(batch.column(REST).to_pylist()):
            event = {key: restored(kind, values[at]) for key, kind, values in columns if values[at] is not None}
            event[_VERSION] = _version(event[_VERSION])
            yield event if text is None else {**event, **orjson.loads(text)}
