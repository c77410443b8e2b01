from __future__ import annotations

import json
import os
import sys

import pytest

from jupyter_telemetry.cli import erase as module
from jupyter_telemetry.journal import JournalHandler, JournalReader
from jupyter_telemetry.journal.tombstones import tombstones

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
        "segments": 1,
        "tombstone": str(tombstone.path),
        "damaged": 0,
        "left": [],
        "not_reached": [],
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


def test_what_may_not_be_erased_is_said_with_its_ground(run, journal, monkeypatch):
    monkeypatch.setattr(module, "NOT_ERASABLE", {"*": "a bet", "https://*/run": "\x1baudits, by law"})
    done = run("erase", "--journal", journal, "--yes")
    assert (done.status, done.out) == (1, "")
    assert done.err.splitlines() == [
        "Kept: 1 event of https://example.org/run: \\x1baudits, by law",
        "Kept: 2 events of https://example.org/save: a bet",
        "Error: nothing was erased",
    ]
    monkeypatch.setattr(module, "NOT_ERASABLE", {"https://*/run": "audits"})
    done = run("erase", "--journal", journal, "--yes", "--json")
    assert json.loads(done.out)["kept"] == [{"schema": RUN["$id"], "events": 1, "ground": "audits"}]
    assert recorded(journal) == [RUN["$id"]]


def test_the_exact_id_has_its_own_ground_else_the_longest_glob():
    ground = module.grounds({"*": "1", "https://*": "2", "https://a": "3"})
    assert [ground(each) for each in ("https://a", "https://b", "c")] == ["3", "2", "1"]
    assert module.grounds({})("a") == ""


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


def test_what_other_destinations_have_is_said(run, home):
    record(home / "data" / "telemetry" / "journal", SAVE, {"path": "a"})
    (home / "config").mkdir()
    (home / "config" / "jupyter_server_config.json").write_text(
        json.dumps(
            {
                "EventLog": {
                    "handlers": [
                        {"class": "jupyter_telemetry.journal.JournalHandler"},
                        {"class": "logging.handlers.SysLogHandler"},
                    ]
                }
            }
        )
    )
    done = run("erase", "--yes")
    assert (done.status, done.err) == (0, "Not erased: what SysLogHandler has received; ask who runs it\n")


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
