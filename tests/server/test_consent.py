"""Consent where it counts: real servers, the command line beside them, and what stands in the journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_telemetry.journal import JournalReader
from jupyter_telemetry.privacy import DECISION_SCHEMA

from .running import RunningServer

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
ALLOWED = {CONTENTS: {"allowed_categories": ["personal-data"]}}
PATIENCE_S = 60.0  # of a test, on a machine that is busy


class Home:
    """A user's home, in which servers run and commands are given."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.journal = directory / "data" / "telemetry" / "journal"
        self._visits = 0

    def server(self, config: str) -> RunningServer:
        return RunningServer(self.directory, config)

    def decide(self, *arguments: str) -> None:
        done = self.command("consent", *arguments)
        assert (done.returncode, done.stderr) == (0, "")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "HOME": str(self.directory),
            "JUPYTER_CONFIG_DIR": str(self.directory / "config"),
            "JUPYTER_DATA_DIR": str(self.directory / "data"),
        }
        command = [str(Path(sys.executable).with_name("jupyter-telemetry")), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)

    def visit(self, server: RunningServer) -> str:
        """Ask for a file that differs from all others; return its name."""
        self._visits += 1
        name = f"visit-{self._visits}.txt"
        (server.notebooks / name).write_text("")
        server.client.get(f"/api/contents/{name}").raise_for_status()
        return name

    def recorded(self) -> list[dict[str, Any]]:
        return list(JournalReader(self.journal).events())

    def paths(self) -> list[str | None]:
        """Return the files in the journal."""
        return [event["path"] for event in self.recorded() if event["__schema__"] == CONTENTS]

    def decisions(self) -> list[str]:
        return [event["decision"] for event in self.recorded() if event["__schema__"] == DECISION_SCHEMA["$id"]]

    def obeys_without_names(self, server: RunningServer) -> None:
        """Wait until visits are recorded, without the names of files."""
        self.wait(server, lambda: self.visit(server) and None in self.paths())
        assert set(self.paths()) == {None}

    def obeys(self, server: RunningServer, *, records: bool) -> None:
        """Wait until visits of the server are recorded, or not any more."""
        if not records:
            self.wait(server, lambda: self.visit(server) not in self.paths())
            return
        names: set[str | None] = set()
        # Under a hub a thread writes the journal: a visit may stand in it a moment later.
        self.wait(server, lambda: names.add(self.visit(server)) or not names.isdisjoint(self.paths()))

    def wait(self, server: RunningServer, is_so: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline, server.log
            time.sleep(0.1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in [name for name in os.environ if name.startswith(("JUPYTER", "DO_NOT_TRACK"))]:
        monkeypatch.delenv(name)
    return Home(tmp_path / "home")


def config(consent: object = None, allowed: object = ALLOWED, more: str = "") -> str:
    said = "" if consent is None else f"c.EventLog.consent = {consent!r}\n"
    return f"c.EventLog.allowed_schemas = {allowed!r}\n{said}{more}"


def said(server: RunningServer) -> list[tuple[str, str]]:
    """Return what the server has said of EventLog: the level, and the text."""
    lines = [line for line in server.log.splitlines() if "] EventLog" in line]
    return [(line[1], line.partition("] ")[2]) for line in lines]


def unasked(server: RunningServer) -> list[tuple[str, str]]:
    """Return what it has said but for the modes that its operator states."""
    return [(level, text) for level, text in said(server) if "as c.EventLog.consent says" not in text]


def test_what_is_decided_on_the_command_line_is_obeyed_by_every_server_of_the_home(home):
    with home.server(config("opt-in")) as one, home.server(config("opt-in")) as two:
        before = [home.visit(one), home.visit(two)]
        assert home.recorded() == []
        assert list(home.journal.glob("*.jsonl")) == []

        home.decide("grant")
        home.obeys(one, records=True)
        home.obeys(two, records=True)
        assert not set(before) & set(home.paths())  # nothing had been held back

        home.decide("refuse")
        home.obeys(one, records=False)
        home.obeys(two, records=False)
        assert home.decisions() == ["granted", "refused"]

        home.decide("grant")
        home.obeys(one, records=True)
        home.obeys(two, records=True)
    file = one.home / "config" / "jupyter_server_config.py"
    stated = (
        f"EventLog.consent is opt-in, as c.EventLog.consent says in {file}. "
        "What is opt-in is recorded once the user agrees, by `jupyter telemetry consent grant` or on the server's page "
        "/telemetry."
    )
    assert said(one) == said(two) == [("I", stated)]


def test_opt_out_records_until_the_user_refuses_and_a_refusal_outlives_the_server(home):
    with home.server(config("opt-out")) as server:
        name = home.visit(server)
        assert home.paths() == [name]
        home.decide("refuse")
        home.obeys(server, records=False)
    with home.server(config("opt-out")) as server:
        assert home.visit(server) not in home.paths()
        home.decide("grant")
        home.obeys(server, records=True)


def test_a_policy_that_widens_is_asked_about_again_and_one_that_narrows_is_not(home):
    limited = {CONTENTS: {}}
    with home.server(config("opt-in", limited)) as server:
        home.decide("grant")
        home.obeys_without_names(server)
    with home.server(config("opt-in")) as server:
        count = len(home.recorded())
        home.visit(server)
        assert len(home.recorded()) == count
        assert home.command("consent").stdout.splitlines() == [
            "*: you agreed, and more is recorded since: decide again",
            f"    personal-data of {CONTENTS} may be kept",
        ]
        home.decide("grant")
        home.obeys(server, records=True)
    with home.server(config("opt-in", limited)) as server:
        count = len(home.recorded())
        home.visit(server)
        assert home.paths()[-1] is None
        assert len(home.recorded()) > count


def test_do_not_track_refuses_what_was_agreed_and_inform_asks_nobody(home, monkeypatch):
    with home.server(config("opt-in")):
        home.decide("grant")
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    for mode in ("opt-in", "opt-out"):
        with home.server(config(mode)) as server:
            assert home.visit(server) not in home.paths()
    with home.server(config("inform")) as server:
        assert home.visit(server) in home.paths()


def test_a_category_that_is_refused_becomes_null_and_the_rest_is_kept(home):
    with home.server(config({"*": "inform", "personal-data": "opt-out"})) as server:
        assert home.visit(server) in home.paths()
        home.decide("refuse", "personal-data")
        home.obeys(server, records=False)  # by name
        events = [event for event in home.recorded() if event["__schema__"] == CONTENTS]
        assert {name: value for name, value in events[-1].items() if not name.startswith("__")} == {
            "action": "get",
            "path": None,
        }
        home.decide("grant", "personal-data")
        home.obeys(server, records=True)


def test_schemas_are_switched_by_the_longest_glob_that_meets_them(home):
    modes = {"*": "opt-out", "https://events.jupyter.org/*": "inform", CONTENTS.replace("v1", "*"): "opt-in"}
    with home.server(config(modes)) as server:
        assert home.visit(server) not in home.paths()
        home.decide("grant", CONTENTS.replace("v1", "*"))
        home.obeys(server, records=True)
        home.decide("refuse", "*")
        home.wait(server, lambda: home.decisions() == ["granted", "refused"])
        home.obeys(server, records=True)  # what is refused is all else


def test_decisions_that_cannot_be_read_record_nothing_until_it_is_decided_again(home):
    with home.server(config("opt-out")) as server:
        home.decide("grant")
        home.obeys(server, records=True)
        (home.journal.parent / "consent.json").write_bytes(b"\0damaged")
        home.obeys(server, records=False)
        home.decide("grant")
        home.obeys(server, records=True)


# Where the configuration does not say how it is


def test_the_user_s_own_configuration_records_and_says_so_once(home):
    with home.server(config()) as server:
        assert home.visit(server) in home.paths()
        home.visit(server)
        assert said(server) == [
            ("I", "EventLog.consent is inform by default: what configures EventLog is the user's own.")
        ]


@pytest.mark.parametrize("name", ["jupyter_server_config.py", "jupyter_server_config.d/telemetry.json"])
def test_what_a_system_wide_file_allows_is_asked_about(home, tmp_path, monkeypatch, name):
    file = tmp_path / "system" / name
    file.parent.mkdir(parents=True)
    section = {"EventLog": {"allowed_schemas": ALLOWED}}
    file.write_text(config() if file.suffix == ".py" else json.dumps(section))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "system"))
    with home.server("") as server:
        home.visit(server)
        assert home.recorded() == []
        assert said(server) == [
            (
                "W",
                f"EventLog.consent is opt-in by default: {file}, which configures EventLog, stands where Jupyter is "
                "configured for all users. Nothing is recorded until the user agrees, by `jupyter telemetry consent "
                "grant` or on the server's page /telemetry; to change that, set c.EventLog.consent.",
            )
        ]
        home.decide("grant")
        home.obeys(server, records=True)


@pytest.mark.parametrize("consent", [None, {"personal-data": "opt-out"}])
def test_under_a_hub_nothing_falls_silent_unsaid(home, monkeypatch, consent):
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    with home.server(config(consent)) as server:
        home.visit(server)
        assert home.recorded() == []
        setting = "EventLog.consent['*']" if consent else "EventLog.consent"
        ((level, text),) = unasked(server)
        assert level == "W"
        assert text.startswith(
            f"{setting} is opt-in by default: JUPYTERHUB_USER is set, so this belongs to a JupyterHub"
        )
        home.decide("grant")
        home.obeys(server, records=True)


# A policy that cannot be meant is said when the server starts


@pytest.mark.parametrize(
    ("text", "level", "warning"),
    [
        (
            "c.EventLog.redactions = {'personal-data': 'pseudonymize'}",
            "E",
            "EventLog: bad configuration, NOTHING IS RECORDED: EventLog.redactions['personal-data']: 'pseudonymize' is "
            "no action (did you mean 'pseudonymise'?); write ",
        ),
        (
            "c.EventLog.handlers = [{'class': 'logging.NullHandler', 'allowed_schemas': ['https://events.*']}]",
            "E",
            "EventLog: bad configuration, NOTHING IS RECORDED: EventLog.handlers[0]['allowed_schemas'] is wider than "
            "EventLog.allowed_schemas: https://events.* is not allowed there",
        ),
        (
            "c.EventLog.pseudonym_key_file = '/tmp/none/key'",
            "E",
            "EventLog: bad configuration, NOTHING IS RECORDED: EventLog.pseudonym_key_file: '/tmp/none/key' cannot be "
            "read: No such file or directory",
        ),
        (
            "c.EventLog.redactions = {'personal-dta': 'drop'}\n"
            f"c.EventLog.classifications = {{{CONTENTS!r}: {{'/pat': ['personal-data']}}}}\n",
            "W",
            "EventLog.redactions: no registered schema has the category 'personal-dta'; did you mean 'personal-data'?",
        ),
    ],
)
def test_a_bad_policy_is_said_when_the_server_starts_and_before_any_event(home, text, level, warning):
    with home.server(config("inform", more=text)) as server:
        home.wait(server, lambda: bool(unasked(server)))
        first = unasked(server)[0]
        assert first[0] == level
        assert first[1].startswith(warning)
        assert home.recorded() == []


def test_all_that_leads_nowhere_is_said_at_once(home):
    text = (
        f"c.EventLog.redactions = {{{CONTENTS!r}: {{'/pat': 'drop'}}}}\n"
        "c.EventLog.allowed_schemas['https://events.jupiter.org/*'] = {'allowed_categories': ['personal-dta']}\n"
        "c.EventLog.consent = {'*': 'inform', 'personal-dta': 'opt-in'}\n"
        "c.EventLog.handlers = [{'class': 'logging.NullHandler', 'redactions': {'personal-dta': 'drop'}}]\n"
    )
    with home.server(config(more=text)) as server:
        home.wait(server, lambda: len(unasked(server)) >= 4)
        assert unasked(server) == [
            ("W", "EventLog.allowed_schemas['https://events.jupiter.org/*']: matches no registered schema"),
            (
                "W",
                f"EventLog.redactions[{CONTENTS!r}]: '/pat' matches nothing in the schema; did you mean '/path'?",
            ),
            (
                "W",
                "EventLog.consent['personal-dta']: no registered schema and no category is called so; did "
                "you mean 'personal-data'?",
            ),
            (
                "W",
                "EventLog.handlers[0]['redactions']: no registered schema has the category 'personal-dta'; "
                "did you mean 'personal-data'?",
            ),
        ]


def test_a_key_that_others_may_read_is_said_without_the_key(home, tmp_path):
    key = tmp_path / "key"
    key.write_text("the key that nobody is to see")
    key.chmod(0o644)
    text = f"c.EventLog.pseudonym_key_file = {str(key)!r}\nc.EventLog.redactions = {{'personal-data': 'pseudonymise'}}"
    with home.server(config("inform", more=text)) as server:
        assert f"EventLog.pseudonym_key_file: every user of this machine may read {str(key)!r}" in server.log
        home.visit(server)
        assert home.paths()[-1].startswith("pseudonym:")
        assert "nobody is to see" not in server.log
    key.chmod(0o666)
    with home.server(config("inform", more=text)) as server:
        ((level, said_of_it),) = said(server)
        assert (level, said_of_it.startswith("EventLog: bad configuration, NOTHING IS RECORDED: ")) == ("E", True)
        assert f"run: chmod o-rw {key}" in said_of_it
        assert "nobody is to see" not in server.log
