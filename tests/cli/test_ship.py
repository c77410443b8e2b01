from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.journal.deadletters import dead_letters
from jupyter_telemetry.shipping import Shipper
from jupyter_telemetry.sinks import make_sink
from tests.shipping.database import events_in

from .conftest import SAVE, record

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _a_package_with_a_sink(tmp_path, monkeypatch):
    """Have a package installed that brings the sink `sqlite`."""
    about = tmp_path / "site" / "another-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: another\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[jupyter_telemetry.sinks]\nsqlite = tests.shipping.database:DatabaseSink\n"
    )
    monkeypatch.syspath_prepend(str(about.parent))
    monkeypatch.setenv("PYTHONPATH", f"{about.parent}:{ROOT}")


@pytest.fixture
def url(tmp_path):
    return f"sqlite:{tmp_path / 'events.db'}"


@pytest.fixture
def arrived(tmp_path):
    return lambda: [event["__id__"] for event in events_in(tmp_path / "events.db")]


def ids(journal):
    from jupyter_telemetry.journal import JournalReader

    return [event["__id__"] for event in JournalReader(journal).events()]


def test_what_a_journal_holds_is_shipped_once(run, journal, url, arrived):
    done = run("ship", "--to", url, journal)
    assert (done.status, done.out, done.err) == (0, f"{journal}: 3 delivered\n", "")
    assert arrived() == ids(journal)
    again = run("ship", "--to", url, journal)
    assert (again.status, again.out, again.err) == (0, "", "")
    assert arrived() == ids(journal)


def test_without_a_journal_it_is_the_configured_one(run, configure, journal, url, arrived):
    handler = {"class": "jupyter_telemetry.journal.JournalHandler", "directory": str(journal)}
    configure(f"c.EventLog.handlers = [{handler!r}]")
    assert run("ship", "--to", url).status == 0
    assert arrived() == ids(journal)


def test_a_glob_is_all_journals_that_match_it(run, tmp_path, url, arrived):
    for user in ("ada", "grace"):
        record(tmp_path / "homes" / user / "journal", SAVE, {"path": user}, {"size": 1}, {})
    done = run("ship", "--to", url, tmp_path / "homes" / "*" / "journal")
    assert done.status == 0
    assert [line.partition(": ")[2] for line in done.out.splitlines()] == ["3 delivered"] * 2
    both = [each for user in ("ada", "grace") for each in ids(tmp_path / "homes" / user / "journal")]
    assert sorted(arrived()) == sorted(both)


def test_a_destination_that_is_down_is_said_after_the_time_out(run, journal, tmp_path, url, arrived):
    (tmp_path / "events.down").touch()
    done = run("ship", "--to", url, "--timeout", "0.5", journal)
    assert (done.status, done.out) == (1, "")
    assert done.err.splitlines()[-1] == f"{journal}: 0 delivered; not all is taken: the database is down"
    (tmp_path / "events.down").unlink()
    assert run("ship", "--to", url, journal).status == 0
    assert arrived() == ids(journal)


@pytest.fixture
def odd(tmp_path):
    """A journal with an event that is refused."""
    journal = tmp_path / "odd"
    handler = JournalHandler(journal)
    head = (
        '{{"__timestamp__":"2026-11-25T12:00:00Z","__schema__":"x:y","__schema_version__":1,"__metadata_version__":2,'
    )
    for number, name in enumerate(("fine", "refuse me")):
        line = f'{head.format()}"__id__":"01a212b2-0069-7215-8ddc-c60660dd29e{number}","name":"{name}"}}\n'
        handler.write_event(line.encode())
    handler.close()
    return journal


def test_what_is_refused_is_said_and_kept(run, odd, url, arrived):
    journal = odd
    done = run("ship", "--to", url, journal)
    assert (done.status, done.out) == (0, f"{journal}: 1 delivered; 1 refused: they are in dead-letter/\n")
    assert [letter.reason for letter in dead_letters(journal)] == ["not this one"]
    assert len(arrived()) == 1


def test_dead_letters_are_sent_again_when_it_is_asked_for(run, odd, tmp_path, url, arrived):
    again = ("ship", "--to", url, "--dead-letters", odd)
    assert run(*again).out == f"{odd}: 1 delivered; 1 refused: they are in dead-letter/\n"
    done = run(*again)
    assert (done.status, done.out) == (0, f"{odd}: 0 delivered; 1 refused again: they stay in dead-letter/\n")
    (tmp_path / "events.mended").touch()
    assert run("ship", "--to", url, odd).out == ""
    assert run(*again).out == f"{odd}: 1 delivered\n"
    assert (arrived(), list(dead_letters(odd))) == (ids(odd), [])
    assert run(*again).out == ""


def test_who_is_asked_while_another_shipper_is_at_work_says_who_sends_them(run, odd, tmp_path, url):
    run("ship", "--to", url, odd)
    (place,) = (odd / "shipping").iterdir()
    os.symlink("somebody:1:elsewhere", place / "lease")
    done = run("ship", "--to", url, "--dead-letters", odd)
    assert done.status == 1
    assert done.err == (
        f"{odd}: 0 delivered; the dead letters are sent again by the shipper that is at work, or next; "
        "not all is taken: another shipper is at work\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--to", "nowhere://x"],
            "Error: there is no sink 'nowhere'; known are http, kafka, lake, nats, otlp, postgresql, sqlite",
        ),
        (["--to", "sqlite:x", "--option", "colour=red"], "Error: sink 'sqlite': "),
        (["--to", "sqlite:x", "--option", "red"], "Error: an --option is written NAME=VALUE, such as password_file="),
        ([], "Error: Missing option '--to'"),
    ],
)
def test_what_cannot_be_meant_is_an_error(run, journal, arguments, said):
    done = run("ship", *arguments, journal)
    assert done.status in (1, 2)
    assert said in done.err


def test_what_it_waits_for_is_said_by_its_name_and_not_by_the_log_too(run, journal, tmp_path, url, caplog):
    (tmp_path / "events.down").touch()
    done = run("ship", "--to", url, "--timeout", "1.2", journal)
    assert done.err.splitlines() == [
        f"{journal}: waits for sqlite:events.db: the database is down",
        f"{journal}: 0 delivered; not all is taken: the database is down",
    ]
    assert caplog.messages == []


def test_another_shipper_at_work_is_said(run, journal, url):
    other = Shipper(journal, make_sink(url))
    other.place.mkdir(parents=True)
    assert other._lease.acquire()
    done = run("ship", "--to", url, journal)
    assert (done.status, done.out) == (1, "")
    assert done.err == f"{journal}: 0 delivered; not all is taken: another shipper is at work\n"
    other._lease.release()


@pytest.mark.parametrize("made", ["missing", "a file", "something else"])
def test_where_no_journal_is_that_is_said(run, tmp_path, url, made):
    place = tmp_path / "place"
    if made == "a file":
        place.touch()
    elif made == "something else":
        (place / "documents").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    done = run("ship", "--to", url, place)
    assert (done.status, done.out, done.err) == (1, "", f"Error: there is no journal in {place}\n")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_glob_that_matches_no_journal_is_said_and_the_others_are_shipped(run, tmp_path, journal, url, arrived):
    (tmp_path / "homes" / "ada" / "documents").mkdir(parents=True)
    done = run("ship", "--to", url, tmp_path / "homes" / "*", journal)
    assert (done.status, done.out) == (1, f"{journal}: 3 delivered\n")
    assert done.err == f"Error: no journal matches {tmp_path}/homes/*\n"
    assert arrived() == ids(journal)


def test_a_journal_without_an_event_is_one(run, tmp_path, url):
    place = tmp_path / "journal"
    place.mkdir()
    (place / ".hidden").touch()
    done = run("ship", "--to", url, place)
    assert (done.status, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize("quoted", [False, True])
def test_follow_says_once_what_it_waits_for(tmp_path, url, arrived, quoted):
    place = tmp_path / "later"
    argument = f"{tmp_path}/lat*" if quoted else str(place)
    with following(url, argument, tmp_path) as (process, said):
        missing = f"no journal matches {argument}" if quoted else f"there is no journal in {place}"
        wait_for(process, lambda: f"{missing} yet: it waits for one" in said())
        other = Shipper(place, make_sink(url))
        other.place.mkdir(parents=True)
        assert other._lease.acquire()
        record(place, SAVE, {"path": "a"})
        wait_for(process, lambda: "another shipper is at work" in said())
        other._lease.release()
        wait_for(process, lambda: len(arrived()) == 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    lines = said().splitlines()
    assert lines[:2] == [f"{argument}: {missing} yet: it waits for one", f"{place}: another shipper is at work"]
    assert lines[2:] == ([f"{place}: 1 delivered"] if quoted else [])


@contextmanager
def following(url, place, tmp_path):
    """Run `ship --follow`; yields the process, and what returns what it has said."""
    output = tmp_path / "said.txt"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("jupyter-telemetry")), "ship", "--follow", "--to", url, place],
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process, output.read_text
        finally:
            process.kill()
            process.wait()


def wait_for(process, condition):
    give_up_at = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up_at
        assert process.poll() is None
        time.sleep(0.05)


@pytest.mark.parametrize("quoted", [False, True])
def test_follow_goes_goes_on_until_it_is_stopped_and_then_sends_the_rest(tmp_path, journal, url, arrived, quoted):
    place = str(journal.parent / "journ*") if quoted else str(journal)
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("jupyter-telemetry")), "ship", "--follow", "--to", url, place],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        give_up_at = time.monotonic() + 60
        while len(arrived()) < 3:
            assert time.monotonic() < give_up_at
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=30)[0]
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, output
    assert arrived() == ids(journal)
    assert not [place for place in journal.glob("shipping/*") if os.path.lexists(place / "lease")]
