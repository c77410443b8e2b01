"""A soak, by hand: four recorders, two destinations, a fault every minute; descriptors, threads and memory stay flat.

`python tests/shipping/soak.py [MINUTES]` prints a line for each process every minute, and says in the end what grew
and whether every event is at rest in both destinations. Two recorders ship to the one in threads of their own, and a
shipper beside them to the other.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import orjson
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.shipping import Shipper
from jupyter_telemetry.shipping.reckoning import reckon
from shipping.oracle.network import FaultyProxy
from shipping.oracle.own import DatabaseServer, RemoteSink

RECORDERS = 4
PAUSE_S = 0.01  # between two events of a recorder
FAULTS = ("down", "cut", "mute", "slow", "")
MOST_GROWTH = 1.2  # of memory, from the first third to the last; descriptors and threads do not grow at all


class Sample(NamedTuple):
    """What a process held at one time."""

    descriptors: int
    threads: int
    memory: float  # MB


def record(directory: str, number: str, port: str) -> None:
    """Record until SIGTERM, and ship if there is a port; then print how many events were written, and lost."""
    handler = JournalHandler(directory, max_segment_bytes=4 * 1024**2, max_bytes=4 * 1024**3)
    shipper = start(directory, "first", port) if port else None
    is_over = []
    signal.signal(signal.SIGTERM, lambda *_: is_over.append(1))
    chance = random.Random(number)
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
        shipper.stop(0.7)
    print(handler.counts()["written"], handler.counts()["lost"])


def ship(directory: str, port: str) -> None:
    """Ship until killed."""
    start(directory, "second", port)
    signal.pause()


def start(directory: str, name: str, port: str) -> Shipper:
    """Start a shipper to one of the two destinations."""
    sink = RemoteSink(int(port))
    sink.name = name
    shipper = Shipper(directory, sink, batch_age_s=1.0, longest_backoff_s=5.0)
    shipper.start()
    return shipper


def soak(minutes: float) -> bool:
    """Soak; say whether all is well."""
    with tempfile.TemporaryDirectory() as home:
        return _soak(minutes, Path(home))


def _soak(minutes: float, home: Path) -> bool:
    chance = random.Random(1)
    servers = []
    for name in ("first", "second"):
        (home / name).mkdir()
        servers.append(DatabaseServer(home / name))
    proxies = [FaultyProxy(server.port, "soak") for server in servers]
    journal = home / "journal"
    journal.mkdir()
    first, second = (str(proxy.port) for proxy in proxies)
    processes = {
        f"recorder {n}": _start("record", str(journal), str(n), first if n < 2 else "") for n in range(RECORDERS)
    }
    processes["shipper"] = _start("ship", str(journal), second)
    samples: dict[str, list[Sample]] = {name: [] for name in processes}
    period_s = min(60.0, minutes * 60 / 6)
    print(f"{'minute':>6} {'fault':>6} {'at rest':>17}  " + "  ".join(f"{name:>19}" for name in processes))
    print(" " * 33 + "  ".join(f"{'fds thr    MB':>19}" for _ in processes), flush=True)
    began = time.monotonic()
    fault = ""
    try:
        while (now_s := time.monotonic() - began) < minutes * 60:
            fault = chance.choice(FAULTS)
            for proxy in proxies:
                proxy.set(fault)
            time.sleep(period_s / 2)
            for proxy in proxies:
                proxy.set("")
            time.sleep(period_s / 2)
            cells = []
            for name, process in processes.items():
                samples[name].append(sample := _sample(process))
                cells.append(f"{sample.descriptors:>8} {sample.threads:>3} {sample.memory:>6.1f}")
            at_rest = "/".join(str(len(server.at_rest())) for server in servers)
            print(
                f"{(now_s + period_s) / 60:>6.1f} {fault or 'none':>6} {at_rest:>17}  " + "  ".join(cells), flush=True
            )
    finally:
        for process in processes.values():
            process.terminate()
        outputs = {name: process.communicate(timeout=30)[0] for name, process in processes.items()}
        for proxy in proxies:
            proxy.stop()
    return _judge(journal, servers, samples, outputs)


def _judge(
    journal: Path, servers: list[DatabaseServer], samples: dict[str, list[Sample]], outputs: dict[str, bytes]
) -> bool:
    told = [list(map(int, output.split())) for name, output in outputs.items() if name != "shipper"]
    written, lost = (sum(each[index] for each in told) for index in (0, 1))
    wrong = []
    for name, server in zip(("first", "second"), servers, strict=True):
        sink = RemoteSink(server.port)
        sink.name = name
        shipper = Shipper(journal, sink)
        if not shipper.ship(60):
            wrong.append(f"{name}: not all was shipped: {shipper.state.reason}")
        counted = reckon(journal, shipper.place)
        at_rest = len(server.at_rest())
        print(f"{name}: {written} written, {lost} lost, {at_rest} at rest; {counted}")
        if not at_rest == written == sum(counted) == counted.delivered:
            wrong.append(f"{name}: {written} written, but {at_rest} at rest and {counted}")
        server.stop()
    for name, found in samples.items():
        third = max(1, len(found) // 3)
        before, after = found[:third], found[-third:]
        for field, most in (("descriptors", 1.0), ("threads", 1.0), ("memory", MOST_GROWTH)):
            was, now = (max(getattr(each, field) for each in part) for part in (before, after))
            if now > was * most:
                wrong.append(f"{name}: {field} grew from {was:.1f} to {now:.1f}")
    print("\n".join(wrong) or "All is well.")
    return not wrong


def _sample(process: subprocess.Popen[bytes]) -> Sample:
    found = psutil.Process(process.pid)
    return Sample(found.num_fds(), found.num_threads(), found.memory_info().rss / 1e6)


def _start(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    if sys.argv[1:2] in (["record"], ["ship"]):
        {"record": record, "ship": ship}[sys.argv[1]](*sys.argv[2:])
    else:
        sys.exit(not soak(float(sys.argv[1]) if sys.argv[1:] else 30.0))
