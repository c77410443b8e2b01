"""Which schemas can be registered, and when two are the same."""

from __future__ import annotations

import copy

import pytest

from jupyter_telemetry import EventLog, InvalidSchema, SchemaAlreadyRegistered, SchemaNotRegistered
from jupyter_telemetry.registry import SchemaRegistry
from jupyter_telemetry.schema import EventSchema

SCHEMA = {"$id": "https://example.org/save", "version": 1, "type": "object", "properties": {"name": {"type": "string"}}}


@pytest.mark.parametrize(
    "schema_id", ["url.to.event.schema", "https://example.org/a/b#c", "urn:example:a", "a/b", "x:y?z=1"]
)
@pytest.mark.parametrize("version", [1, 0, -1, "1", "2.0-beta", "ü"])
def test_id_and_version_are_all_that_is_required(schema_id, version):
    schema = EventSchema({"$id": schema_id, "version": version})
    assert (schema.id, schema.version) == (schema_id, version)


@pytest.mark.parametrize("schema_id", [None, "", "a b", "a\nb", "<x>", 7, ["x"], "50%", 'a"b', "ä.schema"])
def test_an_id_is_a_uri_reference(schema_id):
    with pytest.raises(InvalidSchema) as caught:
        EventSchema({**SCHEMA, "$id": schema_id})
    assert "$id" in str(caught.value)


@pytest.mark.parametrize("version", [None, "", 1.0, True, [1], {}])
def test_a_version_is_an_integer_or_a_text(version):
    with pytest.raises(InvalidSchema) as caught:
        EventSchema({**SCHEMA, "version": version})
    assert (caught.value.json_path, caught.value.schema_id) == ("$.version", SCHEMA["$id"])


@pytest.mark.parametrize("document", [None, [], "x", True, 3])
def test_a_schema_is_a_dict(document):
    with pytest.raises(InvalidSchema, match="JSON object"):
        EventSchema(document)


@pytest.mark.parametrize("kind", ["string", "array", ["object", "null"], []])
def test_a_schema_describes_an_object(kind):
    with pytest.raises(InvalidSchema):
        EventSchema({**SCHEMA, "type": kind})


@pytest.mark.parametrize(
    "part",
    [
        {"properties": {"__id__": {}}},
        {"properties": {"a": {"properties": {"__b": {}}}}},
        {"properties": {"a": {"items": {"properties": {"__b": {}}}}}},
        {"allOf": [{"properties": {"__b": {}}}]},
        {"$defs": {"d": {"properties": {"__b": {}}}}},
        {"required": ["__timestamp__"]},
    ],
)
def test_no_property_at_any_depth_begins_as_metadata_does(part):
    with pytest.raises(InvalidSchema, match="kept for metadata"):
        EventSchema({**SCHEMA, **part})


@pytest.mark.parametrize(
    ("part", "json_path"),
    [
        ({"properties": {"a": {"type": "strin"}}}, "$.properties.a.type"),
        ({"required": "name"}, "$.required"),
        ({"properties": {"a": {"minLength": -1}}}, "$.properties.a.minLength"),
    ],
)
def test_a_schema_is_valid_against_its_draft(part, json_path):
    with pytest.raises(InvalidSchema) as caught:
        EventSchema({**SCHEMA, **part})
    assert (caught.value.json_path, caught.value.schema_id) == (json_path, SCHEMA["$id"])
    assert str(caught.value).startswith(f"schema {SCHEMA['$id']}: {json_path}: ")


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


def test_format_is_asserted_in_every_draft():
    for draft in ("http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"):
        schema = EventSchema({"$schema": draft, "$id": "x", "version": 1, "properties": {"t": {"format": "date-time"}}})
        assert schema.validator.is_valid({"t": "2026-11-23T17:42:05Z"})
        assert not schema.validator.is_valid({"t": "yesterday"})
