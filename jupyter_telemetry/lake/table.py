"""Events as a table, and a table's rows as events again, each exactly as it was.

A table holds the events of one schema in one version: the metadata, a column for each property that the schema types,
and `__rest__`: a JSON object of the properties that these columns do not give back exactly, ordinarily null. So an
event is the columns that are not null, and what stands in `__rest__` over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types

from ..analysis.columns import PropertyColumn, columns_of
from ..analysis.sqltypes import Integer, SqlType, Text, Timestamp
from .arrays import nulls, restored, typed
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
    """Make a table of events of one schema in one version."""
    rest: dict[int, dict[str, Any]] = {}
    arrays = [_metadata(name, kind, events, rest) for name, kind in METADATA.items()]
    for each in layout.columns:
        arrays.append(_column(each.key, each.kind, [event.get(each.key) for event in events], events, rest))
    known = {*METADATA, *(each.key for each in layout.columns)}
    if not set().union(*events) <= known:
        for at, event in enumerate(events):
            for key in event.keys() - known:
                rest.setdefault(at, {})[key] = event[key]
    texts = [orjson.dumps(rest[at]).decode() if at in rest else None for at in range(len(events))]
    return pa.Table.from_arrays([*arrays, pa.array(texts, pa.string())], schema=layout.schema)


def _metadata(name: str, kind: SqlType, events: Sequence[dict[str, Any]], rest: dict[int, dict[str, Any]]) -> Any:
    values = [event.get(name) for event in events]
    if name != _VERSION:
        return _column(name, kind, values, events, rest)
    for at, value in enumerate(values):
        if _version(str(value)) != value or type(value) is bool:
            rest.setdefault(at, {})[name] = value
    return pa.array(list(map(str, values)), pa.string())


def _column(
    key: str, kind: SqlType, values: list[Any], events: Sequence[dict[str, Any]], rest: dict[int, dict[str, Any]]
) -> Any:
    column = typed(kind, values)
    for at in column.inexact | nulls(key, events, values):
        rest.setdefault(at, {})[key] = values[at]
    return column.array


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
