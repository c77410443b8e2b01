"""What the tests of concurrency share: a log that writes to a file, and the ids in it."""

from __future__ import annotations

import json
import logging

import pytest

from jupyter_telemetry import EventLog

from .crowd import ID, SCHEMA


@pytest.fixture
def file_handler(tmp_path):
    handler = logging.FileHandler(tmp_path / "events.log")
    yield handler
    handler.close()


@pytest.fixture
def log(file_handler):
    with EventLog(handlers=[file_handler], allowed_schemas=[ID]) as log:
        log.register_schema(SCHEMA)
        yield log


@pytest.fixture
def written(tmp_path):
    """The ids in the file."""
    return lambda: [json.loads(line)["__id__"] for line in (tmp_path / "events.log").read_text().splitlines()]
