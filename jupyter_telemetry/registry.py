"""SchemaRegistry: (id, version) → EventSchema."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import orjson

from .errors import SchemaAlreadyRegistered, SchemaNotRegistered
from .forksafe import Lock
from .loading import external_references, load_url
from .schema import EventSchema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .validation import Draft

__all__ = ["SchemaRegistry"]

MAX_REFERENCED_DOCUMENTS = 20
MAX_NEAREST_KEPT = 64


class SchemaRegistry:
    """The schemas that are known, by (id, version); `1` and `"1"` are the same version. Any thread may call it."""

    def __init__(self) -> None:
        self._schemas: dict[tuple[str, str], EventSchema] = {}
        self._nearest: dict[str, str | None] = {}  # a few answers: who asks for what is not there asks again
        self._lock = Lock()

    def register(
        self, document: Mapping[str, Any], *, draft: Draft | None = None, may_fetch: bool = False
    ) -> EventSchema:
        """Check, compile and keep a schema; the same one again changes nothing.

        A `$ref` may lead to the id of a schema registered before, and to an http(s) document if it `may_fetch` it.

        Raises InvalidSchema, SchemaAlreadyRegistered.
        """
        schema = EventSchema(document, resources=self._resources_of(document, may_fetch), draft=draft)
        with self._lock:
            known = self._schemas.setdefault((schema.id, str(schema.version)), schema)
            self._nearest = {}
        if known is not schema and _content(known) != _content(schema):
            raise SchemaAlreadyRegistered(
                f"{schema.id} version {schema.version!r} is registered already, with another text; "
                "give the changed schema a new version",
                schema_id=schema.id,
                version=schema.version,
            )
        return known

    def _resources_of(self, document: Mapping[str, Any], may_fetch: bool) -> dict[str, dict[str, Any]]:
        """Collect the documents that a schema refers to, and those that these refer to."""
        resources: dict[str, dict[str, Any]] = {}
        waiting = _references_of(document)
        while waiting:
            uri = waiting.pop()
            found = next((schema.document for schema in self if schema.id == uri), None)
            if found is None and may_fetch and uri.startswith(("http://", "https://")):
                found = load_url(uri)
            if found is not None and len(resources) < MAX_REFERENCED_DOCUMENTS:
                resources[uri] = found
                waiting |= external_references(found, uri) - resources.keys()
        return resources  # what is missing here is an error of EventSchema

    def get(self, schema_id: object, version: object) -> EventSchema:
        """Return the schema of (id, version).

        Raises SchemaNotRegistered, which names what is nearest.
        """
        # Whoever leaves out the version gives an event in its place: nothing of it may stand in an error.
        if not isinstance(schema_id, str):
            raise SchemaNotRegistered(f"a schema id is a str, this is a {type(schema_id).__name__}")
        if not isinstance(version, (int, str)) or isinstance(version, bool):
            what = f"a version is an int or a str, this is a {type(version).__name__}"
            raise SchemaNotRegistered(f"{schema_id}: {what}", schema_id=schema_id)
        if isinstance(version, int) and version.bit_length() > 64:
            raise SchemaNotRegistered(f"{schema_id}: no version is an integer past 64 bits", schema_id=schema_id)
        schema = self._schemas.get((schema_id, str(version)))
        if schema is None:
            raise SchemaNotRegistered(self._what_is_known(schema_id, version), schema_id=schema_id, version=version)
        return schema

    def __iter__(self) -> Iterator[EventSchema]:
        return iter(list(self._schemas.values()))

    def __len__(self) -> int:
        return len(self._schemas)

    def __contains__(self, key: tuple[str, int | str]) -> bool:
        return (key[0], str(key[1])) in self._schemas

    def nearest(self, schema_id: str) -> str | None:
        """Return the registered id that looks most like `schema_id`."""
        answers = self._nearest
        try:
            return answers[schema_id]
        except KeyError:
            near = difflib.get_close_matches(schema_id, {schema.id for schema in self}, n=1, cutoff=0.6)
        if len(answers) >= MAX_NEAREST_KEPT:
            answers.clear()
        answers[schema_id] = answer = near[0] if near else None
        return answer

    def _what_is_known(self, schema_id: str, version: int | str) -> str:
        versions = [schema.version for schema in self if schema.id == schema_id]
        if versions:
            known = ", ".join(map(repr, versions))
            return f"{schema_id} is registered, but not in version {version!r}; registered: {known}"
        near = self.nearest(schema_id)
        hint = f"; did you mean {near}?" if near else "; register it first (register_schema)"
        return f"no schema is registered under {schema_id} version {version!r}{hint}"


def _content(schema: EventSchema) -> bytes:
    """Return what two schemas have in common that are the same: the order of keys is nothing, and 1 is "1"."""
    return orjson.dumps({**schema.document, "version": str(schema.version)}, option=orjson.OPT_SORT_KEYS)


def _references_of(document: object) -> set[str]:
    if not isinstance(document, dict):
        return set()
    base = document.get("$id")
    return external_references(document, base if isinstance(base, str) else "")
