"""The files of a lake that DuckDB may read: those that there were at one moment, under names that are no paths.

They are read through pyarrow, from a directory or an object store alike, and nothing is ever written.
"""

from __future__ import annotations

from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .filesystem import file_system
from .sharedfile import Failures, SharedFile

if TYPE_CHECKING:
    from ..lake.lake import Lake
    from ..lake.place import Entry

__all__ = ["LAKE", "LakeFiles", "make_lake_filesystem"]

LAKE = "lake"
_ROOT = f"{LAKE}://"


class LakeFiles(Failures):
    """The files of events that a lake had when it was looked at last, and what went wrong when one was read.

    Raises LakeError.
    """

    def __init__(self, lake: Lake) -> None:
        super().__init__()
        self.lake = lake
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

    def open(self, path: str) -> SharedFile:
        """Open a file. Raises OSError."""
        try:
            file = self.lake.place.read(path)
        except Exception as error:
            self.failure = error
            raise
        return SharedFile(self.entries[path].size, file.read_at, self, file.close)

    def layout(self, path: str) -> Any:
        """Return the layout of a file. Raises LakeError."""
        return self.lake.layout(path)


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

        def open(self, path: str, mode: str = "rb", **kwargs: Any) -> SharedFile:
            if mode != "rb":
                raise PermissionError("a lake is not written by a query")
            return files.open(path.removeprefix(_ROOT))

    return LakeFileSystem()
