"""What the tests of handlers share."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from jupyter_telemetry import EventLog

from .recorded import OPEN, SAVE, SCHEMAS


@pytest.fixture
def make_log():
    """Make an EventLog with these handlers; all are closed in the end."""
    made = []

    def make(*handlers, **settings):
        log = EventLog(handlers=list(handlers), **{"allowed_schemas": [SAVE, OPEN], **settings})
        for schema in SCHEMAS:
            log.register_schema(schema)
        made.append((log, handlers))
        return log

    yield make
    for log, handlers in made:
        log.close()
        for handler in handlers:
            with suppress(ValueError, OSError):  # of one that failed in the test
                handler.close()


@pytest.fixture
def serve():
    """Run a socketserver in a thread; it is stopped in the end."""
    running = []

    def run(server):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return server.server_address

    yield run
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()
