from __future__ import annotations

from typing import Any

import pytest
from analysis.journals import schema_of

from jupyter_telemetry.columns.inference import SchemaTypes


def sql_type(subschema: Any, **more: Any) -> str | None:
    """Return the SQL type of a property with this schema."""
    types = SchemaTypes(schema_of({"p": subschema}, **more))
    found = types.type_of(types.properties()["p"])
    return found and found.sql


TIMESTAMP = "TIMESTAMP WITH TIME ZONE"
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "number"}}}
POINT_TYPE = 'STRUCT("x" BIGINT, "y" DOUBLE)'


@pytest.mark.parametrize(
    ("subschema", "expected"),
    [
        ({"type": "string"}, "VARCHAR"),
        ({"type": "integer"}, "BIGINT"),
        ({"type": "number"}, "DOUBLE"),
        ({"type": "boolean"}, "BOOLEAN"),
        ({"type": "null"}, "JSON"),
        ({"type": "object"}, "JSON"),
        ({"type": "array"}, "JSON[]"),
        ({"type": "nonsense"}, "JSON"),
        ({"type": 5}, None),
        ({}, None),
        (True, None),
        (False, None),
    ],
)
def test_a_plain_type(subschema: Any, expected: str | None):
    assert sql_type(subschema) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("date-time", TIMESTAMP),
        ("date", "DATE"),
        ("time", "VARCHAR"),
        ("uuid", "VARCHAR"),
        (["date"], "VARCHAR"),
    ],
)
def test_a_format_of_strings(name: Any, expected: str):
    assert sql_type({"type": "string", "format": name}) == expected


def test_a_format_says_that_it_is_a_string():
    assert sql_type({"format": "date"}) == "DATE"
    assert sql_type({"format": "email"}) is None


def test_two_formats_at_once_are_text():
    assert sql_type({"type": "string", "allOf": [{"format": "date"}, {"format": "date-time"}]}) == "VARCHAR"


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, "BIGINT"),
        ({"minimum": 0}, "BIGINT"),
        ({"minimum": 0, "maximum": 2**63 - 1}, "BIGINT"),
        ({"minimum": 0, "maximum": 2**64 - 1}, "UBIGINT"),
        ({"exclusiveMinimum": 5, "exclusiveMaximum": 2**64}, "UBIGINT"),
        ({"minimum": -1, "maximum": 2**64 - 1}, "BIGINT"),
        ({"maximum": 2**64 - 1}, "BIGINT"),
        ({"minimum": True, "maximum": 2**64}, "BIGINT"),  # draft-04's exclusiveMinimum was a boolean
        ({"enum": [1, 2**64 - 1]}, "UBIGINT"),
    ],
)
def test_integers_are_unsigned_only_where_the_schema_asks_for_more_than_63_bits(bounds: Any, expected: str):
    assert sql_type({"type": "integer", **bounds}) == expected


@pytest.mark.parametrize(
    ("subschema", "expected"),
    [
        ({"type": ["string", "null"]}, "VARCHAR"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "BIGINT"),
        ({"oneOf": [{"$ref": "#/$defs/point"}, {"const": None}]}, POINT_TYPE),
        ({"enum": ["a", None]}, "VARCHAR"),
        ({"type": ["null"]}, "JSON"),
    ],
)
def test_null_adds_nothing_to_a_type(subschema: Any, expected: str):
    assert sql_type(subschema, **{"$defs": {"point": POINT}}) == expected


@pytest.mark.parametrize(
    ("subschema", "expected"),
    [
        ({"enum": ["a", "b"]}, "VARCHAR"),
        ({"enum": [1, 2]}, "BIGINT"),
        ({"enum": [1, 2.5]}, "DOUBLE"),
        ({"enum": [True, False]}, "BOOLEAN"),
        ({"enum": [True, 1]}, "JSON"),
        ({"enum": [1, "a"]}, "JSON"),
        ({"enum": ["a", [1]]}, "JSON"),
        ({"const": "a"}, "VARCHAR"),
        ({"const": {"a": 1}}, "JSON"),
        ({"const": [1]}, "JSON[]"),
        ({"type": ["string", "integer"], "enum": [1, 2]}, "BIGINT"),
        ({"type": "number", "enum": [1, 2]}, "BIGINT"),
    ],
)
def test_listed_values_have_their_own_type(subschema: Any, expected: str):
    assert sql_type(subschema) == expected


@pytest.mark.parametrize(
    ("subschema", "expected"),
    [
        ({"type": ["string", "integer"]}, "JSON"),
        ({"type": ["number", "integer"]}, "DOUBLE"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "JSON"),
        ({"anyOf": [{"type": "number"}, {"type": "integer"}]}, "DOUBLE"),
        ({"anyOf": [{"type": "string"}, {"enum": ["a"]}]}, "VARCHAR"),
        ({"anyOf": [{"type": "string"}, {}]}, "JSON"),
        ({"anyOf": [{"type": "string", "format": "date"}, {"type": "string"}]}, "JSON"),
        ({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}, "VARCHAR"),
        ({"type": "string", "oneOf": [{"format": "date-time"}]}, TIMESTAMP),
        ({"type": "number", "anyOf": [{"type": "integer"}]}, "BIGINT"),
        ({"type": "string", "anyOf": [{"minLength": 1}, {"maxLength": 5}]}, "VARCHAR"),
        ({**POINT, "anyOf": [{"required": ["x"]}, {"required": ["y"]}]}, POINT_TYPE),
        ({**POINT, "oneOf": [{"properties": {"z": {}}}]}, "JSON"),
        ({"oneOf": [POINT, {"type": "object", "properties": {"z": {"type": "string"}}}]}, "JSON"),
    ],
)
def test_alternatives_are_json_unless_they_are_the_same(subschema: Any, expected: str):
    assert sql_type(subschema) == expected


@pytest.mark.parametrize(
    ("subschema", "expected"),
    [
        ({"type": "array", "items": {"type": "string"}}, "VARCHAR[]"),
        ({"items": {"type": "array", "items": POINT}}, f"{POINT_TYPE}[][]"),
        ({"type": "array", "items": True}, "JSON[]"),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "integer"}]}, "BIGINT[]"),
        ({"type": "array", "prefixItems": [{"type": "integer"}], "items": False}, "BIGINT[]"),
        ({"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "string"}}, "JSON[]"),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}, "JSON[]"),
        ({"type": "array", "items": [{"type": "integer"}, {"type": "number"}]}, "DOUBLE[]"),
        ({"type": "array", "items": [{"type": "integer"}], "additionalItems": {"type": "string"}}, "JSON[]"),
    ],
)
def test_arrays_are_lists(subschema: Any, expected: str):
    assert sql_type(subschema) == expected


@pytest.mark.parametrize(
    ("subschema", "expected"),
    [
        (POINT, POINT_TYPE),
        ({"properties": {"a": POINT}}, f'STRUCT("a" {POINT_TYPE})'),
        ({"type": "object", "properties": {"x": {}}}, 'STRUCT("x" JSON)'),
        ({"type": "object", "properties": {"": {"type": "string"}}}, "JSON"),
        ({"type": "object", "properties": {"a\0": {"type": "string"}}}, "JSON"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "MAP(VARCHAR, BIGINT)"),
        ({"type": "object", "patternProperties": {"^a": {"type": "string"}}}, "MAP(VARCHAR, VARCHAR)"),
        ({"type": "object", "additionalProperties": {"description": "any"}}, "MAP(VARCHAR, JSON)"),
        ({"type": "object", "additionalProperties": False}, "JSON"),
        ({**POINT, "additionalProperties": False}, POINT_TYPE),
        ({**POINT, "additionalProperties": {"type": "integer"}}, "JSON"),
        ({**POINT, "patternProperties": {"^z": {}}}, "JSON"),
    ],
)
def test_objects_are_structs_and_maps(subschema: Any, expected: str):
    assert sql_type(subschema) == expected


def test_fields_whose_names_differ_in_case_are_told_apart():
    found = sql_type({"type": "object", "properties": {"a": {"type": "string"}, "A": {"type": "string"}}})

    assert found == 'STRUCT("a_ca9781" VARCHAR, "A_559aea" VARCHAR)'


@pytest.mark.parametrize(
    ("subschema", "expected"),
    [
        ({"$ref": "#/$defs/point"}, POINT_TYPE),
        ({"$ref": "#/$defs/alias", "description": "a sibling"}, POINT_TYPE),
        ({"$ref": "#/$defs/none"}, None),
        ({"$ref": "https://example.org/elsewhere"}, None),
        ({"$ref": "#/$defs/loop"}, None),
        (
            {"$ref": "#/$defs/tree"},
            'STRUCT("value" BIGINT, "left" JSON, "rest" JSON[])',
        ),
        ({"allOf": [POINT, {"properties": {"z": {"type": "string"}}}]}, POINT_TYPE[:-1] + ', "z" VARCHAR)'),
        ({"allOf": [{"type": "integer"}, {"type": "number"}]}, "BIGINT"),
        ({"allOf": [{"type": "integer"}, {"type": "string"}]}, "JSON"),
        ({"$ref": "#"}, "JSON"),
    ],
)
def test_references_and_allof_say_it_of_the_same_value(subschema: Any, expected: str | None):
    defs = {
        "point": POINT,
        "alias": {"$ref": "#/$defs/point"},
        "loop": {"$ref": "#/$defs/loop"},
        "tree": {
            "type": "object",
            "properties": {
                "value": {"type": "integer"},
                "left": {"$ref": "#/$defs/tree"},
                "rest": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
            },
        },
    }

    assert sql_type(subschema, **{"$defs": defs}) == expected


def test_what_multiplies_without_end_is_json_at_last():
    defs: dict[str, Any] = {
        f"d{n}": {"properties": {side: {"$ref": f"#/$defs/d{n + 1}"} for side in ("a", "b", "c")}} for n in range(60)
    }

    found = sql_type({"$ref": "#/$defs/d0"}, **{"$defs": defs})

    assert found is not None
    assert 1_000 < found.count("JSON") < 5_000


def test_what_is_nested_too_deep_is_json():
    subschema: dict[str, Any] = {"type": "string"}
    for _ in range(30):
        subschema = {"type": "array", "items": subschema}

    assert sql_type(subschema) == "JSON" + "[]" * 16


def test_properties_of_all_branches_are_collected():
    types = SchemaTypes(
        schema_of(
            {"kind": {"type": "string"}},
            allOf=[{"properties": {"a": {"type": "string"}}}],
            oneOf=[
                {"properties": {"kind": {"const": "x"}, "b": {"type": "integer"}}},
                {"$ref": "#/$defs/branch"},
            ],
            anyOf=[{"properties": {"b": {"type": "integer"}}}, True],
            then={"properties": {"d": {"type": "boolean"}}},
            dependentSchemas={"a": {"anyOf": [{"properties": {"e": {"type": "number"}}}]}},
            **{"else": {"properties": {"d": {"type": "string"}}}},
            **{"$defs": {"branch": {"properties": {"c": {"type": "string"}, "b": {"type": "integer"}}}}},
        )
    )

    found = {key: types.type_of(stated) for key, stated in types.properties().items()}

    assert {key: kind and kind.sql for key, kind in found.items()} == {
        "kind": "VARCHAR",
        "a": "VARCHAR",
        "b": "BIGINT",
        "c": "VARCHAR",
        "d": "JSON",
        "e": "DOUBLE",
    }


def test_a_schema_may_be_a_reference_as_a_whole():
    types = SchemaTypes({"$ref": "#/$defs/event", "$defs": {"event": POINT}})

    assert list(types.properties()) == ["x", "y"]


@pytest.mark.parametrize(
    ("subschema", "expected"),
    [
        ({"description": "what", "title": "T"}, "what"),
        ({"title": "T"}, "T"),
        ({"$ref": "#/$defs/d"}, "of d"),
        ({"description": 5}, ""),
        (True, ""),
    ],
)
def test_a_property_is_described_by_its_description_or_title(subschema: Any, expected: str):
    types = SchemaTypes(schema_of({"p": subschema}, **{"$defs": {"d": {"description": "of d"}}}))

    assert types.description_of(types.properties()["p"]) == expected


@pytest.mark.parametrize("nonsense", [5, "x", [1], {"a": 5}, None])
@pytest.mark.parametrize(
    "word",
    ["properties", "items", "prefixItems", "anyOf", "allOf", "enum", "additionalProperties", "patternProperties",
     "format", "minimum", "$ref", "type", "then", "dependentSchemas", "title", "$id", "$anchor"],
)  # fmt: skip
def test_nonsense_in_a_schema_is_borne(word: str, nonsense: Any):
    subschemas = {"p": {"type": "object", word: nonsense}, "q": {word: nonsense}}
    types = SchemaTypes({**schema_of(subschemas), "allOf": [{word: nonsense}]})

    found = [types.type_of(stated) for stated in types.properties().values()]

    assert len(found) >= 2
    assert all(kind is None or kind.sql for kind in found)
