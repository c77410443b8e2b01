from __future__ import annotations

import json
import os
import sys

import pytest

from jupyter_telemetry.journal import JournalHandler, JournalReader
from jupyter_telemetry.journal.tombstones import tombstones
from jupyter_telemetry.privacy import DECISION_SCHEMA
from jupyter_telemetry.shipping import Shipper
from tests.shipping.database import DatabaseSink, KeepingSink

from .conftest import RUN, SAVE, process, record


def recorded(journal):
    return [event["__schema__"] for event in JournalReader(journal).events()]


@pytest.fixture
def answer(monkeypatch, capfd):
    """Run a command whose standard input is a terminal, at which somebody types an answer."""

    def answer(text, *arguments):
        from jupyter_telemetry.cli import main

        ours, theirs = os.openpty()
        os.write(ours, text.encode())
        with monkeypatch.context() as patch, open(theirs, encoding="utf-8") as terminal:
            patch.setattr(sys, "stdin", terminal)
            status = main([str(each) for each in arguments])
        os.close(ours)
        return status, *capfd.readouterr()

    return answer


def test_it_erases_what_there_is_and_says_how_much(run, journal):
    done = run("erase", "--journal", journal, "--yes")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "          1  https://example.org/run",
        "          2  https://example.org/save",
        "3 events erased.",
    ]
    assert recorded(journal) == []


def test_only_some_schemas(run, journal):
    assert run("erase", "--journal", journal, "--yes", "--schema", "*save", "--schema", "nothing*").status == 0
    assert recorded(journal) == [RUN["$id"]]


def test_json_says_the_same_for_programs(run, journal):
    done = run("erase", "--journal", journal, "--yes", "--json", "--schema", "*run*")
    (tombstone,) = tombstones(journal)
    assert json.loads(done.out) == {
        "journal": str(journal),
        "erased": {RUN["$id"]: 1},
        "kept": [],
        "dead_letters": {},
        "segments": 1,
        "tombstone": str(tombstone.path),
        "damaged": 0,
        "left": [],
        "reached_later": [],
        "not_reached": [],
        "contact": None,
    }
    assert tombstone.reason == "asked for by the user"


def test_without_a_terminal_it_does_not_ask_and_does_nothing(journal):
    done = process("erase", "--journal", journal, stdin=-3)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no terminal to ask on: give --yes to erase without being asked" in done.stderr
    assert len(recorded(journal)) == 3


def test_it_asks_with_what_would_go(answer, journal):
    status, out, err = answer("y\n", "erase", "--journal", journal)
    assert status == 0
    assert err.splitlines()[:3] == [
        f"In {journal}, these events would be erased for ever:",
        "          1  https://example.org/run",
        "          2  https://example.org/save",
    ]
    assert "Erase 3 events? [y/N]" in err
    assert out.endswith("3 events erased.\n")
    assert recorded(journal) == []


@pytest.mark.parametrize("text", ["n\n", "\n"])
def test_whoever_does_not_say_yes_keeps_everything(answer, journal, text):
    status, out, err = answer(text, "erase", "--journal", journal)
    assert (status, out) == (1, "")
    assert err.endswith("Error: nothing was erased\n")
    assert len(recorded(journal)) == 3


def test_nothing_found_is_said(run, journal, tmp_path):
    done = run("erase", "--journal", journal, "--schema", "*delete*", "--yes")
    assert (done.status, done.out) == (1, "")
    assert done.err == "Error: there are no such events; `jupyter telemetry schemas` lists what is recorded\n"
    assert "there is no journal in" in run("erase", "--journal", tmp_path / "nowhere").err


def consent(**grounds):
    subjects = {subject: {"not_erasable": ground} for subject, ground in grounds.items()}
    return f"c.EventLog.consent = {subjects!r}\n"


def test_what_may_not_be_erased_is_said_with_its_ground(run, journal, configure):
    configure(consent(**{"*": "a bet", "https://*/run": "\x1baudits, by law"}))
    done = run("erase", "--journal", journal, "--yes")
    assert (done.status, done.out) == (1, "")
    assert done.err.splitlines() == [
        "Kept: 1 event of https://example.org/run: \\x1baudits, by law",
        "Kept: 2 events of https://example.org/save: a bet",
        "Error: nothing was erased",
    ]
    configure(consent(**{"https://*/run": "audits", "https://*": ""}))
    done = run("erase", "--journal", journal, "--yes", "--json")
    assert done.status == 0
    assert json.loads(done.out)["kept"] == [{"schema": RUN["$id"], "events": 1, "ground": "audits"}]
    assert recorded(journal) == [RUN["$id"]]


def test_what_was_decided_stays_with_its_ground(run, journal, configure):
    configure(f"c.EventLog.allowed_schemas = [{SAVE['$id']!r}]\nc.EventLog.consent = 'opt-out'\n")
    assert run("consent", "refuse", "--journal", journal).status == 0
    done = run("erase", "--journal", journal, "--yes")
    assert (done.status, done.out.splitlines()[-1]) == (0, "3 events erased.")
    assert done.err.splitlines() == [
        f"Kept: 1 event of {DECISION_SCHEMA['$id']}: It is the record of what you decided."
    ]
    assert recorded(journal) == [DECISION_SCHEMA["$id"]]


def test_a_configuration_that_fails_erases_nothing_for_it_may_say_what_must_stay(journal, configure):
    configure("1 / 0")
    done = process("erase", "--journal", journal, "--yes")
    assert (done.returncode, done.stdout) == (1, "")
    assert "fails, line 1: ZeroDivisionError: division by zero\n" in done.stderr
    assert len(recorded(journal)) == 3


def test_damage_is_kept_and_said(run, journal):
    segment = sorted(journal.glob("*.jsonl"))[0]
    segment.write_bytes(b"garbage\n" + segment.read_bytes())
    done = run("erase", "--journal", journal, "--yes")
    assert done.status == 0
    assert done.err == ("Kept: 1 damaged lines that cannot be read as events; `jupyter telemetry status` says where\n")


def test_what_is_left_is_an_error_that_says_where_and_why(run, journal):
    foreign = journal / "archive.jsonl"
    foreign.write_bytes(b"".join(JournalReader(journal).lines()))
    done = run("erase", "--journal", journal, "--yes")
    assert done.status == 1
    assert done.err.startswith(f"Error: {foreign} (3 events) is as it was: no journal wrote it")
    assert len(recorded(journal)) == 3


@pytest.mark.parametrize(
    ("notice", "ask"), [("", "who runs it"), ('{"contact": "ops@example.org\x1b"}', "ops@example.org\\x1b")]
)
def test_what_other_destinations_have_is_said_with_whom_to_ask(run, home, configure, notice, ask):
    record(home / "data" / "telemetry" / "journal", SAVE, {"path": "a"})
    syslog = {"class": "logging.handlers.SysLogHandler", "address": ["log.example.org", 514]}
    configure(
        f"c.EventLog.handlers = [{{'class': 'jupyter_telemetry.journal.JournalHandler'}}, {syslog!r}]\n"
        + (notice and f"c.EventLog.notice = {notice}")
    )
    done = run("erase", "--yes")
    assert (done.status, done.err) == (
        0,
        f"Not erased: what syslog at log.example.org:514 has received; ask {ask}\n",
    )


def test_it_erases_while_another_process_records(run, tmp_path):
    handler = JournalHandler(tmp_path / "journal")
    record(tmp_path / "journal", SAVE, {"path": "a"})
    line = next(iter(JournalReader(tmp_path / "journal").lines()))
    handler.write_event(line.replace(b'"a"', b'"b"'))

    assert run("erase", "--journal", tmp_path / "journal", "--yes").out.endswith("2 events erased.\n")
    handler.write_event(line.replace(b'"a"', b'"c"'))
    handler.close()

    assert [event["path"] for event in JournalReader(tmp_path / "journal").events()] == ["c"]
    assert handler.counts() == {"written": 2, "lost": 0, "expired": 0}


def test_a_destination_that_a_shipper_beside_carries_to_is_named(run, home, configure, tmp_path):
    journal = home / "data" / "telemetry" / "journal"
    record(journal, SAVE, {"path": "a.ipynb"})
    for name, kind in (("erasing", DatabaseSink), ("keeping", KeepingSink)):
        assert Shipper(journal, kind(tmp_path / f"{name}.db")).ship(30)
    configure('c.EventLog.allowed_schemas = ["https://example.org/save"]; c.EventLog.consent = "inform"')
    told = run("status").out
    assert "sqlite:erasing.db" in told
    assert "sqlite:keeping.db" in told
    done = run("erase", "--yes", "--json")
    assert done.status == 0
    answer = json.loads(done.out)
    assert (answer["reached_later"], answer["not_reached"]) == (["sqlite:erasing.db"], ["sqlite:keeping.db"])
