"""What becomes of events, on Jupyter Server's own `/metrics`: by schema and destination, without a value of one."""

from __future__ import annotations

import weakref
from collections import Counter
from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from ..handlers import walk
from ..journal import JournalHandler
from ..timestamp import parsed
from .standings import Standings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.core import Metric

    from ..shipping import Shipper
    from .eventlog import ServerEventLog
    from .standings import Standing

__all__ = ["expose"]

OUTCOMES = ("recorded", "not_allowed", "invalid", "rate_limited")


class _Collector(Collector):
    """Reads the counters of the logs of this process, each time that somebody asks."""

    def __init__(self) -> None:
        self.logs: weakref.WeakSet[ServerEventLog] = weakref.WeakSet()
        self.standings = Standings()

    def describe(self) -> list[Metric]:
        """Promise nothing: which schemas there are shows later."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics as they are now."""
        logs = list(self.logs)
        yield from _events(logs)
        yield from _journals(logs)
        shippers = [shipper for log in logs for shipper in log.running_shippers]
        yield from _shipping(shippers)
        yield from _reckoned(self.standings.of(shippers))


def _events(logs: list[ServerEventLog]) -> Iterator[Metric]:
    calls: Counter[tuple[str, ...]] = Counter()
    failures: Counter[tuple[str, ...]] = Counter()
    for log in logs:
        for schema_id, of_schema in log.counts_by_schema().items():
            calls.update({(schema_id, outcome): of_schema[outcome] for outcome in OUTCOMES})
        counts = log.counts()
        failures.update({("handler",): counts["handler_failures"], ("redaction",): counts["redaction_failures"]})
    yield _counter("events", "Calls that recorded an event, or did not, by schema.", ["schema", "outcome"], calls)
    yield _counter("failures", "Handlers and redactions that failed on an event.", ["what"], failures)


def _journals(logs: list[ServerEventLog]) -> Iterator[Metric]:
    journals = {each for log in logs for handler in log.handlers for each in walk(handler)}
    counts: Counter[tuple[str, ...]] = Counter()
    for journal in journals:
        if isinstance(journal, JournalHandler):
            counts.update({(outcome,): count for outcome, count in journal.counts().items()})
    text = "Events written to the journal by this process, lost, or deleted because of its limits."
    yield _counter("journal_events", text, ["outcome"], counts)


def _shipping(shippers: list[Shipper]) -> Iterator[Metric]:
    shipped: Counter[tuple[str, ...]] = Counter()
    failures: Counter[tuple[str, ...]] = Counter()
    waiting: Counter[tuple[str, ...]] = Counter()
    last: dict[tuple[str, ...], float] = {}
    failing: dict[tuple[str, ...], float] = {}
    for shipper in shippers:
        state, name = shipper.state, shipper.destination
        shipped.update({(name, "delivered"): state.delivered_events, (name, "refused"): state.refused_events})
        failures[name,] += state.failures
        waiting[name,] += state.waiting_bytes
        at = state.last_delivered_at
        moment = parsed(at).timestamp() if at else 0.0
        last[name,] = max(moment, last.get((name,), 0.0))
        failing[name,] = max(float(state.failing_since is not None), failing.get((name,), 0.0))
    labels = ["destination"]
    text = "Events that a destination has acknowledged, or refused (dead letters), since this process started."
    yield _counter("shipped_events", text, [*labels, "outcome"], shipped)
    yield _counter("shipping_failures", "Tries that a destination did not take.", labels, failures)
    yield _gauge("waiting_bytes", "Bytes of the journal that a destination has not had.", labels, waiting)
    text = "When a destination last acknowledged a batch, in seconds since the epoch; 0 if it never has."
    yield _gauge("last_delivery_timestamp_seconds", text, labels, last)
    yield _gauge("shipping_failing", "1 while a destination does not take what is sent, else 0.", labels, failing)


def _reckoned(standings: Mapping[str, Standing]) -> Iterator[Metric]:
    events: dict[tuple[str, ...], float] = {}
    moments: dict[tuple[str, ...], float] = {}
    for name, each in standings.items():
        events.update({(name, outcome): count for outcome, count in each.events.items()})
        moments[name,] = each.reckoned_at
    text = "Events of the journal by what became of them for a destination; their sum is what was recorded."
    yield _gauge("reckoned_events", text, ["destination", "outcome"], events)
    text = "When reckoned_events was reckoned up, in seconds since the epoch."
    yield _gauge("reckoned_timestamp_seconds", text, ["destination"], moments)


def _counter(name: str, text: str, labels: list[str], values: Mapping[tuple[str, ...], float]) -> Metric:
    return _filled(CounterMetricFamily(f"jupyter_telemetry_{name}", text, labels=labels), values)


def _gauge(name: str, text: str, labels: list[str], values: Mapping[tuple[str, ...], float]) -> Metric:
    return _filled(GaugeMetricFamily(f"jupyter_telemetry_{name}", text, labels=labels), values)


def _filled(family: Any, values: Mapping[tuple[str, ...], float]) -> Metric:
    """Add each value once: of two with the same labels Prometheus would drop one."""
    for labels, value in sorted(values.items()):
        family.add_metric([*labels], value)
    return family  # type: ignore[no-any-return]  # add_metric is not of the class that both have


_collector = _Collector()


def expose(log: ServerEventLog) -> None:
    """Have the metrics of a log stand on `/metrics`, for as long as it lives."""
    _collector.logs.add(log)


REGISTRY.register(_collector)  # with the first server of the process
