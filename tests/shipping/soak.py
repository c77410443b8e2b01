"""A soak, by hand: four recorders, two destinations, a fault every minute; descriptors, threads and memory stay flat.

`python -m tests.shipping.soak [MINUTES]` prints a line for each process every minute, and says in the end what grew,
and whether every event of the journal is at rest once in a real PostgreSQL and in a real NATS JetStream. Two recorders
ship to the one in threads of their own, and a shipper beside them to the other; the fourth recorder, a second shipper
and both destinations are killed now and then.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import orjson
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from jupyter_telemetry.journal import JournalHandler, JournalReader
from jupyter_telemetry.shipping import Shipper
from jupyter_telemetry.shipping.reckoning import reckon
from jupyter_telemetry.sinks import make_sink
from shipping.oracle.destinations import NATS, Destination, PostgreSQL

RECORDERS = 4
PAUSE_S = 0.01  # between two events of a recorder
FAULTS = ("down", "cut", "mute", "slow", "late", "killed", "a recorder killed", "a shipper killed", "none")
MOST_GROWTH = 1.2  # of memory, from the first third to the last; threads do not grow at all
FOR_A_MOMENT = 2  # descriptors, of files that are just being looked at; a leak would show many more in that time


class Sample(NamedTuple):
    """What a process held at one time."""

    descriptors: int
    threads: int
    memory: float  # MB


def record(directory: str, number: str, sink: str = "") -> None:
    """Record until SIGTERM, and ship if there is a sink."""
    handler = JournalHandler(directory, max_segment_bytes=4 * 1024**2, max_bytes=4 * 1024**3)
    shipper = start(directory, sink) if sink else None
    is_over = []
    signal.signal(signal.SIGTERM, lambda *_: is_over.append(1))
    chance = random.Random(f"{number} {time.time_ns()}")
    while not is_over:
        milliseconds = int(time.time() * 1000)
        event = {
            "__timestamp__": "2026-11-23T17:42:05.123456Z",
            "__schema__": "soak",
            "__schema_version__": 1,
            "__metadata_version__": 2,
            "__id__": f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7000-8000-{chance.getrandbits(48):012x}",
            "name": "x" * chance.randrange(300),
        }
        handler.write_event(orjson.dumps(event) + b"\n")
        time.sleep(PAUSE_S)
    handler.close()
    if shipper is not None:
        shipper.stop()


def ship(directory: str, sink: str) -> None:
    """Ship until killed."""
    start(directory, sink)
    signal.pause()


def start(directory: str, sink: str) -> Shipper:
    """Start a shipper to what a JSON text says."""
    shipper = Shipper(directory, make_sink(orjson.loads(sink)), batch_age_s=1.0, longest_backoff_s=5.0)
    shipper.start()
    return shipper


class Soak:
    """The processes, and what is done to them."""

    def __init__(self, home: Path) -> None:
        self.journal = home / "journal"
        self.journal.mkdir()
        self.destinations: dict[str, Destination] = {}
        for name, kind in (("PostgreSQL", PostgreSQL), ("NATS", NATS)):
            (home / name).mkdir()
            self.destinations[name] = destination = kind(home / name, 1)
            destination.start()
        first, second = (orjson.dumps(each.sink).decode() for each in self.destinations.values())
        self._commands = {f"recorder {n}": ["record", str(n), *([first] if n < 2 else [])] for n in range(RECORDERS)}
        self._commands |= {f"shipper {n}": ["ship", second] for n in range(2)}
        self.processes = {name: self._start(name) for name in self._commands}
        self.samples: dict[str, list[Sample]] = {name: [] for name in self.processes}
        del self.samples[f"recorder {RECORDERS - 1}"], self.samples["shipper 1"]  # those that are killed

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        what, *rest = self._commands[name]
        command = [sys.executable, __file__, what, str(self.journal), *rest]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def harm(self, fault: str) -> None:
        """Begin a fault, in both destinations or in one process."""
        if fault.startswith("a "):
            name = f"recorder {RECORDERS - 1}" if "recorder" in fault else "shipper 1"
            self.processes[name].kill()
            self.processes[name].wait()
            self.processes[name] = self._start(name)
        elif fault == "killed":
            for destination in self.destinations.values():
                destination.kill()
        elif fault != "none":
            for destination in self.destinations.values():
                destination.proxy.set(fault)

    def mend(self) -> None:
        """End all faults."""
        for destination in self.destinations.values():
            destination.start()
            destination.proxy.set("")

    def look(self) -> str:
        """Take a sample of each process that lives on, and write them down."""
        cells = []
        for name, samples in self.samples.items():
            found = psutil.Process(self.processes[name].pid)
            samples.append(sample := Sample(found.num_fds(), found.num_threads(), found.memory_info().rss / 1e6))
            cells.append(f"{sample.descriptors:>8} {sample.threads:>3} {sample.memory:>6.1f}")
        return "  ".join(cells)

    def end(self) -> None:
        """End the processes as they should."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(30)

    def judge(self) -> list[str]:
        """Say what is wrong: events that are not at rest once, and what grew."""
        recorded = Counter(event["__id__"] for event in JournalReader(self.journal).events())
        wrong = []
        for name, destination in self.destinations.items():
            shipper = Shipper(self.journal, make_sink(destination.sink))
            if not shipper.ship(120):
                wrong.append(f"{name}: not all was shipped: {shipper.state.reason}")
            counted = reckon(self.journal, shipper.place)
            at_rest = Counter(orjson.loads(line)["__id__"] for line in destination.at_rest())
            print(f"{name}: {recorded.total()} recorded, {at_rest.total()} at rest; {counted}")
            if at_rest != recorded or not recorded.total() == sum(counted) == counted.delivered:
                wrong.append(f"{name}: {recorded.total()} recorded, but {at_rest.total()} at rest and {counted}")
        return wrong + [each for name, found in self.samples.items() for each in _grown(name, found)]


def _grown(name: str, found: list[Sample]) -> list[str]:
    third = max(1, len(found) // 3)
    wrong = []
    for field, factor, more in (("descriptors", 1.0, FOR_A_MOMENT), ("threads", 1.0, 0), ("memory", MOST_GROWTH, 0)):
        was, now = (max(getattr(each, field) for each in part) for part in (found[:third], found[-third:]))
        if now > was * factor + more:
            wrong.append(f"{name}: {field} grew from {was:.1f} to {now:.1f}")
    return wrong


def soak(minutes: float) -> bool:
    """Soak; say whether all is well."""
    chance = random.Random(1)
    period_s = min(60.0, minutes * 60 / 6)
    with tempfile.TemporaryDirectory() as home:
        soaked = Soak(Path(home))
        try:
            print(f"{'minute':>6} {'fault':>17}  " + "  ".join(f"{name:>19}" for name in soaked.samples))
            print(" " * 26 + "  ".join(f"{'fds thr    MB':>19}" for _ in soaked.samples), flush=True)
            for number in range(round(minutes * 60 / period_s)):
                fault = chance.choice(FAULTS)
                soaked.harm(fault)
                time.sleep(period_s / 2)
                soaked.mend()
                time.sleep(period_s / 2)
                print(f"{(number + 1) * period_s / 60:>6.1f} {fault:>17}  {soaked.look()}", flush=True)
            soaked.end()
            wrong = soaked.judge()
        finally:
            for process in soaked.processes.values():
                process.kill()
            for destination in soaked.destinations.values():
                destination.stop()
    print("\n".join(wrong) or "All is well.")
    return not wrong


if __name__ == "__main__":
    if sys.argv[1:2] in (["record"], ["ship"]):
        {"record": record, "ship": ship}[sys.argv[1]](*sys.argv[2:])
    else:
        sys.exit(not soak(float(sys.argv[1]) if sys.argv[1:] else 30.0))
