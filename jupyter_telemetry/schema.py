"""EventSchema: one event schema, checked and compiled."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from .envelope import RESERVED_PREFIX
from .errors import InvalidSchema
from .validation import Draft, References, compile_validator, json_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .validation import Validator

__all__ = ["EventSchema"]

# RFC 3986 §4.1: a URI or a relative reference; `url.to.event.schema` is one. The metaschema says more, by `format`.
_URI_REFERENCE = re.compile(r"(?:[\w.~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+", re.ASCII)
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")


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
            self.validator: Validator = compile_validator(document, resources=resources, draft=draft)
        except InvalidSchema as error:
            raise InvalidSchema(f"schema {self.id}: {error}", json_path=error.json_path, schema_id=self.id) from None
        self.references: References = self.validator.references
        self.document: dict[str, Any] = self.references.root.schema
        self._check_describes_an_object()
        self._check_names()

    def __repr__(self) -> str:
        return f"<EventSchema {self.id} version {self.version!r}>"

    @cached_property
    def canonical(self) -> bytes:
        """The document as UTF-8 JSON with sorted keys: two schemas are the same if these are."""
        return orjson.dumps(self.document, option=orjson.OPT_SORT_KEYS)

    @cached_property
    def names(self) -> frozenset[str]:
        """All property names that the schema declares, at any depth."""
        return frozenset(name for node in self.references.nodes.values() for name in node.schema.get("properties", ()))

    def _check_describes_an_object(self) -> None:
        kind = self.document.get("type", "object")
        if kind not in ("object", ["object"]):
            raise InvalidSchema(
                f'schema {self.id}: $.type: an event is an object; write "type": "object"',
                json_path="$.type",
                schema_id=self.id,
            )

    def _check_names(self) -> None:
        for node in self.references.nodes.values():
            for keyword in ("properties", "required"):
                for name in node.schema.get(keyword, ()):
                    if name.startswith(RESERVED_PREFIX):
                        at = json_path((*node.path, keyword, name))
                        raise InvalidSchema(
                            f"schema {self.id}: {at}: names that begin with {RESERVED_PREFIX!r} are kept for "
                            "metadata; rename the property",
                            json_path=at,
                            schema_id=self.id,
                        )


def _checked_id(document: Mapping[str, Any]) -> str:
    schema_id = document.get("$id")
    if schema_id is None:
        raise InvalidSchema("$: a schema needs an `$id`, such as https://example.org/my-event", json_path="$")
    if not isinstance(schema_id, str) or not _URI_REFERENCE.fullmatch(schema_id):
        raise InvalidSchema(
            "$['$id']: not a URI or URI reference (RFC 3986); write one such as https://example.org/my-event",
            json_path="$['$id']",
        )
    return schema_id


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
