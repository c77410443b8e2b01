"""What a user decides, and what follows of it for the next event."""

from __future__ import annotations

import json
import logging

import pytest

from jupyter_telemetry import EventLog

ID, OTHER = "https://example.org/event", "https://example.org/other"
SCHEMA = {
    "$id": ID,
    "version": 1,
    "type": "object",
    "properties": {
        "action": {"type": "string", "categories": ["unrestricted"]},
        "user": {"type": "string", "categories": ["personal-data"]},
        "place": {"type": "string", "categories": ["location"]},
    },
}
EVENT = {"action": "save", "user": "ada", "place": "London"}
ALL = {ID: {"allowed_categories": ["personal-data", "location"]}}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user who has decided nothing yet."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    for name in ("DO_NOT_TRACK", "JUPYTERHUB_USER", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)


class Lines(logging.Handler):
    def __init__(self, **limits):
        super().__init__()
        self.lines = []
        if limits:
            self.event_limits = limits

    def emit(self, record):
        self.lines.append(record.getMessage())


def events(handler):
    written = [json.loads(line) for line in handler.lines]
    return [
        {k: v for k, v in each.items() if not k.startswith("__")} for each in written if each["__schema__"] != DECISIONS
    ]


DECISIONS = "https://events.jupyter.org/jupyter_telemetry/consent/v1"


@pytest.fixture
def make_log():
    def make_log(*handlers, allowed_schemas=ALL, **settings):
        log = EventLog(handlers=list(handlers), allowed_schemas=allowed_schemas, **settings)
        log.register_schema(SCHEMA)
        log.register_schema({**SCHEMA, "$id": OTHER})
        log.register_schema({"$id": f"{OTHER}/plain", "version": 1, "properties": {"user": {"type": "string"}}})
        return log

    return make_log


def test_before_a_decision_nothing_is_recorded_and_nothing_is_held_back(make_log):
    lines = Lines()
    log = make_log(lines, consent="opt-in")
    assert log.record_event(ID, 1, EVENT) is None
    assert lines.lines == []
    log.decide({"*": True}, shown="…", by="page")
    log.record_event(ID, 1, EVENT)
    assert events(lines) == [EVENT]
    log.decide({"*": False}, shown="…", by="page")
    assert log.record_event(ID, 1, EVENT) is None
    assert log.counts()["not_allowed"] == 2


def test_what_the_user_decides_is_an_event_that_names_nobody(make_log):
    lines = Lines()
    log = make_log(lines, consent="opt-in")
    log.decide({"*": False}, shown="…", by="page")
    (event,) = map(json.loads, lines.lines)
    assert {name: value for name, value in event.items() if not name.startswith("__")} == {
        "decision": "refused",
        "subject": "*",
        "mode": "opt-in",
        "policy": event["policy"],
        "by": "page",
    }


@pytest.mark.parametrize(
    ("consent", "recorded"), [("inform", True), ("opt-out", False), ("opt-in", False), ({ID: "opt-out"}, False)]
)
def test_do_not_track_refuses_all_that_can_be_refused(make_log, monkeypatch, consent, recorded):
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    assert (make_log(consent=consent).record_event(ID, 1, EVENT) is not None) == recorded


@pytest.mark.parametrize("handlers", [[], [Lines(redactions={"location": {"truncate": 1}})]])
def test_a_category_that_the_user_refuses_is_null_for_every_handler(make_log, handlers):
    lines = Lines()
    make_log(lines, *handlers, consent={"*": "inform", "location": "opt-in"}).record_event(ID, 1, EVENT)
    for each in (lines, *handlers):
        assert events(each) == [{**EVENT, "place": None}]


def test_a_refusal_outlives_a_policy_that_widens_and_a_grant_does_not(make_log):
    log = make_log(allowed_schemas={ID: {}}, consent={ID: "opt-in", OTHER: "opt-out"})
    log.decide({ID: True, OTHER: False}, shown="…", by="page")
    assert log.record_event(ID, 1, EVENT) is not None
    log.allowed_schemas = {**ALL, OTHER: {}}
    assert log.record_event(ID, 1, EVENT) is None
    assert log.record_event(OTHER, 1, EVENT) is None
    assert [(each.setting.subject, each.why) for each in log.governance.consent.standings[1:]] == [
        (ID, "asked again"),
        (OTHER, "refused"),
    ]


def test_a_policy_that_changes_counts_for_the_next_event(make_log):
    lines = Lines()
    log = make_log(lines, consent="inform")
    log.record_event(ID, 1, EVENT)
    log.redactions = {"personal-data": "null"}
    log.record_event(ID, 1, EVENT)
    log.allowed_schemas = []
    log.record_event(ID, 1, EVENT)
    assert events(lines) == [EVENT, {**EVENT, "user": None}]
