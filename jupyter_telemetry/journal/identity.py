"""What a journal is called by those it is shipped to: a random name that nobody else's journal has."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..privatefile import create, draft_of, give_to_owner_of

__all__ = ["journal_name"]

_FILE = "name"
_NAME = re.compile(r"[0-9a-f]{16}", re.ASCII)


def journal_name(directory: str | os.PathLike[str], *, mode: int = 0o600) -> str:
    """Return the journal's name; make one up if it has none. It says nothing of its user or place.

    mode: of the file that is made.

    Raises OSError.
    """
    path = Path(directory, _FILE)
    for _ in range(2):
        try:
            found = path.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            _make_up(path, mode, anew=False)
            continue
        if _NAME.fullmatch(found):
            return found
        _make_up(path, mode, anew=True)
    return path.read_text(encoding="ascii", errors="replace")[:16]


def _make_up(path: Path, mode: int, *, anew: bool) -> None:
    with draft_of(path) as draft:
        with os.fdopen(create(draft, mode=mode), "wb") as file:
            file.write(os.urandom(8).hex().encode())
            file.flush()
            os.fsync(file.fileno())
        give_to_owner_of(path.parent, Path(draft))
        if anew:  # what stands there is no name
            os.replace(draft, path)
            return
        try:
            os.link(draft, path)  # of several processes that make one up, one succeeds
        except FileExistsError:
            pass
        except OSError:  # a file system without second names
            os.replace(draft, path)
