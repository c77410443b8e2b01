"""What a user is told in the terminal, by `status`."""

from __future__ import annotations

import json
import re

import pytest

from jupyter_telemetry.cli.told import standing

from .conftest import HOSTILE, SAVE, record

SWITCH = {"subject": "*", "on": False, "why": "", "decided_at": None, "reason": "", "legal_basis": ""}
NOTICE = {
    "controller": "The university",
    "contact": "ops@example.org",
    "purpose": "To plan how many machines we need.",
    "legal_basis": "GDPR art. 6 (1) (a)",
    "recipients": "nobody else",
    "retention": "a year",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"why": "no switch", "on": True}, "recorded; there is nothing to decide"),
        (
            {"why": "no switch", "on": True, "reason": "It must run.", "legal_basis": "art. 6"},
            "recorded; there is nothing to decide – It must run; art. 6",
        ),
        ({"why": "granted", "on": True, "decided_at": "2026"}, "recorded: you agreed (2026)"),
        ({"why": "refused", "decided_at": "2026"}, "not recorded: you refused (2026)"),
        ({"why": "undecided"}, "you have not decided: not recorded until you agree"),
        ({"why": "undecided", "on": True}, "you have not decided: recorded until you refuse"),
        ({"why": "asked again", "decided_at": "2026"}, "you agreed, and more is recorded since: decide again"),
        ({"why": "do not track"}, "not recorded: DO_NOT_TRACK is set"),
        ({"why": "unreadable"}, "not recorded: what you decided cannot be read; decide again"),
    ],
)
def test_how_things_stand_is_said_in_words(changes, words):
    assert standing({**SWITCH, **changes}) == words


@pytest.fixture
def recording(home, configure):
    """A journal with events of one schema, and a configuration that tells all of it."""

    def recording(schema=SAVE, more="", notice=NOTICE):
        record(home / "data" / "telemetry" / "journal", schema, {"size": 1})
        configure(
            f"c.EventLog.allowed_schemas = [{schema['$id']!r}]\n"
            f"c.EventLog.notice = {notice!r}\nc.EventLog.consent = 'opt-in'\n{more}"
        )

    return recording


def told(done):
    """Return the lines that tell, without what is only an operator's."""
    lines = [line.rstrip() for line in done.out[: done.out.index("Journal  ")].splitlines()]
    return lines[: lines.index(next(line for line in lines if line.startswith("Save")))], lines


def test_a_user_is_told_what_is_recorded_why_where_it_goes_and_what_they_decided(run, recording):
    recording(
        more="c.EventLog.redactions = {'https://example.org/save': {'/path': {'generalise': 'suffix'}}}\n"
        "c.EventLog.handlers = [{'class': 'jupyter_telemetry.journal.JournalHandler'},"
        " {'class': 'logging.handlers.SysLogHandler', 'address': ['log.example.org', 514],"
        " 'redactions': {'https://example.org/save': {'/size': 'null'}}}]"
    )
    head, lines = told(run("status"))
    assert [line for line in head if line and not line.startswith(" ")][:9] == [
        "Who          The university",
        "Whom to ask  ops@example.org",
        "What for     To plan how many machines we need.",
        "Legal basis  GDPR art. 6 (1) (a)",
        "Who gets it  nobody else",
        "How long     a year",
        "Goes to      a journal on this machine",
        "Goes to      syslog at log.example.org:514 (less than the others)",
        "Decided      *: you have not decided: not recorded until you agree",
    ]
    assert "Save  https://example.org/save, version 1  not recorded now" in lines
    table = lines[lines.index("Save  https://example.org/save, version 1  not recorded now") :]
    assert [line.split()[0] for line in table[1:5]] == ["field", "/path", "/size", "/*"]
    run("consent", "grant")
    head, lines = told(run("status"))
    assert "Save  https://example.org/save, version 1" in lines
    assert any(line.startswith("Decided      *: recorded: you agreed (20") for line in head)


def test_what_is_not_said_is_pointed_out_and_what_has_widened_is_told(run, recording, configure):
    recording(notice={})
    run("consent", "grant")
    recording(notice={"purpose": "To know more."})
    head, _ = told(run("status"))
    assert head.count("Who          not said by whoever runs this") == 1
    at = head.index("Decided      *: you agreed, and more is recorded since: decide again")
    assert head[at + 1].strip() == "the purpose has changed"


def test_an_example_shows_what_becomes_of_each_value(run, recording):
    recording(more="c.EventLog.redactions = {'https://example.org/save': {'/path': {'generalise': 'suffix'}}}\n")
    (save,) = [
        each
        for each in json.loads(run("status", "--json").out)["disclosure"]["collected"]
        if each["schema"] == SAVE["$id"]
    ]
    before, after = save["example"]["before"], save["example"]["after"]
    line = next(line for line in run("status").out.splitlines() if line.startswith("  /path"))
    assert str(before["path"]) in line
    assert str(after["path"]) in line
    assert before["size"] == after["size"]


HOSTILE_SCHEMA = {
    **SAVE,
    "title": f"Save{HOSTILE}",
    "description": HOSTILE,
    "properties": {"size": {"type": "integer", "title": HOSTILE}, f"p{HOSTILE}": {"enum": [HOSTILE]}},
}


@pytest.mark.parametrize("columns", ["20", "80", "300"])
def test_what_others_wrote_stays_text(run_on_terminal, recording, columns, monkeypatch):
    recording(
        HOSTILE_SCHEMA,
        notice={name: f"{text}{HOSTILE}" for name, text in NOTICE.items()},
        more="c.EventLog.consent = "
        f"{{'*': {{'mode': 'inform', 'reason': {HOSTILE!r}, 'not_erasable': {HOSTILE!r}}}}}\n",
    )
    monkeypatch.setenv("COLUMNS", columns)
    shown = run_on_terminal("status")
    assert not {"\x07", "\x9b", "\u202e"} & set(shown)
    assert "\x1b]" not in shown
    if columns == "300":
        assert r"Save\x1b]0;owned\x07\x9b31m\u202e.ipynb" in shown
        assert r"It may not be erased: \x1b]0;owned" in shown


def test_on_a_narrow_terminal_no_line_is_wider_and_nothing_is_left_out(run_on_terminal, recording, monkeypatch):
    recording()
    monkeypatch.setenv("COLUMNS", "40")
    shown = re.sub(r"\x1b\[[0-9;]*m", "", run_on_terminal("status"))
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 40
    assert "…" not in shown
