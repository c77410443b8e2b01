"""Other files in the place of a directory's, at once; whoever is killed on the way leaves a note of how to complete it.

`_drafts/<random>/` holds the new files, and after the exchange the old ones; `_drafts/<random>.json` says which
directory it is about and which files those are. Whatever else stands in the old directory was written while the new one
was made, and moves over.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import orjson

from ..privatefile import sync_directory
from .exchange import exchange
from .place import DRAFTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from .place import Directory, Entry

__all__ = ["complete", "swap"]

_NOTE = ".json"


def swap(
    place: Directory,
    directory: str,
    old: Iterable[Entry],
    new: Iterable[tuple[str, Any]],
    check: Callable[[], None],
) -> bool | None:
    """Put files (name, content) in the place of the old ones; say whether that was done.

    False: one of the old ones is another by now. None: two directories cannot change their names here.

    Raises OSError, and what `check` raises.
    """
    target, beside = place.path / directory, place.draft()
    note = beside.with_suffix(_NOTE)
    beside.mkdir()
    known = [each.name for each in old]
    try:
        beside.chmod(target.stat().st_mode & 0o7777)
        for name, content in new:
            place.fill(beside / name, content)
            known.append(name)
        sync_directory(beside)
        place.fill(note, orjson.dumps({"directory": directory, "known": known}))
        sync_directory(beside.parent)
        check()
        if not set(old) <= set(place.files(directory)):
            return False
        if not exchange(str(beside), str(target)):
            return None
        sync_directory(target.parent)
        sync_directory(beside.parent)
        return True
    finally:
        if note.exists():
            _complete(place, note)
        else:
            shutil.rmtree(beside, ignore_errors=True)


def complete(place: Directory) -> None:
    """Complete what others were killed at; to be called where nobody else swaps. Raises OSError."""
    drafts = place.path / DRAFTS
    if not drafts.is_dir():
        return
    for note in sorted(drafts.glob(f"*{_NOTE}")):
        _complete(place, note)
    for each in sorted(drafts.iterdir()):
        if each.is_dir() and not each.is_symlink():  # without a note, nothing of it was exchanged
            shutil.rmtree(each)


def _complete(place: Directory, note: Path) -> None:
    """Take over what came late, and delete what is known."""
    beside = note.with_suffix("")
    try:
        about = orjson.loads(note.read_bytes())
    except ValueError:  # killed before it was written: nothing was exchanged
        shutil.rmtree(beside, ignore_errors=True)
        note.unlink()
        return
    target, known = place.path / about["directory"], set(about["known"])
    while beside.is_dir():
        names = os.listdir(beside)
        late = [name for name in names if name not in known]
        for name in late:
            os.replace(beside / name, target / name)
        if late:
            sync_directory(target)
        for name in known.intersection(names):
            (beside / name).unlink()
        try:
            beside.rmdir()  # only if nothing has come meanwhile
        except OSError:
            if not os.listdir(beside):
                raise
    note.unlink()
