"""What becomes of events, on Jupyter Server's own `/metrics`: by schema and destination, without a value of one."""

from __future__ import annotations

import weakref
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from ..journal import JournalHandler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from .eventlog import ServerEventLog

__all__ = ["expose"]

OUTCOMES = ("recorded", "not_allowed", "invalid", "rate_limited")


class _Collector(Collector):
    """Reads the counters of the logs of this process, each time that somebody asks."""

    def __init__(self) -> None:
        self.logs: weakref.WeakSet[ServerEventLog] = weakref.WeakSet()

    def describe(self) -> list[Metric]:
        """Promise nothing: which schemas there are shows later."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics as they are now."""
        logs = list(self.logs)
        yield from _events(logs)
        yield from _journals(logs)
        yield from _shipping(logs)


def _events(logs: list[ServerEventLog]) -> Iterator[Metric]:
    events = CounterMetricFamily(
        "jupyter_telemetry_events", "Calls that recorded an event, or did not, by schema.", labels=["schema", "outcome"]
    )
    failures = CounterMetricFamily(
        "jupyter_telemetry_failures", "Handlers and redactions that failed on an event.", labels=["what"]
    )
    for log in logs:
        for schema_id, counts in sorted(log.counts_by_schema().items()):
            for outcome in OUTCOMES:
                events.add_metric([schema_id, outcome], counts[outcome])
        counts = log.counts()
        failures.add_metric(["handler"], counts["handler_failures"])
        failures.add_metric(["redaction"], counts["redaction_failures"])
    yield events
    yield failures


def _journals(logs: list[ServerEventLog]) -> Iterator[Metric]:
    events = CounterMetricFamily(
        "jupyter_telemetry_journal_events",
        "Events written to the journal by this process, lost, or deleted because of its limits.",
        labels=["outcome"],
    )
    for log in logs:
        for handler in log.handlers:
            if isinstance(handler, JournalHandler):
                for outcome, count in handler.counts().items():
                    events.add_metric([outcome], count)
    yield events


def _shipping(logs: list[ServerEventLog]) -> Iterator[Metric]:
    labels = ["destination"]
    events = CounterMetricFamily(
        "jupyter_telemetry_shipped_events",
        "Events that a destination has acknowledged, or refused (they are dead letters), since this process started.",
        labels=[*labels, "outcome"],
    )
    failures = CounterMetricFamily(
        "jupyter_telemetry_shipping_failures", "Tries that a destination did not take.", labels=labels
    )
    waiting = GaugeMetricFamily(
        "jupyter_telemetry_waiting_bytes", "Bytes of the journal that a destination has not had.", labels=labels
    )
    last = GaugeMetricFamily(
        "jupyter_telemetry_last_delivery_timestamp_seconds",
        "When a destination last acknowledged a batch, in seconds since the epoch; 0 if it never has.",
        labels=labels,
    )
    failing = GaugeMetricFamily(
        "jupyter_telemetry_shipping_failing", "1 while a destination does not take what is sent, else 0.", labels=labels
    )
    for shipper in [shipper for log in logs for shipper in log.running_shippers]:
        state, name = shipper.state, shipper.sink.name
        events.add_metric([name, "delivered"], state.delivered_events)
        events.add_metric([name, "refused"], state.refused_events)
        failures.add_metric([name], state.failures)
        waiting.add_metric([name], state.waiting_bytes)
        failing.add_metric([name], float(state.failing_since is not None))
        at = state.last_delivered_at
        last.add_metric([name], datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp() if at else 0.0)
    yield from (events, failures, waiting, last, failing)


_collector = _Collector()


def expose(log: ServerEventLog) -> None:
    """Have the metrics of a log stand on `/metrics`, for as long as it lives."""
    _collector.logs.add(log)


REGISTRY.register(_collector)  # with the first server of the process
