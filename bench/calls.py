"""What a single call takes, while a shipper in the same process carries the events to a destination."""

from __future__ import annotations

import logging
import socket
import time
from array import array
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.shipping import Shipper
from jupyter_telemetry.sinks import make_sink

from .event import EVENT, SCHEMA, VERSION
from .listener import listening
from .ours import new_log
from .subjects import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .subjects import Maker

__all__ = ["BURST", "PAUSE_S", "PERCENTILES", "SLOW_S", "STATES", "calls", "percentiles"]

PERCENTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
STATES = ("none", "up", "slow", "dead")
"""What becomes of the shipper's destination; none: there is no shipper."""

SLOW_S = 0.2
BURST = 500  # calls in a row
PAUSE_S = 0.02  # between two bursts
_DUE_S = 0.1  # the shipper is at work all the time: it waits no longer for a batch to fill
_LONGEST_BACKOFF_S = 1.0  # nor for the next try


def calls(level: str, state: str) -> Maker:
    """Record at a level of durability. A shipper works only while its contender has its turn."""

    @contextmanager
    def make(directory: Path) -> Iterator[Subject]:
        with ExitStack() as stack:
            handler = JournalHandler(directory, durability=level)
            stack.callback(handler.close)
            record, schema_id = new_log(handler, SCHEMA).record_event, SCHEMA["$id"]
            shipper = None if state == "none" else _shipper(directory, stack.enter_context(_destination(state)))
            took = array("Q")  # ns

            def run(times: int) -> float:
                if shipper is not None:
                    shipper.start()
                before, now = len(took), time.perf_counter_ns
                for start in range(0, times, BURST):
                    for _ in range(start, min(start + BURST, times)):
                        begun = now()
                        record(schema_id, VERSION, EVENT)
                        took.append(now() - begun)
                    time.sleep(PAUSE_S)
                while not (shipper is None or shipper.stop()):
                    pass  # it ends its batch
                return sum(took[before:]) / 1e9

            yield Subject(run, also=lambda: percentiles(took))

    return make


def percentiles(took: array[int]) -> dict[str, float]:
    """Return how long, in seconds, so many of the calls took at most."""
    ordered = sorted(took)
    return {name: ordered[min(int(len(ordered) * part), len(ordered) - 1)] / 1e9 for name, part in PERCENTILES.items()}


def _shipper(journal: Path, url: str) -> Shipper:
    logging.getLogger("jupyter_telemetry.shipping").setLevel(logging.CRITICAL)  # of a destination that is meant to fail
    return Shipper(
        journal,
        make_sink(url),
        batch_age_s=_DUE_S,
        poll_interval_s=_DUE_S,
        first_backoff_s=_DUE_S,
        longest_backoff_s=_LONGEST_BACKOFF_S,
        exit_timeout_s=_DUE_S,
    )


@contextmanager
def _destination(state: str) -> Iterator[str]:
    """Return the URL of one that answers at once, answers late, or is not there."""
    if state != "dead":
        with listening(SLOW_S if state == "slow" else 0.0) as url:
            yield url
        return
    with socket.socket() as held:  # nobody else gets the port, and nobody listens
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/in"
