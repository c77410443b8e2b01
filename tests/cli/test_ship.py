from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.journal.deadletters import dead_letters
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
        "not all is taken: time is up, or another shipper is at work\n"
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


@pytest.mark.parametrize("quoted", [False, True])
def test_follow_goes_on_until_it_is_stopped_and_then_sends_the_rest(tmp_path, journal, url, arrived, quoted):
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
    assert not list((journal / "shipping").glob("*/lease"))
