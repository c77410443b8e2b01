"""The logging record of an event."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .route import Route

__all__ = ["EventRecord", "event_record"]

_IMPORTED_AT = time.time()
# What formatters take for an event's own where logging does not have it.
_OF_THIS_PYTHON: dict[str, Any] = {"taskName": None} if sys.version_info >= (3, 12) else {}


class EventRecord(logging.LogRecord):
    """A LogRecord whose message is an event's line, made without looking up its caller.

    `getMessage()` is the line without its newline, `event` the capsule (a dict), `schema_id` and
    `schema_version` are what they say; all stand in `__dict__`, where formatters and SocketHandler look.
    """

    event: dict[str, Any]
    schema_id: str
    schema_version: int | str

    def __init__(self, attributes: dict[str, Any]) -> None:
        self.__dict__ = attributes

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


def event_record(route: Route, capsule: dict[str, Any], line: bytes) -> EventRecord:
    """Make the record that a route's handlers get."""
    now = time.time()
    thread = threading.current_thread()
    return EventRecord(
        {
            "name": "jupyter_telemetry",
            "msg": line[:-1].decode(),
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
            "created": now,
            "msecs": now % 1 * 1000,
            "relativeCreated": (now - _IMPORTED_AT) * 1000,
            "thread": thread.ident,
            "threadName": thread.name,
            "processName": _process_name(),
            "process": os.getpid(),
            "event": capsule,
            "schema_id": route.schema.id,
            "schema_version": route.schema.version,
            **_OF_THIS_PYTHON,
        }
    )


def _process_name() -> str:
    multiprocessing = sys.modules.get("multiprocessing")  # imported only where it is in use
    return multiprocessing.current_process().name if multiprocessing else "MainProcess"
