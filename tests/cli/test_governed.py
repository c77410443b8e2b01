"""What a command takes for the policy in force is what a Jupyter Server of the same files makes of them."""

from __future__ import annotations

import json

import pytest
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from jupyter_telemetry.cli.governed import find_governed
from jupyter_telemetry.journal import JournalReader
from jupyter_telemetry.server.eventlog import ServerEventLog

ALLOWED = """
import logging, logging.handlers, queue, sys
c.EventLog.allowed_schemas = ["https://example.org/save"]
"""
FILE = "logging.FileHandler('/tmp/none/events.log', delay=True)"
FILE_DICT = {"class": "logging.FileHandler", "filename": "events.log", "delay": True}
JOURNAL = {"class": "jupyter_telemetry.journal.JournalHandler"}


@pytest.fixture
def of_a_server(home):
    """Return the statement that a server would ask its user about."""

    def of_a_server():
        loader = PyFileConfigLoader("jupyter_server_config.py", path=str(home / "config"))
        log = ServerEventLog(config=Config(loader.load_config()))
        statement, handlers = log.governance.statement, log.handlers
        log.close()
        for handler in handlers:  # those that the file itself has made
            handler.close()
        return statement

    return of_a_server


@pytest.mark.parametrize(
    ("text", "destinations"),
    [
        ("", ["a journal on this machine"]),
        ("c.EventLog.handlers = []", []),
        (f"c.EventLog.handlers = [{FILE}]", ["a file on this machine"]),
        (f"c.EventLog.handlers = lambda: [{FILE}]", ["a file on this machine"]),
        (f"c.EventLog.handlers = [logging.handlers.MemoryHandler(9, target={FILE})]", ["a file on this machine"]),
        (
            "c.EventLog.handlers = "
            f"[{{'class': 'logging.handlers.MemoryHandler', 'capacity': 9, 'target': {FILE_DICT}}}]",
            ["a file on this machine"],
        ),
        (
            "handler = logging.handlers.QueueHandler(queue.Queue())\n"
            f"handler.listener = logging.handlers.QueueListener(handler.queue, {FILE})\n"
            "c.EventLog.handlers = [handler]",
            ["a file on this machine"],
        ),
        ("c.EventLog.handlers = [logging.StreamHandler()]", ["the standard error output"]),
        ("c.EventLog.handlers = [logging.StreamHandler(sys.stdout)]", ["the standard output"]),
        (
            "c.EventLog.handlers = [logging.handlers.SysLogHandler(('127.0.0.1', 5140))]",
            ["syslog at 127.0.0.1:5140"],
        ),
        (f"c.EventLog.handlers.append({JOURNAL})", ["a journal on this machine"]),
        (f"c.EventLog.handlers = [{JOURNAL}, {FILE_DICT}]", ["a file on this machine", "a journal on this machine"]),
    ],
)
def test_the_destinations_are_those_of_a_server(configure, of_a_server, text, destinations):
    configure(ALLOWED + text)
    statement = find_governed(None, None).governance().statement
    assert statement["destinations"] == destinations
    assert statement == of_a_server()


@pytest.mark.parametrize(
    "text",
    [
        f"c.EventLog.handlers = [{ {**FILE_DICT, 'allowed_schemas': ['https://example.org/save']} }]",
        f"c.EventLog.handlers = [{ {**FILE_DICT, 'redactions': {'personal-data': 'drop'}} }]",
        "c.EventLog.redactions.update({'personal-data': 'drop'})\n"
        "c.EventLog.classifications.update({'https://example.org/save': {'/path': ['personal-data']}})\n"
        "c.EventLog.notice.update({'contact': 'ops@example.org'})\n"
        "c.EventLog.consent.update({'personal-data': 'opt-in'})",
        "c.EventLog.allowed_schemas.append('https://example.org/run')",
        "c.EventLog.consent = {'*': 'opt-out', 'personal-data': {'not_erasable': 'audits'}}",
    ],
)
def test_all_else_is_what_a_server_says(configure, of_a_server, text):
    configure(ALLOWED + text)
    statement = find_governed(None, None).governance().statement
    assert statement["allowed"]
    assert statement == of_a_server()


@pytest.mark.parametrize(
    ("text", "keeps", "row"),
    [
        ("", True, "the default journal of Jupyter Server"),
        ("c.EventLog.handlers = []", False, "none"),
        ("c.EventLog.handlers = [logging.NullHandler()]", False, "NullHandler"),
    ],
)
def test_a_decision_is_written_to_a_journal_only_where_one_is_kept(run, home, configure, text, keeps, row):
    configure(ALLOWED + text + "\nc.EventLog.consent = 'opt-in'")
    assert run("consent", "grant").status == 0
    assert (home / "data" / "telemetry" / "consent.json").is_file()
    assert (home / "data" / "telemetry" / "journal").is_dir() is keeps
    assert f"Handlers       {row}" in [line.rstrip() for line in run("status").out.splitlines()]


PSEUDONYMS = (
    ALLOWED
    + """
c.EventLog.redactions = {"personal-data": "pseudonymise"}
c.EventLog.classifications = {"https://example.org/save": {"/path": ["personal-data"]}}
c.EventLog.consent = "opt-out"
"""
)


def test_without_the_key_of_the_server_one_is_told_what_is_recorded_and_may_decide(run, journal, configure):
    configure(PSEUDONYMS + "c.EventLog.pseudonym_key_file = '/tmp/none/key'")
    (save,) = [
        each
        for each in json.loads(run("status", "--json", "--journal", journal).out)["disclosure"]["collected"]
        if each["schema"] == "https://example.org/save"
    ]
    assert [(field["path"], field["form"]) for field in save["fields"]] == [
        ("/path", "replaced by a pseudonym"),
        ("/size", "replaced by null"),
        ("/*", "left out, name and all"),
    ]
    done = run("consent", "refuse", "--journal", journal)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("*: not recorded: you refused (")


def test_a_key_that_is_made_up_for_that_makes_no_pseudonym_of_anything_recorded(run, home, configure):
    configure(PSEUDONYMS)
    assert run("consent", "grant").status == 0
    (file,) = (home / "data" / "telemetry" / "journal").glob("*.jsonl")
    assert "pseudonym" not in file.read_text()


def test_where_a_decision_stands_in_the_journal_it_says_the_mode_that_is_in_force(run, home, configure, monkeypatch):
    configure(ALLOWED)
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    done = run("consent", "grant")
    assert (done.status, done.err) == (0, "")  # the warning that a server gives is not repeated
    (event,) = JournalReader(home / "data" / "telemetry" / "journal").events()
    assert {name: event[name] for name in ("decision", "subject", "mode", "by")} == {
        "decision": "granted",
        "subject": "*",
        "mode": "opt-in",
        "by": "command line",
    }
    monkeypatch.delenv("JUPYTERHUB_USER")
    system = home / "system"
    (system / "jupyter_server_config.d").mkdir(parents=True)
    (system / "jupyter_server_config.d" / "a.json").write_text(
        '{"EventLog": {"allowed_schemas": ["https://example.org/save"]}}'
    )
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(system))
    monkeypatch.setenv("HOME", str(home / "ada"))
    assert run("consent", "refuse").status == 0
    *_, event = JournalReader(home / "data" / "telemetry" / "journal").events()
    assert (event["decision"], event["mode"]) == ("refused", "opt-in")
