"""Structured, schema-validated, privacy-preserving event telemetry."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .envelope import TELEMETRY_METADATA_VERSION
    from .errors import (
        ConfigurationError,
        InvalidEvent,
        InvalidSchema,
        SchemaAlreadyRegistered,
        SchemaNotRegistered,
        TelemetryError,
    )
    from .event import Event
    from .eventlog import EventLog

__version__ = "1.0.0.dev0"

__all__ = [
    "TELEMETRY_METADATA_VERSION",
    "ConfigurationError",
    "Event",
    "EventLog",
    "InvalidEvent",
    "InvalidSchema",
    "SchemaAlreadyRegistered",
    "SchemaNotRegistered",
    "TelemetryError",
]


# Each is imported when it is first asked for: pytest and Jupyter Server load this package wherever it is installed.
_HOMES = {
    "TELEMETRY_METADATA_VERSION": ".envelope",
    "Event": ".event",
    "EventLog": ".eventlog",
}


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(_HOMES.get(name, ".errors"), __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter Server which module extends it; jupyter_server itself is not imported for it."""
    return [{"module": "jupyter_telemetry.server.extension", "name": "jupyter_telemetry"}]
