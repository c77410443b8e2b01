"""The road of an event: what record_event takes, gives, and leaves alone."""

from __future__ import annotations

import copy
import json
import logging
from datetime import datetime, timezone

import pytest

from jupyter_telemetry.eventlog import EventLog

SCHEMA = {
    "$id": "url.to.event.schema",
    "version": 1,
    "type": "object",
    "properties": {"name": {"type": "string"}, "tags": {"type": "array"}},
    "required": ["name"],
}
EVENT = {"name": "example event", "tags": ["a", {"b": 1}]}
METADATA = ["__timestamp__", "__schema__", "__schema_version__", "__metadata_version__", "__id__"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.log"


@pytest.fixture
def log(path):
    handler = logging.FileHandler(path)
    with EventLog(handlers=[handler], allowed_schemas=[SCHEMA["$id"]]) as log:
        log.register_schema(SCHEMA)
        yield log
    handler.close()


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((SCHEMA["$id"], 1, EVENT), {}),
        ((SCHEMA["$id"], "1", EVENT), {}),
        ((SCHEMA["$id"],), {"version": 1, "event": EVENT}),
        ((), {"schema_id": SCHEMA["$id"], "version": 1, "event": EVENT}),
        ((), {"schema_name": SCHEMA["$id"], "version": 1, "event": EVENT}),
    ],
)
def test_an_event_is_recorded_by_position_and_by_keyword(log, path, args, kwargs):
    assert log.record_event(*args, **kwargs)["name"] == "example event"
    [line] = path.read_text().splitlines()
    assert json.loads(line)["__schema__"] == SCHEMA["$id"]


def test_metadata_stands_first_and_the_event_follows_in_its_own_order(log, path):
    capsule = log.record_event(SCHEMA["$id"], 1, {"tags": [], "name": "x"})
    [line] = path.read_text().splitlines()
    assert list(json.loads(line)) == list(capsule) == [*METADATA, "tags", "name"]


def test_what_is_returned_is_what_is_written(log, path):
    when = datetime(2026, 11, 23, 17, 42, 5, tzinfo=timezone.utc)
    capsules = [log.record_event(SCHEMA["$id"], 1, EVENT), log.record_event(SCHEMA["$id"], 1, EVENT, when)]
    assert [json.loads(line) for line in path.read_text().splitlines()] == capsules
    assert capsules[1]["__timestamp__"] == "2026-11-23T17:42:05.000000Z"


def test_the_callers_object_is_not_changed(log):
    event = copy.deepcopy(EVENT)
    capsule = log.record_event(SCHEMA["$id"], 1, event)
    assert event == EVENT
    assert capsule is not event


def test_what_is_not_allowed_is_none_and_written_nowhere(log, path):
    log.allowed_schemas = []
    assert log.record_event(SCHEMA["$id"], 1, EVENT) is None
    assert path.read_text() == ""


def test_counts_say_what_became_of_every_call(log):
    assert log.counts() == {
        "recorded": 0,
        "not_allowed": 0,
        "invalid": 0,
        "handler_failures": 0,
        "redaction_failures": 0,
    }
    log.record_event(SCHEMA["$id"], 1, EVENT)
    for schema_id, event in ((SCHEMA["$id"], {}), ("urn:unknown", EVENT)):
        with pytest.raises(ValueError, match=r"name|registered"):
            log.record_event(schema_id, 1, event)
    log.allowed_schemas = []
    log.record_event(SCHEMA["$id"], 1, EVENT)
    assert log.counts() == {
        "recorded": 1,
        "not_allowed": 1,
        "invalid": 2,
        "handler_failures": 0,
        "redaction_failures": 0,
    }


def test_two_logs_share_neither_handlers_nor_schemas_nor_counts(log, path):
    other = EventLog(allowed_schemas=[SCHEMA["$id"]])
    assert other.handlers == []
    assert other.schemas == {}
    other.register_schema(SCHEMA)
    assert other.record_event(SCHEMA["$id"], 1, EVENT)
    assert path.read_text() == ""
    assert (log.counts()["recorded"], other.counts()["recorded"]) == (0, 1)


def test_close_takes_the_handlers_off_and_leaves_the_callers_open(log, path):
    [handler] = log.handlers
    with log as entered:
        assert entered is log
        log.record_event(SCHEMA["$id"], 1, EVENT)
    assert log.handlers == []
    assert log.record_event(SCHEMA["$id"], 1, EVENT)
    assert len(path.read_text().splitlines()) == 1
    log.close()
    log.add_handler(handler)
    log.record_event(SCHEMA["$id"], 1, EVENT)
    assert len(path.read_text().splitlines()) == 2


# What is likely a mistake in the policy

POLICY = {
    "$id": "https://example.org/policy",
    "version": 1,
    "type": "object",
    "properties": {"name": {"type": "string", "categories": ["user-identifier"]}},
}


class Narrow(logging.Handler):
    event_limits = {
        "allowed_schemas": {POLICY["$id"]: {"allowed_properties": ["nam"]}},
        "redactions": {"user-identifer": "null"},
    }

    def emit(self, record):
        pass


def test_a_policy_is_checked_among_the_schemas_there_are():
    log = EventLog(
        handlers=[logging.NullHandler(), Narrow()],
        allowed_schemas=["https://example.org/polcy", POLICY["$id"]],
        redactions={POLICY["$id"]: {"/nam": "null"}},
        classifications={"https://example.org/policies*": {"/name": ["x"]}},
        consent={"*": "inform", "user-identifer": "inform"},
    )
    log.register_schema(POLICY)
    near = "did you mean 'https://example.org/policy'?"
    assert log.check_policy() == [
        f"EventLog.allowed_schemas['https://example.org/polcy']: is not registered; {near}",
        "EventLog.redactions['https://example.org/policy']: '/nam' matches nothing in the schema; did you mean "
        "'/name'?",
        f"EventLog.classifications['https://example.org/policies*']: matches no registered schema; {near}",
        "EventLog.consent['user-identifer']: no registered schema and no category is called so; did you mean "
        "'user-identifier'?",
        "EventLog.handlers[1]['allowed_schemas']['https://example.org/policy']['allowed_properties']: 'nam' matches "
        "nothing in the schema; did you mean 'name'?",
        "EventLog.handlers[1]['redactions']: no registered schema has the category 'user-identifer'; did you mean "
        "'user-identifier'?",
    ]


def test_a_policy_that_names_what_there_is_has_no_problems():
    log = EventLog(
        allowed_schemas={POLICY["$id"]: {"allowed_categories": ["user-identifier"]}},
        redactions={"user-identifier": {"truncate": 1}, POLICY["$id"]: {"/name": "null"}},
        classifications={POLICY["$id"]: {"/name": ["user-identifier"]}},
        consent={"*": "inform", "https://example.org/*": "inform"},
    )
    log.register_schema(POLICY)
    assert log.check_policy() == []
    assert EventLog().check_policy() == []


def test_what_the_user_is_asked_counts_for_the_check_as_well(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    log = EventLog(allowed_schemas=[POLICY["$id"]], consent={"*": "opt-in", "nothing": "opt-out"})
    log.register_schema(POLICY)
    assert log.check_policy() == ["EventLog.consent['nothing']: no registered schema and no category is called so"]
