"""Settings of privacy as an operator states them, and what is kept of an event under them."""

from __future__ import annotations

from traitlets.config import Application

from jupyter_telemetry import EventLog

ID = "https://example.org/save"
SCHEMA = {
    "$id": ID,
    "version": 1,
    "type": "object",
    "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
}
EVENT = {"name": "Ada Lovelace", "size": 17}
CLASSES = {ID: {"/name": ["personal-data"], "/size": {"categories": ["unrestricted"], "reason": "a number"}}}
SETTINGS_OF_PRIVACY = {
    "allowed_schemas": {ID: {"allowed_categories": ["personal-data"]}},
    "redactions": {"personal-data": {"truncate": 3}, ID: {"/size": {"generalise": {"bucket": 10}}}},
    "classifications": CLASSES,
    "consent": {"*": "inform", "personal-data": {"mode": "inform", "reason": "to keep it running"}},
    "notice": {"controller": "Example University", "contact": "data@example.org"},
}
KEPT = {"name": "Ada", "size": 10}


class Example(Application):
    name = "example"
    classes = [EventLog]


class Unaware(Application):
    """An application whose command line does not know that there is an EventLog."""


def own(capsule):
    """The event's own properties."""
    return capsule and {name: value for name, value in capsule.items() if not name.startswith("__")}


def recorded(log):
    """Record EVENT; return what is kept of it."""
    log.register_schema(SCHEMA)
    return own(log.record_event(ID, 1, EVENT))


def said_of(log):
    return {name: getattr(log, name) for name in SETTINGS_OF_PRIVACY}


PSEUDONYMS = {"allowed_schemas": [ID], "consent": "inform", "redactions": {ID: {"/name": "pseudonymise"}}}
