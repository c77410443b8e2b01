"""The drafts of JSON Schema, and where a subschema stands in a schema of each."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any

from ..errors import InvalidSchema
from ._location import Path, json_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_SCHEMA_DEPTH = 250
"""Objects and lists within each other in a schema: what jsonschema-rs and Python's recursion limit bear."""

MAX_SCHEMA_NODES = 200_000
"""Values in a schema, its aliases spelt out: a bomb of aliases ends here."""


class Draft(Enum):
    """A draft of JSON Schema; its value is the URI of its metaschema."""

    DRAFT4 = "http://json-schema.org/draft-04/schema"
    DRAFT6 = "http://json-schema.org/draft-06/schema"
    DRAFT7 = "http://json-schema.org/draft-07/schema"
    DRAFT201909 = "https://json-schema.org/draft/2019-09/schema"
    DRAFT202012 = "https://json-schema.org/draft/2020-12/schema"

    @property
    def title(self) -> str:
        """What people call it: `draft-07`, `draft 2020-12`."""
        name = self.value.split("/")[-2]
        return name if name.startswith("draft") else f"draft {name}"

    @property
    def id_keyword(self) -> str:
        """The keyword that names a schema."""
        return "id" if self is Draft.DRAFT4 else "$id"

    @property
    def ref_stands_alone(self) -> bool:
        """Whether a `$ref` hides the keywords beside it (draft-07 core §8.3)."""
        return self in (Draft.DRAFT4, Draft.DRAFT6, Draft.DRAFT7)


# Where a subschema stands. `items` and `dependencies` have two forms: see `subschemas`.
_ONE = ("additionalItems", "additionalProperties", "not")
_ONE_6 = (*_ONE, "contains", "propertyNames")
_ONE_7 = (*_ONE_6, "if", "then", "else")
_ONE_2019 = (*_ONE_7, "contentSchema", "unevaluatedItems", "unevaluatedProperties")
_MANY = ("allOf", "anyOf", "oneOf")
_NAMED = ("definitions", "dependencies", "patternProperties", "properties")
_NAMED_2019 = (*_NAMED, "$defs", "dependentSchemas")

_KEYWORDS: Mapping[Draft, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    Draft.DRAFT4: (_ONE, _MANY, _NAMED),
    Draft.DRAFT6: (_ONE_6, _MANY, _NAMED),
    Draft.DRAFT7: (_ONE_7, _MANY, _NAMED),
    Draft.DRAFT201909: (_ONE_2019, _MANY, _NAMED_2019),
    Draft.DRAFT202012: (
        tuple(k for k in _ONE_2019 if k != "additionalItems"),
        (*_MANY, "prefixItems"),
        _NAMED_2019,
    ),
}

_KNOWN = {draft.value: draft for draft in Draft}


def draft_of(schema: Mapping[str, Any]) -> Draft:
    """Name the draft of `schema`: what `$schema` says, else draft-07, or 2020-12 if it speaks that draft.

    Raises InvalidSchema for a `$schema` that is not a draft from 4 to 2020-12.
    """
    if "$schema" in schema:
        uri = schema["$schema"]
        draft = _KNOWN.get(uri[:-1] if uri.endswith("#") else uri) if isinstance(uri, str) else None
        if draft is None:
            known = ", ".join(_KNOWN)
            raise InvalidSchema(f"$['$schema']: not a draft known here; known are {known}", json_path="$['$schema']")
        return draft
    modern = any("$defs" in node or "prefixItems" in node for _, node in walk(schema, Draft.DRAFT202012))
    return Draft.DRAFT202012 if modern else Draft.DRAFT7


def subschemas(schema: Mapping[str, Any], draft: Draft) -> Iterator[tuple[Path, Any]]:
    """Give each direct subschema of `schema` with its path from there: ("properties", "a"), ("items",)."""
    one, many, named = _KEYWORDS[draft]
    for keyword, value in schema.items():
        if keyword == "items":
            yield from _items(value)
        elif keyword in one:
            yield (keyword,), value
        elif keyword in many and isinstance(value, list):
            for index, each in enumerate(value):
                yield (keyword, index), each
        elif keyword in named and isinstance(value, dict):
            for name, each in value.items():
                if keyword != "dependencies" or not isinstance(each, list):
                    yield (keyword, name), each


def _items(value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield ("items", index), each
    else:
        yield ("items",), value


def walk(schema: Any, draft: Draft) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Give `schema` and every subschema below it that is an object, each with its path from the root."""
    waiting: list[tuple[Path, Any]] = [((), schema)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, dict):
            yield path, node
            below = [(path + step, each) for step, each in subschemas(node, draft)]
            waiting.extend(reversed(below))


def keywords(path: Path) -> list[str]:
    """Pick the keywords out of the way that an evaluation took: its other steps are names and indices."""
    found: list[str] = []
    steps = iter(path)
    for step in steps:
        if isinstance(step, int):
            continue  # the index of the list that the keyword before it holds
        found.append(step)
        if step in _NAMED_2019:
            next(steps, None)
    return found


class _Copier:
    """Copies a schema as a tree; refuses what is no JSON, too deep, or too large with aliases spelt out."""

    def __init__(self) -> None:
        self._left = MAX_SCHEMA_NODES

    def copy(self, value: Any, path: Path) -> Any:
        self._left -= 1
        if self._left < 0:
            raise InvalidSchema(f"$: the schema has more than {MAX_SCHEMA_NODES} values")
        if isinstance(value, dict):
            self._check_depth(path)
            return {self._name(key, path): self.copy(each, (*path, key)) for key, each in value.items()}
        if isinstance(value, list | tuple):
            self._check_depth(path)
            return [self.copy(each, (*path, index)) for index, each in enumerate(value)]
        if value is None or isinstance(value, str | bool | int) or _is_finite(value):
            return value
        at = json_path(path)
        raise InvalidSchema(f"{at}: a {type(value).__name__} is no JSON value; quote it if it is text", json_path=at)

    def _name(self, key: Any, path: Path) -> str:
        if isinstance(key, str):
            return key
        at = json_path(path)
        raise InvalidSchema(f"{at}: a name here is no string; quote it", json_path=at)

    def _check_depth(self, path: Path) -> None:
        if len(path) >= MAX_SCHEMA_DEPTH:
            raise InvalidSchema(f"$: the schema is nested deeper than {MAX_SCHEMA_DEPTH} levels")


def own_copy(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Copy `schema` as a tree that shares nothing, so that a node's identity is its place.

    Raises InvalidSchema for what is no JSON.
    """
    copied: dict[str, Any] = _Copier().copy(schema, ())
    return copied


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)
