"""pytest-jupyter's fixtures, for the tests of this directory only; and a bus with a bridge to a log."""

from __future__ import annotations

import copy
import logging

import pytest
from jupyter_events import EventLogger
from pytest_jupyter.jupyter_server import *  # noqa: F403 - a plugin: its fixtures and hooks

from jupyter_telemetry.server.bridge import Bridge
from jupyter_telemetry.server.eventlog import ServerEventLog

from .bus import SAVE, SCHEMA, Lines


@pytest.fixture
def bus() -> EventLogger:
    bus = EventLogger()
    bus.register_event_schema(copy.deepcopy(SCHEMA))
    return bus


@pytest.fixture
def said() -> Lines:
    return Lines()


@pytest.fixture
def kept() -> Lines:
    return Lines()


@pytest.fixture
def log(kept: Lines, said: Lines) -> ServerEventLog:
    """An EventLog that allows the schema SAVE."""
    logger = logging.Logger("host")
    logger.addHandler(said)
    log = ServerEventLog(handlers=[kept], allowed_schemas=[SAVE])
    log._notices.logger = logger
    return log


@pytest.fixture
def bridge(bus: EventLogger, log: ServerEventLog) -> Bridge:
    bridge = Bridge(bus, log)
    bridge.follow()
    return bridge
