"""Events that are recorded under redactions, and what is kept of them."""

from __future__ import annotations

import json
import logging

from jupyter_telemetry import EventLog

ID = "https://example.org/event"
SECRET = "s3cret"
U, S = {"categories": ["unrestricted"]}, {"categories": ["secret"]}


class Lines(logging.Handler):
    """Keeps the lines that it gets; `limits` are its own."""

    def __init__(self, **limits):
        super().__init__()
        self.records = []
        if limits:
            self.event_limits = limits

    def emit(self, record):
        self.records.append(record)

    @property
    def kept(self):
        """The properties of the one event that it got, without the metadata."""
        (record,) = self.records
        written = json.loads(record.getMessage())
        assert written == json.loads(json.dumps(record.event))
        return {name: value for name, value in written.items() if not name.startswith("__")}


def recorded(schema, event, *handlers, allowed_schemas=(ID,), consent="inform", **settings):
    """Record one event, and return the log and its capsule."""
    log = EventLog(handlers=list(handlers), allowed_schemas=allowed_schemas, consent=consent, **settings)
    log.register_schema({"$id": ID, "version": 1, "type": "object", **schema})
    return log, log.record_event(ID, 1, event)


def kept(schema, event, **settings):
    """Return what is kept of an event."""
    lines = Lines()
    recorded(schema, event, lines, **settings)
    return lines.kept


THINGS = {"properties": {"t": {"type": "string", **U}, "n": {"type": "integer", **U}}}
