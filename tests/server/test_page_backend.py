"""What the page is told and does, upon a real EventLog, journal and file of decisions."""

from __future__ import annotations

import csv
import io
import json
import logging.handlers
from pathlib import Path
from typing import Any

import pytest

from jupyter_telemetry.disclosure import in_words
from jupyter_telemetry.journal import JournalHandler, JournalReader
from jupyter_telemetry.privacy import DECISION_SCHEMA, DecisionStore
from jupyter_telemetry.server.eventlog import ServerEventLog
from jupyter_telemetry.server.page.backend import Backend, Refusal

from .zz_page_standin import Standin

EVENT, GRADE = "https://lab.example/event/v1", "https://lab.example/grade/v1"
PROPERTIES = {"n": {"type": "integer", "categories": ["unrestricted"]}, "who": {"categories": ["personal-data"]}}
OPT_IN = {"*": "opt-in", GRADE: {"mode": "inform", "not_erasable": "examination records"}}


@pytest.fixture(autouse=True)
def data_dir(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def make():
    """Make a log of a server, which records two kinds of events, with what else is configured."""
    logs = []

    def log(**settings: Any) -> ServerEventLog:
        settings = {"allowed_schemas": [EVENT, GRADE], "consent": OPT_IN, **settings}
        logs.append(ServerEventLog(**settings))
        for schema_id in (EVENT, GRADE):
            logs[-1].register_schema({"$id": schema_id, "version": 1, "title": schema_id, "properties": PROPERTIES})
        return logs[-1]

    yield log
    for each in logs:
        each.close()


@pytest.fixture
def log(make) -> ServerEventLog:
    return make()


@pytest.fixture
def backend(log) -> Backend:
    return Backend(log)


def written(state):
    return [json.loads(line) for line in state["events"]["lines"]]


def numbers(state):
    return [event["n"] for event in written(state) if "n" in event]


def agree(backend):
    return backend.decide({"*": True}, backend.state()["policy"])


def forms(value, path=""):
    """Return the paths of all names in a state, `*` for any element of a list."""
    found = {path}
    if isinstance(value, dict) and not path.endswith(("before", "after")):
        found = found.union(*(forms(each, f"{path}/{name}") for name, each in value.items()), {path})
    elif isinstance(value, list):
        found = found.union(*(forms(each, f"{path}/*") for each in value), {path})
    return found


def test_the_state_has_the_form_that_the_browser_is_tested_with(log, backend):
    agree(backend)
    log.record_event(EVENT, 1, {"n": 1})
    told, standin = forms(backend.state()), forms(Standin("asked-again").state())
    more = {"/collected/*/fields/*/categories", "/collected/*/fields/*/categories/*"}  # which the page has no need of
    assert told - more == standin - {"/switches/*/asked_again/*"}


def test_what_is_sent_to_each_destination_is_told_in_plain_words(make, tmp_path):
    audits = {"class": "logging.FileHandler", "filename": str(tmp_path / "audit.log"), "delay": True}
    narrow = {**audits, "allowed_schemas": [EVENT], "redactions": {EVENT: {"/n": "null"}}}
    narrower, whole = Backend(make(handlers=[narrow, audits])).state()["destinations"]
    assert (narrower["where"], narrower["limits"]) == ("a file on this machine", "less than the others")
    assert narrower["sent"] == [
        {
            "schema": EVENT,
            "version": 1,
            "title": EVENT,
            "recorded": False,
            "forms": [
                {"form": "left empty", "paths": ["/n", "/who"]},
                {"form": "left out altogether", "paths": ["/*"]},
            ],
        }
    ]
    assert [each["title"] for each in whole["sent"]] == [EVENT, GRADE, "What you decide on this page"]
    assert [each["recorded"] for each in whole["sent"]] == [False, True, True]
    assert whole["sent"][0]["forms"][0] == {"form": "kept as it is", "paths": ["/n"]}


def test_where_the_configuration_does_not_tell_what_must_stay_nothing_is_erased(log, backend):
    agree(backend)
    log.record_event(EVENT, 1, {"n": 1})
    log.knows_grounds = False
    with pytest.raises(Refusal, match="does not tell what may not be erased") as refusal:
        backend.erase()
    assert refusal.value.status == 503
    assert numbers(backend.state()) == [1]


def test_a_configuration_that_cannot_be_used_is_told_without_control_characters(log, backend):
    assert backend.state()["unusable"] == ""
    log.unusable = "EventLog.consent: \x1b"
    assert backend.state()["unusable"] == "EventLog.consent: \\x1b"


# Decisions


def test_before_a_decision_nothing_is_recorded_and_after_it_at_once(log, backend):
    assert log.record_event(EVENT, 1, {"n": 1}) is None
    state = agree(backend)
    assert [(each["subject"], each["why"]) for each in state["switches"]] == [(GRADE, "no switch"), ("*", "granted")]
    assert log.record_event(EVENT, 1, {"n": 2})
    assert numbers(backend.state()) == [2]
    backend.decide({"*": False}, state["policy"])
    assert log.record_event(EVENT, 1, {"n": 3}) is None


def test_a_decision_is_kept_with_what_was_shown(log, backend):
    shown = backend.state()
    agree(backend)
    decision = DecisionStore().read().latest["*"]
    assert (decision.granted, decision.by, decision.digest) == (True, "page", shown["policy"])
    assert decision.shown == in_words(shown)


def test_a_decision_is_an_event_itself(log, backend):
    agree(backend)
    (event,) = written(backend.state())
    assert event["__schema__"] == DECISION_SCHEMA["$id"]
    assert (event["decision"], event["by"]) == ("granted", "page")


def test_a_decision_about_another_policy_is_refused(log, backend):
    policy = backend.state()["policy"]
    log.notice = {"purpose": "Something else."}
    with pytest.raises(Refusal, match="has changed") as refusal:
        backend.decide({"*": True}, policy)
    assert refusal.value.status == 409
    assert DecisionStore().read().latest == {}


@pytest.mark.parametrize("subject", [GRADE, "personal-data", ""])
def test_what_has_no_switch_cannot_be_switched(subject, backend):
    with pytest.raises(Refusal) as refusal:
        backend.decide({"*": True, subject: False}, backend.state()["policy"])
    assert refusal.value.status == 400
    assert DecisionStore().read().latest == {}


def test_what_the_environment_refuses_cannot_be_switched_on(make, monkeypatch):
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    with pytest.raises(Refusal) as refusal:
        agree(Backend(make()))
    assert refusal.value.status == 400


def test_a_decision_that_cannot_be_kept_is_not_in_force_and_says_so(log, backend, data_dir):
    data_dir.write_text("no directory")
    with pytest.raises(Refusal, match="could not be kept, and is not in force") as refusal:
        agree(backend)
    assert refusal.value.status == 503
    assert log.record_event(EVENT, 1, {"n": 1}) is None


def test_what_is_decided_elsewhere_shows_although_nothing_happens(log, backend):
    before = backend.events("")
    store = DecisionStore()
    store.decide({"*": True}, statement=log.governance.statement, shown="", by="command line")
    assert backend.events("")["standing"] != before["standing"]
    assert backend.state()["switches"][-1]["why"] == "granted"


def test_the_same_is_not_made_up_twice(log, backend):
    first = backend._disclosure()
    assert backend._disclosure() is first
    log.register_schema({"$id": "https://lab.example/other/v1", "version": 1})
    assert backend._disclosure() is not first


# The last events


def test_who_asks_after_a_mark_gets_lines_only_if_there_are_others(log, backend):
    agree(backend)
    mark = backend.state()["events"]["mark"]
    assert backend.events(mark)["lines"] is None
    log.record_event(EVENT, 1, {"n": 1})
    later = backend.events(mark)
    assert json.loads(later["lines"][-1])["n"] == 1
    assert backend.events(later["mark"])["lines"] is None


def test_without_a_journal_nothing_is_remembered_before_somebody_looks(make):
    log = make(handlers=[], consent="inform")
    backend = Backend(log)
    log.record_event(EVENT, 1, {"n": 1})
    assert log.handlers == []
    state = backend.state()
    assert (state["journal"], state["events"]["lines"]) == (False, [])
    log.record_event(EVENT, 1, {"n": 2})
    assert numbers(backend.state()) == [2]


def test_what_is_remembered_is_no_destination_and_no_other_policy(make):
    log = make(handlers=[], consent="inform")
    backend = Backend(log)
    before = backend._disclosure()
    backend.state()
    assert (backend.state()["destinations"], backend.state()["policy"]) == ([], before["policy"])


def test_when_nothing_is_allowed_any_more_all_is_forgotten(make):
    log = make(handlers=[], consent="inform")
    backend = Backend(log)
    backend.state()
    log.record_event(EVENT, 1, {"n": 1})
    log.allowed_schemas = []
    assert log.handlers == []
    assert backend.state()["events"]["lines"] == []
    assert log.handlers == []


@pytest.mark.parametrize("behind", ["memory", "queue"])
def test_a_journal_behind_another_handler_is_found(behind, make, tmp_path):
    journal = JournalHandler(tmp_path / "journal")
    if behind == "memory":
        handler: logging.Handler = logging.handlers.MemoryHandler(0, target=journal)
    else:
        handler = logging.handlers.QueueHandler(None)  # type: ignore[arg-type]
        handler.listener = logging.handlers.QueueListener(None, journal)  # type: ignore[arg-type,attr-defined]
    assert Backend(make(handlers=[handler])).state()["journal"]


# Export and erasure


def test_an_export_has_all_lines_as_they_were_written(log, backend):
    agree(backend)
    for n in range(3):
        log.record_event(EVENT, 1, {"n": n})
    lines = b"".join(backend.export("jsonl")).splitlines(keepends=True)
    assert lines == list(JournalReader().lines())
    assert len(lines) == 4
    rows = list(csv.reader(io.StringIO(b"".join(backend.export("csv")).decode())))
    assert len(rows) == 1 + 4


def test_an_export_of_two_journals_names_its_columns_once(make, tmp_path):
    log = make(handlers=[JournalHandler(tmp_path / name) for name in "ab"], consent="inform")
    log.record_event(EVENT, 1, {"n": 1})
    backend = Backend(log)
    assert len(b"".join(backend.export("jsonl")).splitlines()) == 2
    rows = list(csv.reader(io.StringIO(b"".join(backend.export("csv")).decode())))
    assert [row[0] == "__timestamp__" for row in rows] == [True, False, False]


def test_what_may_be_erased_is_and_what_not_says_its_ground(log, backend):
    agree(backend)
    log.record_event(EVENT, 1, {"n": 1})
    log.record_event(GRADE, 1, {"n": 2})
    done = json.loads(json.dumps(backend.erase()))
    decision = DECISION_SCHEMA["$id"]
    assert done == {
        "erased": {EVENT: 1},
        "kept": {GRADE: 1, decision: 1},
        "grounds": {GRADE: "examination records", decision: "It is the record of what you decided."},
        "left": [],
        "damaged": 0,
    }
    assert numbers(backend.state()) == [2]
    log.record_event(EVENT, 1, {"n": 3})
    assert numbers(backend.state()) == [2, 3]


@pytest.mark.parametrize("ask", ["erase", "export"])
def test_without_a_journal_there_is_nothing_to_export_or_erase(ask, make):
    backend = Backend(make(handlers=[]))
    with pytest.raises(Refusal) as refusal:
        getattr(backend, ask)(*["jsonl"] * (ask == "export"))
    assert refusal.value.status == 404


def test_a_journal_that_cannot_be_read_is_said(make, tmp_path):
    journal = JournalHandler(tmp_path / "journal")
    backend = Backend(make(handlers=[journal]))
    (tmp_path / "journal").write_text("no directory")
    with pytest.raises(Refusal, match="This cannot be done now") as refusal:
        list(backend.export("jsonl"))
    assert refusal.value.status == 503
    with pytest.raises(Refusal, match="This cannot be done now"):
        backend.erase()
