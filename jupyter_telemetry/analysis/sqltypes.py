"""The SQL types that a property may get, and how a JSON value becomes one without becoming another value.

Each type writes two expressions over `json`, the text of an SQL expression of type JSON (NULL where the property is
absent): `value`, the typed value, NULL where none fits; and `misfit`, true where the value is not JSON's null and
`value` does not hold it exactly. DuckDB's own casts are no use for that: they round 1.5 to 2, read 1 as true and
'1' as 1, take a 24th hour, and cut nanoseconds off.
"""

from __future__ import annotations

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

_EXACT_DOUBLES = 2**53  # every whole number up to here, and not the next, is a double
_DATE = r"\d{4}-\d{2}-\d{2}"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?"
_DATE_TIME = rf'"{_DATE}[Tt ]{_TIME}([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"'  # RFC 3339 §5.6
_FIRST = "TIMESTAMPTZ '0001-01-01 00:00:00+00'"  # what Python, pandas and most databases can hold
_LAST = "TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'"


@dataclass(frozen=True)
class SqlType:
    """A type; two that are equal are the same type."""

    @property
    def sql(self) -> str:
        """Its name in SQL."""
        raise NotImplementedError

    def value(self, json: str, depth: int = 0) -> str:
        """Write the typed value. `depth` counts the lists around it."""
        raise NotImplementedError

    def misfit(self, json: str, depth: int = 0) -> str:
        """Write whether there is a value that `value` does not hold exactly; NULL counts as false."""
        return f"({json}::VARCHAR <> 'null' AND {self._unlike(json, depth)})"

    def _unlike(self, json: str, depth: int) -> str:
        return f"({self.value(json, depth)}) IS NULL"


@dataclass(frozen=True)
class Json(SqlType):
    """Any value, as JSON text."""

    sql = "JSON"

    def value(self, json: str, depth: int = 0) -> str:
        return f"CASE WHEN {json}::VARCHAR <> 'null' THEN {json} END"

    def misfit(self, json: str, depth: int = 0) -> str:
        return "false"


@dataclass(frozen=True)
class Text(SqlType):
    sql = "VARCHAR"

    def value(self, json: str, depth: int = 0) -> str:
        return f"CASE WHEN {_is_string(json)} THEN json_extract_string({json}, '$') END"

    def _unlike(self, json: str, depth: int) -> str:
        return f"NOT {_is_string(json)}"


@dataclass(frozen=True)
class Boolean(SqlType):
    sql = "BOOLEAN"

    def value(self, json: str, depth: int = 0) -> str:
        return f"CASE {json}::VARCHAR WHEN 'true' THEN true WHEN 'false' THEN false END"


@dataclass(frozen=True)
class Integer(SqlType):
    """A whole number of 64 bits; 1.0 is one, as JSON Schema has it."""

    unsigned: bool = False

    @property
    def sql(self) -> str:
        return "UBIGINT" if self.unsigned else "BIGINT"

    def value(self, json: str, depth: int = 0) -> str:
        double = f"TRY_CAST({json}::VARCHAR AS DOUBLE)"
        least = 0 if self.unsigned else -_EXACT_DOUBLES
        return (
            f"CASE WHEN {_is_digits(json)} THEN TRY_CAST({json}::VARCHAR AS {self.sql})"
            f" WHEN {double} BETWEEN {least} AND {_EXACT_DOUBLES} AND {double} = trunc({double})"
            f" THEN CAST({double} AS {self.sql}) END"
        )


@dataclass(frozen=True)
class Number(SqlType):
    """A double: the nearest one, and a misfit, where a whole number lies between two of them."""

    sql = "DOUBLE"

    def value(self, json: str, depth: int = 0) -> str:
        double = f"TRY_CAST({json}::VARCHAR AS DOUBLE)"
        return f"CASE WHEN isfinite({double}) THEN {double} END"

    def _unlike(self, json: str, depth: int) -> str:
        text = f"{json}::VARCHAR"
        whole, nearest = f"TRY_CAST({text} AS HUGEINT)", f"TRY_CAST(TRY_CAST({text} AS DOUBLE) AS HUGEINT)"
        between = f"length({text}) > 15 AND {_is_digits(json)} AND ({whole} = {nearest}) IS NOT TRUE"
        return f"(({self.value(json)}) IS NULL OR ({between}))"


@dataclass(frozen=True)
class Timestamp(SqlType):
    """An instant, as RFC 3339 §5.6 writes it, to the microsecond; finer ones are cut, and misfits.

    A leap second, which SQL has no room for, is a misfit too.
    """

    sql = "TIMESTAMP WITH TIME ZONE"

    def value(self, json: str, depth: int = 0) -> str:
        instant = f"TRY_CAST(upper(trim({json}::VARCHAR, '\"')) AS TIMESTAMPTZ)"
        return (
            f"CASE WHEN regexp_full_match({json}::VARCHAR, '{_DATE_TIME}')"
            f" AND {instant} BETWEEN {_FIRST} AND {_LAST} THEN {instant} END"
        )

    def _unlike(self, json: str, depth: int) -> str:
        return f"(({self.value(json)}) IS NULL OR regexp_matches({json}::VARCHAR, '\\.\\d{{6}}\\d*[1-9]'))"


@dataclass(frozen=True)
class Date(SqlType):
    sql = "DATE"

    def value(self, json: str, depth: int = 0) -> str:
        day = f"TRY_CAST(trim({json}::VARCHAR, '\"') AS DATE)"
        return (
            f"CASE WHEN regexp_full_match({json}::VARCHAR, '\"{_DATE}\"') AND {day} >= DATE '0001-01-01' THEN {day} END"
        )


@dataclass(frozen=True)
class ListOf(SqlType):
    item: SqlType

    @property
    def sql(self) -> str:
        return f"{self.item.sql}[]"

    def value(self, json: str, depth: int = 0) -> str:
        return f"CASE WHEN {_is_array(json)} THEN {_each(json, '$[*]', self.item.value, depth)} END"

    def _unlike(self, json: str, depth: int) -> str:
        return f"(NOT {_is_array(json)} OR {_any(json, '$[*]', self.item, depth)})"


@dataclass(frozen=True)
class MapOf(SqlType):
    """An object whose names are data."""

    item: SqlType

    @property
    def sql(self) -> str:
        return f"MAP(VARCHAR, {self.item.sql})"

    def value(self, json: str, depth: int = 0) -> str:
        # A name that stands twice would make map() fail, and with it the query.
        distinct = f"len(list_distinct(json_keys({json}))) = len(json_keys({json}))"
        return (
            f"CASE WHEN {_is_object(json)} AND {distinct}"
            f" THEN map(json_keys({json}), {_each(json, '$.*', self.item.value, depth)}) END"
        )

    def _unlike(self, json: str, depth: int) -> str:
        return f"(({self.value(json, depth)}) IS NULL OR {_any(json, '$.*', self.item, depth)})"


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

    def value(self, json: str, depth: int = 0) -> str:
        packed = ", ".join(
            f"{identifier(field.name)} := {field.type.value(_member(json, field), depth)}" for field in self.fields
        )
        return f"CASE WHEN {_is_object(json)} THEN struct_pack({packed}) END"

    def _unlike(self, json: str, depth: int) -> str:
        keys = literals([field.key for field in self.fields])
        wrong = [f"NOT {_is_object(json)}", f"NOT list_has_all({keys}, json_keys({json}))"]
        wrong += [field.type.misfit(_member(json, field), depth) for field in self.fields]
        # IN, not OR: thousands of ORs are nested deeper than DuckDB goes.
        return f"true IN ({', '.join(wrong)})"


def _is_string(json: str) -> str:
    return f"starts_with({json}::VARCHAR, '\"')"


def _is_array(json: str) -> str:
    return f"starts_with({json}::VARCHAR, '[')"


def _is_object(json: str) -> str:
    return f"starts_with({json}::VARCHAR, '{{')"


def _is_digits(json: str) -> str:
    """Write whether a number has neither a fraction nor an exponent; strings pass."""
    return " AND ".join(f"NOT contains({json}::VARCHAR, '{mark}')" for mark in ".eE")


def _each(json: str, path: str, write: Callable[[str, int], str], depth: int) -> str:
    element = f"x{depth}"
    return f"[{write(element, depth + 1)} for {element} in json_extract({json}, '{path}')]"


def _any(json: str, path: str, item: SqlType, depth: int) -> str:
    """Write whether an element is a misfit."""
    if isinstance(item, Json):
        return "false"
    return f"coalesce(list_bool_or({_each(json, path, item.misfit, depth)}), false)"


def _member(json: str, field: StructField) -> str:
    return f"json_extract({json}, {literal(pointer(field.key))})"
