"""What a Jupyter Server does with its EventLog unless it is told otherwise, and where packages may tell it.

The server's extension and the commands, which import no server, must agree on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

__all__ = ["DROPPED", "SECTIONS", "VARIABLES", "default_handlers", "dropped_files", "settings_in_environment"]

SECTIONS = ("EventLog", "ServerEventLog")
"""The sections of the configuration that a server's log is made from; what the second says wins."""

DROPPED = "jupyter_server_config.d"
"""The directory, in each of the configuration's, that packages drop their files into, which are JSON."""


def default_handlers(shippers: object) -> tuple[dict[str, Any], ...]:
    """Return what is used where no handlers are configured. It touches no disk before the first event.

    shippers: those that are configured; where the journal stands may depend on whether there are any.
    """
    return ({"class": "jupyter_telemetry.journal.JournalHandler", **({"has_shipper": True} if shippers else {})},)


def dropped_files(places: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """List the files that packages have dropped, in the order of the configuration's directories and by name."""
    return [file for place in places for file in sorted(Path(place, DROPPED).glob("*.json"))]


VARIABLES = "JUPYTER_TELEMETRY_"
"""What begins the name of an environment variable that holds a setting: JUPYTER_TELEMETRY_ALLOWED_SCHEMAS."""


def settings_in_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of EventLog that stand in the environment; what a file says of them wins.

    Each is written as on a command line. One that cannot be read is refused when it is used, as it is there.
    """
    if not any(name.startswith(VARIABLES) for name in environ):
        return {}
    from .settings import Settings  # when needed: it takes longer than all else here

    traits = Settings.class_traits(config=True)
    told = {name: environ.get(VARIABLES + name.upper(), "") for name in traits}
    return {name: traits[name].from_string(text) for name, text in told.items() if text}
