"""One tree of errors; nothing of an event in any of them; jsonschema's own catch them."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest
from traitlets import TraitError

from jupyter_telemetry import errors
from jupyter_telemetry.errors import (
    ConfigurationError,
    InvalidEvent,
    InvalidSchema,
    MissingExtra,
    QueryError,
    SchemaAlreadyRegistered,
    SchemaNotRegistered,
    TelemetryError,
    invalid_event,
)

FIELDS = {
    "json_path": "$.user.name",
    "rule": "type",
    "reason": "must be a string",
    "schema_id": "https://example.org/save",
    "schema_path": ["properties", "user", "properties", "name", "type"],
    "expected": "string",
}


def test_there_is_one_tree():
    assert all(issubclass(getattr(errors, name), TelemetryError) for name in errors.__all__)
    for kind in (InvalidEvent, InvalidSchema, SchemaNotRegistered, SchemaAlreadyRegistered, QueryError):
        assert issubclass(kind, ValueError)
    assert issubclass(ConfigurationError, TraitError)
    assert issubclass(MissingExtra, ImportError)


def test_the_docstring_draws_the_tree():
    assert all(name in errors.__doc__ for name in errors.__all__)


def test_an_invalid_event_says_where_what_and_of_which_schema():
    error = invalid_event(**FIELDS)
    assert str(error) == "https://example.org/save: $.user.name: must be a string (rule: type)"
    assert (error.json_path, error.rule, error.schema_id) == ("$.user.name", "type", "https://example.org/save")
    assert (error.reason, error.expected, error.rule_path) == (
        "must be a string",
        "string",
        tuple(FIELDS["schema_path"]),
    )


def test_jsonschemas_error_catches_it_and_finds_no_value():
    import jsonschema

    with pytest.raises(jsonschema.ValidationError) as caught:
        raise invalid_event(**FIELDS)
    error = caught.value
    assert isinstance(error, InvalidEvent)
    assert isinstance(error, ValueError)
    assert type(error).__name__ == "InvalidEvent"
    assert (error.validator, error.validator_value, error.json_path) == ("type", "string", "$.user.name")
    assert error.message == "$.user.name: must be a string"
    assert list(error.schema_path) == FIELDS["schema_path"]
    assert error.instance is None
    assert not error.context
    assert error.__cause__ is None
    assert str(error) == "https://example.org/save: $.user.name: must be a string (rule: type)"
    assert repr(error) == f"<InvalidEvent: {error}>"
    assert list(error.absolute_path) == []


def test_recording_does_not_import_jsonschema_or_pydantic():
    code = """
import sys
from jupyter_telemetry import EventLog, InvalidEvent
log = EventLog(allowed_schemas=["a"])
log.register_schema({"$id": "a", "version": 1, "required": ["b"]})
log.record_event("a", 1, {"b": 1})
try:
    log.record_event("a", 1, {})
except InvalidEvent as error:
    assert type(error) is InvalidEvent
print(sorted({"jsonschema", "pydantic", "jupyter_server", "duckdb", "click", "yaml", "rich"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_missing_extra_says_what_to_install():
    assert str(MissingExtra("the query", "analysis")) == (
        "the query needs an extra: pip install 'jupyter_telemetry[analysis]'"
    )


@pytest.mark.parametrize(
    "error",
    [
        InvalidEvent(**FIELDS),
        InvalidSchema("no", json_path="$.a", schema_id="x"),
        SchemaNotRegistered("no", schema_id="x", version=1),
        SchemaAlreadyRegistered("no", schema_id="x", version=1),
        MissingExtra("the query", "analysis"),
    ],
)
def test_errors_survive_copies_and_pickles(error):
    """They cross processes: multiprocessing, concurrent.futures."""
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert isinstance(other, type(error))
        assert str(other) == str(error)
        assert vars(error).items() <= vars(other).items()


def test_the_jsonschema_twin_survives_a_pickle():
    import jsonschema

    other = pickle.loads(pickle.dumps(invalid_event(**FIELDS)))
    assert isinstance(other, jsonschema.ValidationError)
    assert str(other) == "https://example.org/save: $.user.name: must be a string (rule: type)"
    assert (other.json_path, other.rule) == ("$.user.name", "type")
