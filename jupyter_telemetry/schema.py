"""EventSchema: one event schema, checked and compiled."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from .envelope import RESERVED_PREFIX
from .errors import InvalidSchema
from .validation import Draft, References, bars_objects, compile_validator, json_path, own_copy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .validation import Validator

__all__ = ["EventSchema"]

# RFC 3986 §4.1: a URI or a relative reference; `url.to.event.schema` is one. The metaschema says more, by `format`.
_URI_REFERENCE = re.compile(r"(?:[\w.~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+", re.ASCII)
# The keywords that name properties, and those whose names lead to lists of names.
_NAMING = ("properties", "required", "dependentSchemas", "dependentRequired", "dependencies")
_RESERVED_PATTERN = "^" + RESERVED_PREFIX


class EventSchema:
    """One (id, version): what its events look like.

    Parameters
    ----------
    document: the JSON schema; neither kept nor changed.
    resources: URI → schema, for references to other documents; nothing is fetched.
    draft: if given, the draft of JSON Schema, whatever the document says.

    Raises
    ------
    InvalidSchema: no `$id` or `version`, not valid against its draft, not of an object, a property whose
        name begins with `__`, or a reference that leads nowhere.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        resources: Mapping[str, Mapping[str, Any]] | None = None,
        draft: Draft | None = None,
    ) -> None:
        if not isinstance(document, dict):
            raise InvalidSchema(
                f"$: a schema is a JSON object (a dict), this is a {type(document).__name__}; "
                "for a file use register_schema_file"
            )
        self.id = _checked_id(document)
        self.version = _checked_version(document, self.id)
        try:
            own = own_copy(document)
            self.text = _encoded(own)
            for each in (resources or {}).values():
                _encoded(own_copy(each))
            self.validator: Validator = compile_validator(own, resources=resources, draft=draft)
        except InvalidSchema as error:
            raise InvalidSchema(f"schema {self.id}: {error}", json_path=error.json_path, schema_id=self.id) from None
        except ValueError:  # urllib's
            why = "$: an `$id` below, or in a document that it refers to, is no URI reference (RFC 3986)"
            raise InvalidSchema(f"schema {self.id}: {why}", schema_id=self.id) from None
        self.references: References = self.validator.references
        self.document: dict[str, Any] = self.references.root.schema
        self._check_describes_an_object()
        self._check_names()

    def __repr__(self) -> str:
        return f"<EventSchema {self.id} version {self.version!r}>"

    @cached_property
    def names(self) -> frozenset[str]:
        """All property names that the schema declares, at any depth."""
        return frozenset(name for node in self.references.nodes.values() for name in node.schema.get("properties", ()))

    def _check_describes_an_object(self) -> None:
        at, where, why = "$.type", "", "an event is an object"
        if self.document.get("type", "object") in ("object", ["object"]):
            found = bars_objects(self.references)
            if found is None:
                return
            node, path = found
            at, where, why = (
                json_path(path),
                node.resource and f"{node.resource}: ",
                f"{why}, and no object matches this",
            )
        raise InvalidSchema(
            f'schema {self.id}: {where}{at}: {why}; write "type": "object"',
            json_path=at,
            schema_id=self.id,
        )

    def _check_names(self) -> None:
        for node in self.references.nodes.values():
            for path in _named(node.schema):
                name = path[-1]
                if name.startswith(RESERVED_PREFIX) or path[0] == "patternProperties":
                    at = json_path((*node.path, *path))
                    raise InvalidSchema(
                        f"schema {self.id}: {at}: names that begin with {RESERVED_PREFIX!r} are kept for "
                        "metadata; rename the property",
                        json_path=at,
                        schema_id=self.id,
                    )


def _named(schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Give where a subschema names properties, with the name last; of patterns, those of metadata's names."""
    for keyword in _NAMING:
        value = schema.get(keyword)
        if not isinstance(value, (dict, list)):  # a draft that does not know the keyword does not check it
            continue
        for name in value:
            if isinstance(name, str):
                yield keyword, name
            listed = value[name] if isinstance(value, dict) else ()
            if keyword in ("dependentRequired", "dependencies") and isinstance(listed, list):
                yield from ((keyword, name, each) for each in listed if isinstance(each, str))
    for pattern in schema.get("patternProperties", ()):
        if pattern.startswith(_RESERVED_PATTERN):
            yield "patternProperties", pattern


def _encoded(document: dict[str, Any]) -> bytes:
    """Encode a document, its keys as they stand. Raises InvalidSchema for what own_copy lets pass."""
    try:
        return orjson.dumps(document)
    except TypeError:  # orjson's own error is one
        path, what = _unencodable(document, ()) or ((), "a value that JSON cannot hold")
        at = json_path(path)
        raise InvalidSchema(f"{at}: {what}", json_path=at) from None


def _unencodable(value: Any, path: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], str] | None:
    """Find what cannot be encoded; own_copy has bounded the depth."""
    if isinstance(value, (dict, list)):
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            found = isinstance(step, str) and _unencodable(step, (*path, step))
            found = found or _unencodable(each, (*path, step))
            if found:
                return found
        return None
    try:
        orjson.dumps(value)
    except TypeError:
        if isinstance(value, str):
            return path, "a lone surrogate, which UTF-8 cannot hold"
        return path, "an integer past 64 bits" if isinstance(
            value, int
        ) else f"a {type(value).__name__} is no JSON value"
    return None


def _checked_id(document: Mapping[str, Any]) -> str:
    schema_id = document.get("$id")
    if schema_id is None:
        raise InvalidSchema("$: a schema needs an `$id`, such as https://example.org/my-event", json_path="$")
    if not isinstance(schema_id, str) or not _is_uri_reference(schema_id):
        raise InvalidSchema(
            "$['$id']: not a URI or URI reference (RFC 3986); write one such as https://example.org/my-event",
            json_path="$['$id']",
        )
    return schema_id


def _is_uri_reference(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:  # brackets that hold no IPv6 address
        return False
    return _URI_REFERENCE.fullmatch(text) is not None


def _checked_version(document: Mapping[str, Any], schema_id: str) -> int | str:
    version = document.get("version")
    if isinstance(version, (int, str)) and not isinstance(version, bool) and version != "":
        return version
    why = "is missing" if version is None else "is not an integer or a text that is not empty"
    raise InvalidSchema(
        f'schema {schema_id}: $.version: {why}; write for example "version": 1',
        json_path="$.version",
        schema_id=schema_id,
    )
