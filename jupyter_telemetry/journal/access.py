"""Who may read a journal: its owner alone, or their group too, so that a sidecar under another uid can ship it.

A journal is open to its group if its directory `shipping` is: nothing but `open_to_group` makes it so, and whoever
adds a file asks `file_mode`, whatever program it is. The group reads all; it writes only where it has to, below
`shipping` and `dead-letter`: it can neither change nor delete what was recorded.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from ..privatefile import give_to_owner_of, make_private, replacing
from .identity import journal_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "directory_mode",
    "file_mode",
    "is_open_to_group",
    "make_shared",
    "open_to_group",
    "replacing_shared",
    "shared_mode",
]

_SHARED = ("shipping", "dead-letter")
_READ_DIRECTORY = stat.S_ISGID | 0o750  # what is made in it has its group, whatever that of its maker
_SHARED_DIRECTORY = stat.S_ISGID | 0o770


def is_open_to_group(journal: str | os.PathLike[str]) -> bool:
    """Say whether the group of a journal's directory may read it, and ship it."""
    try:
        found = os.stat(os.path.join(journal, _SHARED[0]))
    except OSError:
        return False
    return stat.S_IMODE(found.st_mode) == _SHARED_DIRECTORY


def file_mode(journal: str | os.PathLike[str]) -> int:
    """Return the mode of a file in it."""
    return 0o640 if is_open_to_group(journal) else 0o600


def directory_mode(journal: str | os.PathLike[str]) -> int:
    """Return the mode of a directory in it that only its owner writes to."""
    return _READ_DIRECTORY if is_open_to_group(journal) else 0o700


def shared_mode(journal: str | os.PathLike[str]) -> int:
    """Return the mode of a directory in it that whoever ships writes to."""
    return _SHARED_DIRECTORY if is_open_to_group(journal) else 0o700


def make_shared(journal: str | os.PathLike[str], *directories: str | os.PathLike[str]) -> None:
    """Make directories in it that whoever ships writes to, the outer ones first.

    Raises OSError, also for a symlink: where root ships users' journals, it could lead root's writing anywhere.
    """
    for directory in directories:
        _refuse_link(directory)
        make_private(os.fspath(directory), mode=shared_mode(journal))
        give_to_owner_of(journal, directory)


@contextmanager
def replacing_shared(
    path: Path, *, lasting: bool = False, check: Callable[[], None] | None = None
) -> Iterator[BinaryIO]:
    """Write a file of a destination, `<journal>/<shipping or dead-letter>/<destination>/<file>`, as `replacing` does.

    Raises as that does, and as `make_shared`.
    """
    for directory in (path.parents[1], path.parent):
        _refuse_link(directory)
    with replacing(path, lasting=lasting, check=check, mode=file_mode(path.parents[2])) as file:
        yield file
    give_to_owner_of(path.parent, path)


def _refuse_link(directory: str | os.PathLike[str]) -> None:
    if os.path.islink(directory):
        raise OSError(errno.ELOOP, "a directory of it is a symlink", os.fspath(directory))


def open_to_group(journal: Path) -> None:
    """Open a journal's directory, which is there, to its group, and what was made in it before.

    Windows has no such groups: there nothing is done. Raises OSError, if it is not ours, or without modes.
    """
    if is_open_to_group(journal) or not hasattr(os, "chown"):
        return
    group = os.stat(journal).st_gid
    os.chmod(journal, _READ_DIRECTORY)
    for place, directories, files in os.walk(journal):
        for name in (*directories, *files):
            path = os.path.join(place, name)
            if not os.path.islink(path):
                os.chown(path, -1, group)  # made before, by a program whose first group is another one
                os.chmod(path, 0o640 if name in files else _READ_DIRECTORY)
    journal_name(journal, mode=0o640)
    for name in reversed(_SHARED):  # the one that tells comes last
        shared = journal / name
        shared.mkdir(mode=0o700, exist_ok=True)
        for place, _, _ in os.walk(shared):
            os.chmod(place, _SHARED_DIRECTORY)
