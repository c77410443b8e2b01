"""The event that all of them record: five properties, an object and an array among them, 276 bytes of JSON.

Imports nothing: it is also read where only jupyter_telemetry 0.1.0 is installed.
"""

from __future__ import annotations

from typing import Any

__all__ = ["CLASSIFIED", "CLASSIFIED_CAPSULE", "CLASSIFIED_EVENT", "EVENT", "PLAIN_CAPSULE", "SCHEMA", "VERSION"]

VERSION = 1
ACTIONS = ["open", "save", "rename", "delete"]

EVENT: dict[str, Any] = {
    "action": "save",
    "path": "courses/2026/statistics/week-07/regression_diagnostics.ipynb",
    "size": 482133,
    "origin": {"client": "jupyterlab", "version": "4.5.1", "session_id": "8c1f6e0a2b7d4f53", "user": "maria.lopez"},
    "tags": ["teaching", "statistics", "linear regression", "week-07", "draft"],
}

SCHEMA: dict[str, Any] = {
    "$id": "https://events.example.org/bench/document",
    "version": VERSION,
    "title": "A document",
    "description": "What was done to a document.",
    "type": "object",
    "properties": {
        "action": {"type": "string", "enum": ACTIONS},
        "path": {"type": "string", "maxLength": 4096},
        "size": {"type": "integer", "minimum": 0},
        "origin": {
            "type": "object",
            "properties": {
                "client": {"type": "string"},
                "version": {"type": "string"},
                "session_id": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
                "user": {"type": "string"},
            },
            "required": ["client"],
        },
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 32},
    },
    "required": ["action", "path"],
}


def _classified() -> dict[str, Any]:
    """The same, classified: by default the path and the user become null, and the rest is kept."""
    origin = SCHEMA["properties"]["origin"]
    inside = {name: {**each, "categories": ["unrestricted"]} for name, each in origin["properties"].items()}
    inside["user"]["categories"] = ["user-identifier"]
    properties = {name: {**each, "categories": ["unrestricted"]} for name, each in SCHEMA["properties"].items()}
    properties["path"]["categories"] = ["user-content"]
    properties["origin"] = {**origin, "properties": inside}
    return {**SCHEMA, "$id": "https://events.example.org/bench/classified-document", "properties": properties}


CLASSIFIED = _classified()
CLASSIFIED_EVENT = {**EVENT, "path": None, "origin": {**EVENT["origin"], "user": None}}
"""What is kept of EVENT by CLASSIFIED."""


def _capsule(schema: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    return {
        "__timestamp__": "2026-11-23T17:42:05.123456Z",
        "__schema__": schema["$id"],
        "__schema_version__": VERSION,
        "__metadata_version__": 2,
        "__id__": "019ab1c2-3d4e-7f50-8a1b-2c3d4e5f6071",
        **event,
    }


PLAIN_CAPSULE = _capsule(SCHEMA, EVENT)
CLASSIFIED_CAPSULE = _capsule(CLASSIFIED, CLASSIFIED_EVENT)


def numbered(schema: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the schema under an id of its own."""
    return {**schema, "$id": f"{schema['$id']}/{number}"}
