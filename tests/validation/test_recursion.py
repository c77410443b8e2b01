"""How deep validation may go: a schema that recurses lets it go as deep as the event does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jupyter_telemetry.validation import Draft, compile_validator, may_recurse

from . import graph

MODERN = Draft.DRAFT202012.value


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"next": {"$ref": "#"}}},
        {"items": {"$ref": "#/definitions/d"}, "definitions": {"d": {"not": {"items": {"$ref": "#/definitions/d"}}}}},
        {
            "$ref": "#/definitions/a",
            "definitions": {"a": {"items": {"$ref": "#/definitions/b"}}, "b": {"items": {"$ref": "#/definitions/a"}}},
        },
        {"$schema": MODERN, "$dynamicAnchor": "n", "items": {"$dynamicRef": "#n"}},
        {"$schema": Draft.DRAFT201909.value, "items": {"$recursiveRef": "#"}},
        {"$schema": MODERN, "$ref": "#/$defs/d", "items": {"$ref": "#"}, "$defs": {"d": {}}},
        {"$ref": Draft.DRAFT7.value},
        {"$ref": "urn:x:not-given"},
        {"$id": "https://example.org/", "items": {"$ref": "//["}},
        {"$ref": "#"},
    ],
    ids=str,
)
def test_a_schema_that_comes_back_to_itself_may_recurse(schema):
    assert may_recurse(graph(schema)) is True


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": {"a": {"$ref": "#/definitions/d"}, "b": {"$ref": "#/definitions/d"}}, "definitions": {"d": {}}},
        {"definitions": {"unused": {"items": {"$ref": "#/definitions/unused"}}}},
        {"$ref": "#/definitions/d", "items": {"$ref": "#"}, "definitions": {"d": {}}},
        {"const": {"$ref": "#"}, "properties": {"$ref": {}}},
        {"items": {"$ref": "#/definitions/no"}, "definitions": {"no": False}},
    ],
    ids=str,
)
def test_any_other_does_not(schema):
    assert may_recurse(graph(schema)) is False


def test_it_is_looked_for_in_other_documents_too():
    resources = {"urn:x:tree": {"items": {"$ref": "#"}}, "urn:x:leaf": {"type": "null"}}
    assert may_recurse(graph({"$ref": "urn:x:tree"}, **resources)) is True
    assert may_recurse(graph({"$ref": "urn:x:leaf"}, **resources)) is False


def test_a_long_chain_of_references_is_followed():
    chain = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(3000)} | {"d3000": {"type": "null"}}
    schema = {"$schema": MODERN, "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": chain}
    assert may_recurse(graph(schema)) is False


DEEP = """
from jupyter_telemetry.validation import compile_validator, may_recurse
schema = {schema}
validator = compile_validator(schema, backend="rust")
assert not may_recurse(validator.references)
value = 1
for _ in range(200_000):
    value = {step}
event = {event}
try:
    print(validator.is_valid(event))
except ValueError as error:
    print(type(error).__name__)
found = validator.explain(event)
print(len(repr(found)) < 300)
import os
os._exit(0)  # to free what is so deep takes the stack too
"""


@pytest.mark.parametrize(
    ("schema", "step", "event", "answer"),
    [
        ("{}", "{'a': value}", "value", "True"),
        ("{'properties': {'a': {'type': 'string'}}}", "{'a': value}", "value", "False"),
        ("{'propertyNames': {'maxLength': 3}}", "{'a': value}", "value", "True"),
        ("{'properties': {'a': {'uniqueItems': True}}}", "[value]", "{'a': [value, [value]]}", "ValueError"),
        ("{'properties': {'a': {'enum': [1, [[2]]]}}}", "[value]", "{'a': value}", "False"),
        ("{'properties': {'a': {'const': [[2]]}}}", "[value]", "{'a': value}", "False"),
        ("{'properties': {'a': {'not': {'const': 5}}}}", "[value]", "{'a': value}", "True"),
        ("{'properties': {'a': {'contains': {'const': 5}}}}", "[value]", "{'a': value}", "False"),
        ("{'anyOf': [{'type': 'null'}, {'additionalProperties': {'type': 'null'}}]}", "{'a': value}", "value", "False"),
    ],
)
def test_a_deep_event_ends_no_process_where_the_schema_does_not_recurse(schema, step, event, answer):
    code = DEEP.format(schema=schema, step=step, event=event)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.split()) == (0, [answer, "True"]), done.stderr


TWO_HUNDRED = """
import threading
from jupyter_telemetry.validation import compile_validator
schema = {"anyOf": [{"type": "null"}, {"properties": {"c": {"$ref": "#"}, "v": {"type": "integer"}}}]}
validator = compile_validator(schema, backend="rust")

def nested(value):
    for _ in range(199):
        value = {"c": value}
    return value

def run():
    for value in ({"v": 1}, {"v": "x"}):
        event = nested(value)
        found = validator.explain(event)
        print(validator.is_valid(event), found and found.rule)

threading.stack_size(512 * 1024)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""


def test_two_hundred_levels_fit_into_the_stack_of_a_thread_on_any_platform():
    # macOS gives a thread 512 KiB, Windows 1 MiB, Linux 8 MiB.
    done = subprocess.run([sys.executable, "-c", TWO_HUNDRED], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.split()) == (0, ["True", "None", "False", "type"]), done.stderr


@pytest.mark.parametrize("backend", ["rust", "python"])
def test_what_judges_an_event_goes_as_deep_as_the_event_does(backend):
    # Through two definitions that refer to each other: where jsonschema-rs is asked for rules without subschemas only.
    either = {"anyOf": [{"$ref": "#/definitions/a"}, {"$ref": "#/definitions/b"}, {"type": "null"}]}
    schema = {**either, "definitions": {name: {"type": "array", "items": either} for name in "ab"}}
    validator = compile_validator(schema, backend=backend)
    for inner, valid in ([], True), (5, False):
        value: object = inner
        for _ in range(5_000):
            value = [value]
        assert validator.is_valid(value) is valid
        found = validator.explain(value)
        assert (found and found.json_path) == (None if valid else "$")
