"""The SQL types that a property may get, and how a JSON value becomes one without becoming another value.

Each type writes two expressions over `text`, an SQL expression of the value's JSON text (NULL where the property is
absent): `value`, the typed value, NULL where none fits; and `misfit`, true where the value is not JSON's null and
`value` does not hold it exactly. DuckDB's own casts are no use for that: they round 1.5 to 2, read 1 as true and
'1' as 1, take a 24th hour, and cut nanoseconds off.

DuckDB binds and optimizes a view's expressions for each question, in time that grows with their square: they are
kept short, and what is long stands in them once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .sqltext import identifier, literal, literals, pointer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Boolean",
    "Date",
    "Integer",
    "Json",
    "ListOf",
    "MapOf",
    "Number",
    "SqlType",
    "StructField",
    "StructOf",
    "Text",
    "Timestamp",
]

_INTEGER = r"^(-?\d+)(?:\.0)?$"  # 1.0 is an integer, as JSON Schema has it; and so DuckDB writes 1e3
_DATE = r"\d{4}-\d{2}-\d{2}"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?"
_INSTANT = rf'^"({_DATE}[Tt ]{_TIME}(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d))"$'  # RFC 3339 §5.6
_FINER = r"\.\d{6}\d*[1-9]"  # than microseconds


@dataclass(frozen=True)
class SqlType:
    """A type; two that are equal are the same type."""

    @property
    def sql(self) -> str:
        """Its name in SQL."""
        raise NotImplementedError

    def value(self, text: str, depth: int = 0) -> str:
        """Write the typed value. `depth` counts the lists and structs around it."""
        raise NotImplementedError

    def written(self, value: str, depth: int = 0) -> str:
        """Write the JSON text of a typed value; NULL where that is NULL."""
        return f"to_json({value})::VARCHAR"

    def misfit(self, text: str, value: str = "", depth: int = 0) -> str:
        """Write whether there is a value that is not held exactly; NULL counts as false. `value` is the typed one."""
        return f"({text} <> 'null' AND {self._differs(text, value or self.value(text, depth), depth)})"

    def _differs(self, text: str, value: str, depth: int) -> str:
        return f"{value} IS NULL"


@dataclass(frozen=True)
class Json(SqlType):
    """Any value, as JSON text."""

    sql = "JSON"

    def value(self, text: str, depth: int = 0) -> str:
        return f"nullif({text}, 'null')::JSON"

    def written(self, value: str, depth: int = 0) -> str:
        return f"{value}::VARCHAR"

    def misfit(self, text: str, value: str = "", depth: int = 0) -> str:
        return "false"


@dataclass(frozen=True)
class Text(SqlType):
    sql = "VARCHAR"

    def value(self, text: str, depth: int = 0) -> str:
        return f"CASE WHEN starts_with({text}, '\"') THEN json_extract_string({text}, '$') END"

    def _differs(self, text: str, value: str, depth: int) -> str:
        return f"NOT starts_with({text}, '\"')"


@dataclass(frozen=True)
class Boolean(SqlType):
    sql = "BOOLEAN"

    def value(self, text: str, depth: int = 0) -> str:
        return f"CASE {text} WHEN 'true' THEN true WHEN 'false' THEN false END"


@dataclass(frozen=True)
class Integer(SqlType):
    """A whole number of 64 bits."""

    unsigned: bool = False

    @property
    def sql(self) -> str:
        return "UBIGINT" if self.unsigned else "BIGINT"

    def value(self, text: str, depth: int = 0) -> str:
        return f"TRY_CAST(regexp_extract({text}, '{_INTEGER}', 1) AS {self.sql})"


@dataclass(frozen=True)
class Number(SqlType):
    """A double: the nearest one, and a misfit, where a whole number lies between two of them."""

    sql = "DOUBLE"

    def value(self, text: str, depth: int = 0) -> str:
        return f"nullif(nullif(TRY_CAST({text} AS DOUBLE), 'Infinity'), '-Infinity')"

    def _differs(self, text: str, value: str, depth: int) -> str:
        is_long = f"regexp_full_match({text}, '-?\\d{{16,}}')"
        is_same = f"TRY_CAST({text} AS HUGEINT) = TRY_CAST({value} AS HUGEINT)"
        return f"({value} IS NULL OR ({is_long} AND ({is_same}) IS NOT TRUE))"


@dataclass(frozen=True)
class Timestamp(SqlType):
    """An instant, as RFC 3339 §5.6 writes it, to the microsecond: one that is finer is cut, and a misfit.

    A leap second, which SQL has no room for, is a misfit too.
    """

    sql = "TIMESTAMP WITH TIME ZONE"

    def value(self, text: str, depth: int = 0) -> str:
        return f"TRY_CAST(upper(regexp_extract({text}, '{_INSTANT}', 1)) AS TIMESTAMPTZ)"

    def written(self, value: str, depth: int = 0) -> str:
        return f"strftime(make_timestamp(epoch_us({value})), '\"%Y-%m-%dT%H:%M:%S.%fZ\"')"

    def _differs(self, text: str, value: str, depth: int) -> str:
        return f"({value} IS NULL OR regexp_matches({text}, '{_FINER}'))"


@dataclass(frozen=True)
class Date(SqlType):
    sql = "DATE"

    def value(self, text: str, depth: int = 0) -> str:
        return f"TRY_CAST(regexp_extract({text}, '^\"({_DATE})\"$', 1) AS DATE)"


@dataclass(frozen=True)
class ListOf(SqlType):
    item: SqlType

    @property
    def sql(self) -> str:
        return f"{self.item.sql}[]"

    def value(self, text: str, depth: int = 0) -> str:
        items = _each(f"json_extract({text}, '$[*]')::VARCHAR[]", self.item.value, depth)
        return f"CASE WHEN starts_with({text}, '[') THEN {items} END"

    def written(self, value: str, depth: int = 0) -> str:
        items = _each(value, lambda item, deeper: f"coalesce({self.item.written(item, deeper)}, 'null')", depth)
        return f"'[' || array_to_string({items}, ',') || ']'"

    def _differs(self, text: str, value: str, depth: int) -> str:
        items = f"json_extract({text}, '$[*]')::VARCHAR[]"
        return f"true IN (NOT starts_with({text}, '['), {_any_misfit(items, self.item, depth)})"


@dataclass(frozen=True)
class MapOf(SqlType):
    """An object whose names are data."""

    item: SqlType

    @property
    def sql(self) -> str:
        return f"MAP(VARCHAR, {self.item.sql})"

    def value(self, text: str, depth: int = 0) -> str:
        items = _each(f"json_extract({text}, '$.*')::VARCHAR[]", self.item.value, depth)
        # A name that stands twice would make map() fail, and with it the question.
        is_map = f"starts_with({text}, '{{') AND len(list_distinct(json_keys({text}))) = len(json_keys({text}))"
        return f"CASE WHEN {is_map} THEN map(json_keys({text}), {items}) END"

    def written(self, value: str, depth: int = 0) -> str:
        def member(entry: str, deeper: int) -> str:
            item = self.item.written(f"{entry}.value", deeper)
            return f"to_json({entry}.key)::VARCHAR || ':' || coalesce({item}, 'null')"

        return f"'{{' || array_to_string({_each(f'map_entries({value})', member, depth)}, ',') || '}}'"

    def _differs(self, text: str, value: str, depth: int) -> str:
        items = f"json_extract({text}, '$.*')::VARCHAR[]"
        return f"true IN ({value} IS NULL, {_any_misfit(items, self.item, depth)})"


@dataclass(frozen=True)
class StructField:
    name: str  # of the field
    key: str  # of the property
    type: SqlType


@dataclass(frozen=True)
class StructOf(SqlType):
    """An object; one that has a property without a field is a misfit."""

    fields: tuple[StructField, ...]

    @property
    def sql(self) -> str:
        return f"STRUCT({', '.join(f'{identifier(field.name)} {field.type.sql}' for field in self.fields)})"

    def value(self, text: str, depth: int = 0) -> str:
        def pack(members: str, deeper: int) -> str:
            values = (field.type.value(f"{members}[{at}]", deeper) for at, field in enumerate(self.fields, 1))
            named = zip(self.fields, values, strict=True)
            return f"struct_pack({', '.join(f'{identifier(field.name)} := {value}' for field, value in named)})"

        packed = _each(f"[{self._members(text)}]", pack, depth)
        return f"CASE WHEN starts_with({text}, '{{') THEN list_extract({packed}, 1) END"

    def written(self, value: str, depth: int = 0) -> str:
        members = [
            f"{literal(json.dumps(each.key) + ':')} || {each.type.written(f'{value}.{identifier(each.name)}', depth)}"
            for each in self.fields
        ]
        return f"CASE WHEN {value} IS NOT NULL THEN '{{' || concat_ws(',', NULL, {', '.join(members)}) || '}}' END"

    def _differs(self, text: str, value: str, depth: int) -> str:
        def differ(members: str, deeper: int) -> str:
            wrong = [field.type.misfit(f"{members}[{at}]", "", deeper) for at, field in enumerate(self.fields, 1)]
            # IN, not OR: thousands of ORs nest deeper than DuckDB goes.
            return f"true IN ({', '.join(wrong)})"

        keys = literals([field.key for field in self.fields])
        others = f"NOT list_has_all({keys}, json_keys({text}))"
        members = _each(f"[{self._members(text)}]", differ, depth)
        return f"true IN (NOT starts_with({text}, '{{'), {others}, list_bool_or({members}))"

    def _members(self, text: str) -> str:
        """Write the list of the fields' JSON texts: the object is parsed once for all of them."""
        return f"json_extract({text}, {literals([pointer(field.key) for field in self.fields])})::VARCHAR[]"


def _each(items: str, write: Callable[[str, int], str], depth: int) -> str:
    element = f"x{depth}"
    return f"[{write(element, depth + 1)} for {element} in {items}]"


def _any_misfit(items: str, item: SqlType, depth: int) -> str:
    if isinstance(item, Json):
        return "false"
    return f"list_bool_or({_each(items, lambda text, deeper: item.misfit(text, '', deeper), depth)})"
