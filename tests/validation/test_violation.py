"""What is said of an invalid event: where, which rule, what the schema asks for, and nothing of the event."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_telemetry.errors import InvalidSchema
from jupyter_telemetry.validation import Draft, Violation, compile_validator

from .schema_strategies import near, schemas

pytestmark = pytest.mark.parametrize("backend", ["rust", "python"])

MODERN = Draft.DRAFT202012.value
SLOW = "^(a|a)*(?=b)$"


class Case(NamedTuple):
    schema: dict[str, Any]
    event: Any
    json_path: str
    rule: str
    reason: str


KINDS = {
    "$schema": MODERN,
    "oneOf": [
        {"properties": {"kind": {"const": "file"}, "size": {"type": "integer"}}, "required": ["kind"]},
        {"properties": {"kind": {"const": "link"}, "to": {"type": "string"}}, "required": ["kind"]},
    ],
}
TREE = {"properties": {"name": {"type": "string"}, "children": {"items": {"$ref": "#"}}}}

CASES = {
    "type": Case({"properties": {"n": {"type": "integer"}}}, {"n": "x"}, "$.n", "type", "must be an integer"),
    "types": Case({"type": ["array", "null", "number"]}, "x", "$", "type", "must be an array, null or a number"),
    "required": Case({"required": ["name"]}, {}, "$", "required", "lacks the required property 'name'"),
    "enum": Case({"enum": ["save", "open"]}, "x", "$", "enum", "must be one of 'save', 'open'"),
    "enum of one": Case({"enum": [None]}, "x", "$", "enum", "must be null"),
    "enum of none": Case(
        {"$schema": MODERN, "enum": []}, "x", "$", "enum", "must not be there: the schema allows no value here"
    ),
    "enum of many": Case(
        {"enum": [f"choice number {n:02}" for n in range(40)]},
        "x",
        "$",
        "enum",
        "must be one of " + ", ".join(f"'choice number {n:02}'" for n in range(6)) + ", … (40 in all)",
    ),
    "const": Case({"const": {"a": [1, None]}}, "x", "$", "const", 'must be {"a": [1, null]}'),
    "const with a quote": Case({"const": "it's\n"}, "x", "$", "const", r"must be 'it\'s\u000a'"),
    "minimum": Case({"minimum": 3}, 2, "$", "minimum", "must be at least 3"),
    "maximum": Case({"maximum": 3}, 4, "$", "maximum", "must be at most 3"),
    "exclusiveMinimum": Case({"exclusiveMinimum": 0.5}, 0, "$", "exclusiveMinimum", "must be greater than 0.5"),
    "exclusiveMaximum": Case({"exclusiveMaximum": 3}, 3, "$", "exclusiveMaximum", "must be less than 3"),
    "exclusive in draft 4": Case(
        {"$schema": Draft.DRAFT4.value, "minimum": 3, "exclusiveMinimum": True},
        3,
        "$",
        "exclusiveMinimum",
        "must be greater than 3",
    ),
    "multipleOf": Case({"multipleOf": 5}, 3, "$", "multipleOf", "must be a multiple of 5"),
    "minLength": Case({"minLength": 1}, "", "$", "minLength", "must have at least 1 character"),
    "maxLength": Case({"maxLength": 2}, "abc", "$", "maxLength", "must have at most 2 characters"),
    "pattern": Case({"pattern": "^a"}, "x", "$", "pattern", "must match the pattern '^a'"),
    "long pattern": Case({"pattern": f"^{'a' * 100}$"}, "x", "$", "pattern", f"must match the pattern '^{'a' * 78}…'"),
    "text too long for look-around": Case(
        {"allOf": [{}], "items": {"allOf": [{}], "pattern": "(?=a*b)c"}},
        ["a" * 200_000],
        "$[0]",
        "pattern",
        "must have at most 4096 characters to be matched with the pattern '(?=a*b)c'",
    ),
    "pattern with look-around": Case(
        {"items": {"allOf": [{}], "pattern": "(?=a*b)c"}},
        ["a" * 4096],
        "$[0]",
        "pattern",
        "must match the pattern '(?=a*b)c'",
    ),
    "name too long for look-around": Case(
        {"propertyNames": {"pattern": r"^(?!a)"}},
        {"b" * 4097: 1},
        "$",
        "propertyNames",
        "must have at most 4096 characters to be matched with the pattern '^(?!a)'",
    ),
    "false in an else of the schema's own": Case(
        {"allOf": [{"if": {"maxLength": 1}, "then": {"pattern": "^(?=a)"}, "else": False}]},
        "abc",
        "$",
        "else",
        "must not be there: the schema allows nothing here",
    ),
    "slow pattern": Case(
        {"items": {"pattern": SLOW}}, ["a" * 50], "$[0]", "pattern", f"took too long to match the pattern '{SLOW}'"
    ),
    "slow pattern in not": Case(
        {"not": {"pattern": SLOW}}, "a" * 50, "$", "pattern", f"took too long to match the pattern '{SLOW}'"
    ),
    "slow pattern for names": Case(
        {"properties": {"m": {"patternProperties": {SLOW: {"type": "null"}}}}},
        {"m": {"a" * 50: 1}},
        "$.m",
        "patternProperties",
        f"took too long to match the pattern '{SLOW}'",
    ),
    "slow pattern in propertyNames": Case(
        {"properties": {"m": {"propertyNames": {"pattern": SLOW}}}},
        {"m": {"a" * 50: 1}},
        "$.m",
        "propertyNames",
        f"took too long to match the pattern '{SLOW}'",
    ),
    "format": Case({"format": "date-time"}, "x", "$", "format", "must have the format 'date-time'"),
    "format of patterns": Case(
        {"format": "regex"}, "(", "$", "format", "must be a regular expression of ECMA-262, with its flag 'u'"
    ),
    "minItems": Case({"minItems": 1}, [], "$", "minItems", "must have at least 1 item"),
    "maxItems": Case({"maxItems": 0}, [1], "$", "maxItems", "must have at most 0 items"),
    "uniqueItems": Case({"uniqueItems": True}, [1, 1], "$", "uniqueItems", "must not have the same item twice"),
    "contains": Case(
        {"contains": {"type": "null"}},
        [1],
        "$",
        "contains",
        "must contain at least 1 of the items that the schema describes with 'contains'",
    ),
    "contains with bounds": Case(
        {"$schema": MODERN, "contains": {"type": "null"}, "minContains": 2, "maxContains": 3},
        [None],
        "$",
        "contains",
        "must contain at least 2 and at most 3 of the items that the schema describes with 'contains'",
    ),
    "minProperties": Case({"minProperties": 2}, {}, "$", "minProperties", "must have at least 2 properties"),
    "maxProperties": Case({"maxProperties": 1}, {"a": 1, "b": 2}, "$", "maxProperties", "must have at most 1 property"),
    "additionalProperties": Case(
        {"properties": {"a": {}}, "additionalProperties": False},
        {"b": 1},
        "$",
        "additionalProperties",
        "has properties that the schema does not allow",
    ),
    "unevaluatedProperties": Case(
        {"$schema": MODERN, "allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False},
        {"a": 1, "b": 1},
        "$",
        "unevaluatedProperties",
        "has properties that the schema does not allow",
    ),
    "additionalItems": Case(
        {"items": [{}], "additionalItems": False},
        [1, 2],
        "$",
        "additionalItems",
        "has more items than the schema allows",
    ),
    "items false": Case(
        {"$schema": MODERN, "prefixItems": [{}], "items": False},
        [1, 2],
        "$[1]",
        "items",
        "must not be there: the schema allows nothing here",
    ),
    "property false": Case(
        {"properties": {"a": False}},
        {"a": 1},
        "$.a",
        "properties",
        "must not be there: the schema allows nothing here",
    ),
    "reference to false": Case(
        {"properties": {"a": {"$ref": "#/definitions/no"}}, "definitions": {"no": False}},
        {"a": 1},
        "$.a",
        "$ref",
        "must not be there: the schema allows nothing here",
    ),
    "propertyNames": Case(
        {"propertyNames": {"pattern": "^a"}},
        {"b": 1},
        "$",
        "propertyNames",
        "has a property name that the schema does not allow: it must match the pattern '^a'",
    ),
    "dependencies": Case(
        {"dependencies": {"a": ["b"]}},
        {"a": 1},
        "$",
        "dependencies",
        "lacks the property 'b', which another one needs",
    ),
    "dependentRequired": Case(
        {"$schema": MODERN, "dependentRequired": {"a": ["b"]}},
        {"a": 1},
        "$",
        "dependentRequired",
        "lacks the property 'b', which another one needs",
    ),
    "not": Case(
        {"not": {"required": ["a"]}}, {"a": 1}, "$", "not", "must not match what the schema excludes with 'not'"
    ),
    "then": Case(
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
        {"a": 1},
        "$",
        "required",
        "lacks the required property 'b'",
    ),
    "contentMediaType": Case(
        {"contentMediaType": "application/json"},
        "{",
        "$",
        "contentMediaType",
        "must have content of the media type 'application/json'",
    ),
    "contentEncoding": Case(
        {"contentEncoding": "base64"}, "{", "$", "contentEncoding", "must have the content encoding 'base64'"
    ),
    "optional, of another type": Case(
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        5,
        "$",
        "anyOf",
        "must be a string or null",
    ),
    "optional, of the type": Case(
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "x",
        "$",
        "format",
        "must have the format 'date'",
    ),
    "tagged union": Case(KINDS, {"kind": "file", "size": "x"}, "$.size", "type", "must be an integer"),
    "no tag of the union": Case(
        KINDS, {"kind": "x"}, "$", "oneOf", "must match one of the 2 alternatives of the schema"
    ),
    "more than one": Case(
        {"oneOf": [{"type": "integer"}, {"type": "number"}]},
        3,
        "$",
        "oneOf",
        "must match exactly one of the 2 alternatives of the schema, and matches more",
    ),
    "recursive": Case(
        TREE,
        {"children": [{}, {"children": [{"name": 1}]}]},
        "$.children[1].children[0].name",
        "type",
        "must be a string",
    ),
    "nested": Case(
        {"properties": {"user": {"properties": {"a b": {"type": "null"}}}}},
        {"user": {"a b": 1}},
        "$.user['a b']",
        "type",
        "must be null",
    ),
    "quoted name": Case({"properties": {"it's": {"type": "null"}}}, {"it's": 1}, r"$['it\'s']", "type", "must be null"),
    "name of digits": Case({"properties": {"007": {"type": "null"}}}, {"007": 1}, "$['007']", "type", "must be null"),
    "undeclared name": Case(
        {"additionalProperties": {"items": {"type": "null"}}}, {"anna": [1]}, "$.*[0]", "type", "must be null"
    ),
    "undeclared name of digits": Case(
        {"additionalProperties": {"type": "null"}}, {"0012345": 1}, "$.*", "type", "must be null"
    ),
    "name that a pattern allows": Case(
        {"patternProperties": {"^a": {"type": "null"}}}, {"anna": 1}, "$.*", "type", "must be null"
    ),
    "name that is declared elsewhere only": Case(
        {
            "properties": {"anna": {}, "map": {"additionalProperties": {"type": "null"}}},
        },
        {"map": {"anna": 1}},
        "$.map.*",
        "type",
        "must be null",
    ),
    "name that is declared behind a reference": Case(
        {
            "allOf": [{"$ref": "#/definitions/d"}],
            "additionalProperties": {"type": "null"},
            "definitions": {"d": {"properties": {"a": {}}}},
        },
        {"a": 1},
        "$.a",
        "type",
        "must be null",
    ),
    "the precise before the vague": Case(
        {"properties": {"a": {"not": {}}, "b": {"properties": {"c": {"type": "null"}}}}},
        {"a": 1, "b": {"c": 1}},
        "$.b.c",
        "type",
        "must be null",
    ),
    "the shallow before the deep": Case(
        {"required": ["z"], "properties": {"a": {"type": "null"}}},
        {"a": 1},
        "$",
        "required",
        "lacks the required property 'z'",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_violation_says_where_which_rule_and_what_the_schema_asks_for(backend, case):
    schema, event, *expected = CASES[case]
    validator = compile_validator(schema, backend=backend)
    found = validator.explain(event)
    assert not validator.is_valid(event)
    assert [found.json_path, found.rule, found.reason] == expected


def test_a_valid_event_has_no_violation(backend):
    assert compile_validator({"type": "object"}, backend=backend).explain({}) is None


def test_a_violation_tells_the_place_in_the_schema_and_what_stands_there(backend):
    schema = {"properties": {"a": {"$ref": "#/definitions/d"}}, "definitions": {"d": {"enum": [1, 2]}}}
    assert compile_validator(schema, backend=backend).explain({"a": 3}) == Violation(
        json_path="$.a",
        rule="enum",
        reason="must be one of 1, 2",
        rule_path=("definitions", "d", "enum"),
        expected=[1, 2],
    )


def test_a_rule_of_another_document_has_its_place_there(backend):
    resources = {"https://example.org/d": {"definitions": {"0": {"type": "null"}}, "$ref": "#/definitions/0"}}
    schema = {"properties": {"a": {"$ref": "https://example.org/d"}}}
    found = compile_validator(schema, resources=resources, backend=backend).explain({"a": 3})
    assert (found.json_path, found.rule_path, found.expected) == ("$.a", ("definitions", "0", "type"), "null")


def test_a_pattern_with_look_around_in_another_document_has_its_place_there(backend):
    resources = {
        "urn:x:r": {"$schema": MODERN, "allOf": [{}], "$ref": "#/$defs/d", "$defs": {"d": {"pattern": "(?!b)a"}}}
    }
    schema = {"properties": {"a": {"$ref": "urn:x:r"}}}
    validator = compile_validator(schema, resources=resources, backend=backend)
    found, long = validator.explain({"a": "x"}), validator.explain({"a": "x" * 5000})
    assert (found.json_path, found.rule_path, found.expected) == ("$.a", ("$defs", "d", "pattern"), "(?!b)a")
    assert (long.json_path, long.rule_path, long.expected) == ("$.a", ("$defs", "d", "pattern"), "(?!b)a")
    assert validator.is_valid({"a": "a"})


def test_a_reference_to_a_metaschema_is_explained(backend):
    schema = {"properties": {"a": {"$ref": Draft.DRAFT7.value}}}
    found = compile_validator(schema, backend=backend).explain({"a": {"minLength": "secret"}})
    assert (found.json_path, found.rule, found.reason) == ("$.a.*", "type", "must be an integer")


def test_very_many_failures_are_explained_by_one_of_the_first(backend):
    validator = compile_validator({"items": {"type": "null"}}, backend=backend)
    assert validator.explain([1] * 100_000).json_path == "$[0]"


@pytest.mark.parametrize(
    ("schema", "event"),
    [
        ({"properties": {"a": {"type": "string"}}}, {"a": b"secret"}),
        ({"propertyNames": {"type": "string"}}, {5: 1}),
        ({"properties": {"a": {"uniqueItems": True}}}, {"a": [[[{1}]], [[{2}]]]}),
    ],
    ids=["bytes", "number as a name", "sets"],
)
def test_what_json_cannot_hold_is_left_to_the_caller(backend, schema, event):
    found = compile_validator(schema, backend=backend).explain(event)
    assert found is None or "secret" not in repr(found)


SECRET_NAMES = st.sampled_from(["zqname", "4711004711", "+0004711", "zq/na~me", "zq'name", "zq name"])
SECRETS = st.sampled_from(["zqvalue", "zq@value.org", "4711-zq", 4711004711, -4711.25, ["zqvalue", 4711]])


@st.composite
def marked(draw: st.DrawFn, value: Any) -> Any:
    """Put secrets in the place of values and of names, here and there, and add some."""
    if isinstance(value, list):
        return [draw(marked(each)) for each in value]
    if isinstance(value, dict):
        kept = {name if draw(st.booleans()) else draw(SECRET_NAMES): draw(marked(v)) for name, v in value.items()}
        return kept | draw(st.dictionaries(SECRET_NAMES, SECRETS, max_size=2))
    return draw(SECRETS)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_value_and_no_undeclared_name_stands_in_a_violation(backend, data):
    schema = data.draw(st.sampled_from(Draft).flatmap(schemas))
    try:
        validator = compile_validator(schema, backend=backend)
    except InvalidSchema:
        return
    for _ in range(4):
        found = validator.explain(data.draw(near(schema, schema).flatmap(marked)))
        assert "zq" not in repr(found)
        assert "4711" not in repr(found)
