"""EventLog, in all the uses that something was promised of."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from jupyter_telemetry import Event, EventLog
from jupyter_telemetry.journal import JournalHandler

from .event import CLASSIFIED, EVENT, SCHEMA, VERSION, numbered
from .subjects import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MANY_SCHEMAS", "journal", "journal_filtered", "new_log"]

MANY_SCHEMAS = 1000


class Origin(BaseModel):
    """Where an event comes from."""

    client: str
    version: str
    session_id: str
    user: str


class Document(Event):
    """What was done to a document."""

    _id = "https://events.example.org/bench/document-model"
    _title = "A document"
    _version = VERSION

    action: str
    path: str
    size: int
    origin: Origin
    tags: list[str]


def new_log(handler: logging.Handler, *schemas: dict[str, Any]) -> EventLog:
    """Make an EventLog that records these schemas."""
    log = EventLog(handlers=[handler], allowed_schemas=[schema["$id"] for schema in schemas])
    for schema in schemas:
        log.register_schema(schema)
    return log


def recording(log: EventLog, schema: dict[str, Any], lines_per_call: int = 1) -> Subject:
    """Record the event, again and again."""
    schema_id = schema["$id"]

    def run(times: int) -> None:
        record = log.record_event
        for _ in range(times):
            record(schema_id, VERSION, EVENT)

    return Subject(run, lines_per_call)


@contextmanager
def _open(handler: logging.Handler) -> Iterator[logging.Handler]:
    yield handler
    handler.close()


@contextmanager
def journal(directory: Path) -> Iterator[Subject]:
    """Into the journal: validated, and kept whole, for its schema classifies nothing."""
    with _open(JournalHandler(directory)) as handler:
        yield recording(new_log(handler, SCHEMA), SCHEMA)


@contextmanager
def journal_filtered(directory: Path) -> Iterator[Subject]:
    """Into the journal: validated and filtered."""
    with _open(JournalHandler(directory)) as handler:
        yield recording(new_log(handler, CLASSIFIED), CLASSIFIED)


@contextmanager
def journal_model(directory: Path) -> Iterator[Subject]:
    """An instance of an event model into the journal."""
    with _open(JournalHandler(directory)) as handler:
        log = EventLog(handlers=[handler], allowed_schemas=[Document._id])
        log.register_event_model(Document)
        event = Document(**EVENT)

        def run(times: int) -> None:
            record = log.record_event_model
            for _ in range(times):
                record(event)

        yield Subject(run)


@contextmanager
def file_handler(directory: Path) -> Iterator[Subject]:
    """To a stdlib FileHandler: validated, and kept whole."""
    with _open(logging.FileHandler(directory / "events.log")) as handler:
        yield recording(new_log(handler, SCHEMA), SCHEMA)


@contextmanager
def file_handler_filtered(directory: Path) -> Iterator[Subject]:
    """To a stdlib FileHandler: validated and filtered."""
    with _open(logging.FileHandler(directory / "events.log")) as handler:
        yield recording(new_log(handler, CLASSIFIED), CLASSIFIED)


@contextmanager
def not_allowed(directory: Path) -> Iterator[Subject]:
    """An event of a schema that is registered, and not allowed."""
    with _open(JournalHandler(directory)) as handler:
        log = EventLog(handlers=[handler])
        log.register_schema(SCHEMA)
        yield recording(log, SCHEMA, lines_per_call=0)


class _Elsewhere(logging.Handler):
    """Hands lines to the journal of the moment, so that a thousand routes are made once and not for each value."""

    def write_event(self, line: bytes) -> None:
        """Is replaced by a journal's own method: what is timed is that."""

    def write_schema(self, schema_id: str, version: int | str, schema: bytes) -> None:
        """Is not what is measured."""


@cache
def _log_of_many() -> tuple[EventLog, tuple[str, ...]]:
    """A log that has recorded an event of each of its many schemas."""
    schemas = [numbered(SCHEMA, number) for number in range(MANY_SCHEMAS)]
    log = new_log(_Elsewhere(), *schemas)
    for schema in schemas:
        log.record_event(schema["$id"], VERSION, EVENT)
    return log, tuple(schema["$id"] for schema in schemas)


@contextmanager
def _journal_of_many(directory: Path) -> Iterator[tuple[EventLog, tuple[str, ...]]]:
    log, ids = _log_of_many()
    with _open(JournalHandler(directory)) as handler:
        vars(log.handlers[0])["write_event"] = handler.write_event  # type: ignore[attr-defined]
        yield log, ids


@contextmanager
def many_schemas(directory: Path) -> Iterator[Subject]:
    """Into the journal, an event of one of a thousand schemas, all of them registered and allowed."""
    with _journal_of_many(directory) as (log, ids):
        yield recording(log, {"$id": ids[MANY_SCHEMAS // 2]})


@contextmanager
def many_schemas_in_turn(directory: Path) -> Iterator[Subject]:
    """Into the journal, events of a thousand schemas in turn: none finds its schema in the processor's cache."""
    with _journal_of_many(directory) as (log, ids):

        def run(times: int) -> None:
            record = log.record_event
            for number in range(times):
                record(ids[number % MANY_SCHEMAS], VERSION, EVENT)

        yield Subject(run)
