"""EventLog, in all the uses that something was promised of."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from functools import cache
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from jupyter_telemetry import Event, EventLog
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.privacy import DecisionStore, compile_redaction
from jupyter_telemetry.privacy.pseudonym import KEY_VARIABLE

from .event import CLASSIFIED, EVENT, SCHEMA, VERSION, numbered
from .subjects import Subject, timed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .subjects import Maker

__all__ = ["MANY_SCHEMAS", "journal", "journal_at", "journal_filtered", "new_log"]

MANY_SCHEMAS = 1000
MANY_PROPERTIES = 500


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


def journal_at(durability: str) -> Maker:
    """Into the journal, at a level of durability."""

    @contextmanager
    def make(directory: Path) -> Iterator[Subject]:
        with _open(JournalHandler(directory, durability=durability)) as handler:
            subject = recording(new_log(handler, SCHEMA), SCHEMA)
            yield Subject(timed(subject.run, handler.flush))

    return make


@contextmanager
def journal_memory(directory: Path) -> Iterator[Subject]:
    """Into the journal's queue, which a thread writes from; all that comes has room in it."""
    with _open(JournalHandler(directory, durability="memory", queue_bytes=2**30, exit_timeout_s=60.0)) as handler:
        yield recording(new_log(handler, SCHEMA), SCHEMA)


@contextmanager
def journal_disk(directory: Path) -> Iterator[Subject]:
    """Into the journal, and onto the disk."""
    with _open(JournalHandler(directory, durability="disk")) as handler:
        yield recording(new_log(handler, SCHEMA), SCHEMA)


@contextmanager
def journal_filtered(directory: Path) -> Iterator[Subject]:
    """Into the journal: validated and filtered."""
    with _open(JournalHandler(directory)) as handler:
        yield recording(new_log(handler, CLASSIFIED), CLASSIFIED)


@contextmanager
def journal_asked(directory: Path) -> Iterator[Subject]:
    """Into the journal, kept whole, where the user has agreed, and a policy says much of other schemas."""
    with _open(JournalHandler(directory)) as handler, TemporaryDirectory() as home:
        os.environ["JUPYTER_DATA_DIR"] = home
        configuration = {
            "handlers": [handler],
            "allowed_schemas": {SCHEMA["$id"]: {}, "https://events.jupyter.org/*": {}},
            "redactions": {"personal-data": {"truncate": 8}, "https://events.jupyter.org/*": {"/path": "drop"}},
            "classifications": {"https://events.jupyter.org/*": {"/path": ["personal-data"]}},
            "consent": "opt-in",
        }
        statement = EventLog(**configuration).governance.statement
        DecisionStore().decide({"*": True}, statement=statement, shown="", by="command line")
        log = EventLog(**configuration)
        log.register_schema(SCHEMA)
        yield recording(log, SCHEMA)


@contextmanager
def journal_pseudonym(directory: Path) -> Iterator[Subject]:
    """Into the journal: validated and filtered, and one of the values that became null becomes a pseudonym instead."""
    os.environ[KEY_VARIABLE] = "a key of more than sixteen bytes"
    with _open(JournalHandler(directory)) as handler:
        log = EventLog(
            handlers=[handler],
            allowed_schemas=[CLASSIFIED["$id"]],
            redactions={CLASSIFIED["$id"]: {"/path": "pseudonymise"}},
        )
        log.register_schema(CLASSIFIED)
        yield recording(log, CLASSIFIED)


@contextmanager
def policy_of_many_properties(_: Path) -> Iterator[Subject]:
    """Make what becomes of the events of one large schema, by a policy that speaks of half of it."""
    names = [f"property_{number}" for number in range(MANY_PROPERTIES)]
    schema = {
        "$id": "https://events.example.org/bench/large",
        "version": VERSION,
        "type": "object",
        "properties": {name: {"type": "string", "categories": ["personal-data"]} for name in names},
    }
    log = EventLog(
        allowed_schemas={schema["$id"]: {"allowed_properties": [f"/{name}" for name in names[::4]]}},
        redactions={"personal-data": {"truncate": 8}, schema["$id"]: {f"/{name}": "drop" for name in names[1::4]}},
    )
    log.register_schema(schema)
    registered = log.registry.get(schema["$id"], VERSION)

    def run(times: int) -> None:
        for _ in range(times):
            classification = log.governance.classification(registered)
            limits = log.governance.limits(registered.id, classifies=classification.classifies)
            assert limits is not None
            compile_redaction(classification, [limits], lambda: None)

    yield Subject(run, lines_per_call=0)


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
        vars(log.handlers[0])["write_event"] = handler.write_event  # type: ignore[attr-defined]  # _open says: a Handler
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
