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
    nothing = "By the configuration as it is now, nothing is sent there."
    assert done.err.splitlines() == [
        f"Not in it: what a file on this machine has received; ask who runs it. {nothing}",
        f"Not in it: what the standard error output has received; ask who runs it. {nothing}",
        f"Not in it: what a journal on this machine in /tmp/another has received; ask who runs it. {nothing}",
    ]
    configure(handlers + "c.EventLog.notice.update({'contact': 'ops@example.org'})\n")
    assert run("export").err.splitlines()[0] == (
        f"Not in it: what a file on this machine has received; ask ops@example.org. {nothing}"
    )


ELSEWHERE = """
save = "https://example.org/save"
c.EventLog.allowed_schemas = {save: {"allowed_properties": ["/path", "/size"]}, "https://example.org/run": {}}
c.EventLog.classifications = {save: {"/path": ["personal-data"], "/size": ["unrestricted"]}}
c.EventLog.handlers = [
    {"class": "jupyter_telemetry.journal.JournalHandler"},
    {"class": "logging.FileHandler", "filename": "/tmp/none/all.log"},
    {"class": "logging.handlers.HTTPHandler", "host": "stats.example.org", "url": "/",
     "allowed_schemas": [save], "redactions": {"personal-data": {"truncate": 8}}},
]
"""


def test_what_is_sent_to_each_is_said_in_the_words_in_which_a_user_is_told_of_it(run, home, configure):
    record(home / "data" / "telemetry" / "journal", SAVE, {"path": "a"})
    configure(ELSEWHERE)
    done = run("export")
    decision = (
        "  A decision about telemetry (https://events.jupyter.org/jupyter_telemetry/consent/v1, version 1): "
        "kept as it is: /decision, /subject, /mode, /policy, /by; left out, name and all: /*"
    )
    assert [json.loads(line)["path"] for line in done.out.splitlines()] == ["a"]  # events alone
    assert done.err.splitlines() == [
        "Not in it: what a file on this machine has received; ask who runs it. By the configuration as it is now, "
        "that is",
        decision,
        "  Save (https://example.org/save, version 1): kept as it is: /path, /size; left out, name and all: /*",
        "Not in it: what HTTP at stats.example.org has received; ask who runs it. By the configuration as it is now, "
        "that is",
        "  Save (https://example.org/save, version 1): kept as it is: /size; cut to 8 characters: /path; left out, "
        "name and all: /*",
    ]


def test_what_waits_for_the_user_is_said_to_wait(run, home, configure):
    record(home / "data" / "telemetry" / "journal", SAVE, {"path": "a"})
    configure(ELSEWHERE + 'c.EventLog.consent = {"personal-data": "opt-in", save: "opt-in"}')
    assert run("export").err.splitlines()[-1] == (
        "  Save (https://example.org/save, version 1, not recorded now): kept as it is: /size; cut to 8 characters, "
        "once you agree: /path; left out, name and all: /*"
    )


def test_it_is_said_that_nothing_is_sent_while_the_configuration_cannot_be_used(run, home, configure):
    record(home / "data" / "telemetry" / "journal", SAVE, {"path": "a"})
    configure(ELSEWHERE + 'c.EventLog.pseudonym_key_file = "/tmp/none/key"')
    first, second, *_ = run("export").err.splitlines()
    assert first.startswith(
        "Nothing is recorded or sent now: the configuration cannot be used: EventLog.pseudonym_key_file: "
    )
    assert second.startswith("Not in it: what a file on this machine has received;")
    configure(ELSEWHERE + 'c.EventLog.redactions = {"personal-data": "pseudonymize"}')
    done = run("export")
    assert (done.status, done.out.count("\n")) == (0, 1)
    assert done.err.splitlines()[1:] == [
        f"Not in it: what {where} has received; ask who runs it. What it got cannot be told from a configuration that "
        "cannot be used."
        for where in ("a file on this machine", "HTTP at stats.example.org")
    ]


def test_a_journal_that_is_named_is_given_out_whatever_the_configuration_is(run, journal, configure):
    configure("1 / 0")
    done = run("export")
    assert done.status == 1
    assert done.err.endswith(
        "division by zero; give the journal's directory by --journal DIR to read no configuration\n"
    )
    done = run("export", "--journal", journal)
    assert (done.status, done.err, done.out.count("\n")) == (0, "", 3)


SHIPPED = """
c.EventLog.allowed_schemas = ["https://example.org/save"]
c.EventLog.consent = "inform"
c.EventLog.notice = {"contact": "data@example.org"}
c.EventLog.shippers = [{"to": "https://stats.example.org/events", "token_file": "/run/secrets/stats"}]
"""


def test_where_the_journal_is_carried_to_is_a_destination_and_no_command_ships(run, home, configure):
    record(home / "data" / "telemetry" / "journal", SAVE, {"path": "a.ipynb"})
    configure(SHIPPED)
    done = run("export")
    assert done.status == 0
    first, *schemas = done.err.splitlines()
    assert first == (
        "Not in it: what https://stats.example.org/events has received; ask data@example.org. By the configuration as "
        "it is now, that is"
    )
    assert "  Save (https://example.org/save, version 1): kept as it is: /path, /size, /*" in schemas
    assert "https://stats.example.org/events" in run("status").out
    assert not (home / "data" / "telemetry" / "journal" / "shipping").exists()
