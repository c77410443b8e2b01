"""The one file that DuckDB may read: a snapshot, under a name that is no path of this machine.

Giving DuckDB the journal's directory would give SQL the right to write there too: in DuckDB 2.0 a COPY fits into a
WITH clause, and into the text that a table function executes. Here there is nothing to write to.
"""

from __future__ import annotations

import threading
from typing import Any

from ..errors import MissingExtra
from .snapshot import Snapshot

__all__ = ["PATH", "PROTOCOL", "Mount", "SnapshotFile", "file_system", "make_filesystem"]

PROTOCOL = "journal"
PATH = f"{PROTOCOL}://lines"


class Mount:
    """The snapshot that stands in the file, and what went wrong when it was read: DuckDB keeps only its traceback."""

    def __init__(self) -> None:
        self.snapshot = Snapshot([])
        self.failure: Exception | None = None

    def take_failure(self) -> Exception | None:
        """Return the failure, and forget it."""
        failure, self.failure = self.failure, None
        return failure


class SnapshotFile:
    """An open snapshot. DuckDB's threads share it: each seeks, and then reads from where it sought."""

    def __init__(self, mount: Mount) -> None:
        self._mount = mount
        self._snapshot = mount.snapshot
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
            found = self._snapshot.read(position, self._snapshot.size if count < 0 else count)
        except Exception as error:
            self._mount.failure = error
            raise
        self._position = position + len(found)
        return found

    def close(self) -> None:
        """Do nothing: the segments are opened for each read."""


def make_filesystem(mount: Mount) -> Any:
    """Make a filesystem, as fsspec defines them, that has the mounted snapshot under `PATH`, read-only.

    Raises MissingExtra where fsspec is not installed.
    """
    base = file_system()

    class SnapshotFileSystem(base):  # type: ignore[misc, valid-type]  # it has no types
        protocol = PROTOCOL
        cachable = False

        def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
            return {"name": path, "size": mount.snapshot.size, "type": "file"}

        def glob(self, path: str, **kwargs: Any) -> list[str]:
            return [path]

        def open(self, path: str, mode: str = "rb", **kwargs: Any) -> SnapshotFile:
            if mode != "rb":
                raise PermissionError("a journal is not written by a query")
            return SnapshotFile(mount)

    return SnapshotFileSystem()


def file_system() -> Any:
    """Return fsspec's base of all filesystems. Raises MissingExtra where fsspec is not installed."""
    try:
        from fsspec import AbstractFileSystem  # type: ignore[import-untyped]  # it has no types
    except ImportError:
        raise MissingExtra("asking a journal", "analysis") from None
    return AbstractFileSystem
