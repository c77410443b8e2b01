"""Structured, schema-validated, privacy-preserving event telemetry."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .envelope import METADATA_VERSION as TELEMETRY_METADATA_VERSION
from .errors import (
    ConfigurationError,
    InvalidEvent,
    InvalidSchema,
    SchemaAlreadyRegistered,
    SchemaNotRegistered,
    TelemetryError,
)
from .eventlog import EventLog

if TYPE_CHECKING:
    from .event import Event

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


def __getattr__(name: str) -> Any:
    if name == "Event":  # pydantic takes longer to import than all the rest
        return import_module(".event", __name__).Event
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
