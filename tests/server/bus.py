"""An event of a bus of jupyter_events, its schema, and a handler that keeps what it gets."""

from __future__ import annotations

import json
import logging
from typing import Any

from jupyter_events import EventLogger

from jupyter_telemetry.server.eventlog import ServerEventLog

SAVE = "https://example.org/save"
SCHEMA = {
    "$id": SAVE,
    "version": "1",
    "type": "object",
    "properties": {"path": {"type": "string"}, "size": {"type": "number"}},
    "required": ["path"],
}


class Lines(logging.Handler):
    """Keeps what an EventLog hands out, or what is said in a log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    @property
    def recorded(self) -> list[dict[str, Any]]:
        """The events without their metadata."""
        return [{k: v for k, v in event.items() if not k.startswith("__")} for event in self.events]


def counts(log: ServerEventLog) -> dict[str, int]:
    return {what: count for what, count in log.counts().items() if count}


def listen(bus: EventLogger) -> Lines:
    """Do what an operator does to keep the bus's events: emit validates from then on."""
    handler = Lines()
    bus.handlers = []
    bus.register_handler(handler)
    return handler
