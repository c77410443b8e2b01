"""The runbook names every metric with its labels, every outcome that a label may have, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.server.eventlog import ServerEventLog
from jupyter_telemetry.server.metrics import _Collector
from jupyter_telemetry.shipping import Shipper
from tests.shipping.database import DatabaseSink

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "watch-shipping.md").read_text(encoding="utf-8")
ID = "https://example.org/save"
OF_PLACES = ("schema", "destination")  # labels whose values are names that nobody can list


@pytest.fixture
def exposed(tmp_path):
    """Return, by metric and its labels, the values of labels other than names, of a log that does all there is."""
    handler = JournalHandler(tmp_path / "journal")
    shipper = Shipper(handler, DatabaseSink(tmp_path / "events.db"))
    with ServerEventLog(handlers=[handler], shippers=[shipper], allowed_schemas=[ID], consent="inform") as log:
        log.register_schema({"$id": ID, "version": 1})
        log.record_event(ID, 1, {})
        collector = _Collector()
        collector.logs.add(log)
        list(collector.collect())
        collector.standings.wait()
        samples = [sample for metric in collector.collect() for sample in metric.samples]
    handler.close()
    found = {}
    for sample in samples:
        values = [value for name, value in sample.labels.items() if name not in OF_PLACES]
        found.setdefault((sample.name, frozenset(sample.labels)), set()).update(values)
    return found


def documented():
    rows = re.findall(r"^\| `(jupyter_telemetry_\w+)(?:\{([^}]*)\})?` \|(.*)$", PAGE, flags=re.MULTILINE)
    return {(name, frozenset(labels.split(", "))): set(re.findall(r"`(\w+)`", text)) for name, labels, text in rows}


def test_every_metric_is_in_the_table_with_its_labels_and_no_other(exposed):
    assert documented().keys() == exposed.keys()


def test_every_outcome_is_said(exposed):
    said = documented()
    missing = {name: values - said[name, labels] for (name, labels), values in exposed.items()}
    assert {name: values for name, values in missing.items() if values} == {}


def test_every_outcome_of_a_reckoning_has_a_row(exposed):
    section = PAGE.partition("### What became of every event")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
    (outcomes,) = (values for (name, _), values in exposed.items() if name == "jupyter_telemetry_reckoned_events")
    assert sorted(rows) == sorted(outcomes)
