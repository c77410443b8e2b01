"""The memory of a shipper, however much waits: what it needs beyond its sink and the sink's library."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

__all__ = ["Memory", "shipper_memory"]

WATCHED_S = 8.0  # what is needed for a batch is needed for each
_LOOK_S = 0.01
_FIRST = 100  # events in the batch by which the sink and its library show what they need


class Memory(NamedTuple):
    """Resident memory of a process that ships."""

    destination: str
    waiting: int  # events, at first
    shipped: int
    alone: int  # bytes, after the sink has sent a small batch by itself
    highest: int  # bytes, while a shipper sends with it


def shipper_memory(destination: str, journal: Path, events: int) -> Memory:
    """Ship from a journal that holds so many events, in a fresh process; watch the resident memory."""
    command = [sys.executable, "-m", "bench.waiting", destination, str(journal), str(events)]
    return Memory(**json.loads(subprocess.check_output(command)))


def _watched(name: str, journal: Path, events: int, directory: Path) -> Memory:
    import psutil  # type: ignore[import-untyped]  # it has no types

    from jupyter_telemetry.shipping import Shipper

    from .carriage import batches
    from .destinations import DESTINATIONS

    process = psutil.Process()
    destination = DESTINATIONS[name].make(directory)
    destination.start()
    try:
        sink = destination.sink()
        (batch,) = batches(sink.limits, _FIRST)
        sink.open()
        sink.send(batch)
        sink.close()
        alone = highest = process.memory_info().rss
        shipper = Shipper(journal, sink)
        thread = threading.Thread(target=shipper.ship, args=(WATCHED_S,))
        thread.start()
        while thread.is_alive():
            highest = max(highest, process.memory_info().rss)
            time.sleep(_LOOK_S)
        thread.join()
        return Memory(name, events, shipper.state.delivered_events, alone, highest)
    finally:
        destination.stop()


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        found = _watched(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(place))
    print(json.dumps(found._asdict()))
