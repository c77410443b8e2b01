"""Events from a journal to a destination, by a whole shipper; and beside it what the destination's library can."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import orjson

from jupyter_telemetry.envelope import Envelope
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.shipping import Batch, Shipper

from .destinations import DESTINATIONS
from .event import EVENT, SCHEMA, VERSION
from .ours import new_log
from .subjects import Subject, WrongLinesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jupyter_telemetry.shipping import BatchLimits

    from .destinations import Destination
    from .subjects import Maker

__all__ = ["CPU", "batches", "loop", "shipper"]

CPU = "CPU"  # seconds of this process, in all its threads: those of the destination's process do not count
TIMEOUT_S = 600.0


def batches(limits: BatchLimits, events: int) -> list[Batch]:
    """Return fresh events in batches as a sink likes them."""
    envelope = Envelope(SCHEMA["$id"], VERSION)
    lines = [orjson.dumps(envelope.seal(EVENT)) + b"\n" for _ in range(events)]
    in_one = min(limits.events, limits.size // len(lines[0]))
    return [Batch(lines[start : start + in_one], journal="bench") for start in range(0, events, in_one)]


def shipper(name: str) -> Maker:
    """Ship what a journal holds: read it, send it, and write down how far the destination has it."""

    def prepared(directory: Path, destination: Destination) -> Callable[[int], Callable[[], None]]:
        journal = directory / "journal"
        made = Shipper(journal, destination.sink())

        def prepare(events: int) -> Callable[[], None]:
            handler = JournalHandler(journal)
            record, schema_id = new_log(handler, SCHEMA).record_event, SCHEMA["$id"]
            for _ in range(events):
                record(schema_id, VERSION, EVENT)
            handler.close()

            def ship() -> None:
                if not made.ship(TIMEOUT_S):
                    raise RuntimeError(f"not all was shipped: {made.state.reason}")

            return ship

        return prepare

    return _carrying(name, prepared)


def loop(name: str) -> Maker:
    """Send events that stand in memory, by the library's own best loop."""

    def prepared(_: Path, destination: Destination) -> Callable[[int], Callable[[], None]]:
        limits = destination.sink().limits
        return lambda events: destination.loop(batches(limits, events))

    return _carrying(name, prepared)


def _carrying(name: str, prepared: Callable[[Path, Destination], Callable[[int], Callable[[], None]]]) -> Maker:
    """Time only what carries; count at the end what the destination has."""

    @contextmanager
    def make(directory: Path) -> Iterator[Subject]:
        place = directory / "destination"
        place.mkdir()
        destination = DESTINATIONS[name].make(place)
        sent, cpu_s = [0], [0.0]
        destination.start()
        try:
            prepare = prepared(directory, destination)

            def run(times: int) -> float:
                carry = prepare(times)
                sent[0] += times
                start, cpu = time.perf_counter(), time.process_time()
                carry()
                cpu_s[0] += time.process_time() - cpu
                return time.perf_counter() - start

            yield Subject(run, lines_per_call=None, also=lambda: {CPU: cpu_s[0] / sent[0]})
            at_rest = destination.at_rest()
        finally:
            destination.stop()
        if at_rest not in (None, sent[0]):
            raise WrongLinesError(f"{name}: {at_rest} events at rest, not {sent[0]}")

    return make
