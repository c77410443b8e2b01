"""Files and directories for their owner's eyes only, whatever the umask, and how one file takes another's place.

A file is created and never opened where something stands, so a planted name is refused, and a symlink not followed.
Where there are no modes, as on Windows, those of the directory hold.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["create", "draft_of", "drafts_in", "give_to_owner_of", "make_private", "replacing", "sync_directory"]

_DRAFT_SUFFIX = ".tmp"
_NEW = os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def create(path: str | os.PathLike[str], flags: int = os.O_WRONLY, *, mode: int = 0o600) -> int:
    """Create a file, and return its descriptor. Raises OSError; FileExistsError if anything stands there.

    flags: how it is opened, as of os.open. mode: if it is not for its owner alone.
    """
    fd = os.open(path, flags | _NEW, 0o600)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(fd, mode)
    except BaseException:
        os.close(fd)
        with suppress(OSError):
            os.unlink(path)
        raise
    return fd


@contextmanager
def draft_of(path: str | os.PathLike[str], suffix: str = _DRAFT_SUFFIX) -> Iterator[str]:
    """Make up a hidden name beside `path` for what may take its place; what stands there in the end is removed."""
    directory, name = os.path.split(path)
    draft = os.path.join(directory, f".{name}.{os.urandom(4).hex()}{suffix}")
    try:
        yield draft
    finally:
        with suppress(OSError):
            os.unlink(draft)


@contextmanager
def replacing(
    path: str | os.PathLike[str],
    *,
    lasting: bool = False,
    check: Callable[[], None] | None = None,
    mode: int = 0o600,
) -> Iterator[BinaryIO]:
    """Write a new file inside `with`, which takes the place of `path` at its end: others see all of it, or nothing.

    Parameters
    ----------
    lasting: it is on the disk when this returns, as far as the file system can say so.
    check: raises if `path` may not be replaced any more; called last.
    mode: of the new file.

    Raises OSError, and what `check` raises: then nothing has changed.
    """
    with draft_of(path) as draft:
        with os.fdopen(create(draft, mode=mode), "wb") as file:
            yield file
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        if check is not None:
            check()
        os.replace(draft, path)
    if lasting:
        with suppress(OSError):  # it has its place, whether or not the directory may be read
            sync_directory(os.path.dirname(path) or ".")


def drafts_in(directory: str | os.PathLike[str]) -> list[str]:
    """List the paths of drafts in a directory, which whoever was killed left there; nothing behind a symlink.

    Somebody may have put that there to have others delete what they may not. Raises OSError.
    """
    if os.path.islink(directory):
        return []
    names = os.listdir(directory)
    return [os.path.join(directory, name) for name in names if name[:1] == "." and name.endswith(_DRAFT_SUFFIX)]


def sync_directory(directory: str | os.PathLike[str]) -> None:
    """Return when the names in a directory are on the disk, as far as its system can say so.

    Raises OSError if the directory cannot be opened.
    """
    if os.name != "posix":  # Windows opens no directory
        return
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError:  # a file system that syncs no directory
        pass
    finally:
        os.close(fd)


def make_private(directory: str, *, mode: int = 0o700) -> None:
    """Make the directory, with its parents, for its owner alone; one that stands empty is made so too.

    The mode of a directory that holds anything is left as it is: it may be `/tmp`, or opened to a group on
    purpose, and what the journal writes into it is private all the same. `mode`: if it is not for its owner alone.

    Raises OSError.
    """
    if os.path.isdir(directory):
        if _is_ours_and_empty(directory):
            os.chmod(directory, mode)
        return
    if parent := os.path.dirname(directory):
        os.makedirs(parent, exist_ok=True)
    try:
        os.mkdir(directory, 0o700)
        os.chmod(directory, mode)
    except FileExistsError:
        if not os.path.isdir(directory):  # not by another process, a moment ago
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), directory) from None


def _is_ours_and_empty(directory: str) -> bool:
    try:
        found = os.stat(directory)
        if found.st_mode & stat.S_ISVTX:  # a place of all users, such as /tmp
            return False
        with os.scandir(directory) as entries:
            return next(entries, None) is None and (not hasattr(os, "geteuid") or found.st_uid == os.geteuid())
    except OSError:
        return False


def give_to_owner_of(directory: str | os.PathLike[str], *paths: str | os.PathLike[str]) -> None:
    """Where root writes into somebody's directory, what it makes there is theirs; raises OSError if that is gone."""
    if sys.platform != "win32" and os.geteuid() == 0:
        owner = os.stat(directory)
        for path in paths:
            with suppress(OSError):  # a root that may not
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
