"""The work for an event is bounded by the size of its schema and its own, valid or not, explained or not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jupyter_telemetry.validation import Draft, compile_validator

MODERN = Draft.DRAFT202012.value

both_backends = pytest.mark.parametrize("backend", ["rust", "python"])


def tagged(count):
    kinds = [{"properties": {"kind": {"const": f"k{n}"}, "size": {"type": "integer"}}} for n in range(count)]
    return {"oneOf": [{**each, "required": ["kind"]} for each in kinds]}


def doubled(levels, keyword="anyOf", below=lambda ref: ref):
    """A chain of definitions, each of which refers to the next one twice."""
    chain = {f"d{n}": {keyword: [below({"$ref": f"#/$defs/d{n + 1}"})] * 2} for n in range(levels)}
    return {
        "$schema": MODERN,
        "properties": {"a": {"$ref": "#/$defs/d0"}},
        "$defs": chain | {f"d{levels}": {"const": 1}},
    }


def mutual(count):
    """Definitions of which each is a list of any of them."""
    either = {"anyOf": [*({"$ref": f"#/$defs/c{n}"} for n in range(count)), {"type": "null"}]}
    return {"$schema": MODERN, **either, "$defs": {f"c{n}": {"type": "array", "items": either} for n in range(count)}}


def nested_unevaluated(levels):
    schema = {"properties": {"a": {}}, "unevaluatedProperties": False}
    for _ in range(levels):
        schema = {"allOf": [schema], "unevaluatedProperties": False}
    return {"$schema": MODERN, **schema}


SHARED = {"properties": {f"p{n}": {"$ref": "#/$defs/d"} for n in range(200)}, "$defs": {"d": {"items": tagged(9)}}}
ONE_WAY_BACK = {"anyOf": [{"items": {"$ref": "#"}, "type": "array"}] * 3 + [{"type": "null"}]}


@pytest.mark.parametrize(
    "schema",
    [{}, tagged(300), SHARED, doubled(4), ONE_WAY_BACK, nested_unevaluated(2), {"properties": {"a": ONE_WAY_BACK}}],
    ids=["empty", "tagged", "shared", "a little doubled", "recursive", "unevaluated", "refers to the root"],
)
def test_recording_calls_jsonschema_rs_itself_where_its_work_is_bounded(schema):
    validator = compile_validator(schema, backend="rust")
    assert type(validator.is_valid).__name__ == "builtin_function_or_method"


UNBOUNDED = {
    "doubled": (doubled(40), {"a": 1}, {"a": 2}),
    "doubled by allOf": (doubled(40, "allOf"), {"a": 1}, {"a": 2}),
    "doubled into an array": (doubled(40, below=lambda ref: {"items": ref}), {"a": [[]]}, None),
    "mutual": (mutual(30), [[[None]]] * 30, [[[[[[5]]]]]]),
    "unevaluated": (nested_unevaluated(30), {"a": 1}, {"b": 1}),
    "dynamic": (
        {"$schema": MODERN, "$dynamicAnchor": "n", "anyOf": [{"type": "array", "items": {"$dynamicRef": "#n"}}] * 2},
        [[[]]],
        [[5]],
    ),
}


@pytest.mark.parametrize("case", UNBOUNDED)
@both_backends
def test_where_ways_through_a_schema_multiply_each_value_is_judged_once_a_subschema(backend, case):
    """jsonschema-rs would take years for some of these."""
    schema, valid, invalid = UNBOUNDED[case]
    validator = compile_validator(schema, backend=backend)
    assert type(validator.is_valid).__name__ == "method"
    assert validator.is_valid(valid)
    assert validator.explain(valid) is None
    if invalid is not None:
        assert not validator.is_valid(invalid)
        assert validator.explain(invalid) is not None


RECURSIVE = """
import sys
from jupyter_telemetry.validation import compile_validator

kinds = ["and", "or", "not", "add", "mul", "sub"]
args = {"type": "array", "items": {"$ref": "#/definitions/expr"}}
tagged = [{"properties": {"op": {"const": op}, "args": args}, "required": ["op", "args"]} for op in kinds]
plain = [{"properties": {"args": args, op: {}}, "required": ["args"]} for op in kinds]
for alternatives in tagged, plain:
    expr = {"anyOf": [*({"type": "object", **each} for each in alternatives), {"type": "number"}]}
    schema = {"definitions": {"expr": expr}, "properties": {"e": {"$ref": "#/definitions/expr"}}}
    validator = compile_validator(schema, backend=sys.argv[1])
    for innermost in 1, "bad":
        value = innermost
        for level in range(90):
            value = {"op": kinds[level % 6], "args": [value]}
        found = validator.explain({"e": value})
        print(validator.is_valid({"e": value}), found and (found.rule, found.json_path.count("args")))
"""


@both_backends
def test_a_small_event_of_a_recursive_union_is_explained_at_once(backend):
    """All alternatives of all levels took 21 seconds at six levels, and five times that for each one more."""
    done = subprocess.run([sys.executable, "-c", RECURSIVE, backend], capture_output=True, text=True, timeout=60)
    said = ["True None", "False ('anyOf', 90)", "True None", "False ('anyOf', 0)"]
    assert (done.returncode, done.stdout.splitlines()) == (0, said), done.stderr


ARRAY_OF_ALTERNATIVES = """
import sys
from jupyter_telemetry.validation import compile_validator

schema = {"properties": {"l": {"anyOf": [{"items": {"type": "string"}}, {"type": "object"}]}}}
found = compile_validator(schema, backend=sys.argv[1]).explain({"l": [*range(100_000)]})
print(found.json_path, found.rule)
"""


@both_backends
def test_a_large_wrong_array_in_an_alternative_is_explained_by_one_of_its_first_items(backend):
    done = subprocess.run(
        [sys.executable, "-c", ARRAY_OF_ALTERNATIVES, backend], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.split()) == (0, ["$.l[0]", "type"]), done.stderr


@both_backends
def test_what_takes_too_many_steps_is_refused_and_said_to_be(backend):
    schema = mutual(60)
    event = [[[index] for index in range(2_000)]] * 2
    validator = compile_validator(schema, backend=backend)
    assert not validator.is_valid(event)
    found = validator.explain(event)
    assert (found.json_path, found.rule) == ("$", "work")
    assert found.reason == "takes too many steps to validate; make it smaller, or the schema's alternatives fewer"
