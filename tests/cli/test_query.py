from __future__ import annotations

import json

import pytest

from .conftest import HOSTILE, process


def test_an_answer_is_shown_as_a_table(run, journal):
    done = run("query", "--journal", journal, "SELECT path, size FROM example_org_save_v1 ORDER BY path DESC")
    assert done.status == 0
    assert [line.split() for line in done.out.splitlines()] == [
        ["path", "size"],
        ["─" * (len(done.out.splitlines()[1]))],
        ["a.ipynb", "10"],
        ["\\x1b]0;owned\\x07\\x9b31m\\u202e.ipynb", "NULL"],
    ]


def test_a_question_may_come_from_standard_input(run, journal):
    done = run("query", "--journal", journal, "-", "--json", stdin="SELECT 42 AS answer")
    assert (done.status, json.loads(done.out)) == (0, [{"answer": 42}])


def test_json_keeps_values_as_they_are(run, journal):
    done = run("query", "--journal", journal, "--json", "SELECT path FROM example_org_save_v1 ORDER BY path DESC")
    assert json.loads(done.out) == [{"path": "a.ipynb"}, {"path": HOSTILE}]
    assert done.out.isascii()


def test_an_answer_without_rows_is_an_answer(run, journal):
    done = run("query", "--journal", journal, "SELECT * FROM events WHERE false", "--json")
    assert (done.status, done.out) == (0, "[]\n")


def test_a_table_has_a_limit_that_is_said(run, journal):
    done = run("query", "--journal", journal, "SELECT range AS n FROM range(500)")
    assert done.out.count("\n") == 202
    assert done.err == "… 300 more rows; --limit 0 shows all\n"
    assert run("query", "--journal", journal, "SELECT * FROM range(500)", "--limit", 0).out.count("\n") == 502


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("SELEC 1", 'Error: Parser Error: syntax error at or near "SELEC"'),
        ("SELECT * FROM example_org_sav", "did you mean example_org_save_v1"),
        ("SELECT * FROM zzz", "SHOW TABLES"),
        ("DROP VIEW events", "only answers questions"),
        ("SELECT 1; SELECT 2", "one question at a time"),
        ("SELECT nothing FROM events", "Binder Error"),
        ("SELECT * FROM read_csv('/etc/passwd')", "Permission Error"),
    ],
)
def test_a_question_that_cannot_be_answered_is_an_error(run, journal, question, message):
    done = run("query", "--journal", journal, question)
    assert (done.status, done.out) == (1, "")
    assert message in done.err
    assert "Traceback" not in done.err


def test_an_error_shows_hostile_values_as_text(run, journal):
    done = run("query", "--journal", journal, "SELECT path::INTEGER FROM example_org_save_v1 WHERE size IS NULL")
    assert done.status == 1
    assert "\\x1b]0;owned" in done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question_is_wrong_usage(run, journal, question):
    assert run("query", "--journal", journal, question).status == 2


def test_without_a_journal_nothing_is_found(run, tmp_path):
    done = run("query", "--journal", tmp_path / "nowhere", "SELECT 1")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: there is no journal in")


def test_an_empty_journal_is_said_where_the_answer_is_empty(run, tmp_path):
    done = run("query", "--journal", tmp_path, "SELECT * FROM events", "--json")
    assert (done.status, done.out) == (1, "[]\n")
    assert done.err.startswith("Error: no events are recorded in")


def test_the_command_works_for_a_user(journal):
    done = process("query", "--journal", journal, "SELECT count(*) AS n FROM events", "--format", "csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "n\n3\n", "")
