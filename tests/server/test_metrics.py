"""What `/metrics` of a real Jupyter Server says of events, and of where they are shipped to."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from jupyter_telemetry.server.standings import OUTCOMES
from tests.shipping.database import events_in

from .running import RunningServer

ROOT = Path(__file__).parents[2]
CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
CONFIG = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from jupyter_telemetry.shipping import Shipper
from jupyter_telemetry.server.standings import OUTCOMES
from tests.shipping.database import DatabaseSink

c.ServerApp.jpserver_extensions = {{"jupyter_telemetry": True}}
c.EventLog.allowed_schemas = {{"https://events.jupyter.org/*": {{"allowed_categories": ["personal-data"]}}}}
c.EventLog.consent = "inform"
c.EventLog.shippers = [Shipper(None, DatabaseSink(Path.home() / "events.db"), poll_interval_s=0.1)]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with RunningServer(tmp_path_factory.mktemp("metrics"), CONFIG) as server:
        yield server


METRIC = re.compile(r"^(jupyter_telemetry_\S+) (\S+)$", re.MULTILINE)


def metrics(server):
    answer = server.client.get("metrics")
    assert answer.status_code == 200
    return {found[1]: float(found[2]) for found in METRIC.finditer(answer.text)}


def test_events_and_destinations_are_counted_without_a_value(server):
    path = "api/contents/Ada-Lovelace.txt"
    server.client.put(path, json={"type": "file", "format": "text", "content": "hers"}).raise_for_status()
    server.client.get(path).raise_for_status()
    give_up_at = time.monotonic() + 30
    while True:
        found = metrics(server)
        recorded = found[f'jupyter_telemetry_events_total{{outcome="recorded",schema="{CONTENTS}"}}']
        delivered = found['jupyter_telemetry_shipped_events_total{destination="sqlite:events.db",outcome="delivered"}']
        if recorded >= 1 and delivered >= recorded:
            break
        assert time.monotonic() < give_up_at, found
        time.sleep(0.2)
    assert found['jupyter_telemetry_journal_events_total{outcome="written"}'] == recorded
    assert found['jupyter_telemetry_waiting_bytes{destination="sqlite:events.db"}'] == 0
    assert found['jupyter_telemetry_shipping_failing{destination="sqlite:events.db"}'] == 0
    assert found['jupyter_telemetry_last_delivery_timestamp_seconds{destination="sqlite:events.db"}'] > 1.7e9
    assert len(events_in(server.home / "events.db")) == recorded
    assert not any("Ada" in name for name in found)


def test_what_became_of_every_event_is_told_by_destination(server):
    server.client.get("api/contents").raise_for_status()
    give_up_at = time.monotonic() + 90
    while True:  # it is reckoned up beside, and not at each look
        found = metrics(server)
        outcomes = {
            outcome: found.get(
                f'jupyter_telemetry_reckoned_events{{destination="sqlite:events.db",outcome="{outcome}"}}'
            )
            for outcome in OUTCOMES
        }
        written = found.get('jupyter_telemetry_journal_events_total{outcome="written"}', 0)
        if outcomes["delivered"] is not None and sum(outcomes.values()) == written >= 1 == 1 + outcomes["waiting"]:
            break
        assert time.monotonic() < give_up_at, found
        time.sleep(0.2)
    assert found['jupyter_telemetry_reckoned_timestamp_seconds{destination="sqlite:events.db"}'] > 1.7e9
