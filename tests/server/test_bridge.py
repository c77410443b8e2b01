"""The bridge on a real bus of jupyter_events, without a server."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import logging
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from jsonschema import ValidationError
from jupyter_events import EventLogger

from jupyter_telemetry import SchemaNotRegistered
from jupyter_telemetry.server.bridge import Bridge
from jupyter_telemetry.server.eventlog import ServerEventLog

SAVE = "https://example.org/save"
SCHEMA = {
    "$id": SAVE,
    "version": "1",
    "type": "object",
    "properties": {"path": {"type": "string"}, "size": {"type": "number"}},
    "required": ["path"],
}


class Lines(logging.Handler):
    """Keeps what an EventLog hands out, or what is said in a log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    @property
    def recorded(self) -> list[dict[str, Any]]:
        """The events without their metadata."""
        return [{k: v for k, v in event.items() if not k.startswith("__")} for event in self.events]


@pytest.fixture
def bus() -> EventLogger:
    bus = EventLogger()
    bus.register_event_schema(copy.deepcopy(SCHEMA))
    return bus


@pytest.fixture
def said() -> Lines:
    return Lines()


@pytest.fixture
def kept() -> Lines:
    return Lines()


@pytest.fixture
def log(kept: Lines, said: Lines) -> ServerEventLog:
    """An EventLog that allows the schema SAVE."""
    logger = logging.Logger("host")
    logger.addHandler(said)
    log = ServerEventLog(handlers=[kept], allowed_schemas=[SAVE])
    log._notices.logger = logger
    return log


@pytest.fixture
def bridge(bus: EventLogger, log: ServerEventLog) -> Bridge:
    bridge = Bridge(bus, log)
    bridge.follow()
    return bridge


def counts(log: ServerEventLog) -> dict[str, int]:
    return {what: count for what, count in log.counts().items() if count}


def listen(bus: EventLogger) -> Lines:
    """Do what an operator does to keep the bus's events: emit validates from then on."""
    handler = Lines()
    bus.handlers = []
    bus.register_handler(handler)
    return handler


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


# Modifiers


def hide(schema_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """A modifier that changes its payload in place."""
    data["path"] = "hidden"
    return data


@pytest.mark.parametrize("listening", [False, True])
def test_what_modifiers_make_of_a_payload_is_recorded_and_the_payload_stays(listening, bus, bridge, kept):
    if listening:
        listen(bus)
    bus.add_modifier(schema_id=SAVE, modifier=hide)
    data = {"path": "secret.ipynb"}
    bus.emit(schema_id=SAVE, data=data)
    assert kept.recorded == [{"path": "hidden"}]
    assert data == {"path": "secret.ipynb"}


@pytest.mark.parametrize("listening", [False, True])
def test_modifiers_run_once_for_an_event(listening, bus, bridge):
    calls = []

    def note(schema_id: str, data: dict[str, Any]) -> dict[str, Any]:
        calls.append(schema_id)
        return data

    if listening:
        listen(bus)
    bus.add_modifier(schema_id=SAVE, modifier=note)
    bus.emit(schema_id=SAVE, data={"path": "a"})
    assert calls == [SAVE]


@pytest.mark.parametrize("listening", [False, True])
def test_a_modifier_cannot_move_an_event_to_another_schema(listening, bus, bridge, kept, log):
    def move(schema_id: str, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "__schema__": "https://example.org/other"}

    if listening:
        listen(bus)
    bus.add_modifier(schema_id=SAVE, modifier=move)
    bus.emit(schema_id=SAVE, data={"path": "a"})
    assert kept.lines == []
    assert counts(log) == {"invalid": 1}


def test_a_modifier_that_raises_ends_no_call_while_nobody_listens(bus, bridge, kept, said, log):
    def fail(schema_id: str, data: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError(data["path"])

    bus.add_modifier(schema_id=SAVE, modifier=fail)
    assert bus.emit(schema_id=SAVE, data={"path": "secret.ipynb"}) is None
    assert kept.lines == []
    assert counts(log) == {"invalid": 1}
    (line,) = said.lines
    assert "RuntimeError" in line
    assert SAVE in line
    assert "secret" not in line
    listen(bus)
    with pytest.raises(RuntimeError, match=r"secret\.ipynb"):
        bus.emit(schema_id=SAVE, data={"path": "secret.ipynb"})
    assert counts(log) == {"invalid": 2}


def test_a_payload_that_cannot_be_copied_ends_no_call(bus, bridge, kept, log):
    bus.add_modifier(schema_id=SAVE, modifier=hide)
    assert bus.emit(schema_id=SAVE, data={"path": "a", "lock": threading.Lock()}) is None
    assert kept.lines == []
    assert counts(log) == {"invalid": 1}


class Touchy(dict):  # type: ignore[type-arg]
    """A payload that says when it is looked at."""

    touched = False

    def __deepcopy__(self, memo: Any) -> Any:
        self.touched = True
        return dict(self)

    __iter__ = items = keys = __getitem__ = __deepcopy__  # type: ignore[assignment]


def test_of_an_event_that_is_not_allowed_nothing_is_copied_or_modified(bus, bridge, kept, log):
    calls = []
    bus.add_modifier(schema_id=SAVE, modifier=lambda schema_id, data: calls.append(schema_id))
    log.allowed_schemas = ["https://example.org/other", "https://example.org/*"]  # a glob admits no such schema
    payload = Touchy(path="a")
    bus.emit(schema_id=SAVE, data=payload)
    assert not payload.touched
    assert calls == []
    assert kept.lines == []
    assert counts(log) == {"not_allowed": 1}


def test_a_handler_or_modifier_that_emits_does_so_only_once(bus, bridge, kept, said, log):
    class Echo(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            bus.emit(schema_id=SAVE, data={"path": "echo"})

    def echo(schema_id: str, data: dict[str, Any]) -> dict[str, Any]:
        bus.emit(schema_id=SAVE, data={"path": "echo"})
        return data

    log.add_handler(Echo())
    bus.emit(schema_id=SAVE, data={"path": "a"})
    bus.add_modifier(schema_id=SAVE, modifier=echo)
    bus.emit(schema_id=SAVE, data={"path": "b"})
    assert kept.recorded == [{"path": "a"}, {"path": "b"}]
    assert counts(log) == {"recorded": 2, "invalid": 3}
    assert said.lines == [
        f"An event was not recorded: {SAVE}: $: was emitted by a handler or a modifier of the same schema's events "
        "(rule: bus)"
    ]


# Schemas


def test_a_schema_registered_late_is_met_with_its_first_event(bus, bridge, kept, log):
    late = {**SCHEMA, "$id": "https://example.org/late"}
    log.allowed_schemas = [late["$id"]]
    bus.register_event_schema(late)
    bus.emit(schema_id=late["$id"], data={"path": "a"})
    assert kept.recorded == [{"path": "a"}]
    assert (late["$id"], 1) in log.registry


def test_a_new_version_in_the_place_of_the_old_is_recorded_as_such(bus, bridge, kept, log):
    bus.emit(schema_id=SAVE, data={"path": "a"})
    bus.schemas.remove(SAVE)
    bus.register_event_schema(
        {**SCHEMA, "version": "2", "properties": {"file": {"type": "string"}}, "required": ["file"]}
    )
    bus.emit(schema_id=SAVE, data={"file": "a"})
    bus.emit(schema_id=SAVE, data={"path": "a"})
    assert [(e["__schema_version__"]) for e in kept.events] == ["1", "2"]
    assert kept.recorded == [{"path": "a"}, {"file": "a"}]
    assert counts(log) == {"recorded": 2, "invalid": 1}


def test_under_a_version_that_stands_for_another_text_nothing_is_recorded(bus, bridge, kept, said, log):
    bus.schemas.remove(SAVE)
    bus.register_event_schema({**SCHEMA, "properties": {"file": {"type": "string"}}, "required": []})
    bus.emit(schema_id=SAVE, data={"file": "a"})
    bus.emit(schema_id=SAVE, data={"file": "a"})
    assert kept.lines == []
    assert counts(log) == {"invalid": 2}
    assert said.lines == [
        f"An event was not recorded: {SAVE}: {SAVE} version '1' is registered already, with another text; "
        "give the changed schema a new version"
    ]


@pytest.mark.parametrize("first", ["log", "bus"])
def test_version_1_in_the_log_is_version_1_of_the_bus(first, bus, kept, log):
    if first == "log":
        log.register_schema({**SCHEMA, "version": 1})
    Bridge(bus, log).follow()
    log.register_schema({**SCHEMA, "version": 1})
    bus.emit(schema_id=SAVE, data={"path": "a"})
    log.record_event(SAVE, 1, {"path": "b"})
    assert kept.recorded == [{"path": "a"}, {"path": "b"}]


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"$ref": "https://example.org/elsewhere"}, "leads to a document that was not given"),
        ({"type": ["string", "object"]}, "an event is an object"),
        ({"description": datetime(2026, 11, 23, tzinfo=timezone.utc)}, "a datetime is no JSON value"),
    ],
)
def test_a_schema_that_cannot_be_registered_is_said_and_keeps_no_other_from_it(
    schema, why, bus, bridge, kept, said, log
):
    bad = "https://example.org/bad"
    registered = {**SCHEMA, "$id": bad}
    bus.register_event_schema(registered)
    registered.update(schema)  # the bus keeps the very dict
    bus.emit(schema_id=bad, data={"path": "a"})
    assert said.lines == []  # it is not allowed: nobody asks for it
    log.allowed_schemas = [SAVE, bad]
    bus.emit(schema_id=bad, data={"path": "a"})
    bus.emit(schema_id=SAVE, data={"path": "a"})
    assert kept.recorded == [{"path": "a"}]
    assert counts(log) == {"recorded": 1, "invalid": 1}
    (line,) = said.lines
    assert line.startswith(f"An event was not recorded: {bad}: ")
    assert why in line


def test_a_schema_that_cannot_even_be_read_is_said(bus, bridge, said, log):
    class Odd(dict):  # type: ignore[type-arg]
        def items(self) -> Any:
            raise KeyError("secret")

    odd = "https://example.org/odd"
    bus.register_event_schema({**SCHEMA, "$id": odd})
    bus.schemas.get(odd)._schema = Odd({**SCHEMA, "$id": odd})
    log.allowed_schemas = [odd]
    bus.emit(schema_id=odd, data={"path": "a"})
    assert counts(log) == {"invalid": 1}
    (line,) = said.lines
    assert line.startswith(f"An event was not recorded: {odd}: ")
    assert "secret" not in line


def test_a_schema_that_the_bus_keeps_under_another_id_is_not_recorded(bus, bridge, kept, log):
    alias = "https://example.org/alias"
    bus.schemas._schemas[alias] = bus.schemas.get(SAVE)
    log.allowed_schemas = [SAVE, alias]
    bus.emit(schema_id=alias, data={"path": "a"})
    assert kept.lines == []
    assert counts(log) == {"invalid": 1}


def test_an_id_that_the_bus_does_not_know_is_said_if_it_is_allowed(bus, bridge, said, log):
    missing = "https://example.org/missing"
    bus.emit(schema_id=missing, data={"path": "a"})
    bus.emit(schema_id=None, data={"path": "a"})
    assert counts(log) == {}
    log.allowed_schemas = [missing]
    bus.emit(schema_id=missing, data={"path": "a"})
    assert counts(log) == {"invalid": 1}
    assert said.lines == [f"An event was not recorded: {missing}: it is not registered with the server's event_logger"]


def test_a_schema_is_draft_07_as_it_is_on_the_bus(bus, bridge, kept, log):
    schema = {
        "$schema": "http://event.jupyter.org/event-metaschema",
        "$id": "https://example.org/draft",
        "version": "1",
        # In draft-07 what stands beside a $ref counts for nothing; from 2019-09 on it does.
        "properties": {"path": {"$ref": "#/$defs/any", "type": "string"}},
        "$defs": {"any": {}},
    }
    bus.register_event_schema(schema)
    log.allowed_schemas = [schema["$id"]]
    listen(bus)
    bus.emit(schema_id=schema["$id"], data={"path": 5})
    bus.emit(schema_id=schema["$id"], data={"path": float("nan")})
    assert kept.recorded == [{"path": 5}]
    assert counts(log) == {"recorded": 1, "invalid": 1}


def test_what_allowed_schemas_misses_is_said_with_the_nearest_id_of_the_bus(bus, bridge, said, log):
    log.allowed_schemas = ["https://example.org/sav"]
    bus.emit(schema_id=SAVE, data={"path": "a"})
    assert said.lines == [
        "allowed_schemas names https://example.org/sav, which is not registered (the nearest registered id is "
        f"{SAVE}); events of {SAVE} are not recorded."
    ]


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
