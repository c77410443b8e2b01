"""Which draft a schema is of, and what is no schema at all."""

from __future__ import annotations

import datetime

import pytest

from jupyter_telemetry.errors import InvalidSchema
from jupyter_telemetry.validation import Draft, check_schema, compile_validator, draft_of

both_backends = pytest.mark.parametrize("backend", ["rust", "python"])


@pytest.mark.parametrize("draft", Draft)
@pytest.mark.parametrize("end", ["", "#"])
def test_the_schema_names_its_draft(draft, end):
    assert draft_of({"$schema": draft.value + end}) is draft


@pytest.mark.parametrize(
    ("schema", "draft"),
    [
        ({}, Draft.DRAFT7),
        ({"definitions": {}}, Draft.DRAFT7),
        ({"$defs": {}}, Draft.DRAFT202012),
        ({"properties": {"a": {"items": {"prefixItems": []}}}}, Draft.DRAFT202012),
        ({"properties": {"$defs": {}, "prefixItems": {}}}, Draft.DRAFT7),
        ({"const": {"$defs": {}}, "enum": [{"prefixItems": []}], "default": {"$defs": {}}}, Draft.DRAFT7),
        ({"x-own": {"$defs": {}}}, Draft.DRAFT7),
    ],
    ids=str,
)
def test_without_a_name_the_keywords_tell_the_draft(schema, draft):
    assert draft_of(schema) is draft


@pytest.mark.parametrize("uri", ["http://json-schema.org/draft-03/schema#", "urn:x", "", 7, None], ids=str)
def test_an_unknown_draft_is_an_invalid_schema(uri):
    with pytest.raises(InvalidSchema, match=r"^\$\['\$schema'\]: not a draft known here") as caught:
        compile_validator({"$schema": uri})
    assert caught.value.json_path == "$['$schema']"


def test_the_caller_may_name_the_draft():
    schema = {"items": [{"type": "null"}]}
    assert not compile_validator(schema, draft=Draft.DRAFT7).is_valid([1])
    with pytest.raises(InvalidSchema):
        compile_validator(schema, draft=Draft.DRAFT202012)


def nested(inner, levels, keyword="allOf"):
    for _ in range(levels):
        inner = {keyword: [inner]} if keyword == "allOf" else {keyword: {"a": inner}}
    return inner


SIMPLE_TYPES = "must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'"
REGEX = "must be a regular expression of ECMA-262, with its flag 'u'"
# (draft, schema, where, what is asked for there, by which rule of the metaschema)
BROKEN = [
    (Draft.DRAFT7, {"properties": {"a": {"type": "int"}}}, "$.properties.a.type", SIMPLE_TYPES, "enum"),
    (Draft.DRAFT7, {"minLength": -1}, "$.minLength", "must be at least 0", "minimum"),
    (Draft.DRAFT202012, {"minLength": "1"}, "$.minLength", "must be an integer", "type"),
    (Draft.DRAFT7, {"required": ["a", "a"]}, "$.required", "must not have the same item twice", "uniqueItems"),
    (Draft.DRAFT7, {"properties": []}, "$.properties", "must be an object", "type"),
    (Draft.DRAFT7, {"properties": {"a": 5}}, "$.properties.a", "must be a boolean or an object", "type"),
    (Draft.DRAFT202012, {"$defs": {"a": {"allOf": []}}}, "$['$defs'].a.allOf", "must have at least 1 item", "minItems"),
    (Draft.DRAFT4, {"required": []}, "$.required", "must have at least 1 item", "minItems"),
    (
        Draft.DRAFT4,
        {"exclusiveMinimum": True},
        "$",
        "lacks the property 'minimum', which another one needs",
        "dependencies",
    ),
    (Draft.DRAFT4, {"properties": {"a": True}}, "$.properties.a", "must be an object", "type"),
    (Draft.DRAFT6, {"propertyNames": 3}, "$.propertyNames", "must be a boolean or an object", "type"),
    (Draft.DRAFT201909, {"dependentRequired": {"a": "b"}}, "$.dependentRequired.a", "must be an array", "type"),
    (Draft.DRAFT7, {"$id": "a b"}, "$['$id']", "must have the format 'uri-reference'", "format"),
    (Draft.DRAFT7, {"items": {"pattern": "("}}, "$.items.pattern", REGEX, "format"),
    (Draft.DRAFT202012, {"items": {"pattern": "("}}, "$.items.pattern", REGEX, "format"),
    (
        Draft.DRAFT7,
        {"properties": {"a": {"patternProperties": {"[": {}}}}},
        "$.properties.a.patternProperties",
        f"has a property name that the schema does not allow: it {REGEX}",
        "propertyNames",
    ),
    (
        Draft.DRAFT7,
        nested({"type": "int"}, 60, "properties"),
        f"${'.properties.a' * 60}.type",
        SIMPLE_TYPES,
        "enum",
    ),
]


@both_backends
@pytest.mark.parametrize(
    ("draft", "schema", "at", "reason", "rule"), BROKEN, ids=[str(each[1])[:40] for each in BROKEN]
)
def test_what_breaks_the_metaschema_is_said_with_its_place_and_rule(backend, draft, schema, at, reason, rule):
    with pytest.raises(InvalidSchema) as caught:
        check_schema(schema, draft, backend=backend)
    assert str(caught.value) == f"{at}: {reason} (rule: {rule} of {draft.title}'s metaschema)"
    assert caught.value.json_path == at
    with pytest.raises(InvalidSchema):
        compile_validator(schema, draft=draft, backend=backend)


@both_backends
def test_an_invalid_schema_tells_its_id(backend):
    with pytest.raises(InvalidSchema) as caught:
        compile_validator({"$id": "https://example.org/s", "type": 5}, backend=backend)
    assert caught.value.schema_id == "https://example.org/s"


@both_backends
def test_a_bad_pattern_among_the_names_of_draft_4_is_found(backend):
    schema = {"$schema": Draft.DRAFT4.value, "properties": {"a": {"patternProperties": {"(": {}}}}}
    with pytest.raises(InvalidSchema) as caught:
        compile_validator(schema, backend=backend)
    assert caught.value.json_path == "$.properties.a.patternProperties['(']"


@both_backends
@pytest.mark.parametrize("draft", Draft)
def test_every_metaschema_takes_a_schema_with_all_that_people_write(backend, draft):
    schema = {
        "$schema": draft.value,
        "title": "t",
        "description": "d",
        "version": 1,
        "personal-data": True,
        "type": "object",
        "properties": {"a": {"type": ["string", "null"], "categories": ["c"], "default": None, "examples": [1]}},
        "required": ["a"],
    }
    check_schema(schema, draft, backend=backend)
    assert compile_validator(schema, backend=backend).is_valid({"a": None})


@both_backends
def test_a_hundred_levels_of_combinators_are_no_trouble(backend):
    validator = compile_validator(nested({"type": "object"}, 100), backend=backend)
    assert validator.is_valid({})
    assert validator.explain(1).rule_path == (*("allOf", 0) * 100, "type")


@both_backends
def test_five_hundred_properties_are_no_trouble(backend):
    schema = {"properties": {f"p{n}": {"type": "integer"} for n in range(500)}, "additionalProperties": False}
    validator = compile_validator(schema, backend=backend)
    assert validator.is_valid({f"p{n}": n for n in range(500)})
    assert validator.explain({"p499": "x"}).json_path == "$.p499"


@both_backends
def test_boolean_subschemas_count_everywhere(backend):
    schema = {"properties": {"a": True, "b": {"items": False}}, "additionalProperties": True, "not": False}
    validator = compile_validator(schema, backend=backend)
    assert validator.is_valid({"a": 1, "b": [], "c": 1})
    assert validator.explain({"b": [1]}).json_path == "$.b[0]"


def circular():
    schema: dict[str, object] = {}
    schema["not"] = schema
    return schema


def bomb():
    value: list[object] = [1]
    for _ in range(40):
        value = [value, value]
    return {"enum": value}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (nested({}, 200), "$: the schema is nested deeper than 250 levels"),
        (nested({}, 100_000), "$: the schema is nested deeper than 250 levels"),
        (circular(), "$: the schema is nested deeper than 250 levels"),
        (bomb(), "$: the schema has more than 200000 values"),
        ({"const": datetime.date(2026, 11, 23)}, "$.const: a date is no JSON value; quote it if it is text"),
        ({"enum": [float("nan")]}, "$.enum[0]: a float is no JSON value; quote it if it is text"),
        ({"enum": [b"x"]}, "$.enum[0]: a bytes is no JSON value; quote it if it is text"),
        ({"properties": {1: {}}}, "$.properties: a name here is no string; quote it"),
    ],
    ids=["200 levels", "100,000 levels", "circular", "aliases", "date", "NaN", "bytes", "number as a name"],
)
def test_what_is_no_json_document_is_an_invalid_schema(schema, text):
    with pytest.raises(InvalidSchema) as caught:
        compile_validator(schema)
    assert str(caught.value) == text


def test_a_tuple_is_a_list():
    assert compile_validator({"enum": (1, 2)}).is_valid(2)
