"""What a registry keeps, and when two schemas are the same."""

from __future__ import annotations

import copy

import pytest

from jupyter_telemetry import EventLog, InvalidSchema, SchemaAlreadyRegistered, SchemaNotRegistered
from jupyter_telemetry.registry import MAX_NEAREST_KEPT, SchemaRegistry

SCHEMA = {"$id": "https://example.org/save", "version": 1, "type": "object", "properties": {"name": {"type": "string"}}}


def test_the_object_given_is_neither_kept_nor_changed():
    given = copy.deepcopy(SCHEMA)
    registry = SchemaRegistry()
    kept = registry.register(given)
    assert given == SCHEMA
    given["properties"]["name"]["type"] = "integer"
    assert kept.document == SCHEMA
    assert kept.validator.is_valid({"name": "x"})


def test_two_versions_of_one_id_live_side_by_side():
    log = EventLog(allowed_schemas=[SCHEMA["$id"]])
    log.register_schema(SCHEMA)
    log.register_schema({**SCHEMA, "version": 2, "required": ["name"]})
    assert log.record_event(SCHEMA["$id"], 1, {})["__schema_version__"] == 1
    assert log.record_event(SCHEMA["$id"], 2, {"name": "x"})["__schema_version__"] == 2


@pytest.mark.parametrize("stated", [1, "1"])
def test_1_and_its_text_name_the_same_version(stated):
    log = EventLog(allowed_schemas=[SCHEMA["$id"]])
    log.register_schema({**SCHEMA, "version": stated})
    for asked in (1, "1"):
        assert log.record_event(SCHEMA["$id"], asked, {})["__schema_version__"] == stated
    with pytest.raises(SchemaAlreadyRegistered):
        log.register_schema({**SCHEMA, "version": 1 if stated == "1" else "1", "title": "another"})


def test_the_same_schema_twice_is_no_error_another_is():
    registry = SchemaRegistry()
    registry.register(SCHEMA)
    registry.register(dict(reversed(SCHEMA.items())))
    with pytest.raises(SchemaAlreadyRegistered) as caught:
        registry.register({**SCHEMA, "title": "changed"})
    assert isinstance(caught.value, ValueError)
    assert (caught.value.schema_id, caught.value.version) == (SCHEMA["$id"], 1)
    assert len(registry) == 1


def test_a_reference_may_lead_to_a_schema_registered_before():
    log = EventLog(allowed_schemas=["https://example.org/user-event"])
    with pytest.raises(InvalidSchema):
        log.register_schema(
            with_reference := {"$id": "https://example.org/user-event", "version": 1, "allOf": [{"$ref": "person"}]}
        )
    log.register_schema({"$id": "https://example.org/person", "version": 1, "required": ["name"]})
    log.register_schema(with_reference)
    log.record_event("https://example.org/user-event", 1, {"name": "x"})
    with pytest.raises(ValueError, match="required"):
        log.record_event("https://example.org/user-event", 1, {})


def test_the_registry_can_be_asked():
    registry = SchemaRegistry()
    schema = registry.register(SCHEMA)
    assert list(registry) == [schema]
    assert (SCHEMA["$id"], 1) in registry
    assert (SCHEMA["$id"], "2") not in registry
    assert registry.get(SCHEMA["$id"], "1") is schema
    assert repr(schema) == "<EventSchema https://example.org/save version 1>"
    with pytest.raises(SchemaNotRegistered) as caught:
        registry.get("urn:quite:unlike", 1)
    assert (caught.value.schema_id, caught.value.version) == ("urn:quite:unlike", 1)
    assert "register it first" in str(caught.value)


@pytest.mark.parametrize(
    "part",
    [
        {"version": 2**70},
        {"maximum": 2**70},
        {"properties": {"\ud800": {}}},
        {"properties": {"a": {"$ref": "http://[bad"}}},
        {"$id": "http://[x", "properties": {"a": {"$ref": "other"}}},
        {"properties": {"__a": {}}},
    ],
)
@pytest.mark.parametrize("may_fetch", [False, True])
def test_a_schema_that_is_refused_is_not_kept(part, may_fetch):
    registry = SchemaRegistry()
    with pytest.raises(InvalidSchema):
        registry.register({**SCHEMA, **part}, may_fetch=may_fetch)
    assert list(registry) == []


def test_the_nearest_id_is_of_the_schemas_that_there_are_now():
    registry = SchemaRegistry()
    assert registry.nearest("https://example.org/saves") is None
    registry.register(SCHEMA)
    for number in range(2 * MAX_NEAREST_KEPT):
        assert registry.nearest(f"https://example.org/save{number}") == SCHEMA["$id"]
    registry.register({**SCHEMA, "$id": "https://example.org/save1"})
    assert registry.nearest("https://example.org/save1x") == "https://example.org/save1"
