"""The logging record of an event."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .outlet import Outlet

__all__ = ["LINES", "EventRecord", "attributes_alike", "event_record"]

_IMPORTED_AT = time.time()
# What formatters take for an event's own where logging does not have it.
_OF_THIS_PYTHON: dict[str, Any] = {"taskName": None} if sys.version_info >= (3, 12) else {}


class EventRecord(logging.LogRecord):
    """A LogRecord whose message is an event's line, made without looking up its caller.

    `getMessage()` is the line without its newline, `event` the capsule (a dict), `schema_id` and
    `schema_version` are what they say; all stand in `__dict__`, where formatters and SocketHandler look. Only the text
    of the schema (`schema`, bytes of JSON) does not: it is for a handler that keeps schemas, not for every line.
    """

    __slots__ = ("schema",)

    schema: bytes

    event: dict[str, Any]
    schema_id: str
    schema_version: int | str

    def __init__(self, attributes: dict[str, Any], schema: bytes) -> None:
        self.__dict__ = attributes
        self.schema = schema

    def getMessage(self) -> str:  # noqa: N802  logging's name
        """Return the event as one line of JSON."""
        return self.__dict__["msg"]  # type: ignore[no-any-return]

    # logging's handleError prints `msg` and `args` to stderr, of a record that a QueueListener passes on too.
    @property
    def msg(self) -> Any:
        """A stand-in: the event itself is in getMessage()."""
        return f"<event of {self.__dict__.get('schema_id')}, not shown>"

    @msg.setter
    def msg(self, line: Any) -> None:
        self.__dict__["msg"] = line


class LineFormatter(logging.Formatter):
    """Formats as a handler without a formatter does; an event, which is formatted already, in a fifth of the time."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the event's line, or the message of any other record."""
        return record.getMessage() if type(record) is EventRecord else super().format(record)


LINES = LineFormatter()


# What all records have, and the names of the rest: to copy a dict of that length is faster than to write it down.
_ALIKE: dict[str, Any] = {
    "name": "jupyter_telemetry",
    "msg": "",
    "args": (),
    "levelname": "INFO",
    "levelno": logging.INFO,
    "pathname": __file__,
    "filename": "record.py",
    "module": "record",
    "exc_info": None,
    "exc_text": None,
    "stack_info": None,
    "lineno": 0,
    "funcName": "record_event",
    "created": 0.0,
    "msecs": 0.0,
    "relativeCreated": 0.0,
    "thread": None,
    "threadName": None,
    "processName": None,
    "process": None,
    "event": None,
    "schema_id": None,
    "schema_version": None,
    **_OF_THIS_PYTHON,
}


def attributes_alike(schema_id: str, version: int | str) -> dict[str, Any]:
    """Return what is the same in all records of one schema's events, and a place for the rest."""
    return {**_ALIKE, "schema_id": schema_id, "schema_version": version}


def event_record(outlet: Outlet, capsule: dict[str, Any], line: bytes) -> EventRecord:
    """Make the record that an outlet's handlers get."""
    now = outlet.moment()
    attributes = outlet.record_attributes.copy()
    attributes["msg"] = line[:-1].decode()
    attributes["created"] = now
    attributes["msecs"] = now % 1 * 1000
    attributes["relativeCreated"] = (now - _IMPORTED_AT) * 1000
    attributes["thread"] = threading.get_ident()
    attributes["threadName"] = threading.current_thread().name
    attributes["processName"] = _process_name()
    attributes["process"] = os.getpid()
    attributes["event"] = capsule
    return EventRecord(attributes, outlet.schema_text)


def _process_name() -> str:
    multiprocessing = sys.modules.get("multiprocessing")  # imported only where it is in use
    return multiprocessing.current_process().name if multiprocessing else "MainProcess"
