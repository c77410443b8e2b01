"""A real Jupyter Server whose destination is dead stops in good time, and what it recorded is in the journal."""

from __future__ import annotations

import re
import signal
import socket
import time
from contextlib import contextmanager

import pytest

from jupyter_telemetry.journal import JournalReader

from .running import RunningServer

SINKS_TIMEOUT_S = 50  # whoever waits for the destination ends later than this
CONFIG = """
c.ServerApp.jpserver_extensions = {{"jupyter_telemetry": True}}
c.EventLog.allowed_schemas = {{"https://events.jupyter.org/*": {{"allowed_categories": ["personal-data"]}}}}
c.EventLog.consent = "inform"
c.EventLog.shippers = [
    {{"to": "http://127.0.0.1:{port}/in", "timeout_s": {timeout_s}, "batch_age_s": 0, "poll_interval_s": 0.1}}
]
"""


@contextmanager
def listening():
    """Take connections, and never answer; yields the port, and what waits until a batch is on its way."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = []

        def wait(_):
            server.settimeout(60)
            taken.append(server.accept()[0])
            taken[0].settimeout(60)
            assert taken[0].recv(1)

        yield server.getsockname()[1], wait
        for connection in taken:
            connection.close()


@contextmanager
def refusing():
    """Refuse connections; yields the port, and what waits until the server knows."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))

        def wait(server):
            give_up_at = time.monotonic() + 60
            while not re.search(r"(?m)^jupyter_telemetry_shipping_failing\{.*\} 1\.0$", metrics(server)):
                assert time.monotonic() < give_up_at
                time.sleep(0.1)

        yield kept.getsockname()[1], wait


def metrics(server):
    return server.client.get("metrics").raise_for_status().text


@pytest.mark.parametrize("destination", [listening, refusing])
def test_it_stops_without_waiting_for_the_destination_and_loses_nothing(destination, tmp_path):
    with (
        destination() as (port, wait),
        RunningServer(tmp_path / "home", CONFIG.format(port=port, timeout_s=SINKS_TIMEOUT_S)) as server,
    ):
        for name in ("a.txt", "b.txt", "c.txt"):
            path = f"api/contents/{name}"
            server.client.put(path, json={"type": "file", "format": "text", "content": name}).raise_for_status()
            server.client.get(path).raise_for_status()
        wait(server)
        (written,) = re.findall(r'jupyter_telemetry_journal_events_total\{outcome="written"\} (\S+)', metrics(server))
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(SINKS_TIMEOUT_S / 2) == 0
    assert len([*JournalReader(server.journal).events()]) >= float(written) >= 6
