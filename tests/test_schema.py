"""Which schemas there are."""

from __future__ import annotations

import pytest

from jupyter_telemetry import InvalidSchema
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


ID = {"$id": "https://example.org/s", "version": 1}
KINDS = {"list": {"type": "array"}, "no": False, "deep": {"allOf": [{"$ref": "#/definitions/list"}]}}


@pytest.mark.parametrize(
    ("part", "at"),
    [
        ({"allOf": [{}, {"type": "array"}]}, "$.allOf[1].type"),
        ({"allOf": [{"type": ["string", "null"]}]}, "$.allOf[0].type"),
        ({"$ref": "#/definitions/list"}, "$.definitions.list.type"),
        ({"$ref": "#/definitions/deep"}, "$.definitions.list.type"),
        ({"$ref": "#/definitions/no"}, "$['$ref']"),
        ({"allOf": [False]}, "$.allOf[0]"),
        ({"enum": [1, 2]}, "$.enum"),
        ({"const": 5}, "$.const"),
        ({"not": {"type": "object"}}, "$.not"),
        ({"not": {"title": "None", "type": ["object", "null"]}}, "$.not"),
        ({"not": {}}, "$.not"),
        ({"not": True}, "$.not"),
        ({"anyOf": [{"type": "array"}, {"$ref": "#/definitions/list"}]}, "$.anyOf"),
        ({"oneOf": [False, {"allOf": [{"anyOf": [{"const": 1}, {"const": 2}]}]}]}, "$.oneOf"),
    ],
    ids=str,
)
def test_a_schema_that_no_object_matches_is_refused_with_the_place(part, at):
    with pytest.raises(InvalidSchema) as caught:
        EventSchema({**ID, **part, "definitions": KINDS})
    assert (caught.value.json_path, caught.value.schema_id) == (at, ID["$id"])
    assert str(caught.value) == (
        f'schema {ID["$id"]}: {at}: an event is an object, and no object matches this; write "type": "object"'
    )


def test_it_is_looked_for_in_other_documents_too():
    other = "https://example.org/list"
    with pytest.raises(InvalidSchema, match=rf"^schema {ID['$id']}: {other}: \$\.type: an event is an object"):
        EventSchema({**ID, "$ref": other}, resources={other: {"type": "array"}})


DOUBLED = {f"d{n}": {"anyOf": [{"$ref": f"#/definitions/d{n + 1}"}] * 2} for n in range(60)}


@pytest.mark.parametrize(
    "part",
    [
        {"enum": [1, {}]},
        {"const": {}},
        {"anyOf": [{"type": "array"}, {}]},
        {"not": {"type": "array"}},
        {"not": {"type": "object", "required": ["a"]}},
        {"allOf": [{"type": ["array", "object"]}]},
        {"$ref": "#/definitions/any", "enum": [1], "definitions": {"any": {}}},
        {"$schema": "http://json-schema.org/draft-04/schema#", "const": 5},
        {"properties": {"a": {"const": 5, "not": {}}}},
        {"if": {"type": "array"}, "then": False},
        {"anyOf": DOUBLED["d0"]["anyOf"], "definitions": {**DOUBLED, "d60": {"type": ["object", "null"]}}},
    ],
    ids=lambda part: str(part)[:60],
)
def test_a_schema_that_an_object_may_match_is_taken(part):
    assert EventSchema({**ID, **part}).id == ID["$id"]


@pytest.mark.parametrize(
    "part",
    [
        {"properties": {"__id__": {}}},
        {"properties": {"a": {"properties": {"__b": {}}}}},
        {"properties": {"a": {"items": {"properties": {"__b": {}}}}}},
        {"allOf": [{"properties": {"__b": {}}}]},
        {"$defs": {"d": {"properties": {"__b": {}}}}},
        {"required": ["__timestamp__"]},
        {"dependentRequired": {"__b": ["a"]}},
        {"dependentRequired": {"a": ["__b"]}},
        {"dependentSchemas": {"__b": {}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"__b": {}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": ["__b"]}},
        {"patternProperties": {"^__": {}}},
        {"properties": {"a": {"patternProperties": {"^__b$": {}}}}},
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


def test_format_is_asserted_in_every_draft():
    for draft in ("http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"):
        schema = EventSchema({"$schema": draft, "$id": "x", "version": 1, "properties": {"t": {"format": "date-time"}}})
        assert schema.validator.is_valid({"t": "2026-11-23T17:42:05Z"})
        assert not schema.validator.is_valid({"t": "yesterday"})


def test_keywords_that_a_draft_does_not_know_name_nothing():
    draft = "http://json-schema.org/draft-07/schema#"
    for odd in (5, ["a", 1], {"a": 1}, None):
        EventSchema({**SCHEMA, "$schema": draft, "dependentRequired": odd, "dependentSchemas": odd})


@pytest.mark.parametrize(
    ("part", "json_path"),
    [
        ({"version": 2**70}, "$.version"),
        ({"properties": {"a": {"maximum": 2**70}}}, "$.properties.a.maximum"),
        ({"properties": {"a": {"enum": [1, -(2**64)]}}}, "$.properties.a.enum[1]"),
        ({"title": "x\ud800"}, "$.title"),
        ({"version": "\ud800"}, "$.version"),
        ({"properties": {"\ud800": {}}}, "$.properties['\\ud800']"),
    ],
)
def test_what_cannot_be_written_as_json_is_refused_with_its_place(part, json_path):
    with pytest.raises(InvalidSchema) as caught:
        EventSchema({**SCHEMA, **part})
    assert (caught.value.json_path, caught.value.schema_id) == (json_path, SCHEMA["$id"])
    str(caught.value).encode()


def test_a_document_referred_to_is_held_to_the_same():
    schema = {**SCHEMA, "properties": {"a": {"$ref": "https://example.org/other"}}}
    with pytest.raises(InvalidSchema, match="past 64 bits"):
        EventSchema(schema, resources={"https://example.org/other": {"maximum": 2**70}})


@pytest.mark.parametrize(
    "schema",
    [
        {**SCHEMA, "$id": "http://[x"},
        {**SCHEMA, "$id": "http://[x", "properties": {"a": {"$ref": "#/properties/a/b", "b": {}}}},
        {**SCHEMA, "properties": {"a": {"$ref": "http://[bad"}}},
        {**SCHEMA, "properties": {"a": {"$id": "http://[bad"}}},
    ],
)
def test_a_uri_with_odd_brackets_is_refused(schema):
    with pytest.raises(InvalidSchema):
        EventSchema(schema)


def test_the_names_of_a_schema_are_those_at_any_depth():
    schema = EventSchema({**SCHEMA, "properties": {"a": {"items": {"properties": {"b": {}}}}}})
    assert schema.names == {"a", "b"}
