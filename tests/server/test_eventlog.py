"""The EventLog of a server, beside the other applications of its process."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Application, Config, Configurable

from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.server.eventlog import ServerEventLog, configured_eventlog

SCHEMA = {"$id": "https://example.org/a", "version": "1", "type": "object", "properties": {}}


def file_handler(directory: Path) -> dict[str, Any]:
    return {"class": "logging.FileHandler", "filename": str(directory / "a.jsonl"), "mode": "w"}


def memory_handler(directory: Path) -> dict[str, Any]:
    return {"class": "logging.handlers.MemoryHandler", "capacity": 3, "target": file_handler(directory)}


def journal_handler(directory: Path) -> dict[str, Any]:
    return {"class": "jupyter_telemetry.journal.JournalHandler", "directory": str(directory)}


@pytest.mark.parametrize("handler", [file_handler, memory_handler, journal_handler])
def test_an_application_that_configures_its_logging_closes_no_handler_of_the_log(handler, tmp_path):
    log = ServerEventLog(handlers=[handler(tmp_path)], allowed_schemas=[SCHEMA["$id"]])
    log.register_schema(SCHEMA)
    log.record_event(SCHEMA["$id"], "1", {"number": 1})
    Application().log.debug("traitlets calls logging.config.dictConfig, which closes all handlers there are")
    log.record_event(SCHEMA["$id"], "1", {"number": 2})
    log.close()
    (file,) = tmp_path.glob("*.jsonl")
    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [1, 2]


class Serverapp(Configurable):
    """What of a ServerApp the making of its log needs."""

    reraise_server_extension_failures = False
    config_file_paths = ()
    log = logging.getLogger("serverapp")


BAD = {"redactions": {"personal-data": "pseudonymize"}, "allowed_schemas": ["*"]}


def unusable(**settings: Any) -> ServerEventLog:
    return configured_eventlog(Serverapp(config=Config({"EventLog": {**BAD, **settings}})))


def test_of_configuration_that_cannot_be_used_there_is_known_why_and_what_users_were_promised():
    log = unusable(
        consent={"*": "opt-out", "https://example.org/*": {"not_erasable": "audits"}}, notice={"contact": "a"}
    )
    assert log.unusable.startswith("EventLog.redactions['personal-data']: 'pseudonymize' is no action")
    assert (log.allowed_schemas, log.handlers, log.redactions) == ([], [], {})
    assert log.notice == {"contact": "a"}
    assert log.governance.standing(SCHEMA["$id"]).setting.not_erasable == "audits"
    assert log.knows_grounds
    log = unusable(consent={"*": {"not_erasable": "audits"}}, notice={"contakt": "a"})
    assert (log.knows_grounds, log.notice) == (True, {})
    assert log.governance.standing(SCHEMA["$id"]).setting.not_erasable == "audits"
    assert not unusable(consent="opt-inn").knows_grounds


def test_of_configuration_that_cannot_be_used_the_journals_are_known_and_not_written_to(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))

    def directories(**settings: Any) -> list[Path]:
        return [each.directory for each in unusable(**settings).idle_journals]

    made = []

    def by_function() -> list[Any]:
        made.append(logging.FileHandler(tmp_path / "a.log"))
        return [JournalHandler(tmp_path / "a"), made[-1]]

    def failing() -> None:
        raise OSError

    default = tmp_path / "data" / "telemetry" / "journal"
    behind = {"class": "logging.handlers.MemoryHandler", "capacity": 1, "target": journal_handler(tmp_path / "b")}
    assert directories() == [default]
    given = [file_handler(tmp_path), journal_handler(tmp_path / "a"), behind, journal_handler(tmp_path / "a")]
    assert directories(handlers=given) == [tmp_path / "a", tmp_path / "b"]
    words = ("a file on this machine", "a journal on this machine")
    assert unusable(handlers=given).idle_destinations == words
    assert directories(handlers=by_function) == [tmp_path / "a"]
    assert made[-1].stream is None  # what was made to be looked at
    for each in made:
        each.close()
    for nothing in ([], 5, failing, [5, {"class": "no.Handler"}], [{**journal_handler(tmp_path), "directory": 5}]):
        assert directories(handlers=nothing) == []
    log = unusable()
    log.register_schema(SCHEMA)
    log.allowed_schemas = [SCHEMA["$id"]]  # without the operator's redactions nothing may be written
    log.record_event(SCHEMA["$id"], "1", {})
    assert not default.exists()


def test_the_target_of_a_memory_handler_is_closed_with_it(tmp_path):
    log = ServerEventLog(handlers=[memory_handler(tmp_path)])
    target = log.handlers[0].target
    log.close()
    assert target.stream is None


def test_a_handler_made_from_configuration_is_closed_with_the_log(tmp_path):
    config = Config({"EventLog": {"handlers": [file_handler(tmp_path)]}})
    log = ServerEventLog(config=config)
    log.on_invalid = "raise"  # a change of another setting makes no handler anew
    (handler,) = log.handlers
    assert handler.stream is not None
    log.close()
    assert handler.stream is None
    assert log.handlers == []


def test_what_the_environment_says_counts_below_the_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_TELEMETRY_ALLOWED_SCHEMAS", SCHEMA["$id"])
    monkeypatch.setenv("JUPYTER_TELEMETRY_ON_INVALID", "raise")
    handlers = [file_handler(tmp_path)]
    log = configured_eventlog(Serverapp(config=Config({"EventLog": {"handlers": handlers, "on_invalid": "log"}})))
    assert (log.allowed_schemas, log.on_invalid) == ([SCHEMA["$id"]], "log")
    # Whoever starts a server decides on its environment, and need not be its user.
    assert log.governance.consent.of_schema(SCHEMA["$id"]).setting.mode == "opt-in"
    log.close()


def test_an_environment_that_cannot_be_used_is_bad_configuration(monkeypatch):
    monkeypatch.setenv("JUPYTER_TELEMETRY_REDACTIONS", "{unclosed")
    log = configured_eventlog(Serverapp(config=Config({"EventLog": {"allowed_schemas": ["*"]}})))
    assert log.unusable == "EventLog.redactions: neither JSON nor a Python literal: '{unclosed'"
    log.close()
