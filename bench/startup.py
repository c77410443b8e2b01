"""What the first event of a process waits for: import, one log, ten schemas; each time in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .subjects import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .subjects import Maker

__all__ = ["jupyter_events_start", "our_start"]

SCHEMAS = 10

_BEFORE = f"""
import time
from bench.event import SCHEMA, numbered
schemas = [numbered(SCHEMA, number) for number in range({SCHEMAS})]
for schema in schemas:
    schema["version"] = "1"
"""
_OURS = """
start = time.perf_counter()
from jupyter_telemetry import EventLog
log = EventLog()
for schema in schemas:
    log.register_schema(schema)
print(time.perf_counter() - start)
"""
_JUPYTER_EVENTS = """
start = time.perf_counter()
from jupyter_events import EventLogger
log = EventLogger()
for schema in schemas:
    log.register_event_schema(schema)
print(time.perf_counter() - start)
"""


def _fresh(code: str) -> Maker:
    @contextmanager
    def make(_: Path) -> Iterator[Subject]:
        def run(times: int) -> float:
            command = [sys.executable, "-c", _BEFORE + code]
            return sum(float(subprocess.check_output(command)) for _ in range(times))

        yield Subject(run, lines_per_call=0)

    return make


our_start = _fresh(_OURS)
jupyter_events_start = _fresh(_JUPYTER_EVENTS)
