"""The logging record of an event: what logging's own records have, and the event."""

from __future__ import annotations

import copy
import io
import json
import logging
import logging.handlers
import multiprocessing
import os
import pickle
import threading
import time
from functools import partial

import pytest
import record_passed

from jupyter_telemetry import EventLog
from jupyter_telemetry.record import LINES, EventRecord

SCHEMA = {
    "$id": "https://example.org/save",
    "version": 3,
    "type": "object",
    "properties": {"name": {"type": "string"}},
}
EVENT = {"name": "100 % of %s and {this}"}


class Keeping(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


@pytest.fixture
def recorded():
    """A record, and the capsule that was returned."""
    handler = Keeping()
    with EventLog(handlers=[handler], allowed_schemas=[SCHEMA["$id"]]) as log:
        log.register_schema(SCHEMA)
        capsule = log.record_event(SCHEMA["$id"], 3, EVENT)
    return handler.records[0], capsule


def ordinary_record():
    """What logging makes itself, here and now."""
    handler = Keeping()
    logger = logging.Logger("jupyter_telemetry")
    logger.addHandler(handler)
    logger.info("x")
    return handler.records[0]


def test_the_record_is_of_level_info_and_carries_the_event(recorded):
    record, capsule = recorded
    assert isinstance(record, logging.LogRecord)
    assert (record.levelno, record.levelname, record.name) == (logging.INFO, "INFO", "jupyter_telemetry")
    assert record.getMessage() == logging.Formatter().format(record)
    assert record.getMessage().endswith(f',"name":"{EVENT["name"]}"}}')
    assert record.event == capsule
    assert (record.schema_id, record.schema_version) == (SCHEMA["$id"], 3)


def test_the_record_has_all_that_logging_s_own_have_and_the_event_s_three(recorded):
    record, _ = recorded
    assert set(vars(record)) - {"message"} == {*vars(ordinary_record()), "event", "schema_id", "schema_version"}


def test_its_attributes_are_of_the_types_of_logging_s_own(recorded):
    ordinary = vars(ordinary_record())
    differ = {name for name, value in ordinary.items() if type(value) is not type(vars(recorded[0])[name])}
    assert differ == set()


def test_it_says_where_and_when_the_event_was_recorded(recorded):
    record, _ = recorded
    assert (record.process, record.processName) == (os.getpid(), multiprocessing.current_process().name)
    assert (record.thread, record.threadName) == (threading.get_ident(), threading.current_thread().name)
    assert abs(record.created - time.time()) < 60
    assert 0 <= record.msecs < 1000
    assert (record.exc_info, record.exc_text, record.stack_info, record.args) == (None, None, None, ())


@pytest.mark.parametrize(
    "style_and_format",
    [("%", "%({})s"), ("{", "{{{}!s}}"), ("$", "${{{}}}")],
    ids=["percent", "brace", "dollar"],
)
def test_any_format_of_logging_s_works(recorded, style_and_format):
    record, capsule = recorded
    style, field = style_and_format
    names = [*vars(ordinary_record()), "asctime", "message", "schema_id"]
    text = logging.Formatter("\n".join(field.format(name) for name in names), style=style).format(record)
    values = dict(zip(names, text.split("\n"), strict=True))
    assert values["message"] == values["msg"] == record.getMessage()
    assert (values["levelname"], values["schema_id"]) == ("INFO", SCHEMA["$id"])
    assert capsule["__id__"] in values["message"]


@pytest.mark.parametrize(
    "clone",
    [copy.copy, copy.deepcopy, lambda record: pickle.loads(pickle.dumps(record))],
    ids=["copy", "deep", "pickle"],
)
def test_it_can_be_copied_and_pickled(recorded, clone):
    record, capsule = recorded
    twin = clone(record)
    assert type(twin) is EventRecord
    assert vars(twin) == vars(record)
    assert (twin.getMessage(), twin.event) == (record.getMessage(), capsule)


def test_logging_makes_an_ordinary_record_of_its_attributes(recorded):
    record, capsule = recorded
    made = logging.makeLogRecord(vars(record))
    assert type(made) is logging.LogRecord
    assert (made.getMessage(), made.event) == (record.getMessage(), capsule)


def test_what_prints_a_record_prints_no_event(recorded):
    record, _ = recorded
    assert record.msg == "<event of https://example.org/save, not shown>"
    assert EVENT["name"] not in repr(record) + str(record)


def test_a_filter_s_message_takes_the_line_s_place(recorded):
    record = copy.copy(recorded[0])
    record.msg = "short"
    assert record.getMessage() == "short"


def test_a_formatter_writes_its_time(recorded):
    record, _ = recorded
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s|%(message)s"))
    handler.handle(record)
    assert stream.getvalue() == f"{record.asctime}|{record.getMessage()}\n"


def test_a_record_knows_the_process_that_recorded_it_after_multiprocessing_is_imported(recorded):
    process = multiprocessing.current_process()
    name, process.name = process.name, "Recorder"
    try:
        handler = Keeping()
        with EventLog(handlers=[handler], allowed_schemas=[SCHEMA["$id"]]) as log:
            log.register_schema(SCHEMA)
            log.record_event(SCHEMA["$id"], 3, EVENT)
        assert handler.records[0].processName == "Recorder"
    finally:
        process.name = name


def test_the_quick_formatter_says_what_logging_s_own_says(recorded):
    event, other = recorded[0], ordinary_record()
    try:
        raise ValueError("a reason")
    except ValueError as error:
        other.exc_info = (type(error), error, error.__traceback__)
    for record in (event, other, ordinary_record()):
        assert LINES.format(copy.copy(record)) == logging.Formatter().format(copy.copy(record))


# The schema, for whoever keeps schemas


def test_a_record_carries_its_schema_but_not_among_what_formatters_and_sockets_see(recorded):
    record, _ = recorded
    assert json.loads(record.schema) == SCHEMA
    assert "schema" not in vars(record)


@pytest.mark.parametrize(
    "clone",
    [copy.copy, copy.deepcopy, *(partial(lambda n, r: pickle.loads(pickle.dumps(r, n)), n) for n in range(2, 6))],
)
def test_its_schema_goes_with_copies_and_pickles(recorded, clone):
    record, capsule = recorded
    twin = clone(clone(record))
    assert (type(twin), twin.schema, twin.event, twin.getMessage()) == (
        EventRecord,
        record.schema,
        capsule,
        record.getMessage(),
    )


def test_what_a_socket_sends_has_no_schema(recorded):
    sent = logging.handlers.SocketHandler("localhost", 1).makePickle(recorded[0])
    received = logging.makeLogRecord(pickle.loads(sent[4:]))
    assert json.dumps(SCHEMA["properties"]).encode() not in sent
    assert not hasattr(received, "schema")
    assert (received.event, received.getMessage()) == (recorded[1], recorded[0].getMessage())


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_record_goes_through_a_queue_of_processes(recorded, method):
    context = multiprocessing.get_context(method)
    to, back = context.Queue(), context.Queue()
    process = context.Process(target=record_passed.pass_on, args=(to, back))
    process.start()
    to.put(recorded[0])
    twin = back.get(timeout=60)
    process.join(60)
    assert (type(twin), twin.schema, twin.event) == (EventRecord, recorded[0].schema, recorded[1])
