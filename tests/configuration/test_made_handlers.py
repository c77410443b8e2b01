"""The handlers that an EventLog makes of dicts: what these may say, and when the log closes them."""

from __future__ import annotations

import gc
import logging
import logging.handlers
import queue
import subprocess
import sys

import pytest

from jupyter_telemetry import ConfigurationError, EventLog

from .applications import ID, SCHEMA, Example, file_dict, names, record

# Handlers in the form of dictConfig


class Named(logging.Filter):
    """Lets events of one name pass."""

    def filter(self, record):
        return record.event["name"] == self.name


def make_stream_handler(prefix, path):
    """What a "()" may name."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter(f"{prefix}%(schema_id)s"))
    return handler


def test_a_dict_has_level_formatter_filters_and_properties(make_log, tmp_path):
    log = make_log(
        handlers=[
            file_dict(
                tmp_path,
                "a.log",
                formatter={"format": "{levelname}|{schema_id}|{event[name]}", "style": "{"},
                filters=[{"()": Named, "name": "x"}, {"name": "jupyter_telemetry"}, lambda record: True, Named("x")],
                level="INFO",
            ),
            file_dict(tmp_path, "b.log", level="WARNING"),
            file_dict(tmp_path, "c.log", formatter=logging.Formatter("%(message).15s"), **{".": {"terminator": "|"}}),
        ],
        allowed_schemas=[ID],
    )
    record(log, "x")
    record(log, "y")
    written = [(tmp_path / f"{name}.log").read_text() for name in "abc"]
    assert written == [f"INFO|{ID}|x\n", "", '{"__timestamp__|{"__timestamp__|']


def test_a_dict_may_name_a_factory(make_log, tmp_path):
    path = str(tmp_path / "events.log")
    log = make_log(handlers=[{"()": make_stream_handler, "prefix": "> ", "path": path}], allowed_schemas=[ID])
    record(log)
    assert (tmp_path / "events.log").read_text() == f"> {ID}\n"


def test_a_memory_handler_s_target_is_a_dict_too(make_log, tmp_path):
    memory = {"class": "logging.handlers.MemoryHandler", "capacity": 10, "target": file_dict(tmp_path)}
    log = make_log(handlers=[memory], allowed_schemas=[ID])
    target = log.handlers[0].target
    record(log)
    assert names(tmp_path / "events.log") == []
    log.close()
    assert names(tmp_path / "events.log") == ["x"]
    assert target.stream is None


QUEUE = {"class": "logging.handlers.QueueHandler"}


def test_a_queue_handler_feeds_the_handlers_in_its_dict_until_the_log_is_closed(make_log, tmp_path):
    given = {**QUEUE, "handlers": [file_dict(tmp_path, "a.log"), file_dict(tmp_path, "b.log", level="ERROR")]}
    if sys.version_info < (3, 12):  # whose logging.config knows no listeners
        with pytest.raises(ConfigurationError) as caught:
            make_log(handlers=[given])
        assert str(caught.value) == (
            "EventLog.handlers: a QueueHandler given as a dict has a listener from Python 3.12 on; before, make it and "
            "its QueueListener yourself"
        )
        return
    log = make_log(handlers=[{**given, "respect_handler_level": True}], allowed_schemas=[ID])
    behind = log.handlers[0].listener.handlers
    for number in range(1000):
        record(log, str(number))
    log.close()
    assert names(tmp_path / "a.log") == [str(number) for number in range(1000)]
    assert names(tmp_path / "b.log") == []
    assert [handler.stream for handler in behind] == [None, None]


def test_a_queue_handler_of_a_queue_of_the_user_s_leaves_it_to_the_user(make_log):
    events = queue.Queue()
    log = make_log(handlers=[{**QUEUE, "queue": events}], allowed_schemas=[ID])
    capsule = record(log)
    log.close()
    assert events.get_nowait().event == capsule
    assert events.empty()


# What the log made is the log's to close


def test_the_log_closes_what_it_made_and_nothing_else(make_log, make_file_handler, tmp_path):
    theirs = make_file_handler("theirs.log")
    with EventLog(handlers=[theirs, file_dict(tmp_path)]) as log:
        made = log.handlers[1]
        assert made.stream is not None
    assert log.handlers == []
    assert made.stream is None
    assert theirs.stream is not None
    log.close()  # again


def test_a_log_that_is_dropped_closes_what_it_made(tmp_path):
    handler = EventLog(handlers=[file_dict(tmp_path)]).handlers[0]
    gc.collect()
    assert handler.stream is None


def test_what_was_replaced_is_closed_when_no_call_under_way_can_use_it_or_with_the_log(tmp_path):
    log = EventLog(handlers=[file_dict(tmp_path, "a.log")])
    handlers = [log.handlers[0]]
    for name in ("b.log", "c.log", "d.log"):
        log.handlers = [file_dict(tmp_path, name)]
        handlers.append(log.handlers[0])
        log._attachment._retired[handlers[0]] = -1000.0  # it was long ago
    assert [handler.stream is None for handler in handlers] == [True, False, False, False]
    log.close()
    assert [handler.stream is None for handler in handlers] == [True, True, True, True]


def test_a_handler_that_comes_back_stays_open(make_log, tmp_path):
    log = make_log(handlers=[file_dict(tmp_path)], allowed_schemas=[ID])
    handlers = log.handlers
    for _ in range(3):
        log.handlers = []
        log.handlers = handlers
    record(log)
    assert names(tmp_path / "events.log") == ["x"]
    assert handlers[0].stream is not None


def test_a_handler_that_fails_to_close_keeps_the_others_from_nothing(tmp_path):
    full = {
        "class": "logging.handlers.MemoryHandler",
        "capacity": 10,
        "target": {"class": "logging.FileHandler", "filename": "/dev/full"},
    }
    log = EventLog(handlers=[full, file_dict(tmp_path)], allowed_schemas=[ID])
    log.register_schema(SCHEMA)
    record(log)
    made = log.handlers[1]
    log.close()
    assert made.stream is None
    assert log.counts()["handler_failures"] > 0


def test_what_was_made_before_an_error_is_closed(tmp_path):
    memory = {"class": "logging.handlers.MemoryHandler", "target": file_dict(tmp_path, "b.log")}  # no capacity
    before = set(logging._handlerList)
    with pytest.raises(ConfigurationError):
        EventLog(handlers=[file_dict(tmp_path, "a.log"), memory])
    gc.collect()
    assert [each for each in (made() for made in set(logging._handlerList) - before) if each and each.stream] == []


def test_logging_s_own_configuration_closes_none_of_the_log_s_handlers(make_log, tmp_path):
    memory = {"class": "logging.handlers.MemoryHandler", "capacity": 10, "target": file_dict(tmp_path)}
    log = make_log(handlers=[memory], allowed_schemas=[ID])
    record(log, "1")
    Example().log.debug("which configures logging")
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
    record(log, "2")
    log.close()
    assert names(tmp_path / "events.log") == ["1", "2"]


@pytest.mark.parametrize("ending", ["", "log.close()", "log.close(); log.close()", "raise SystemExit(0)", "del log"])
def test_the_end_of_the_interpreter_flushes_and_closes_what_the_log_made(tmp_path, ending):
    handlers = {
        "file.log": file_dict(tmp_path, "file.log"),
        "memory.log": {
            "class": "logging.handlers.MemoryHandler",
            "capacity": 10_000,
            "target": file_dict(tmp_path, "memory.log"),
        },
    }
    if sys.version_info >= (3, 12):
        handlers["queue.log"] = {**QUEUE, "handlers": [file_dict(tmp_path, "queue.log")]}
    code = f"""
from jupyter_telemetry import EventLog

log = EventLog(handlers={list(handlers.values())!r}, allowed_schemas=[{ID!r}])
log.register_schema({SCHEMA!r})
for number in range(1000):
    log.record_event({ID!r}, 1, {{"name": str(number)}})
{ending}
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert {name: names(tmp_path / name) for name in handlers} == {
        name: [str(number) for number in range(1000)] for name in handlers
    }
