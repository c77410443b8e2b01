"""Reading a journal from one end to the other: many events, and a tenth of them."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .event import EVENT, SCHEMA, VERSION
from .subjects import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .subjects import Maker

__all__ = ["JOURNALS", "TENTH", "build", "few", "many"]

JOURNALS = "BENCH_JOURNALS_TO_READ"
"""The environment variable that says where they stand, in directories named for how many events they hold."""

TENTH = 10


def build(directory: Path, events: int) -> None:
    """Record two journals, of so many events and of a tenth."""
    from jupyter_telemetry.journal import JournalHandler

    from .ours import new_log

    for number in (events, events // TENTH):
        handler = JournalHandler(directory / str(number), max_bytes=2**40)
        record, schema_id = new_log(handler, SCHEMA).record_event, SCHEMA["$id"]
        for _ in range(number):
            record(schema_id, VERSION, EVENT)
        handler.close()


def _reading(which: int) -> Maker:
    @contextmanager
    def make(_: Path) -> Iterator[Subject]:
        from jupyter_telemetry.journal import JournalReader

        journal = sorted(Path(os.environ[JOURNALS]).iterdir(), key=lambda path: int(path.name))[which]
        events = int(journal.name)

        def run(times: int) -> float:
            start = time.perf_counter()
            for _ in range(times):
                if (found := sum(1 for _ in JournalReader(journal).lines())) != events:
                    raise RuntimeError(f"{found} events were read, not {events}")
            return (time.perf_counter() - start) / events

        yield Subject(run, lines_per_call=0)

    return make


few = _reading(0)
many = _reading(-1)
