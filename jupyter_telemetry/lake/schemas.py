"""The schemas of a lake: each text stands once, in `_schemas/`, and gives a directory its name and columns.

Who writes to a lake may not know of others who write to it at the same moment. Two schemas that want one name get two
directories, unless they were first seen at the same moment: then both stand in one, and their events are told apart by
the columns `__schema__` and `__schema_version__`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ..journal.names import view_name
from .layout import SCHEMAS
from .place import Overtaken
from .table import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .place import Entry, Place

__all__ = ["LakeSchema", "Schemas"]


class LakeSchema(NamedTuple):
    """A schema as a lake has it."""

    directory: str  # the name that its partitions have
    schema_id: str
    version: str  # as text
    text: Mapping[str, Any]
    stored_ns: int


class Schemas:
    """The schemas of a lake, as far as they were asked for."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._listing: list[Entry] | None = None
        self._read: dict[str, LakeSchema | None] = {}  # by path
        self._given: dict[tuple[str, str], tuple[object, str, Layout]] = {}

    def forget(self) -> None:
        """Look again at what is there."""
        self._listing = None
        self._given.clear()

    def all(self) -> list[LakeSchema]:
        """Read all, the oldest first; what is no schema is left out. Raises OSError."""
        return self._stored(each for each in self._entries())

    def of(self, schema_id: str, version: str, text: Mapping[str, Any] | None) -> tuple[str, Layout]:
        """Return the directory's name and the layout of a schema; store its text if it is not there.

        Raises OSError.
        """
        key = schema_id, version
        if (found := self._given.get(key)) is None or (found[0] is not text and found[0] != text):
            found = self._given[key] = text, *self._made(schema_id, version, text)
        return found[1:]

    def _made(self, schema_id: str, version: str, text: Mapping[str, Any] | None) -> tuple[str, Layout]:
        plain = view_name(schema_id, version)
        digest = hashlib.sha256(f"{schema_id}\n{version}".encode()).hexdigest()[:6]
        wanted = (plain, f"{plain}_{digest}")
        stored = self._stored(each for each in self._entries() if _directory(each) in wanted)
        own = [each for each in stored if (each.schema_id, each.version) == (schema_id, version)]
        taken = any(each.directory == plain for each in stored)
        directory = own[0].directory if own else wanted[1] if taken else plain
        texts = [dict(each.text) for each in own]
        content = {"$id": schema_id, "version": version, **(text or {})}
        if content not in texts and (text is not None or not texts):
            self._store(directory, content)
            texts.append(content)
        return directory, Layout.of_schemas(texts)

    def _store(self, directory: str, content: dict[str, Any]) -> None:
        digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]
        path = f"{SCHEMAS}/{directory}-{digest}.json"
        if path not in {each.path for each in self._entries()}:
            try:
                self._listing = [*self._entries(), self._place.write(path, orjson.dumps(content))]
            except Overtaken:  # by somebody who has written the same
                self._listing = None

    def _entries(self) -> list[Entry]:
        if self._listing is None:
            self._listing = [each for each in self._place.files(SCHEMAS) if each.path.endswith(".json")]
        return self._listing

    def _stored(self, entries: Iterable[Entry]) -> list[LakeSchema]:
        found = []
        for entry in entries:
            if entry.path not in self._read:
                self._read[entry.path] = self._parsed(entry)
            if (schema := self._read[entry.path]) is not None:
                found.append(schema)
        return sorted(found, key=lambda each: (each.stored_ns, each.directory))

    def _parsed(self, entry: Entry) -> LakeSchema | None:
        with self._place.read(entry.path) as file:
            content = file.read()
        try:
            text = orjson.loads(content)
            schema_id, version = text["$id"], str(text["version"])
        except (ValueError, KeyError, TypeError):
            return None
        return LakeSchema(_directory(entry), schema_id, version, text, entry.modified_ns)


def _directory(entry: Entry) -> str:
    return entry.name.rpartition("-")[0]
