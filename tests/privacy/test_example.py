"""An example of an event, made up from its schema."""

from __future__ import annotations

import json

import pytest

from jupyter_telemetry.privacy import Classification
from jupyter_telemetry.privacy.example import MAX_DEPTH, MOST_VALUES, example
from jupyter_telemetry.schema import EventSchema
from jupyter_telemetry.validation import compile_validator

ID = "https://example.org/event"


def made_up(schema):
    """Return the example of a schema."""
    return example(Classification(EventSchema({"$id": ID, "version": 1, "type": "object", **schema}).references))


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("x", {"const": 7, "default": 1}, 7),
        ("x", {"default": "d", "examples": ["e"], "enum": ["f"]}, "d"),
        ("x", {"examples": ["e"], "enum": ["f"]}, "e"),
        ("x", {"enum": ["f", "g"]}, "f"),
        ("x", {"examples": []}, "some text"),
        ("x", {"type": "integer"}, 42),
        ("x", {"type": "number"}, 42),
        ("x", {"type": "boolean"}, True),
        ("x", {"type": "null"}, None),
        ("x", {"type": ["null", "integer"]}, 42),
        ("x", {"type": ["null"]}, None),
        ("x", {"type": "object"}, {}),
        ("x", {"type": "array"}, []),
        ("x", {"type": "string", "format": "date-time"}, "2026-11-23T17:42:05Z"),
        ("x", {"format": "ipv6"}, "2001:db8::17"),
        ("x", {"type": "string", "format": "unknown"}, "some text"),
        ("filePath", {"type": "string"}, "thesis/chapter-2.ipynb"),
        ("user_name", {"type": "string"}, "ada"),
        ("x", {"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 42}),
        ("paths", {"type": "array", "items": {"type": "string"}}, ["thesis/chapter-2.ipynb"]),
        ("x", {"type": "array", "items": [{"type": "string"}]}, []),
        (
            "x",
            {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"$ref": "#/definitions/d"}]},
            {"a": 42, "b": True},
        ),
    ],
)
def test_a_value_is_one_that_a_person_may_expect(name, schema, value):
    definitions = {"d": {"properties": {"b": {"type": "boolean"}}}}
    assert made_up({"definitions": definitions, "properties": {name: schema}}) == {name: value}


def test_a_schema_that_refers_to_itself_comes_to_an_end():
    node = {"type": "object", "properties": {"below": {"$ref": "#/definitions/node"}, "n": {"type": "integer"}}}
    found = made_up({"definitions": {"node": node}, "properties": {"node": {"$ref": "#/definitions/node"}}})
    assert json.dumps(found).count('"below"') == MAX_DEPTH - 1
    listed = {"type": "array", "items": {"$ref": "#/definitions/listed"}}
    found = made_up({"definitions": {"listed": listed}, "properties": {"x": {"$ref": "#/definitions/listed"}}})
    assert json.dumps(found).count("[") == MAX_DEPTH


def test_a_schema_that_refers_to_itself_in_many_ways_comes_to_an_end_sooner():
    node = {"type": "object", "properties": {f"p{n}": {"$ref": "#/definitions/node"} for n in range(200)}}
    found = made_up({"definitions": {"node": node}, "properties": {"node": {"$ref": "#/definitions/node"}}})
    assert MOST_VALUES < json.dumps(found).count(":") < 2 * MOST_VALUES


def test_an_ordinary_schema_has_room_for_its_example():
    schema = {
        "type": "object",
        "properties": {
            "action": {"enum": ["get", "save"]},
            "path": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "sizes": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["action", "path", "at", "sizes"],
        "additionalProperties": False,
    }
    assert compile_validator(schema).is_valid(made_up(schema))
