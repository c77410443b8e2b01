"""Applications that have an EventLog, and what they record."""

from __future__ import annotations

import json

from traitlets.config import Application

from jupyter_telemetry import EventLog

ID = "https://example.org/save"
SCHEMA = {
    "$id": ID,
    "version": 1,
    "type": "object",
    "properties": {
        "name": {"type": "string", "categories": ["unrestricted"]},
        "path": {"type": "string", "categories": ["personal-data"]},
    },
    "required": ["name"],
}
KEPT = {"allowed_properties": ["path"]}


class Example(Application):
    name = "example"
    classes = [EventLog]
    aliases = {"allow": "EventLog.allowed_schemas"}


class Unaware(Application):
    """An application whose command line does not know that there is an EventLog: traitlets then parses it late."""


def file_dict(tmp_path, name="events.log", **more):
    return {"class": "logging.FileHandler", "filename": str(tmp_path / name), **more}


def record(log, name="x"):
    return log.record_event(ID, 1, {"name": name})


def names(path):
    """The names of the events in a file."""
    return [json.loads(line)["name"] for line in path.read_text().splitlines()]
