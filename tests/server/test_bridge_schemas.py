"""The schemas of the bus as the bridge finds them: late, changed, unknown to one side, or of no use."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from jupyter_telemetry.server.bridge import Bridge

from .bus import SAVE, SCHEMA, counts, listen


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
