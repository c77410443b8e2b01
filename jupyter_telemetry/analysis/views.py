"""The SQL of the views on a journal: `events`, and one for each recorded schema.

They stand on `journal.lines`: a row for each line, NULL where it is damaged. A JSON text is parsed once for each
list of pointers that is taken from it, and lists that no query needs are not taken: hence lists, but short ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..columns import PropertyColumn, columns_of
from ..columns.sqltext import identifier, literal, literals, pointer
from ..journal.line import TIMESTAMP
from .filesystem import PATH

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "EVENTS",
    "LIST",
    "METADATA",
    "Column",
    "SchemaView",
    "View",
    "create",
    "create_lines",
    "extra",
    "journal_events",
    "misfits",
    "together",
]

EVENTS = "events"
_LINES = "journal.lines"
_EXTRA, _MISFITS = "__extra__", "__misfits__"
LIST = 10  # pointers that are taken from a line together
METADATA = {
    "__timestamp__": ("TIMESTAMP WITH TIME ZONE", "When the event happened."),
    "__schema__": ("VARCHAR", "The id of its schema."),
    "__schema_version__": ("VARCHAR", "The version of its schema."),
    "__metadata_version__": ("BIGINT", "The version of these metadata columns."),
    # Text, not UUID: its order as text is the order of events, it needs no conversion, and frames keep it.
    "__id__": ("VARCHAR", "The event's own id, unique everywhere; its order is that of the events."),
}
_METADATA_VALUES = ["TRY_CAST(e.m[1] AS TIMESTAMPTZ)", "e.m[2]", "e.n[1]", "TRY_CAST(e.n[2] AS BIGINT)", "e.n[3]"]
_METADATA_LISTS = (  # apart, since most questions need only the first two
    "json_extract_string(line, ['/__timestamp__', '/__schema__']) AS m, "
    "json_extract_string(line, ['/__schema_version__', '/__metadata_version__', '/__id__']) AS n"
)
_START = '{"__timestamp__":"____-__-__T__:__:__.______Z","__schema__":"'  # of a line as it is recorded; for LIKE
_METADATA_FIRST = f'{_START}%","__schema_version__":%,"__metadata_version__":_,"__id__":"_%'
_NEEDED = {  # and as what JSON type, in DuckDB's words
    "__timestamp__": ["VARCHAR"],
    "__schema__": ["VARCHAR"],
    "__schema_version__": ["VARCHAR", "BIGINT", "UBIGINT"],
    "__id__": ["VARCHAR"],
}


@dataclass(frozen=True)
class Column:
    """A column of a view: its name, its SQL type, what the schema says of it, and the property that it holds."""

    name: str
    type: str
    description: str = ""
    key: str | None = None  # the property's name; None for metadata


@dataclass(frozen=True)
class View:
    """A view: the events of one schema in one version."""

    name: str
    schema_id: str
    version: str
    title: str
    description: str
    columns: tuple[Column, ...]
    events: int  # how many there are


def create_lines(longest_line: int) -> str:
    """Write the view of all lines."""
    source = (
        f"read_ndjson_objects({literal(PATH)}, format = 'newline_delimited', compression = 'uncompressed',"
        f" ignore_errors = true, maximum_object_size = {longest_line})"
    )
    return create(_LINES, _select("json AS line", source))


def create(name: str, selection: str) -> str:
    """Write what makes a view of a selection."""
    return f"CREATE OR REPLACE VIEW {name} AS {selection}"


def journal_events() -> str:
    """Write what selects all events of the journal."""
    source = _lines(_METADATA_LISTS, _is_event())
    return _select(f"{_metadata()}, {_without('e.line', METADATA)} AS event", source)


def together(journal: str, elsewhere: Sequence[str], ids: str) -> str:
    """Write what selects the rows of both; of a journal's only those whose `__id__` is not among `ids`.

    `journal` is "" where there is none.
    """
    both = list(elsewhere)
    if journal and both:
        both.append(f"SELECT j.* FROM ({journal}) AS j ANTI JOIN {ids} AS k ON j.__id__ = k.__id__")  # noqa: S608  # the same
    elif journal:
        both.append(journal)
    return " UNION ALL ".join(both)


def _is_event() -> str:
    """Write whether a line is an event, as `journal.line.examine` says it; seen at once of one as it was recorded."""
    has_all = " AND ".join(
        f"json_type(line, {literal(pointer(name))}) IN ({', '.join(map(literal, kinds))})"
        for name, kinds in _NEEDED.items()
    )
    has_time = f"regexp_full_match(json_extract_string(line, '/__timestamp__'), {literal(TIMESTAMP)})"
    has_id = "json_extract_string(line, '/__id__') <> ''"
    return f"CASE WHEN line LIKE {literal(_METADATA_FIRST)} THEN true ELSE {has_all} AND {has_time} AND {has_id} END"


class SchemaView:
    """The view of one schema in one version; `texts` are its texts, the newest first."""

    def __init__(self, name: str, schema_id: str, version: str, texts: Sequence[dict[str, Any]]) -> None:
        self.name = name
        self.schema_id = schema_id
        self.version = version
        self._texts = texts

    def about(self, events: int) -> View:
        """Describe it."""
        columns = [Column(name, kind, text) for name, (kind, text) in METADATA.items()]
        columns += [Column(each.name, each.type.sql, each.description, each.key) for each in self.properties()]
        columns.append(Column(_EXTRA, "JSON", "Properties of the event that have no column; ordinarily NULL."))
        columns.append(
            Column(_MISFITS, "JSON", "Properties whose value is not what their column says; ordinarily NULL.")
        )
        title, description = (_text(self._texts[0].get(word)) for word in ("title", "description"))
        return View(self.name, self.schema_id, self.version, title, description, tuple(columns), events)

    def rows(self) -> str:
        """Write what selects its rows from the journal.

        Lists of JSON texts from each line, then typed values from those, then what fits not.
        """
        columns = self.properties()
        texts = [f"g{at // LIST}[{at % LIST + 1}]" for at in range(len(columns))]
        lists = [_METADATA_LISTS]
        for at in range(0, len(columns), LIST):
            pointers = literals([pointer(each.key) for each in columns[at : at + LIST]])
            lists.append(f"json_extract(line, {pointers})::VARCHAR[] AS g{at // LIST}")
        values = [
            f"{each.type.value(text)} AS v{at}" for at, (each, text) in enumerate(zip(columns, texts, strict=True))
        ]
        source = _lines(", ".join(lists), self._is_of_schema())
        typed = f"(SELECT {', '.join(['*', *values])} FROM {source}) AS e"  # noqa: S608  # the same as below
        selected = [_metadata()]
        selected += [f"e.v{at} AS {identifier(each.name)}" for at, each in enumerate(columns)]
        selected.append(f"{extra('e.line', columns)} AS {_EXTRA}")
        selected.append(f"{misfits(columns, texts)} AS {_MISFITS}")
        return _select(", ".join(selected), typed)

    def properties(self) -> list[PropertyColumn]:
        """Return the columns for the properties."""
        return columns_of(self._texts, taken=[*METADATA, _EXTRA, _MISFITS])

    def _is_of_schema(self) -> str:
        """Write whether a line is an event of this schema: by its first characters, if it is as it was recorded."""
        heads = [
            f'{json.dumps(self.schema_id, ensure_ascii=False)[1:]},"__schema_version__":{version},'
            for version in (self.version, json.dumps(self.version, ensure_ascii=False))
        ]
        as_recorded = " OR ".join(f"substr(line, {len(_START) + 1}, {len(head)}) = {literal(head)}" for head in heads)
        otherwise = (
            f"json_extract_string(line, '/__schema__') = {literal(self.schema_id)}"
            f" AND json_extract_string(line, '/__schema_version__') = {literal(self.version)}"
        )
        of_schema = f"CASE WHEN line LIKE {literal(_START + '%')} THEN {as_recorded} ELSE {otherwise} END"
        return f"{of_schema} AND {_is_event()}"


def extra(text: str, columns: Sequence[PropertyColumn]) -> str:
    """Write the JSON object of what stands in one and has no column."""
    return f"nullif({_without(text, [*METADATA, *(each.key for each in columns)])}::VARCHAR, '{{}}')::JSON"


def _select(selected: str, source: str) -> str:
    return f"SELECT {selected} FROM {source}"  # noqa: S608  # every value is quoted


def _lines(lists: str, condition: str) -> str:
    return f"(SELECT line, {lists} FROM {_LINES} WHERE {condition}) AS e"  # noqa: S608  # the same


def _metadata() -> str:
    return ", ".join(f"{value} AS {name}" for name, value in zip(METADATA, _METADATA_VALUES, strict=True))


def _without(text: str, keys: Sequence[str] | dict[str, Any]) -> str:
    """Write a JSON object without some properties (RFC 7396: a null takes away)."""
    return f"json_merge_patch({text}, {literal(json.dumps(dict.fromkeys(keys)))})"


def misfits(columns: Sequence[PropertyColumn], texts: Sequence[str]) -> str:
    """Write the JSON object of the values that their columns do not hold, of the rows `e`."""
    members = []
    for at, (each, text) in enumerate(zip(columns, texts, strict=True)):
        if (misfit := each.type.misfit(f"e.{text}", f"e.v{at}")) != "false":
            members.append(f"CASE WHEN {misfit} THEN {literal(json.dumps(each.key) + ':')} || e.{text} END")
    return f"nullif('{{' || concat_ws(',', {', '.join(['NULL', *members])}) || '}}', '{{}}')::JSON"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
