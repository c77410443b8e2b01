"""What a Jupyter Server does with its EventLog unless it is told otherwise, and where packages may tell it.

The server's extension and the commands, which import no server, must agree on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

__all__ = ["DEFAULT_HANDLERS", "DROPPED", "SECTIONS", "dropped_files"]

DEFAULT_HANDLERS: tuple[dict[str, str], ...] = ({"class": "jupyter_telemetry.journal.JournalHandler"},)
"""What is used where no handlers are configured. It touches no disk before the first event."""

SECTIONS = ("EventLog", "ServerEventLog")
"""The sections of the configuration that a server's log is made from; what the second says wins."""

DROPPED = "jupyter_server_config.d"
"""The directory, in each of the configuration's, that packages drop their files into, which are JSON."""


def dropped_files(places: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """List the files that packages have dropped, in the order of the configuration's directories and by name."""
    return [file for place in places for file in sorted(Path(place, DROPPED).glob("*.json"))]
