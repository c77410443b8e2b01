"""The one file that DuckDB may read: a snapshot, under a name that is no path of this machine.

Giving DuckDB the journal's directory would give SQL the right to write there too: in DuckDB 2.0 a COPY fits into a
WITH clause, and into the text that a table function executes. Here there is nothing to write to.
"""

from __future__ import annotations

from typing import Any

from ..errors import MissingExtra
from .sharedfile import Failures, SharedFile
from .snapshot import Snapshot

__all__ = ["PATH", "PROTOCOL", "Mount", "file_system", "make_filesystem"]

PROTOCOL = "journal"
PATH = f"{PROTOCOL}://lines"


class Mount(Failures):
    """The snapshot that stands in the file, and what went wrong when it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = Snapshot([])

    def open(self) -> SharedFile:
        """Open the snapshot; its segments are opened for each read."""
        snapshot = self.snapshot
        return SharedFile(snapshot.size, lambda count, position: snapshot.read(position, count), self)


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

        def open(self, path: str, mode: str = "rb", **kwargs: Any) -> SharedFile:
            if mode != "rb":
                raise PermissionError("a journal is not written by a query")
            return mount.open()

    return SnapshotFileSystem()


def file_system() -> Any:
    """Return fsspec's base of all filesystems. Raises MissingExtra where fsspec is not installed."""
    try:
        from fsspec import AbstractFileSystem  # type: ignore[import-untyped]  # it has no types
    except ImportError:
        raise MissingExtra("asking a journal", "analysis") from None
    return AbstractFileSystem
