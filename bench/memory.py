"""What stays: memory after a not allowed event, and while millions are recorded. Each in a fresh process."""

from __future__ import annotations

import gc
import json
import logging
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from .event import EVENT, SCHEMA, VERSION

__all__ = ["Growth", "Leftovers", "growth", "leftovers"]

FIRST = 100_000  # events until when the memory may grow
_STEP = 50_000


class Leftovers(NamedTuple):
    """What is still allocated after so many calls."""

    calls: int
    blocks: int  # of memory, by sys.getallocatedblocks
    bytes: int  # by tracemalloc


class Growth(NamedTuple):
    """Resident memory while events are recorded into a journal that may hold 1 GiB."""

    events: int
    at_first: int  # bytes, after the first 100,000
    highest: int  # bytes, at any look after that
    seconds: float
    written: int
    lost: int
    expired: int


def leftovers(calls: int = 100_000) -> Leftovers:
    """Measure what stays allocated after an event that is not allowed."""
    return Leftovers(**_in_a_fresh_process("leftovers", calls, Path()))


def growth(events: int, directory: Path) -> Growth:
    """Record events, and watch the resident memory."""
    return Growth(**_in_a_fresh_process("growth", events, directory))


def _in_a_fresh_process(what: str, number: int, directory: Path) -> dict[str, int]:
    command = [sys.executable, "-m", "bench.memory", what, str(number), str(directory)]
    found: dict[str, int] = json.loads(subprocess.check_output(command))
    return found


def _leftovers(calls: int, _: Path) -> Leftovers:
    from jupyter_telemetry import EventLog

    log = EventLog(handlers=[logging.NullHandler()])
    log.register_schema(SCHEMA)
    schema_id = SCHEMA["$id"]

    def record() -> None:
        for _ in range(calls):
            log.record_event(schema_id, VERSION, EVENT)

    blocks = _stays(record, sys.getallocatedblocks)
    tracemalloc.start()
    return Leftovers(calls, blocks, _stays(record, lambda: tracemalloc.get_traced_memory()[0]))


def _stays(work: Callable[[], None], look: Callable[[], int]) -> int:
    work()
    gc.collect()
    before = look()
    work()
    gc.collect()
    return look() - before


def _growth(events: int, directory: Path) -> Growth:
    import time

    import psutil  # type: ignore[import-untyped]  # it has no types

    from jupyter_telemetry.journal import JournalHandler

    from .ours import new_log

    process, resident = psutil.Process(), []
    with TemporaryDirectory(dir=directory) as place:
        handler = JournalHandler(place)
        record, schema_id = new_log(handler, SCHEMA).record_event, SCHEMA["$id"]
        start = time.perf_counter()
        for _ in range(0, events, _STEP):
            for _ in range(_STEP):
                record(schema_id, VERSION, EVENT)
            resident.append(process.memory_info().rss)
        seconds = time.perf_counter() - start
        handler.close()
        counts = handler.counts()
    later = resident[FIRST // _STEP - 1 :]
    return Growth(events, later[0], max(later), seconds, counts["written"], counts["lost"], counts["expired"])


if __name__ == "__main__":
    measures: dict[str, Callable[[int, Path], Leftovers | Growth]] = {"leftovers": _leftovers, "growth": _growth}
    print(json.dumps(measures[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))._asdict()))
