"""The EventLog of a server, beside the other applications of its process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Application, Config

from jupyter_telemetry.server.eventlog import ServerEventLog

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
