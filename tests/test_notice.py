"""What fails is said once a minute, with how often since; in a server nothing else comes of it."""

from __future__ import annotations

import datetime
import logging
import math
import threading

import pytest

from jupyter_telemetry import Event, EventLog, InvalidEvent
from jupyter_telemetry.notice import Notices

SECRET = "s3cret-value"
ID = "https://example.org/save"
SCHEMA = {
    "$id": ID,
    "version": 1,
    "type": "object",
    "properties": {"name": {"type": "string"}, "anything": {}},
    "required": ["name"],
}


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def notices(clock):
    return Notices(logging.getLogger("jupyter_telemetry"), clock)


@pytest.fixture
def said(caplog):
    """The messages so far."""
    return lambda: [record.getMessage() for record in caplog.records]


def test_a_kind_is_said_once_a_minute_with_how_often_since(notices, clock, said):
    for clock.now in (0, 0, 59.9, 60, 61, 120, 300, 301):
        notices.warn("kind", "at %s", clock.now)
    assert said() == [
        "at 0",
        "at 60 (and 2 more like it since the last such line)",
        "at 120 (and 1 more like it since the last such line)",
        "at 300",
    ]


def test_kinds_are_said_independently(notices, said):
    for kind in ("a", "b", ("a", 1), "a", "b"):
        notices.warn(kind, "%s", kind if isinstance(kind, str) else kind[0] + "1")
    assert said() == ["a", "b", "a1"]


def test_what_is_to_be_said_once_is_said_once(notices, clock, said):
    for clock.now in (0, 61, 10**6):
        notices.warn_once("kind", "once")
    assert said() == ["once"]


def test_notices_are_warnings_of_their_logger(notices, caplog):
    notices.warn("kind", "x")
    assert [(record.name, record.levelname) for record in caplog.records] == [("jupyter_telemetry", "WARNING")]


def test_no_thread_says_it_again_and_none_is_left_out_of_the_number(notices, clock, said):
    def warn():
        for _ in range(1000):
            notices.warn("kind", "x")

    threads = [threading.Thread(target=warn) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.now += 60
    notices.warn("kind", "x")
    assert said() == ["x", "x (and 7999 more like it since the last such line)"]


# on_invalid = "log"


class Save(Event):
    _id = ID
    _title = "Save"
    _version = 1
    name: str


class Misbehaving(dict):
    """A dict that answers nothing."""

    def __raise(self, *_, **__):
        raise RuntimeError(SECRET)

    __iter__ = __len__ = __getitem__ = __contains__ = keys = items = values = get = __raise


class Unhashable:
    def __hash__(self):
        raise RuntimeError(SECRET)

    __str__ = __bool__ = __hash__


GOOD = {"name": "x"}
circular: dict = {"name": SECRET}
circular["anything"] = circular

BAD_CALLS = {
    "nothing": (),
    "no event": (ID, 1),
    "a string": (ID, 1, SECRET),
    "a list": (ID, 1, [SECRET]),
    "a number": (ID, 1, 5),
    "a missing property": (ID, 1, {SECRET: 1}),
    "a wrong type": (ID, 1, {"name": [SECRET]}),
    "a set": (ID, 1, {"name": SECRET, "anything": {SECRET}}),
    "bytes": (ID, 1, {"name": SECRET.encode()}),
    "NaN": (ID, 1, {"name": SECRET, "anything": math.nan}),
    "70 bits": (ID, 1, {"name": SECRET, "anything": 2**70}),
    "a lone surrogate": (ID, 1, {"name": f"{SECRET}\ud800"}),
    "circular": (ID, 1, circular),
    "a metadata name": (ID, 1, {"name": SECRET, "__id__": SECRET}),
    "too long": (ID, 1, {"name": SECRET * 100_000}),
    "an object": (ID, 1, {"name": SECRET, "anything": object()}),
    "an instance of a model": (ID, 1, Save(name=SECRET)),
    "an unknown id": (f"https://example.org/{'x' * 50}", 1, GOOD),
    "an unknown version": (ID, 2, GOOD),
    "an endless version": (ID, 10**5000, GOOD),
    "no id": (None, 1, GOOD),
    "the event as id": ({"name": SECRET}, 1, GOOD),
    "the event as version": (ID, {"name": SECRET}),
    "the event as a version that can be looked up": (ID, frozenset([SECRET]), GOOD),
    "an id that cannot be looked up": (Unhashable(), 1, GOOD),
    "a version that cannot be looked up": (ID, Unhashable(), GOOD),
    "a time that is none": (ID, 1, GOOD, SECRET),
    "a time of day": (ID, 1, GOOD, datetime.time(12)),
}


@pytest.fixture(params=["before its first event", "after its first event"])
def log(request, clock):
    with EventLog(allowed_schemas=[ID], on_invalid="log") as log:
        log._notices = Notices(logging.getLogger("jupyter_telemetry"), clock)
        log.register_schema(SCHEMA)
        if request.param == "after its first event":
            log.record_event(ID, 1, GOOD)
        yield log


@pytest.mark.parametrize("call", BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_nothing_escapes_and_all_is_counted_and_said_once_a_minute(log, clock, said, call):
    before = log.counts()
    for clock.now in (0, 1, 59, 60):
        assert log.record_event(*call) is None
    assert log.counts() == {**before, "invalid": 4}
    first, second = said()
    assert first.startswith("An event was not recorded: ")
    assert second == f"{first} (and 2 more like it since the last such line)"
    assert SECRET not in first


def test_the_first_call_says_what_to_do(log, said):
    log.record_event(ID, 1, {"name": 5})
    log.record_event(ID, 7, GOOD)
    log.record_event(ID, {"name": SECRET})
    assert said() == [
        f"An event was not recorded: {ID}: $.name: must be a string (rule: type)",
        f"An event was not recorded: {ID} is registered, but not in version 7; registered: 1",
    ]


@pytest.mark.parametrize("event", [None, "x", GOOD, Save.model_construct(name={SECRET}), object()])
def test_nothing_escapes_from_a_model_that_is_none(log, said, event):
    assert log.record_event_model(event) is None
    assert log.counts()["invalid"] == 1
    assert len(said()) == 1
    assert SECRET not in said()[0]


def test_an_event_that_misbehaves_is_an_error_without_its_text(log, said):
    assert log.record_event(ID, 1, Misbehaving(name="x")) is None
    assert said() == [f"An event was not recorded: RuntimeError, of {ID}"]


def test_a_flood_of_unknown_ids_is_said_once(log, said):
    for number in range(1000):
        log.record_event(f"https://example.org/unknown/{number}", 1, GOOD)
    assert len(said()) == 1
    assert log.counts()["invalid"] == 1000


def test_each_schema_s_invalid_events_are_said(log, said):
    other = {**SCHEMA, "$id": "https://example.org/other"}
    log.register_schema(other)
    log.allowed_schemas = [ID, other["$id"]]
    for schema_id in (ID, other["$id"], ID):
        log.record_event(schema_id, 1, {})
    assert len(said()) == 2


def test_what_is_valid_is_recorded_as_ever(log):
    assert log.record_event(ID, 1, GOOD)["name"] == "x"


def test_an_interrupt_is_no_invalid_event(log):
    class Interrupted(logging.Handler):
        def emit(self, record):
            raise KeyboardInterrupt

    log.handlers = [Interrupted()]
    with pytest.raises(KeyboardInterrupt):
        log.record_event(ID, 1, GOOD)


def test_the_application_s_log_says_it(caplog):
    from traitlets.config import Application

    app = Application(log=logging.getLogger("of the application"))
    with EventLog(parent=app, on_invalid="log") as log:
        log.record_event("unknown", 1, {})
    assert [record.name for record in caplog.records] == ["of the application"]


def test_a_library_raises(clock):
    with EventLog(allowed_schemas=[ID]) as log:
        log.register_schema(SCHEMA)
        with pytest.raises(InvalidEvent):
            log.record_event(ID, 1, {})
        assert log.counts()["invalid"] == 1
