"""Whether a null may stand in a valid event: False only where the schema proves it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_telemetry.errors import InvalidSchema
from jupyter_telemetry.validation import Draft, admits_null, compile_validator

from . import graph
from .schema_strategies import NAMES, near, numbers, schemas, texts

MODERN = Draft.DRAFT202012.value
STRING = {"type": "string"}


def closed(**properties):
    return {"type": "object", "properties": properties, "additionalProperties": False}


PROVED = {
    "scalars in a closed object": closed(a=STRING, b={"type": ["integer", "boolean"]}),
    "nothing at all": closed(),
    "nested and closed": closed(a=closed(b=STRING)),
    "array of one kind": closed(a={"type": "array", "items": STRING}),
    "array of a draft-07 tuple": closed(a={"type": "array", "items": [STRING], "additionalItems": False}),
    "array of a modern tuple": {
        "$schema": MODERN,
        **closed(a={"type": "array", "prefixItems": [STRING], "items": {"type": "number"}}),
    },
    "constants": closed(a={"enum": ["x", 1]}, b={"const": {"c": [1]}}),
    "by reference": {**closed(a={"$ref": "#/definitions/d"}), "definitions": {"d": STRING}},
    "recursive and closed": closed(a=STRING, next={"$ref": "#"}),
    "patterns and a typed rest": {
        "type": "object",
        "patternProperties": {"^a": STRING},
        "additionalProperties": {"type": "integer"},
    },
    "one of several": closed(a={"anyOf": [STRING, {"type": "integer"}]}, b={"oneOf": [STRING]}),
    "all of several": closed(a={"allOf": [{"minLength": 1}, STRING]}),
    "forbidden": closed(a=False),
    "modern, with a reference beside": {
        "$schema": MODERN,
        **closed(a={"$ref": "#/$defs/d", "type": "string"}),
        "$defs": {"d": {}},
    },
}
NOT_PROVED = {
    "empty": {},
    "open object": {"type": "object", "properties": {"a": STRING}},
    "no type": closed(a={"minLength": 1}),
    "null itself": closed(a={"type": "null"}),
    "null among others": closed(a={"type": ["string", "null"]}),
    "null among constants": closed(a={"enum": ["x", None]}),
    "null in a constant": closed(a={"const": {"b": [None]}}),
    "optional": closed(a={"anyOf": [STRING, {"type": "null"}]}),
    "open array": closed(a={"type": "array"}),
    "open end of a draft-07 tuple": closed(a={"type": "array", "items": [STRING]}),
    "open end of a modern tuple": {"$schema": MODERN, **closed(a={"type": "array", "prefixItems": [STRING]})},
    "hidden by a reference in draft-07": {
        **closed(a={"$ref": "#/definitions/d", "type": "string"}),
        "definitions": {"d": {}},
    },
    "const, which draft 4 does not know": {"$schema": Draft.DRAFT4.value, **closed(a={"const": 1})},
    "closed by unevaluatedProperties only": {
        "$schema": MODERN,
        "type": "object",
        "allOf": [{"properties": {"a": {}}}],
        "unevaluatedProperties": False,
    },
    "only not": closed(a={"not": {"type": "null"}}),
    "a reference to itself": {"$ref": "#"},
    "a reference to nowhere": closed(a={"$ref": "#/no"}),
    "a metaschema": {"$ref": Draft.DRAFT7.value},
}


@pytest.mark.parametrize("case", PROVED)
def test_a_schema_that_leaves_no_room_for_a_null_is_proved(case):
    assert admits_null(graph(PROVED[case])) is False


@pytest.mark.parametrize("case", NOT_PROVED)
def test_any_other_schema_is_taken_to_have_room(case):
    assert admits_null(graph(NOT_PROVED[case])) is True


def test_it_is_looked_for_in_other_documents_too():
    schema = closed(a={"$ref": "urn:x:s"})
    assert admits_null(graph(schema)) is True
    assert admits_null(graph(schema, **{"urn:x:s": STRING})) is False


def has_null(value):
    if isinstance(value, dict):
        return any(map(has_null, value.values()))
    return any(map(has_null, value)) if isinstance(value, list) else value is None


@st.composite
def holed(draw, value):
    """Put a null in the place of something."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        return value | {name: draw(holed(value[name]))}
    if isinstance(value, list) and value and draw(st.booleans()):
        return [draw(holed(value[0])), *value[1:]]
    return None if draw(st.booleans()) else draw(st.sampled_from(NAMES).map(lambda name: {name: None}))


below = st.recursive(
    st.sampled_from([STRING, {"type": "integer"}, {"enum": ["a", 1]}, False, {"$ref": "#/$defs/d"}, {"type": "null"}]),
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=3).map(lambda each: closed(**each)),
        inner.map(lambda each: {"type": "array", "items": each}),
        inner.map(lambda each: {"type": "object", "additionalProperties": each}),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"anyOf": each}),
        st.tuples(inner, inner).map(lambda each: {"allOf": list(each)}),
        st.lists(inner, min_size=1, max_size=2).map(
            lambda each: {"type": "array", "prefixItems": each, "items": False}
        ),
    ),
    max_leaves=6,
)
nearly_proved = st.builds(lambda root, d: {"$schema": MODERN, **root, "$defs": {"d": d}}, below.filter(bool), below)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_event_with_a_null_is_valid_where_there_is_no_room_for_it(data):
    schema = data.draw(nearly_proved | st.sampled_from(Draft).flatmap(schemas))
    try:
        validator = compile_validator(schema)
    except InvalidSchema:
        return
    if admits_null(validator.references):
        return
    for _ in range(5):
        event = data.draw(near(schema, schema).flatmap(holed))
        assert not (has_null(event) and validator.is_valid(event))
    assert not validator.is_valid(data.draw(st.none() | st.just([None]) | numbers.map(lambda n: {"a": [n, None]})))
    assert not validator.is_valid({data.draw(texts): float("nan")})
