"""What is killed: `python -m shipping.oracle.programs record|ship|erase|compact …`.

Each ends when the plan has, even one that was killed itself.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import orjson

from jupyter_telemetry.errors import JournalError, LakeError
from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.journal.queueing import QueuedWriter
from jupyter_telemetry.journal.retention import Limits
from jupyter_telemetry.journal.system import System
from jupyter_telemetry.journal.writer import JournalWriter
from jupyter_telemetry.shipping import Shipper
from jupyter_telemetry.sinks import make_sink

from .own import RemoteSink

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_telemetry.shipping import Sink

__all__ = ["LOST", "UNSURE", "Recorder", "shipper_of", "sink_of"]

LEASE_S = 0.5  # so that one that is stopped for a moment is taken for dead
LOST, UNSURE = "lost", "unsure"  # what is told of an event instead of its schema
QUEUE_BYTES = 100_000
PATIENCE_S = 0.7


def sink_of(given: dict[str, Any]) -> Sink:
    """Return the sink of a destination."""
    return RemoteSink(given["port"]) if given.get("sink") == "oracle" else make_sink(given)


def shipper_of(journal: str | Path, sink: dict[str, Any]) -> Shipper:
    """Return a shipper with small batches, that does not wait long."""
    return Shipper(
        journal,
        sink_of(sink),
        batch_events=200,
        batch_bytes=50_000,
        batch_age_s=0.02,
        first_backoff_s=0.02,
        longest_backoff_s=0.2,
        lease_s=LEASE_S,
        poll_interval_s=0.02,
    )


class Recorder:
    """Records until it is killed, or asked to end by SIGTERM; it tells each event as soon as that is promised.

    What it tells is a line: the event's schema, or LOST, and the event. At the durability "memory" an event is promised
    when a `flush` or `close` after it has returned; where one of several is lost, each of them is UNSURE.

    Parameters
    ----------
    sink: of a destination that a thread of it ships to, or None.
    durability: as of a JournalHandler.
    clocks_s: by how much its clock is ahead of ours: by one of these, and now and then it jumps to another.
    file_bytes: how long its files may become; 0: without a limit.
    full_while: a file; while that is there, the journal gets no byte more. "": its disk fills by itself.
    unacceptable: the name of an event that the destination refuses.
    """

    def __init__(
        self,
        directory: str,
        name: str,
        *,
        sink: dict[str, Any] | None,
        durability: str,
        clocks_s: list[int],
        file_bytes: int,
        full_while: str,
        unacceptable: str,
    ) -> None:
        self._name = name
        self._chance = random.Random(name)
        self._clocks_s = clocks_s
        self._clock_s = self._chance.choice(clocks_s)
        self._file_bytes = file_bytes or resource.RLIM_INFINITY
        self._full_while = full_while
        self._unacceptable = unacceptable
        self._journal = JournalWriter(
            directory,
            Limits(self._chance.choice([5000, 50_000, 10_000_000]), 3600.0, 10**9, 30 * 86400.0),
            system=System(wall_clock=lambda: time.time() + self._clock_s),
            sync_interval_s=None if durability == "disk" else 1.0,
        )
        self._queue = QueuedWriter(self._journal, QUEUE_BYTES, PATIENCE_S) if durability == "memory" else None
        self._write = self._queue.write if self._queue else self._journal.write
        if durability == "disk":
            self._write = self._journal.write_lasting
        self._untold: list[bytes] = []  # events that are not promised yet
        self._given = 0
        self._lost = 0
        self._shipper = shipper_of(directory, sink) if sink else None

    def run(self) -> None:
        """Record."""
        is_over: list[int] = []
        signal.signal(signal.SIGTERM, lambda *_: is_over.append(1))
        if self._shipper is not None:
            self._shipper.start()
        plan = os.getppid()
        while not is_over and os.getppid() == plan:
            self._record(orjson.dumps(self._event()) + b"\n")
            if self._chance.random() < 0.005:
                self._clock_s = self._chance.choice(self._clocks_s)
            time.sleep(self._chance.choice([0, 0, 0, 0.001, 0.002, 0.01]))
        (self._queue or self._journal).close()
        self._tell()

    def _record(self, line: bytes) -> None:
        file_bytes = 0 if self._full_while and os.path.exists(self._full_while) else self._file_bytes
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
        self._write(line)
        self._given += 1
        self._untold.append(line)
        is_promised = self._queue is None or (self._chance.random() < 0.05 and self._queue.flush())
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if is_promised:
            self._tell()

    def _tell(self) -> None:
        """Tell what is promised."""
        before, self._lost = self._lost, self._journal.counts()["lost"]
        is_well = self._lost == before
        for line in self._untold:
            what = orjson.loads(line)["__schema__"] if is_well else LOST if len(self._untold) == 1 else UNSURE
            os.write(1, what.encode() + b" " + line)
        self._untold.clear()

    def _event(self) -> dict[str, Any]:
        now = datetime.now(timezone.utc) + timedelta(seconds=self._clock_s)
        milliseconds = int(now.timestamp() * 1000)
        day = now - timedelta(days=self._chance.choice([0, 0, 30]))
        return {
            "__timestamp__": day.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "__schema__": self._chance.choice("abb"),
            "__schema_version__": 1,
            "__metadata_version__": 2,
            "__id__": f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7000-8000-{os.urandom(6).hex()}",
            "name": self._unacceptable if self._chance.random() < 0.004 else f"{self._name} {self._given}",
            "padding": "ü" * self._chance.choice([0, 10, 100, 1000]),
        }


def record(directory: str, name: str, settings: str) -> None:
    """Record as settings in JSON say."""
    Recorder(directory, name, **json.loads(settings)).run()


def ship(directory: str, sink: str) -> None:
    """Ship until killed."""
    shipper_of(directory, json.loads(sink)).start()
    plan = os.getppid()
    while os.getppid() == plan:
        time.sleep(0.5)


def erase_a(directory: str) -> None:
    """Erase the schema "a"; exit with 1 if that is not done, since the journal's disk is full."""
    try:
        left = erase(directory, erases=lambda schema: schema == "a").left
    except JournalError as error:
        sys.exit(str(error))
    if left:
        sys.exit(f"an erasure has left {left}")


def compact(lake: str) -> None:
    """Compact a lake."""
    from jupyter_telemetry.lake.lake import Lake

    try:
        Lake(lake).compact()
    except LakeError as error:  # its disk is full, or another has it
        print(error, file=sys.stderr)


if __name__ == "__main__":
    {"record": record, "ship": ship, "erase": erase_a, "compact": compact}[sys.argv[1]](*sys.argv[2:])
