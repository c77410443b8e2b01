"""`consent`: what the user decides, and how things stand."""

from __future__ import annotations

import json

import pytest

from jupyter_telemetry.journal import JournalReader
from jupyter_telemetry.privacy import DECISION_SCHEMA

from .conftest import HOSTILE, process

SAVE = "https://example.org/save"
OTHERS = "https://example.org/*"
ALLOWED = f"c.EventLog.allowed_schemas = [{SAVE!r}]\n"
OPT_IN = ALLOWED + "c.EventLog.consent = 'opt-in'\n"


@pytest.fixture
def decided(home):
    """Return the decisions in the journal, oldest first."""

    def decided():
        events = JournalReader(home / "data" / "telemetry" / "journal").events()
        return [
            (event["subject"], event["decision"], event["mode"], event["by"])
            for event in events
            if event["__schema__"] == DECISION_SCHEMA["$id"]
        ]

    return decided


def standings(done):
    """Return what was said of each subject, without times."""
    lines = [line for line in done.out.splitlines() if not line.startswith(" ")]
    return {subject: text.partition(" (20")[0] for subject, _, text in (line.partition(": ") for line in lines)}


@pytest.mark.parametrize(
    ("mode", "undecided", "granted", "refused"),
    [
        (
            "opt-in",
            "you have not decided: not recorded until you agree",
            "recorded: you agreed",
            "not recorded: you refused",
        ),
        (
            "opt-out",
            "you have not decided: recorded until you refuse",
            "recorded: you agreed",
            "not recorded: you refused",
        ),
    ],
)
def test_what_is_decided_stands_until_it_is_decided_again(run, configure, decided, mode, undecided, granted, refused):
    configure(ALLOWED + f"c.EventLog.consent = {mode!r}\n")
    assert standings(run("consent")) == {"*": undecided}
    done = run("consent", "grant")
    assert (standings(done), done.err) == ({"*": granted}, "")
    assert standings(run("consent")) == {"*": granted}
    assert standings(run("consent", "refuse")) == {"*": refused}
    assert standings(run("consent")) == {"*": refused}
    # A refusal is an event too.
    assert decided() == [("*", "granted", mode, "command line"), ("*", "refused", mode, "command line")]


def test_single_subjects_are_decided_by_themselves(run, configure, decided):
    modes = {"*": "opt-out", OTHERS: "opt-in", "personal-data": "opt-in", SAVE: "inform"}
    configure(ALLOWED + f"c.EventLog.consent = {modes}\n")
    assert standings(run("consent", "refuse", "personal-data")) == {
        "*": "you have not decided: recorded until you refuse",
        OTHERS: "you have not decided: not recorded until you agree",
        "personal-data": "not recorded: you refused",
        SAVE: "recorded; there is nothing to decide",
    }
    assert standings(run("consent", "grant"))["personal-data"] == "recorded: you agreed"
    assert [each[:2] for each in decided()] == [
        ("personal-data", "refused"),
        ("*", "granted"),
        (OTHERS, "granted"),
        ("personal-data", "granted"),
    ]


@pytest.mark.parametrize(
    ("consent", "arguments", "said"),
    [
        ("'opt-in'", ["personal-data"], "there is no switch personal-data (there are: *)"),
        (
            "{'*': 'inform', 'personal-data': 'opt-in'}",
            ["personal-dta"],
            "there is no switch personal-dta; did you mean personal-data? (there are: personal-data)",
        ),
        ("{'*': 'opt-in', 'location': 'inform'}", ["location"], "there is no switch location (there are: *)"),
        ("'opt-in'", [HOSTILE], r"there is no switch \x1b]0;owned\x07\x9b31m\u202e.ipynb (there are: *)"),
        ("'inform'", ["x"], "there is no switch x (there are: none)"),
        (
            "'inform'",
            [],
            "there is nothing to decide: c.EventLog.consent is inform, whoever operates this server says why (jupyter "
            "telemetry status)",
        ),
    ],
)
@pytest.mark.parametrize("decision", ["grant", "refuse"])
def test_what_cannot_be_decided_is_an_error_and_changes_nothing(
    run, home, configure, decision, consent, arguments, said
):
    configure(ALLOWED + f"c.EventLog.consent = {consent}\n")
    done = run("consent", decision, *arguments)
    assert (done.status, done.out) == (1, "")
    assert done.err == f"Error: {said}\n"
    assert not (home / "data").exists()


def test_another_word_is_wrong_usage(run):
    done = run("consent", "allow")
    assert done.status == 2
    assert "'allow' is not one of 'grant', 'refuse'" in done.err


def test_json_says_how_things_stand(run, configure):
    configure(ALLOWED + "c.EventLog.consent = {'*': {'mode': 'opt-in', 'reason': 'To know what is used.'}}\n")
    done = run("consent", "--json")
    assert (done.status, json.loads(done.out)) == (
        0,
        [
            {
                "subject": "*",
                "title": "Everything that is recorded here",
                "mode": "opt-in",
                "on": False,
                "why": "undecided",
                "can_switch": True,
                "reason": "To know what is used.",
                "legal_basis": "",
                "decided_at": None,
                "asked_again": [],
            }
        ],
    )
    assert json.loads(run("consent", "grant", "--json").out)[0]["why"] == "granted"


def test_where_the_policy_widens_the_user_is_asked_again_and_told_what_is_new(run, configure):
    configure(OPT_IN)
    run("consent", "grant")
    configure(OPT_IN + "c.EventLog.allowed_schemas = ['https://example.org/save', 'https://example.org/run']\n")
    done = run("consent")
    assert done.out.splitlines() == [
        "*: you agreed, and more is recorded since: decide again",
        "    events of https://example.org/run are recorded too",
    ]
    assert standings(run("consent", "grant")) == {"*": "recorded: you agreed"}
    configure(OPT_IN)
    assert standings(run("consent")) == {"*": "recorded: you agreed"}  # it has narrowed


def test_do_not_track_refuses_whatever_was_agreed(run, configure, monkeypatch):
    configure(ALLOWED + "c.EventLog.consent = {'*': 'opt-in', 'personal-data': 'opt-out', 'location': 'inform'}\n")
    run("consent", "grant")
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    assert standings(run("consent")) == {
        "*": "not recorded: DO_NOT_TRACK is set",
        "personal-data": "not recorded: DO_NOT_TRACK is set",
        "location": "recorded; there is nothing to decide",
    }


@pytest.mark.parametrize("mode", ["opt-in", "opt-out"])
def test_decisions_that_cannot_be_read_are_no_agreement(run, home, configure, mode):
    configure(ALLOWED + f"c.EventLog.consent = {mode!r}\n")
    run("consent", "grant")
    (home / "data" / "telemetry" / "consent.json").write_text("{")
    assert standings(run("consent")) == {
        "*": "not recorded: what you decided cannot be read; decide again",
    }
    assert standings(run("consent", "grant")) == {"*": "recorded: you agreed"}


def test_a_decision_that_cannot_be_written_is_an_error_that_says_what_to_do(home, configure):
    configure(OPT_IN)
    (home / "data").write_text("a file where the directory is to be")
    done = process("consent", "refuse")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f"Error: the decision cannot be written to {home / 'data' / 'telemetry' / 'consent.json'}: File exists. It "
        "is not in force."
    )
    assert "DO_NOT_TRACK=1" in done.stderr


def test_what_was_shown_is_kept_with_the_decision(run, home, configure):
    configure(OPT_IN + "c.EventLog.notice = {'controller': 'A university'}\n")
    run("consent", "grant")
    kept = json.loads((home / "data" / "telemetry" / "consent.json").read_text())
    assert "controller: A university" in json.dumps(kept)
    assert "goes to: a journal on this machine" in json.dumps(kept)


def test_what_the_operator_wrote_stays_text(run_on_terminal, configure):
    setting = {"mode": "opt-in", "reason": f"R{HOSTILE}", "legal_basis": f"L{HOSTILE}"}
    configure(ALLOWED + f"c.EventLog.consent = { {'*': 'inform', f'x{HOSTILE}': setting}!r}\n")
    shown = run_on_terminal("consent")
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
    assert r"x\x1b]0;owned\x07\x9b31m\u202e.ipynb: you have not decided" in shown
