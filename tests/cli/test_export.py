from __future__ import annotations

import csv
import io
import json
import os
import stat

import pytest

from jupyter_telemetry.journal import JournalReader

from .conftest import RUN, SAVE, process, record


def test_it_gives_out_the_lines_as_they_were_written(journal):
    lines = b"".join(JournalReader(journal).lines()).decode()
    done = process("export", "--journal", journal)
    assert (done.returncode, done.stdout, done.stderr) == (0, lines, "")


def test_csv_is_for_spreadsheets(run, journal):
    done = run("export", "--journal", journal, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out, newline="")))
    assert [row["__schema__"] for row in rows] == [SAVE["$id"], SAVE["$id"], RUN["$id"]]
    assert json.loads(rows[0]["event"]) == {"path": "a.ipynb", "size": 10}


@pytest.mark.parametrize("mode", [None, 0o644])
def test_a_file_is_for_its_owner_alone_even_where_another_stood(run, journal, home, mode):
    path = home / "events.jsonl"
    if mode is not None:
        path.write_text("x" * 10_000)
        path.chmod(mode)
    before = os.umask(0)
    try:
        done = run("export", "--journal", journal, "--output", path)
    finally:
        os.umask(before)
    assert (done.status, done.out) == (0, "")
    assert done.err == f"{path}: {path.stat().st_size / 1000:,.0f} kB\n"
    assert path.read_bytes() == b"".join(JournalReader(journal).lines())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in home.iterdir()] == ["events.jsonl"]


def test_a_device_is_written_as_it_is(run, journal):
    assert run("export", "--journal", journal, "--output", os.devnull).status == 0
    assert os.path.exists(os.devnull)
    assert not os.path.isfile(os.devnull)


def test_a_file_that_cannot_be_written_is_said(run, journal, home):
    done = run("export", "--journal", journal, "--output", home / "none" / "events.jsonl")
    assert done.status == 1
    assert done.err == f"Error: {home / 'none' / 'events.jsonl'} cannot be written: No such file or directory\n"


def test_only_some_schemas(run, journal):
    done = run("export", "--journal", journal, "--schema", "*run*")
    assert [json.loads(line)["__schema__"] for line in done.out.splitlines()] == [RUN["$id"]]


def test_nothing_found_is_said(run, journal, tmp_path):
    done = run("export", "--journal", journal, "--schema", "*delete*")
    assert (done.status, done.out) == (1, "")
    assert done.err == "Error: there are no such events; `jupyter telemetry schemas` lists what is recorded\n"
    done = run("export", "--journal", tmp_path / "nowhere", "--output", tmp_path / "out")
    assert (done.status, (tmp_path / "out").exists()) == (1, False)
    assert "there is no journal in" in done.err


def test_damage_is_said(run, journal):
    segment = sorted(journal.glob("*.jsonl"))[0]
    segment.write_bytes(b"garbage\n" + segment.read_bytes())
    done = run("export", "--journal", journal)
    assert (done.status, done.out.count("\n")) == (0, 3)
    assert done.err == "1 damaged lines were left out; `jupyter telemetry status` says where\n"


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_on_a_terminal_hostile_values_stay_text(run_on_terminal, journal, form):
    shown = run_on_terminal("export", "--journal", journal, "--format", form)
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
    assert "a.ipynb" in shown


def test_what_other_destinations_have_is_said_with_whom_to_ask(run, home, configure):
    record(home / "data" / "telemetry" / "journal", SAVE, {"path": "a"})
    handlers = (
        "import logging, logging.handlers\n"
        "c.EventLog.handlers = [{'class': 'jupyter_telemetry.journal.JournalHandler'}, logging.NullHandler(),\n"
        "    logging.handlers.MemoryHandler(9, target=logging.FileHandler('/tmp/none')), logging.StreamHandler(),\n"
        "    {'class': 'logging.handlers.MemoryHandler', 'capacity': 9, 'target': {\n"
        "        'class': 'jupyter_telemetry.journal.JournalHandler', 'directory': '/tmp/another'}}]\n"
    )
    configure(handlers)
    done = run("export")
    assert (done.status, done.out.count("\n")) == (0, 1)
    assert done.err.splitlines() == [
        "Not in it: what a file on this machine has received; ask who runs it",
        "Not in it: what the standard error output has received; ask who runs it",
        "Not in it: what a journal on this machine in /tmp/another has received; ask who runs it",
    ]
    configure(handlers + "c.EventLog.notice.update({'contact': 'ops@example.org'})\n")
    assert run("export").err.splitlines()[0] == (
        "Not in it: what a file on this machine has received; ask ops@example.org"
    )


def test_a_journal_that_is_named_is_given_out_whatever_the_configuration_is(run, journal, configure):
    configure("1 / 0")
    done = run("export")
    assert done.status == 1
    assert done.err.endswith(
        "division by zero; give the journal's directory by --journal DIR to read no configuration\n"
    )
    done = run("export", "--journal", journal)
    assert (done.status, done.err, done.out.count("\n")) == (0, "", 3)
