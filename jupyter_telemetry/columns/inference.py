"""What a JSON schema says about the types of an event's properties.

Where it says nothing, or several things, the answer is JSON, which holds every value. Recursion ends in JSON too,
and so does what is deeper or larger than a table is good for: a few `$ref`s can describe billions of fields.

`None` stands for a type that nothing is said about. `schemas` are always those that one value satisfies together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .naming import distinct_names, has_sql_name
from .references import References
from .sqltypes import (
    Boolean,
    Date,
    Integer,
    Json,
    ListOf,
    MapOf,
    Number,
    SqlType,
    StructField,
    StructOf,
    Text,
    Timestamp,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SchemaTypes", "Stated", "either"]

_MOST_SUBSCHEMAS = 2_000  # of one schema that become types
_DEEPEST = 16
_INT64_MAX = 2**63 - 1
_SCALARS = (Text, Boolean, Integer, Number, Timestamp, Date)
_NARROWER = {Number: (Integer,), Text: (Timestamp, Date)}
_JSON_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
_BRANCHES = ("anyOf", "oneOf")
_CONDITIONS = ("then", "else")


@dataclass
class Stated:
    """What a schema says about one property of its events."""

    always: list[Any] = field(default_factory=list)
    in_branches: list[Any] = field(default_factory=list)  # each holds for some events


class SchemaTypes:
    """The types that one schema gives to its properties."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._references = References(root)
        self._seen = 0

    def properties(self) -> dict[str, Stated]:
        """Collect the properties of the events, those that only a branch declares too."""
        found: dict[str, Stated] = {}
        together = self._together([self._root])
        for schema in together:
            for key, subschema in _dict(schema, "properties").items():
                found.setdefault(key, Stated()).always.append(subschema)
        known = {id(schema) for schema in together}
        waiting = _branches(together)
        while waiting:
            further = [schema for schema in self._together([waiting.pop(0)]) if id(schema) not in known]
            known.update(map(id, further))
            waiting += _branches(further)
            for schema in further:
                for key, subschema in _dict(schema, "properties").items():
                    found.setdefault(key, Stated()).in_branches.append(subschema)
        return found

    def type_of(self, stated: Stated) -> SqlType | None:
        """Return a property's type."""
        above = (frozenset({id(self._root)}),)
        in_branches = [self._type([schema], above) for schema in stated.in_branches]
        return _both(self._type(stated.always, above), either(in_branches))

    def description_of(self, stated: Stated) -> str:
        """Return a property's description, or its title."""
        together = self._together(stated.always + stated.in_branches)
        texts = [schema.get(word) for word in ("description", "title") for schema in together]
        return next((text for text in texts if isinstance(text, str) and text), "")

    def _type(self, schemas: list[Any], above: tuple[frozenset[int], ...]) -> SqlType | None:
        """Return the type of a value; `above` are the schemas of what it stands in, a set for each level."""
        together = self._together(schemas)
        here = frozenset(map(id, together))
        self._seen += 1
        if self._seen > _MOST_SUBSCHEMAS or len(above) > _DEEPEST or any(here & level for level in above):
            return Json()
        within = (*above, here)
        found = self._stated_type(together, within)
        for schema in together:
            for word in _BRANCHES:
                branches = [branch for branch in _list(schema, word) if not _is_null(branch)]
                found = _both(found, either([self._type([branch], within) for branch in branches]))
        return found

    def _together(self, schemas: Iterable[Any]) -> list[dict[str, Any]]:
        """Add what `$ref` and `allOf` say of the same value."""
        found: dict[int, dict[str, Any]] = {}
        waiting = list(schemas)
        while waiting:
            schema = waiting.pop(0)
            if isinstance(schema, dict) and id(schema) not in found:
                found[id(schema)] = schema
                waiting.append(self._references.target(schema.get("$ref")))
                waiting += _list(schema, "allOf")
        return list(found.values())

    def _stated_type(self, together: list[dict[str, Any]], within: tuple[frozenset[int], ...]) -> SqlType | None:
        kinds = _kinds(together)
        if kinds is None:
            return None
        if kinds == {"object"}:
            return self._object(together, within)
        if kinds == {"array"}:
            return self._array(together, within)
        return _scalar(kinds, together)

    def _object(self, together: list[dict[str, Any]], within: tuple[frozenset[int], ...]) -> SqlType:
        properties: dict[str, list[Any]] = {}
        others: list[Any] = []
        for schema in together:
            for key, subschema in _dict(schema, "properties").items():
                properties.setdefault(key, []).append(subschema)
            words = ("additionalProperties", "unevaluatedProperties")
            others += [schema[word] for word in words if _dict(schema, word)]
            others += _dict(schema, "patternProperties").values()
        if others and not properties:
            return MapOf(either([self._type([other], within) for other in others]) or Json())
        if others or not properties or not all(map(has_sql_name, properties)):
            return Json()
        names = distinct_names({key: key for key in properties})
        types = {key: self._type(schemas, within) or Json() for key, schemas in properties.items()}
        return StructOf(tuple(StructField(names[key], key, types[key]) for key in properties))

    def _array(self, together: list[dict[str, Any]], within: tuple[frozenset[int], ...]) -> SqlType:
        everywhere: list[Any] = []  # what holds for each element
        somewhere: list[Any] = []  # what holds for one element of a tuple, or for those behind it
        for schema in together:
            is_tuple = "prefixItems" in schema or isinstance(schema.get("items"), list)
            rest = schema.get("additionalItems" if isinstance(schema.get("items"), list) else "items")
            somewhere += _list(schema, "prefixItems") + _list(schema, "items")
            (somewhere if is_tuple else everywhere).append(rest)
        elements = [each for each in somewhere if isinstance(each, dict)]
        return ListOf(
            _both(self._type(everywhere, within), either([self._type([each], within) for each in elements])) or Json()
        )


def either(types: list[SqlType | None]) -> SqlType | None:
    """Return the type of a value that is of one of these types."""
    different = set(types)
    if different <= {None}:
        return None
    if len(different) == 1:
        return different.pop()
    return Number() if all(isinstance(each, (Integer, Number)) for each in different) else Json()


def _both(one: SqlType | None, other: SqlType | None) -> SqlType | None:
    """Return the type of a value that is of both types; `one` is the one that is stated more plainly."""
    if one is None or other is None or one == other:
        return one or other
    if isinstance(one, _SCALARS):
        return other if isinstance(other, _NARROWER.get(type(one), ())) else one
    return Json()


def _kinds(together: list[dict[str, Any]]) -> set[str] | None:
    """Return the JSON types that a value may have, besides null; None if nothing is said."""
    stated = [kinds for schema in together if (kinds := _kinds_of(schema)) is not None]
    if not stated:
        return None
    kinds = set.intersection(*(kinds | {"integer"} if "number" in kinds else kinds for kinds in stated))
    return kinds - {"null", "integer"} if "number" in kinds else kinds - {"null"}


def _kinds_of(schema: dict[str, Any]) -> set[str] | None:
    if "const" in schema or isinstance(schema.get("enum"), list):
        return {_JSON_TYPES.get(type(value), "null") for value in _values(schema)}
    stated = schema.get("type")
    if isinstance(stated, (str, list)):
        return {stated} if isinstance(stated, str) else {each for each in stated if isinstance(each, str)}
    if _dict(schema, "properties"):
        return {"object"}
    if "items" in schema or "prefixItems" in schema:
        return {"array"}
    return {"string"} if schema.get("format") in ("date-time", "date") else None


def _values(schema: dict[str, Any]) -> list[Any]:
    return [schema["const"]] if "const" in schema else _list(schema, "enum")


def _scalar(kinds: set[str], together: list[dict[str, Any]]) -> SqlType:
    if kinds == {"string"}:
        return _string(together)
    if kinds == {"integer"}:
        return _integer(together)
    return Number() if kinds == {"number"} else Boolean() if kinds == {"boolean"} else Json()


def _string(together: list[dict[str, Any]]) -> SqlType:
    # A time of day stays text: Arrow and pandas lose the offset of SQL's own.
    formats = [schema.get("format") for schema in together]
    if "date-time" in formats:
        return Timestamp() if "date" not in formats else Text()
    return Date() if "date" in formats else Text()


def _integer(together: list[dict[str, Any]]) -> SqlType:
    """Choose UBIGINT only where the schema asks for numbers that BIGINT lacks: UBIGINT cannot be subtracted well."""
    lowest: list[float] = []
    highest: list[float] = []
    for schema in together:
        if values := _numbers(_values(schema)):
            lowest.append(min(values))
            highest.append(max(values))
        lowest += _numbers([schema.get("minimum"), schema.get("exclusiveMinimum")])
        highest += _numbers([schema.get("maximum"), schema.get("exclusiveMaximum")])
    return Integer(unsigned=max(lowest, default=-1) >= 0 and min(highest, default=0) > _INT64_MAX)


def _branches(together: list[dict[str, Any]]) -> list[Any]:
    found: list[Any] = []
    for schema in together:
        for word in _BRANCHES:
            found += _list(schema, word)
        found += [schema[word] for word in _CONDITIONS if word in schema]
        found += _dict(schema, "dependentSchemas").values()
    return found


def _is_null(schema: Any) -> bool:
    return isinstance(schema, dict) and _kinds_of(schema) == {"null"}


def _numbers(values: list[Any]) -> list[float]:
    return [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]


def _dict(schema: dict[str, Any], word: str) -> dict[str, Any]:
    found = schema.get(word)
    return found if isinstance(found, dict) else {}


def _list(schema: dict[str, Any], word: str) -> list[Any]:
    found = schema.get(word)
    return found if isinstance(found, list) else []
