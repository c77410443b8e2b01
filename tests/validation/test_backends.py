"""Which library validates, and what is imported for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jupyter_telemetry import ConfigurationError, EventLog, validation
from jupyter_telemetry.validation import compile_validator


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, env={"PATH": "", **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


VALIDATE = """
import sys
from jupyter_telemetry.validation import Draft, References, compile_validator, admits_null, may_recurse
schema = {"properties": {"a": {"pattern": "^a", "format": "date"}}, "propertyNames": {"$ref": "#/definitions/d"},
          "definitions": {"d": {}}}
references = References(schema, Draft.DRAFT7, {})
may_recurse(references), admits_null(references)
before = {"jsonschema", "regex"} & set(sys.modules)
validator = compile_validator(schema)
validator.is_valid({"a": "b"}), validator.explain({"a": "b"})
print(len(before), *sorted({"jsonschema", "jsonschema_rs", "referencing", "regex"} & set(sys.modules)))
"""


def test_jsonschema_rs_validates_where_it_can_be_imported_and_jsonschema_is_not_imported():
    assert run(VALIDATE) == ["0", "jsonschema_rs"]


def test_jsonschema_validates_where_jsonschema_rs_cannot_be_imported():
    hidden = "import sys; sys.modules['jsonschema_rs'] = None\n"
    assert run(hidden + VALIDATE) == ["0", "jsonschema", "jsonschema_rs", "referencing", "regex"]
    assert run(hidden + VALIDATE + "print(type(validator).__name__)")[-1] == "PythonValidator"


@pytest.mark.parametrize(("backend", "name"), [("rust", "RustValidator"), ("python", "PythonValidator")])
def test_the_environment_may_choose(backend, name):
    assert run(VALIDATE + "print(type(validator).__name__)", **{validation.BACKEND_VARIABLE: backend})[-1] == name


def test_the_caller_may_choose_and_a_wrong_name_is_an_error():
    assert type(compile_validator({}, backend="python")).__name__ == "PythonValidator"
    with pytest.raises(ValueError, match=r"no backend 'perl': 'rust' and 'python' are known"):
        compile_validator({}, backend="perl")


def test_a_backend_that_there_is_not_in_the_environment_is_said_to_be_the_environments_fault(monkeypatch):
    monkeypatch.setenv(validation.BACKEND_VARIABLE, "jsonschema")
    with pytest.raises(ConfigurationError) as caught:
        EventLog().register_schema({"$id": "https://example.org/s", "version": 1})
    assert str(caught.value) == (
        "JUPYTER_TELEMETRY_VALIDATION='jsonschema' in the environment names no backend: "
        "write 'rust' or 'python', or unset it"
    )


def test_is_valid_is_the_compiled_method_itself():
    assert type(compile_validator({}, backend="rust").is_valid).__name__ == "builtin_function_or_method"


@pytest.mark.parametrize("backend", ["rust", "python"])
def test_a_validator_knows_its_schema(backend):
    validator = compile_validator({"properties": {"a": {"type": "null"}}}, backend=backend)
    assert [node.path for node in validator.references.nodes.values()] == [(), ("properties", "a")]


@pytest.mark.parametrize("backend", ["rust", "python"])
def test_threads_may_share_a_validator(backend):
    from concurrent.futures import ThreadPoolExecutor

    schema = {"properties": {"a": {"$ref": "#/definitions/d"}}, "definitions": {"d": {"pattern": "^a+$"}}}
    validator = compile_validator(schema, backend=backend)
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(validator.is_valid, [{"a": "a" * n + "b" * (n % 2)} for n in range(1, 400)])
    assert list(answers) == [n % 2 == 0 for n in range(1, 400)]


LARGE_AND_WRONG = """
from jupyter_telemetry.validation import compile_validator
items = {"type": "integer"}, {"anyOf": [{"required": ["a"]}, {"type": "string"}]}
for wrong, schema in zip(("x", {}), items):
    validator = compile_validator({"properties": {"l": {"items": schema}}})
    event = {"l": [wrong] * 200_000}
    assert not validator.is_valid(event)
    found = validator.explain(event)
    print(found.json_path, found.rule)
    print(validator.explain({"l": [3] * 200_000}))
"""


@pytest.mark.parametrize("backend", ["rust", "python"])
def test_a_large_event_is_explained_by_its_first_failure(backend):
    """All 200,000 failures took 17 seconds on a quiet machine."""
    said = run(LARGE_AND_WRONG, **{validation.BACKEND_VARIABLE: backend})
    assert said == ["$.l[0]", "type", "None", "$.l[0]", "required", "None"]
