"""The road of an event: what record_event takes, gives, and leaves alone."""

from __future__ import annotations

import copy
import json
import logging
import os
import subprocess
import sys
import time
from datetime import datetime, timezone

import pytest
from traitlets.config import Application, Configurable

from jupyter_telemetry.errors import ConsentError
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
        "rate_limited": 0,
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
        "rate_limited": 0,
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


# Consent


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    for name in ("JUPYTERHUB_USER", "JUPYTERHUB_API_TOKEN", "DO_NOT_TRACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def asking(data_dir, path):
    """Make a log that asks its user."""
    made = []

    def asking(consent="opt-in"):
        handler = logging.FileHandler(path)
        log = EventLog(handlers=[handler], allowed_schemas=[SCHEMA["$id"]], consent=consent)
        log.register_schema(SCHEMA)
        made.append((log, handler))
        return log

    yield asking
    for log, handler in made:
        log.close()
        handler.close()


def record(log, name="x"):
    return log.record_event(SCHEMA["$id"], 1, {"name": name}) is not None


def written(path):
    """Return the names of events in a file, and what was decided."""
    events = [json.loads(line) for line in path.read_text().splitlines()]
    return [event.get("name", event.get("decision")) for event in events]


def wait_until(is_so):
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_before_a_decision_nothing_is_recorded_nor_held_back(asking, path):
    log = asking()
    assert not record(log, "before")
    assert log.counts()["not_allowed"] == 1
    (decision,) = log.decide({"*": True}, shown="what is recorded", by="page")
    assert (decision.subject, decision.granted, decision.by) == ("*", True, "page")
    assert record(log, "after")
    log.decide({"*": False}, shown="what is recorded", by="command line")
    assert not record(log, "later")
    assert written(path) == ["granted", "after", "refused"]


def test_a_refusal_outlives_the_log(asking, path):
    asking("opt-out").decide({"*": False}, shown="what is recorded", by="page")
    assert not record(asking("opt-out"))
    assert not record(asking("opt-in"))
    assert written(path) == ["refused"]


def test_two_logs_in_one_process_obey_each_other_s_user(asking, path):
    first, second = asking(), asking()
    assert not record(second)
    first.decide({"*": True}, shown="what is recorded", by="page")
    wait_until(lambda: record(second))
    second.decide({"*": False}, shown="what is recorded", by="page")
    wait_until(lambda: not record(first))


def test_a_decision_that_cannot_be_written_changes_nothing(asking, path, data_dir):
    log = asking()
    data_dir.write_text("a file where the directory is to be")
    with pytest.raises(ConsentError, match="It is not in force"):
        log.decide({"*": True}, shown="what is recorded", by="page")
    assert not record(log)
    assert path.read_text() == ""
    log = asking("opt-out")
    with pytest.raises(ConsentError, match="DO_NOT_TRACK=1"):
        log.decide({"*": False}, shown="what is recorded", by="page")
    assert record(log)
    assert written(path) == ["x"]


def test_where_nothing_is_allowed_a_decision_is_no_event(asking, path):
    log = asking()
    log.allowed_schemas = []
    log.decide({"*": False}, shown="what is recorded", by="page")
    assert path.read_text() == ""


FORKS = """
import logging, os, sys, time
from jupyter_telemetry import EventLog

SCHEMA = {"$id": "https://example.org/a", "version": 1, "type": "object", "properties": {}}

def records(log):
    return log.record_event(SCHEMA["$id"], 1, {}) is not None

log = EventLog(handlers=[logging.NullHandler()], allowed_schemas=[SCHEMA["$id"]], consent="opt-in")
log.register_schema(SCHEMA)
assert not records(log)
for granted in (True, False):
    child = os.fork()
    if not child:
        while records(log) is not granted:
            time.sleep(0.05)
        os._exit(0)
    log.decide({"*": granted}, shown="what is recorded", by="page")
    assert records(log) is granted
    assert os.waitpid(child, 0)[1] == 0
child = os.fork()
if not child:
    log.decide({"*": True}, shown="what is recorded", by="page")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
while not records(log):
    time.sleep(0.05)
"""


def test_a_forked_process_obeys_and_is_obeyed(data_dir):
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


FIRST_EXAMPLE = """
import logging
from jupyter_telemetry import EventLog

eventlog = EventLog(
    handlers=[logging.FileHandler("events.log")],
    allowed_schemas=["url.to.event.schema"],
    MORE
)
eventlog.register_schema({
    "$id": "url.to.event.schema", "version": 1, "title": "My Event", "type": "object",
    "description": "All events must have a name property.",
    "properties": {"name": {"title": "Name", "description": "Name of event", "type": "string"}},
    "required": ["name"],
})
for _ in range(3):
    eventlog.record_event(schema_id="url.to.event.schema", version=1, event={"name": "example event"})
"""


@pytest.mark.parametrize(
    ("more", "setting", "events"),
    [
        ("", "EventLog.consent", 0),
        ('consent={"personal-data": "inform"}', "EventLog.consent['*']", 0),
        ('consent="inform"', None, 3),
        ('consent={"*": "inform"}', None, 3),
    ],
)
def test_under_a_hub_a_program_that_says_nothing_of_consent_says_once_why_nothing_is_recorded(
    data_dir, tmp_path, more, setting, events
):
    done = subprocess.run(
        [sys.executable, "-c", FIRST_EXAMPLE.replace("MORE", more)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "JUPYTERHUB_USER": "ada"},
    )
    said = (
        f"{setting} is opt-in by default: JUPYTERHUB_USER is set, so this belongs to a JupyterHub, whose operator is "
        "not its user. Nothing is recorded until the user agrees, which the program asks for by EventLog.decide; to "
        f'change that, set c.{setting}, or EventLog(consent="inform").\n'
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", said if setting else "")
    assert len((tmp_path / "events.log").read_text().splitlines()) == events


@pytest.mark.parametrize("consent", ["opt-in", "opt-out"])
def test_do_not_track_refuses_also_what_was_agreed(asking, monkeypatch, consent):
    assert asking(consent).decide({"*": True}, shown="what is recorded", by="page")
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    assert not record(asking(consent))
    assert record(asking("inform"))


def test_decisions_that_cannot_be_read_are_no_agreement(asking, data_dir):
    log = asking("opt-out")
    log.decide({"*": True}, shown="what is recorded", by="page")
    assert record(log)
    (data_dir / "telemetry" / "consent.json").write_text("{")
    wait_until(lambda: not record(log))
    assert not record(asking("opt-in"))


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


def test_a_log_is_closed_though_files_of_its_configuration_are_gone(tmp_path):
    key, classes = tmp_path / "key", tmp_path / "classes.json"
    key.write_text("0123456789abcdef")
    key.chmod(0o600)
    classes.write_text('{"a": {"/x": ["personal-data"]}}')
    log = EventLog(
        handlers=[{"class": "logging.FileHandler", "filename": str(tmp_path / "events.log")}],
        pseudonym_key_file=str(key),
        classifications=str(classes),
        redactions={"personal-data": "pseudonymise"},
    )
    (handler,) = log.handlers
    key.unlink()
    classes.unlink()
    log.max_event_bytes = 2048
    log.close()
    assert handler.stream is None


def test_the_files_of_the_application_count_however_far_above_the_log_it_stands(tmp_path, monkeypatch):
    system = tmp_path / "etc" / "app_config.py"
    system.parent.mkdir()
    system.write_text("c.EventLog.allowed_schemas = ['a']")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(system.parent))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    class App(Application):
        @property
        def loaded_config_files(self):
            return [str(system)]

    log = EventLog(parent=Configurable(parent=App()))
    assert log.governance.consent.of_schema("a").setting.mode == "opt-in"
