"""The pytest plugin: a log that keeps its events, for those who test their own."""

from __future__ import annotations

import logging
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from jupyter_telemetry import Event, EventLog, InvalidEvent, SchemaNotRegistered
from jupyter_telemetry.envelope import METADATA_NAMES

ID = "https://example.org/save"
SCHEMA = {
    "$id": ID,
    "version": 1,
    "type": "object",
    "properties": {
        "action": {"type": "string", "categories": ["unrestricted"]},
        "path": {"type": "string", "categories": ["personal-data"]},
    },
}
EVENT = {"action": "save", "path": "/a"}


@pytest.fixture
def log(recording_eventlog):
    recording_eventlog.register_schema(SCHEMA)
    return recording_eventlog


def test_it_records_whatever_is_registered_whole(log):
    log.record_event(ID, 1, EVENT)
    log.register_schema({"$id": "unclassified", "version": 1, "type": "object"})
    log.record_event("unclassified", 1, {"a": [1]})
    assert log.recorded == [EVENT, {"a": [1]}]


def test_it_has_the_capsules_as_they_were_written(log):
    capsule = log.record_event(ID, 1, EVENT)
    assert log.events == [capsule]
    assert list(log.events[0]) == [*METADATA_NAMES, "action", "path"]


def test_it_records_models(log):
    class Copied(Event):
        _id = "https://example.org/copied"
        _title = "Copied"
        _version = 2
        to: str

    log.register_event_model(Copied)
    log.record_event_model(Copied(to="/b"))
    assert log.recorded == [{"to": "/b"}]


def test_it_refuses_what_is_invalid_or_not_registered(log):
    with pytest.raises(InvalidEvent):
        log.record_event(ID, 1, {"action": 5})
    with pytest.raises(SchemaNotRegistered):
        log.record_event(ID, 2, EVENT)
    assert log.events == []


def test_what_is_forgotten_is_gone(log):
    log.record_event(ID, 1, EVENT)
    log.clear()
    assert log.recorded == []
    log.record_event(ID, 1, {"action": "open"})
    assert log.recorded == [{"action": "open"}]


@pytest.mark.parametrize(
    ("allowed", "recorded"),
    [
        ([], []),
        (["https://example.org/other"], []),
        ([ID], [{"action": "save", "path": None}]),
        ({ID: {"allowed_categories": ["personal-data"]}}, [EVENT]),
        (["https://example.org/*"], [{"action": "save", "path": None}]),
    ],
)
def test_once_something_is_allowed_it_is_as_strict_as_any_log(log, allowed, recorded):
    log.allowed_schemas = allowed
    log.record_event(ID, 1, EVENT)
    assert log.recorded == recorded


def test_each_test_has_its_own(recording_eventlog):
    assert isinstance(recording_eventlog, EventLog)
    assert recording_eventlog.events == []
    assert len(recording_eventlog.registry) == 0


# In a project of its own

PROJECT = """
import pytest

SCHEMA = {"$id": "https://example.org/save", "version": 1, "type": "object"}


def save(eventlog):
    eventlog.record_event("https://example.org/save", 1, {"action": "save"})


def test_saving_is_recorded(recording_eventlog):
    recording_eventlog.register_schema(SCHEMA)
    save(eventlog=recording_eventlog)
    assert recording_eventlog.recorded == [{"action": "save"}]


def test_the_next_test_begins_anew(recording_eventlog):
    assert recording_eventlog.recorded == []


def test_a_wrong_expectation_shows_what_was_recorded(recording_eventlog):
    recording_eventlog.register_schema(SCHEMA)
    save(eventlog=recording_eventlog)
    assert recording_eventlog.recorded == [{"action": "open"}]
"""


def run_pytest(directory, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_project_gets_the_fixture_by_installing_the_package(tmp_path):
    assert [point.value for point in entry_points(group="pytest11") if point.name == "jupyter_telemetry"] == [
        "jupyter_telemetry.testing"
    ]
    (tmp_path / "test_project.py").write_text(PROJECT)
    done = run_pytest(tmp_path, "-W", "error")
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "assert [{'action': 'save'}] == [{'action': 'open'}]" in done.stdout


def test_the_plugin_costs_other_projects_next_to_nothing(tmp_path):
    """No part of the library is imported before a test asks for the fixture."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n\n\ndef test_other():\n"
        "    loaded = {name for name in sys.modules if name.startswith('jupyter_telemetry')}\n"
        "    assert loaded == {'jupyter_telemetry', 'jupyter_telemetry.testing'}\n"
        "    assert 'traitlets' not in sys.modules\n"
    )
    done = run_pytest(tmp_path, "-p", "no:jupyter_server", "-p", "no:anyio", "-W", "error")
    assert "1 passed" in done.stdout, done.stdout


def test_what_was_recorded_can_be_read_while_other_handlers_are_attached(log, tmp_path):
    handler = logging.FileHandler(tmp_path / "events.log")
    log.add_handler(handler)
    log.record_event(ID, 1, EVENT)
    handler.close()
    assert len((tmp_path / "events.log").read_text().splitlines()) == len(log.events) == 1
