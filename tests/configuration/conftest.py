"""What the tests of configuration share."""

from __future__ import annotations

import logging
import logging.handlers

import pytest

from jupyter_telemetry import EventLog

from .applications import SCHEMA


@pytest.fixture
def make_log():
    """Make an EventLog that is closed in the end, with SCHEMA registered."""
    logs = []

    def make(**settings):
        logs.append(log := EventLog(**settings))
        log.register_schema(SCHEMA)
        return log

    yield make
    for log in logs:
        log.close()


@pytest.fixture
def make_file_handler(tmp_path):
    """Make a FileHandler, as a configuration file does; it is closed in the end."""
    made = []

    def make(name="events.log"):
        made.append(logging.FileHandler(tmp_path / name))
        return made[-1]

    yield make
    for handler in made:
        handler.close()
