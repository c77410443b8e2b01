"""The SQL of the views on a lake: the same columns as those on a journal, taken from the columns of Parquet files.

What such a file does not type stands in its `__rest__`, a JSON object: what a view on a journal takes from a line, a
view on a lake takes from there, and only where there is any.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..columns.sqltext import identifier, literal, literals, pointer
from ..columns.sqltypes import Json, Number
from .lakefiles import LAKE
from .views import LIST, METADATA, extra, misfits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..columns import PropertyColumn
    from ..lake.table import LayoutColumn

__all__ = ["LakeSource", "lake_events", "lake_ids", "lake_rows"]

_REST = "__rest__"
_PATTERN = f"{LAKE}://schema={{}}/day=*/*.parquet"


@dataclass(frozen=True)
class LakeSource:
    """The files of one schema."""

    directory: str
    columns: Sequence[LayoutColumn]
    there: frozenset[str]  # the names of the columns that the files have
    differ: bool  # whether some files may lack columns that others have
    condition: str = ""  # where two schemas share a directory

    def scan(self) -> str:
        """Write the table of the files' rows."""
        return scan(self.directory, differ=self.differ)


def scan(directory: str, *, differ: bool) -> str:
    """Write the table of the rows of a directory's files."""
    options = ", union_by_name = true" if differ else ""
    return f"read_parquet({literal(_PATTERN.format(directory))}, hive_partitioning = false{options})"


def lake_ids(directory: str, least: str) -> str:
    """Write the `__id__`s, from `least` on, of the files of a directory; `*` is any."""
    condition = f" WHERE __id__ >= {literal(least)}" if least else ""
    return f"(SELECT __id__ FROM {scan(directory, differ=False)}{condition})"  # noqa: S608  # every value is quoted


def lake_rows(source: LakeSource, columns: Sequence[PropertyColumn]) -> str:
    """Write what selects the rows of a schema, with these columns."""
    held = {each.key: each for each in source.columns if each.name in source.there}
    values = [_as(each, held.get(each.key)) for each in columns]
    lists = []
    for at in range(0, len(columns), LIST):
        pointers = literals([pointer(each.key) for each in columns[at : at + LIST]])
        lists.append(f"json_extract({_REST}, {pointers})::VARCHAR[] AS g{at // LIST}")
    texts = [f"g{at // LIST}[{at % LIST + 1}]" for at in range(len(columns))]
    inner = [f"{value} AS v{at}" for at, value in enumerate(values)]
    where = f" WHERE {source.condition}" if source.condition else ""
    rows = f"(SELECT {', '.join([*METADATA, _REST, *lists, *inner])} FROM {source.scan()}{where}) AS e"  # noqa: S608  # the same
    selected = [f"e.{name}" for name in METADATA]
    selected += [f"e.v{at} AS {identifier(each.name)}" for at, each in enumerate(columns)]
    selected.append(f"CASE WHEN e.{_REST} IS NOT NULL THEN {extra(f'e.{_REST}', columns)} END AS __extra__")
    selected.append(f"CASE WHEN e.{_REST} IS NOT NULL THEN {misfits(columns, texts)} END AS __misfits__")
    return f"SELECT {', '.join(selected)} FROM {rows}"  # noqa: S608  # the same


def lake_events(sources: Sequence[LakeSource]) -> list[str]:
    """Write what selects the events of each schema, with their properties as JSON."""
    return [
        f"SELECT {', '.join(METADATA)}, ({_event(each)})::JSON AS event FROM {each.scan()}"  # noqa: S608  # the same
        for each in sources
    ]


def _as(wanted: PropertyColumn, held: Any) -> str:
    """Write the value of a column that may be of another type in the files, which know fewer texts of the schema."""
    if held is None:
        return f"NULL::{wanted.type.sql}"
    name = identifier(held.name)
    if isinstance(wanted.type, Json):
        return f"({held.kind.written(name)})::JSON"
    if held.kind == wanted.type:
        return name
    return f"{name}::DOUBLE" if isinstance(wanted.type, Number) else f"TRY_CAST({name} AS {wanted.type.sql})"


def _event(source: LakeSource) -> str:
    """Write the JSON of an event: of the columns that hold something, but for what stands in the rest."""
    members = [
        f"CASE WHEN {_REST} IS NULL OR json_type({_REST}, {literal(pointer(each.key))}) IS NULL"
        f" THEN {literal(json.dumps(each.key) + ':')} || {each.kind.written(identifier(each.name))} END"
        for each in source.columns
        if each.name in source.there
    ]
    rest = f"json_merge_patch({_REST}, {literal(json.dumps(dict.fromkeys(METADATA)))})::VARCHAR"
    members.append(f"CASE WHEN {_REST} IS NOT NULL THEN nullif(substr({rest}, 2, length({rest}) - 2), '') END")
    return f"'{{' || concat_ws(',', NULL, {', '.join(members)}) || '}}'"
