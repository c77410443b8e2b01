"""A destination that nothing is shipped to any more is forgotten: else the journal keeps events for it for ever."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigurationError, JournalError
from ..journal.cursors import CURSOR_FILE, LEASE_FILE, Cursor, cursors
from ..lease import Lease
from .erasures import untold
from .reckoning import reckon

if TYPE_CHECKING:
    from .reckoning import Reckoning

__all__ = ["Retired", "retire"]


class Retired(NamedTuple):
    """What became of a destination's events until it was forgotten."""

    destination: str
    reckoning: Reckoning | None  # None where its cursor cannot be read
    untold: int  # events that were erased here, and that it was not told of


def retire(journal: str | os.PathLike[str], name: str) -> Retired:
    """Forget a destination, by its name or its directory's; return what is not done for it any more.

    Its dead letters stay as long as the limits let them. If it is shipped to again, all that the journal holds is sent.

    Raises ConfigurationError for a name that none has, or one that a shipper is at work for; JournalError.
    """
    try:
        place, destination = _find(journal, name)
        lease = Lease(place / LEASE_FILE)
        if not lease.acquire():
            raise ConfigurationError(
                f"a shipper is at work for {destination}: take it out of the configuration, and stop it, before"
            )
        try:
            found = _reckoned(Path(journal), place, destination)
            for path in sorted(place.iterdir(), key=lambda path: path.name != CURSOR_FILE):  # all hangs on the cursor
                if path.name != LEASE_FILE:
                    path.unlink(missing_ok=True)
        finally:
            lease.release()
        with contextlib.suppress(OSError):  # another shipper has begun
            place.rmdir()
    except OSError as error:
        raise JournalError(f"{name} cannot be forgotten: {error.strerror}") from error
    return found


def _find(journal: str | os.PathLike[str], name: str) -> tuple[Path, str]:
    """Return the directory of a destination, and its name."""
    known = []
    for path in cursors(journal):
        destination = path.parent.name
        with contextlib.suppress(JournalError):
            destination = Cursor.load(path, "").sink
        if name in (destination, path.parent.name):
            return path.parent, destination
        known.append(destination)
    raise ConfigurationError(f"nothing is shipped to {name!r}; known are {', '.join(known) or 'no destinations'}")


def _reckoned(journal: Path, place: Path, destination: str) -> Retired:
    try:
        reckoning = reckon(journal, place)
        return Retired(destination, reckoning, untold(journal, Cursor.load(place / CURSOR_FILE, "")))
    except JournalError:
        return Retired(destination, None, 0)
