"""Events that tests of handlers record, and handlers that keep what they get, or fail."""

from __future__ import annotations

import json
import logging

SECRET = "s3cret-välue"
SAVE = "https://example.org/save"
OPEN = "https://example.org/open"
SCHEMAS = [
    {
        "$id": schema_id,
        "version": 1,
        "type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
        "required": ["name"],
    }
    for schema_id in (SAVE, OPEN)
]


def line_of(capsule):
    return json.dumps(capsule, separators=(",", ":"), ensure_ascii=False)


def record_two(log):
    """Record two events; return their lines."""
    return [
        line_of(log.record_event(SAVE, 1, {"name": f"{SECRET} % %s {{}}", "size": 3})),
        line_of(log.record_event(OPEN, "1", {"name": "x"})),
    ]


class Keeping(logging.Handler):
    """Keeps the lines that it gets."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


class LineKeeping(logging.Handler):
    """What the journal is to an EventLog."""

    def __init__(self):
        super().__init__()
        self.got = []

    def write_event(self, line):
        self.got.append(line)

    def write_schema(self, schema_id, version, schema):
        self.got.append((schema_id, version, schema))

    def emit(self, record):
        self.got.append(record)


class RaisesFromEmit(logging.Handler):
    def emit(self, record):
        raise ValueError(record.getMessage())


class RaisesThroughHandleError(logging.Handler):
    def emit(self, record):
        try:
            raise ValueError(record.getMessage())
        except ValueError:
            self.handleError(record)
