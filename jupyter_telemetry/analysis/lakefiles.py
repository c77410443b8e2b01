"""The files of a lake that DuckDB may read: those that there were at one moment, under names that are no paths.

They are read through pyarrow, from a directory or an object store alike, and nothing is ever written.
"""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .filesystem import file_system

if TYPE_CHECKING:
    from ..lake.lake import Lake
    from ..lake.place import Entry

__all__ = ["LAKE", "LakeFile", "LakeFiles", "make_lake_filesystem"]

LAKE = "lake"
_ROOT = f"{LAKE}://"


class LakeFiles:
    """The files of events that a lake had when it was looked at last, and what went wrong when one was read.

    Raises LakeError.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.failure: Exception | None = None
        self.entries: dict[str, Entry] = {}

    def refresh(self) -> None:
        """Look at what there is now."""
        self.entries = {each.path: each for each in self.lake.files()}

    def directories(self) -> dict[str, str]:
        """Return the directories of the schemas, as they are called, and the newest file in each."""
        newest: dict[str, Entry] = {}
        for each in self.entries.values():
            name = each.path.split("/")[0].removeprefix("schema=")
            if name not in newest or newest[name].modified_ns < each.modified_ns:
                newest[name] = each
        return {name: entry.path for name, entry in sorted(newest.items())}

    def open(self, path: str) -> Any:
        """Open a file. Raises OSError."""
        return self.lake.place.read(path)

    def layout(self, path: str) -> Any:
        """Return the layout of a file. Raises LakeError."""
        return self.lake.layout(path)


class LakeFile:
    """An open file. DuckDB's threads share it: each seeks, and then reads from where it sought."""

    def __init__(self, files: LakeFiles, path: str) -> None:
        self._files = files
        try:
            self._file = files.open(path)
        except Exception as error:
            files.failure = error
            raise
        self._size = files.entries[path].size
        self._position = 0
        self._sought: dict[int, int] = {}  # by thread

    def seek(self, position: int) -> int:
        self._sought[threading.get_ident()] = position
        return position

    def tell(self) -> int:
        return self._sought.get(threading.get_ident(), self._position)

    def read(self, count: int = -1) -> bytes:
        position = self._sought.pop(threading.get_ident(), self._position)
        try:
            found: bytes = self._file.read_at(count if count >= 0 else self._size - position, position)
        except Exception as error:
            self._files.failure = error
            raise
        self._position = position + len(found)
        return found

    def close(self) -> None:
        self._file.close()


def make_lake_filesystem(files: LakeFiles) -> Any:
    """Make a filesystem, as fsspec defines them, that has the files under `lake://`, read-only.

    Raises MissingExtra where fsspec is not installed.
    """
    base = file_system()

    class LakeFileSystem(base):  # type: ignore[misc, valid-type]  # it has no types
        protocol = LAKE
        cachable = False

        def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
            return {"name": path, "size": files.entries[path.removeprefix(_ROOT)].size, "type": "file"}

        def modified(self, path: str) -> datetime:
            return datetime.fromtimestamp(files.entries[path.removeprefix(_ROOT)].modified_ns / 1e9, timezone.utc)

        def glob(self, path: str, **kwargs: Any) -> list[str]:
            pattern = path.removeprefix(_ROOT)
            return [_ROOT + each for each in files.entries if fnmatchcase(each, pattern)]

        def open(self, path: str, mode: str = "rb", **kwargs: Any) -> LakeFile:
            if mode != "rb":
                raise PermissionError("a lake is not written by a query")
            return LakeFile(files, path.removeprefix(_ROOT))

    return LakeFileSystem()
