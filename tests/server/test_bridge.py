"""The bridge on a real bus of jupyter_events, without a server: what is recorded, what is invalid, when it is there."""

from __future__ import annotations

import asyncio
import copy
import inspect
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from jsonschema import ValidationError
from jupyter_events import EventLogger

from jupyter_telemetry import SchemaNotRegistered
from jupyter_telemetry.server.bridge import Bridge

from .bus import SAVE, SCHEMA, counts, listen

# What is emitted is recorded


def test_an_event_is_recorded_though_nobody_listens_on_the_bus(bus, bridge, kept, log):
    assert bus.emit(schema_id=SAVE, data={"path": "a.ipynb"}) is None
    (event,) = kept.events
    assert event["__schema__"] == SAVE
    assert event["__schema_version__"] == "1"
    assert kept.recorded == [{"path": "a.ipynb"}]
    assert counts(log) == {"recorded": 1}


def test_with_a_listener_an_event_is_recorded_once_and_the_capsule_is_the_bus_s_own(bus, bridge, kept):
    theirs = listen(bus)
    capsule = bus.emit(schema_id=SAVE, data={"path": "a.ipynb"})
    assert capsule["__metadata_version__"] == 1
    assert list(capsule) == ["__timestamp__", "__schema__", "__schema_version__", "__metadata_version__", "path"]
    assert kept.recorded == [{"path": "a.ipynb"}]
    assert len(theirs.lines) == 1


def test_an_asynchronous_listener_still_hears_the_event(bus, bridge, kept):
    heard = []

    async def hear(logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:
        heard.append((logger, schema_id, data))

    async def emit() -> None:
        bus.add_listener(schema_id=SAVE, listener=hear)
        bus.emit(schema_id=SAVE, data={"path": "a.ipynb"})
        await bus.gather_listeners()

    asyncio.run(emit())
    assert heard == [(bus, SAVE, {"path": "a.ipynb"})]
    assert kept.recorded == [{"path": "a.ipynb"}]


def test_timestamp_override_is_the_event_s_time(bus, bridge, kept):
    then = datetime(2022, 5, 26, 13, 50, tzinfo=timezone(timedelta(hours=5)))
    bus.emit(schema_id=SAVE, data={"path": "a"}, timestamp_override=then)
    assert kept.events[0]["__timestamp__"] == "2022-05-26T08:50:00.000000Z"


def test_threads_may_emit(bus, bridge, kept, log):
    def emit(name: str) -> None:
        for number in range(200):
            bus.emit(schema_id=SAVE, data={"path": f"{name}{number}"})

    threads = [threading.Thread(target=emit, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each["path"] for each in kept.recorded) == sorted(f"{n}{i}" for n in "abcd" for i in range(200))
    assert counts(log) == {"recorded": 800}


def test_emit_keeps_its_signature(bus, bridge):
    assert inspect.signature(bus.emit) == inspect.signature(EventLogger().emit)


# What is invalid ends no call


def test_what_emit_raises_is_raised_and_nothing_is_recorded(bus, bridge, kept, log):
    listen(bus)
    with pytest.raises(ValidationError, match="'path' is a required property"):
        bus.emit(schema_id=SAVE, data={})
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        bus.emit(schema_id=SAVE, data={}, other=1)
    with pytest.raises(TypeError):
        bus.emit()
    assert kept.lines == []
    assert counts(log) == {"invalid": 2}


def test_an_invalid_event_that_nobody_validates_is_counted_and_said_without_its_values(bus, bridge, kept, said, log):
    for _ in range(3):
        assert bus.emit(schema_id=SAVE, data={"path": 53172}) is None
    assert kept.lines == []
    assert counts(log) == {"invalid": 3}
    assert said.lines == [f"An event was not recorded: {SAVE}: $.path: must be a string (rule: type)"]


@pytest.mark.parametrize("data", [None, "text", ["path"], 5])
def test_a_payload_that_is_no_object_is_invalid(data, bus, bridge, kept, log):
    assert bus.emit(schema_id=SAVE, data=data) is None
    assert kept.lines == []
    assert counts(log) == {"invalid": 1}


def test_a_list_is_not_taken_for_an_empty_event(bus, bridge, kept, log):
    bus.register_event_schema({"$id": "https://example.org/any", "version": "1", "properties": {}})
    log.allowed_schemas = ["https://example.org/any"]
    listen(bus)
    assert bus.emit(schema_id="https://example.org/any", data=[])["__schema__"] == "https://example.org/any"
    assert kept.lines == []
    assert counts(log) == {"invalid": 1}


@pytest.mark.parametrize("listening", [False, True])
@pytest.mark.parametrize("name", ["__schema__", "__timestamp__", "__schema_version__", "__id__"])
def test_a_payload_with_a_metadata_name_is_invalid_and_is_recorded_under_no_schema(
    listening, name, bus, bridge, kept, log
):
    other = "https://example.org/other"
    bus.register_event_schema({**copy.deepcopy(SCHEMA), "$id": other})
    log.allowed_schemas = [SAVE, other]
    if listening:
        listen(bus)
    bus.emit(schema_id=SAVE, data={"path": "a", name: other})
    assert kept.lines == []
    assert counts(log) == {"invalid": 1}


def test_with_on_invalid_raise_nothing_escapes_either(bus, bridge, kept, said, log):
    log.on_invalid = "raise"
    bus.emit(schema_id=SAVE, data={"path": 1})
    bus.emit(schema_id=SAVE, data=None)
    bus.add_modifier(schema_id=SAVE, modifier=lambda schema_id, data: 1 / 0)
    bus.emit(schema_id=SAVE, data={"path": "a"})
    assert kept.lines == []
    assert counts(log) == {"invalid": 3}
    assert said.lines == [
        f"An event of {SAVE} was not recorded: {SAVE}: $.path: must be a string (rule: type)",
    ]


def test_a_failure_of_the_log_itself_ends_no_call(bus, bridge, log):
    log._notices.logger = None  # saying anything fails
    assert bus.emit(schema_id=SAVE, data={"path": 1}) is None
    log.on_invalid = "raise"
    log._notices._next_at.clear()
    assert bus.emit(schema_id=SAVE, data={"path": 1}) is None
    assert counts(log) == {"invalid": 2}


# Coming and going


def test_while_nothing_is_allowed_the_bus_is_untouched(bus, log):
    log.allowed_schemas = []
    Bridge(bus, log).follow()
    assert "emit" not in vars(bus)
    assert len(log.registry) == 0


def test_the_bridge_comes_and_goes_with_what_is_allowed(bus, bridge, kept, log):
    log.allowed_schemas = []
    assert "emit" not in vars(bus)
    bus.emit(schema_id=SAVE, data={"path": "a"})
    log.allowed_schemas = {SAVE: {}}
    bus.emit(schema_id=SAVE, data={"path": "b"})
    log.allowed_schemas = [SAVE, "https://example.org/other"]
    bus.emit(schema_id=SAVE, data={"path": "c"})
    log.allowed_schemas = []
    bus.emit(schema_id=SAVE, data={"path": "d"})
    assert kept.recorded == [{"path": "b"}, {"path": "c"}]
    assert "emit" not in vars(bus)


def test_a_wrapper_that_stood_before_is_left_as_it_was(bus, log, kept):
    calls = []

    def before(**call: Any) -> Any:
        calls.append(call)
        return EventLogger.emit(bus, **call)

    bus.emit = before
    Bridge(bus, log).follow()
    bus.emit(schema_id=SAVE, data={"path": "a"})
    log.allowed_schemas = []
    assert bus.emit is before
    assert kept.recorded == [{"path": "a"}]
    assert len(calls) == 1


def test_under_a_wrapper_that_came_later_events_pass_and_are_recorded_once(bus, bridge, log, kept):
    ours = bus.emit

    def after(**call: Any) -> Any:
        return ours(**call)

    bus.emit = after
    bus.emit(schema_id=SAVE, data={"path": "a"})
    log.allowed_schemas = []
    assert bus.emit is after
    bus.emit(schema_id=SAVE, data={"path": "b"})
    log.allowed_schemas = [SAVE]
    assert bus.emit is after
    bus.emit(schema_id=SAVE, data={"path": "c"})
    assert kept.recorded == [{"path": "a"}, {"path": "c"}]


def test_the_log_still_raises_for_those_who_record_into_it_themselves_if_told_so(log):
    log.on_invalid = "raise"
    with pytest.raises(SchemaNotRegistered):
        log.record_event("https://example.org/missing", 1, {})
