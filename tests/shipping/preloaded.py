"""A web application with an EventLog of its own, for gunicorn: each request records an event, and is told its id."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_telemetry import EventLog
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.shipping import Shipper
from tests.shipping.database import DatabaseSink

HOME = Path(os.environ["APPLICATION_HOME"])
ID = "https://example.org/request"

handler = JournalHandler(HOME / "journal")
eventlog = EventLog(
    handlers=[handler],
    shippers=[Shipper(handler, DatabaseSink(HOME / "events.db"), poll_interval_s=0.05)],
    allowed_schemas=[ID],
    consent="inform",
)
eventlog.register_schema(
    {"$id": ID, "version": 1, "properties": {"pid": {"type": "integer"}, "at": {"enum": ["start", "request"]}}}
)
eventlog.record_event(ID, 1, {"pid": os.getpid(), "at": "start"})  # so that the journal is in use before any fork


def app(environ, start_response):
    """Record a request, by the process that serves it."""
    recorded = eventlog.record_event(ID, 1, {"pid": os.getpid(), "at": "request"})
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {recorded['__id__']}".encode()]
