"""Who may read a journal: its owner alone, or their group too, so that a sidecar under another uid can ship it.

A journal is open to its group if its directory `shipping` is: nothing but `open_to_group` makes it so, and whoever
adds a file asks `file_mode`, whatever program it is. The group reads all; it writes only where it has to, below
`shipping` and `dead-letter`: it can neither change nor delete what was recorded.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from .identity import journal_name

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["directory_mode", "file_mode", "is_open_to_group", "open_to_group", "shared_mode"]

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
