"""Where a lake stands: a directory, or a part of a bucket of an object store.

Paths within a lake are texts, with `/` between their parts, whatever the system. A file is written whole, under a name
that nobody else writes, or in the place of the very file that was read before.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pyarrow import fs  # type: ignore[import-untyped]  # it has no types

from ..privatefile import sync_directory
from .exchange import exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["DRAFTS", "Directory", "Entry", "ObjectStore", "Overtaken", "Place"]

DRAFTS = "_drafts"
_STALE_DRAFT_S = 86400.0


class Overtaken(OSError):
    """Somebody else has written, moved or deleted a file meanwhile."""


class Entry(NamedTuple):
    """A file, and what tells it from another one under its name."""

    path: str
    size: int
    modified_ns: int

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The directory that it stands in."""
        return self.path.rpartition("/")[0]


class Place(Protocol):
    """What a lake needs of the store that it stands in. Each method raises OSError."""

    url: str
    is_directory: bool

    def open(self) -> None:
        """Make sure that it can be written."""

    def files(self, directory: str = "") -> list[Entry]:
        """List the files in and below a directory, by path; none if there is no such directory."""

    def directories(self, directory: str = "") -> list[str]:
        """List the paths of the directories in a directory, by name."""

    def read(self, path: str) -> Any:
        """Open a file to read, as pyarrow's NativeFile."""

    def write(self, path: str, content: Any, check: Callable[[], None] = ..., replaces: Entry | None = None) -> Entry:
        """Write a file, in the place of `replaces` or under a new name; `check` raises if that may not be any more.

        Raises Overtaken if `replaces` is not the file that stands there; in a directory also if the name is not new.
        """

    def delete(self, paths: Iterable[str]) -> None:
        """Delete files; those that are not there are no error."""


class _Listed:
    """What is read and listed by pyarrow in the same way everywhere."""

    def __init__(self, filesystem: Any, root: str) -> None:
        self._filesystem = filesystem
        self._root = root

    def files(self, directory: str = "") -> list[Entry]:
        found = self._listing(directory, recursive=True)
        entries = [self._entry(each) for each in found if each.type == fs.FileType.File]
        return sorted(each for each in entries if not each.path.startswith(DRAFTS + "/"))

    def directories(self, directory: str = "") -> list[str]:
        found = self._listing(directory, recursive=False)
        return sorted(self._relative(each.path) for each in found if each.type == fs.FileType.Directory)

    def read(self, path: str) -> Any:
        return self._filesystem.open_input_file(self._full(path))

    def _listing(self, directory: str, *, recursive: bool) -> Any:
        selector = fs.FileSelector(self._full(directory), allow_not_found=True, recursive=recursive)
        return self._filesystem.get_file_info(selector)

    def _entry(self, info: Any) -> Entry:
        return Entry(self._relative(info.path), info.size, info.mtime_ns or 0)

    def _relative(self, path: str) -> str:
        return str(path)[len(self._root) :].lstrip("/")

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root


class Directory(_Listed):
    """A directory of this machine, or of one that it mounts.

    What is made in it has the mode of the directory itself: one that nobody had made is for its owner alone.
    """

    is_directory = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.abspath(os.path.expanduser(path)))
        self.url = self.path.as_uri()
        self._mode = stat.S_IMODE(self.path.stat().st_mode) if self.path.is_dir() else 0o700
        super().__init__(fs.LocalFileSystem(), self.path.as_posix())

    def open(self) -> None:
        if not self.path.is_dir():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                self.path.mkdir(mode=0o700)
        self._mode = stat.S_IMODE(self.path.stat().st_mode)
        drafts = self._made(DRAFTS)
        for name in os.listdir(drafts):
            with contextlib.suppress(OSError):
                left = drafts / name
                if left.is_file() and left.suffix != ".json" and time.time() - left.stat().st_mtime > _STALE_DRAFT_S:
                    left.unlink()

    def write(
        self, path: str, content: Any, check: Callable[[], None] = lambda: None, replaces: Entry | None = None
    ) -> Entry:
        target = self.path / path
        directory = self._made(path.rpartition("/")[0])
        draft = self.draft()
        try:
            self.fill(draft, content)
            check()
            if replaces is None:
                _name(draft, target)
            else:
                self._replace(draft, target, replaces)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()
        sync_directory(directory)
        return self._stamp(target, path)

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            (self.path / path).unlink(missing_ok=True)

    def draft(self) -> Path:
        """Make up a name on the same file system for what is to take a place in the lake."""
        return self._made(DRAFTS) / os.urandom(8).hex()

    def _made(self, path: str) -> Path:
        """Make a directory, and those that it stands in."""
        there = self.path
        for part in filter(None, path.split("/")):
            parent, there = there, there / part
            try:
                there.mkdir()
            except FileExistsError:
                continue
            there.chmod(self._mode)
            sync_directory(parent)
        return there

    def fill(self, draft: Path, content: Any) -> None:
        """Write a new file, and have it on the disk."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            file.write(content)
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), self._mode & 0o666)
            file.flush()
            os.fsync(file.fileno())

    def _replace(self, draft: Path, target: Path, replaced: Entry) -> None:
        """Put a draft in the place of a file, if it is that file that stands there."""
        try:
            if exchange(str(draft), str(target)):
                if self._stamp(draft, replaced.path) != replaced:
                    exchange(str(draft), str(target))  # it is somebody else's: back with it
                    raise Overtaken
                return
            if self._stamp(target, replaced.path) != replaced:
                raise Overtaken
        except FileNotFoundError:
            raise Overtaken from None
        os.replace(draft, target)

    def _stamp(self, file: Path, path: str) -> Entry:
        found = file.stat()
        return Entry(path, found.st_size, found.st_mtime_ns)


def _name(draft: Path, target: Path) -> None:
    """Give a file a name that nobody else has given meanwhile. Raises Overtaken."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise Overtaken from None
    except (OSError, NotImplementedError):  # a file system without second names
        if target.exists():
            raise Overtaken from None
        os.replace(draft, target)


class ObjectStore(_Listed):
    """A part of a bucket, by an S3-compatible protocol.

    An object is there as a whole or not at all. It cannot be told here whether one that is replaced has been replaced
    by somebody else meanwhile: names must be such that nobody else writes them.
    """

    is_directory = False

    def __init__(self, filesystem: Any, bucket: str, prefix: str, url: str) -> None:
        self.url = url
        self._bucket = bucket
        super().__init__(filesystem, f"{bucket}/{prefix}".rstrip("/"))

    def open(self) -> None:
        if self._filesystem.get_file_info(self._bucket).type == fs.FileType.NotFound:
            raise FileNotFoundError("there is no such bucket")

    def write(
        self, path: str, content: Any, check: Callable[[], None] = lambda: None, replaces: Entry | None = None
    ) -> Entry:
        check()
        with self._filesystem.open_output_stream(self._full(path)) as stream:
            stream.write(content)
        return self._entry(self._filesystem.get_file_info(self._full(path)))

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                self._filesystem.delete_file(self._full(path))
