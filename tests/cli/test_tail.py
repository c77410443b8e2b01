from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_telemetry.journal import JournalReader

from .conftest import HOSTILE, RUN, SAVE, process, record


def test_the_latest_events_are_shown_one_a_line(run, journal):
    done = run("tail", "--journal", journal)
    assert done.status == 0
    assert done.out.splitlines() == [
        "2024-11-25 17:42:05.123  example_org_save_v1  path=a.ipynb  size=10",
        '2024-11-25 17:42:05.123  example_org_save_v1  path="\\x1b]0;owned\\x07\\x9b31m\\u202e.ipynb"',
        "2024-11-25 17:42:05.123  example_org_run_v2  cell={number=1, ok=true}",
    ]


def test_n_says_how_many(run, journal):
    assert run("tail", "--journal", journal, "-n", 1).out.count("\n") == 1
    assert run("tail", "--journal", journal, "-n", 0).status == 0


def test_json_is_the_lines_as_they_are(run, journal):
    lines = b"".join(JournalReader(journal).lines()).decode()
    assert run("tail", "--json", "--journal", journal).out == lines


@pytest.mark.parametrize("glob", ["*save*", "https://example.org/save", "example_org_save_v1"])
def test_schema_chooses_by_id_and_by_view(run, journal, glob):
    done = run("tail", "--journal", journal, "--schema", glob, "--json")
    assert [json.loads(line)["__schema__"] for line in done.out.splitlines()] == [SAVE["$id"]] * 2
    assert run("tail", "--journal", journal, "--schema", glob, "-n", 1, "--json").out == done.out.splitlines(True)[1]


def test_several_schemas_add_up(run, journal):
    assert run("tail", "--journal", journal, "--schema", "*save*", "--schema", "*run*").out.count("\n") == 3


def test_a_schema_that_is_not_recorded_is_nothing_found(run, journal):
    done = run("tail", "--journal", journal, "--schema", "*delete*")
    assert (done.status, done.out) == (1, "")
    assert done.err == "Error: there are no such events; `jupyter telemetry schemas` lists what is recorded\n"


def test_an_empty_journal_is_nothing_found(run, tmp_path):
    done = run("tail", "--journal", tmp_path / "nowhere")
    assert (done.status, done.out) == (1, "")
    assert "there is no journal in" in done.err
    assert "jupyter telemetry status" in done.err


def test_damage_is_said_and_the_rest_is_shown(run, journal):
    segment = sorted(journal.glob("*.jsonl"))[0]
    segment.write_bytes(b"garbage\n" + segment.read_bytes())
    done = run("tail", "--journal", journal)
    assert (done.status, done.out.count("\n")) == (0, 3)
    assert done.err == "1 damaged lines were skipped; `jupyter telemetry status` says where\n"


def test_on_a_terminal_a_line_keeps_to_the_width_and_hostile_values_to_text(run_on_terminal, tmp_path):
    record(tmp_path / "journal", SAVE, {"path": HOSTILE + "x" * 200})
    shown = run_on_terminal("tail", "--journal", tmp_path / "journal")
    assert '\x1b[2mpath=\x1b[0m"\\x1b]0;owned\\x07\\x9b31m' in shown
    assert not {"\x07", "\x9b", "\u202e"} & set(shown)
    assert shown.count("\n") == 1
    assert "…" in shown


def test_json_on_a_terminal_is_the_same_json_in_harmless_letters(run_on_terminal, journal):
    shown = run_on_terminal("tail", "--json", "--journal", journal)
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
    assert [json.loads(line) for line in shown.splitlines()] == list(JournalReader(journal).events())


@pytest.mark.parametrize("schema", [(), ("--schema", "*save*")])
def test_follow_goes_on_with_what_comes_until_it_is_interrupted(journal, schema):
    command = [Path(sys.executable).with_name("jupyter-telemetry"), "tail", "-f", "-n", "1", "--json", *schema]
    with subprocess.Popen([*command, "--journal", journal], stdout=subprocess.PIPE, text=True) as following:
        first = json.loads(following.stdout.readline())
        record(journal, RUN, {"cell": {"number": 2}}) if not schema else None
        record(journal, SAVE, {"path": "later.ipynb"})
        came = [json.loads(following.stdout.readline())["__schema__"] for _ in range(1 if schema else 2)]
        following.send_signal(signal.SIGINT)
        assert following.wait(30) == 130
        assert following.stdout.read() == ""
    assert first["__schema__"] == (SAVE["$id"] if schema else RUN["$id"])
    assert came == ([SAVE["$id"]] if schema else [RUN["$id"], SAVE["$id"]])


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    record(tmp_path / "journal", SAVE, *[{"path": "x" * 1000}] * 3000)
    command = [
        Path(sys.executable).with_name("jupyter-telemetry"),
        "tail",
        "-n",
        "3000",
        "--journal",
        tmp_path / "journal",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tail:
        tail.stdout.readline()
        tail.stdout.close()
        assert tail.wait(30) == 0
        assert tail.stderr.read() == b""


def test_a_shell_completes_the_views_that_are_recorded(journal):
    words = f"jupyter-telemetry tail --journal {journal} --schema exa"
    done = process(
        env={"_JUPYTER_TELEMETRY_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "5", "PATH": "/usr/bin"}
    )
    assert done.stdout.split() == ["plain,example_org_run_v2", "plain,example_org_save_v1"]
