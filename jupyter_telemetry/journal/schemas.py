"""The schemas of a journal: each stands once beside the events that it describes, in `schemas/`.

A file's name is the schema's view name and the start of the SHA-256 of its text with sorted keys, so that many
processes may store the same schema, and two texts under one id and version stand side by side.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ..privatefile import make_private, replacing
from .access import directory_mode, file_mode
from .names import view_name

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DIRECTORY", "SchemaStore", "StoredSchema", "stored_schemas"]

DIRECTORY = "schemas"


class SchemaStore:
    """The schemas that one writer was given, some of which may not stand in the journal yet.

    They are kept in memory, to be stored again where the directory was deleted. The writer calls it under its lock.
    """

    def __init__(self, journal: str) -> None:
        self._journal = journal
        self._directory = os.path.join(journal, DIRECTORY)
        self._given: dict[str, bytes] = {}  # by file name
        self._missing: set[str] = set()

    def give(self, schema_id: str, version: int | str, schema: bytes) -> bool:
        """Take a schema's JSON; say whether it is new."""
        content = orjson.dumps(orjson.loads(schema), option=orjson.OPT_SORT_KEYS)
        name = f"{view_name(schema_id, version)}-{hashlib.sha256(content).hexdigest()[:12]}.json"
        if name in self._given:
            return False
        self._given[name] = bytes(schema)
        self._missing.add(name)
        return True

    def look(self) -> None:
        """Find out which are missing now."""
        self._missing = {
            name for name, content in self._given.items() if not _stands(os.path.join(self._directory, name), content)
        }

    def store(self) -> None:
        """Store what is missing. Raises OSError; what could not be stored is missing still."""
        if not self._missing:
            return
        make_private(self._journal)
        make_private(self._directory, mode=directory_mode(self._journal))
        for name in sorted(self._missing):
            path = os.path.join(self._directory, name)
            if not _stands(path, self._given[name]):
                with replacing(path, mode=file_mode(self._journal)) as file:
                    file.write(self._given[name])
            self._missing.discard(name)


def _stands(path: str, content: bytes) -> bool:
    """Say whether the file is there; its name tells the content, but a power cut may have left it empty."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == len(content)


class StoredSchema(NamedTuple):
    """A schema as it is found in a journal."""

    path: Path
    schema_id: str
    version: str  # as text: 1 and "1" are the same version
    digest: str  # the start of the SHA-256 of its text with sorted keys, from the file's name
    schema: dict[str, Any]
    stored_at: float  # seconds since the epoch


def stored_schemas(journal: Path, damaged: Callable[[Path, str], None]) -> list[StoredSchema]:
    """Read the schemas of a journal, the oldest first; what is no schema is named to `damaged` and left out.

    Raises OSError if the directory is there and cannot be read.
    """
    found = []
    try:
        paths = sorted((journal / DIRECTORY).iterdir())
    except FileNotFoundError:
        return []
    for path in paths:
        if path.suffix != ".json" or path.name.startswith(".") or path.is_symlink() or not path.is_file():
            continue
        try:
            schema = orjson.loads(path.read_bytes())
            stored_at = path.stat().st_mtime
        except (OSError, ValueError):
            schema = None
        if not isinstance(schema, dict) or not isinstance(schema.get("$id"), str) or "version" not in schema:
            damaged(path, "not to be read as the JSON of a schema with $id and version")
            continue
        digest = path.stem.rpartition("-")[2]
        found.append(StoredSchema(path, schema["$id"], str(schema["version"]), digest, schema, stored_at))
    return sorted(found, key=lambda stored: stored.stored_at)
