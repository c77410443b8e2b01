"""The two backends say the same: generated schemas and events, and a table of all that is known to differ."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_telemetry.errors import InvalidSchema
from jupyter_telemetry.validation import Draft, compile_validator

from .schema_strategies import near, schemas

CURRENT = Draft.DRAFT202012.value
REFUSED = "refused"
RAISES = "raises"


def compiled(schema, backend):
    try:
        return compile_validator(schema, backend=backend)
    except InvalidSchema as error:
        return str(error)


def comparable(violation):
    """Leave out which rule of a name jsonschema-rs tells: the first, where the Python backend has them all."""
    if violation is not None and violation.rule == "propertyNames":
        return replace(violation, reason="", rule_path=(), expected=None)
    return violation


@pytest.mark.parametrize("draft", Draft)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_both_backends_say_the_same_of_any_schema_and_event(draft, data):
    schema = data.draw(schemas(draft))
    rust, python = compiled(schema, "rust"), compiled(schema, "python")
    if isinstance(rust, str) or isinstance(python, str):
        assert rust == python
        return
    for _ in range(3):
        event = data.draw(near(schema, schema))
        assert rust.is_valid(event) == python.is_valid(event)
        told = rust.explain(event)
        assert (told is None) == rust.is_valid(event)
        assert comparable(told) == comparable(python.explain(event))


def answer(schema, event, backend):
    try:
        return compile_validator(schema, backend=backend).is_valid(event)
    except InvalidSchema:
        return REFUSED
    except (ValueError, TypeError):
        return RAISES


SLOW = "^(a|a)*(?=b)$"


class Difference(NamedTuple):
    schema: dict[str, Any]
    event: Any
    rust: object
    python: object
    right: Literal["rust", "python", "either"]
    why: str


DIFFERENCES = {
    "a digit of a date": Difference(
        {"format": "date"},
        "2026-11-2*",
        rust=True,
        python=False,
        right="python",
        why="jsonschema-rs 0.60.3 takes some punctuation for a digit (RFC 3339 §5.6)",
    ),
    "a digit of a time": Difference(
        {"format": "time"}, "17:4.:05Z", rust=True, python=False, right="python", why="as for a date"
    ),
    "capitals in a U-label": Difference(
        {"format": "idn-hostname"},
        "Z실례",
        rust=True,
        python=False,
        right="python",
        why="a U-label has none (RFC 5892 §2)",
    ),
    "an escaped space in a quoted local part": Difference(
        {"format": "email"},
        '"a;\\ b"@example.org',
        rust=False,
        python=True,
        right="python",
        why="quoted-pair (RFC 5321 §4.1.2)",
    ),
    "a regex that is not supported": Difference(
        {"format": "regex"},
        r"(?<n>a)\k<n>",
        rust=True,
        python=False,
        right="rust",
        why="it is one of ECMA-262; as a `pattern` both refuse it",
    ),
    "a word boundary beside a letter that is not ASCII": Difference(
        {"pattern": r"\bé"},
        "é",
        rust=True,
        python=False,
        right="python",
        why=r"\b is about \w, which is ASCII (ECMA-262 §22.2.2.7.3)",
    ),
    "an escape that is none": Difference(
        {"pattern": r"\<a"},
        "a",
        rust=True,
        python=REFUSED,
        right="python",
        why="ECMA-262 has no such escape; the regex crate makes it a word boundary",
    ),
    "a pattern of a million steps": Difference(
        {"pattern": "(?:a{1000}){1000}"},
        "b",
        rust=REFUSED,
        python=False,
        right="either",
        why="jsonschema-rs bounds the size of a compiled pattern, the Python backend the time of a match",
    ),
    "a very long pattern": Difference(
        {"pattern": "a" * 10_001},
        "b",
        rust=False,
        python=REFUSED,
        right="either",
        why="the Python backend bounds the length of a pattern, jsonschema-rs the size of a compiled one",
    ),
    "a slow pattern that decides nothing": Difference(
        {"patternProperties": {SLOW: {}}},
        {"a" * 40: 1},
        rust=True,
        python=False,
        right="rust",
        why="a pattern whose subschema allows everything need not be tried",
    ),
    "a slow pattern beside another way to be valid": Difference(
        {"anyOf": [{"pattern": SLOW}, {"type": "string"}]},
        "a" * 40,
        rust=True,
        python=False,
        right="rust",
        why="the event is valid whatever the pattern says; the Python backend tries nothing more once one is given up",
    ),
    "a float that stands for an integer past 2**53": Difference(
        {"const": 2**63},
        float(2**63),
        rust=False,
        python=True,
        right="either",
        why="written as 9.223372036854776e+18 the float is another number; jsonschema-rs 0.61 takes it for what it is",
    ),
    "the metaschema of another draft": Difference(
        {"$schema": Draft.DRAFT7.value, "$ref": CURRENT},
        {"type": "nil"},
        rust=REFUSED,
        python=False,
        right="python",
        why="a metaschema may be referred to from any draft; jsonschema-rs cannot follow its $dynamicRef from draft-07",
    ),
    "bytes": Difference(
        {"type": "string"}, b"", rust=RAISES, python=False, right="either", why="no JSON, refused elsewhere"
    ),
    "a set": Difference(
        {"type": "array"}, {1}, rust=RAISES, python=False, right="either", why="no JSON, refused elsewhere"
    ),
}


@pytest.mark.parametrize("case", DIFFERENCES)
def test_each_known_difference_is_still_one_or_was_settled_the_right_way(case):
    """Another release of jsonschema-rs or jsonschema may have mended what an older one, still admitted, does."""
    schema, event, rust, python, right, _ = DIFFERENCES[case]
    schema = {"$schema": CURRENT, **schema}
    settled = {"rust": [(rust, rust)], "python": [(python, python)], "either": [(rust, rust), (python, python)]}
    answers = (answer(schema, event, "rust"), answer(schema, event, "python"))
    assert answers in [(rust, python), *settled[right]]


@pytest.mark.parametrize("backend", ["rust", "python"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf], ids=str)
@pytest.mark.parametrize(
    ("schema", "room"),
    [
        ({"type": "number"}, False),
        ({"type": "integer"}, False),
        ({"type": "null"}, False),
        ({"type": ["null", "string"]}, False),
        ({"enum": [None, 1]}, False),
        ({"const": None}, False),
        ({"items": {"type": "null"}}, True),
        ({"minimum": 0}, True),
        ({"multipleOf": 2}, True),
        ({"not": {"type": "number"}}, True),
        ({}, True),
    ],
    ids=str,
)
def test_what_is_no_json_number_is_of_no_type(backend, schema, room, value):
    assert compile_validator(schema, backend=backend).is_valid(value) is room


@pytest.mark.parametrize("backend", ["rust", "python"])
@pytest.mark.parametrize(
    ("schema", "event", "valid"),
    [
        ({"type": "integer"}, 1.0, True),
        ({"type": "integer"}, True, False),
        ({"type": "number"}, False, False),
        ({"type": "boolean"}, 1, False),
        ({"type": "array"}, (1, 2), True),
        ({"items": {"type": "string"}}, (1, 2), False),
        ({"const": 1}, True, False),
        ({"const": 1}, 1.0, True),
        ({"enum": [False]}, 0, False),
        ({"uniqueItems": True}, [1, True, 1.5], True),
        ({"uniqueItems": True}, [1, 1.0], False),
        ({"uniqueItems": True}, [{"a": [1]}, {"a": [1.0]}], False),
        ({"multipleOf": 0.1}, 0.3, True),
        ({"multipleOf": 0.1}, 0.35, False),
        ({"maxLength": 1}, "😀", True),
        ({"type": "integer"}, 2**70, True),
    ],
    ids=str,
)
def test_pythons_types_are_jsons(backend, schema, event, valid):
    assert compile_validator(schema, backend=backend).is_valid(event) is valid


@pytest.mark.parametrize("backend", ["rust", "python"])
def test_draft_4_has_integers_without_a_point_only(backend):
    schema = {"$schema": Draft.DRAFT4.value, "type": "integer"}
    assert not compile_validator(schema, backend=backend).is_valid(1.0)
