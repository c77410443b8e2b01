from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_telemetry.journal.retention import Limits
from jupyter_telemetry.journal.system import System
from jupyter_telemetry.journal.writer import JournalWriter

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    """A clock that is set by hand; it is both the monotonic and the wall clock of a test."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock(1_795_455_725.0)  # 2026-11-23


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where a journal may be; it is not there yet."""
    return tmp_path / "journal"


@pytest.fixture
def make_writer(directory: Path, clock: Clock):
    """Make writers on the test's clock, and close them."""
    made = []

    def make(system: dict[str, object] | None = None, **changes: object) -> JournalWriter:
        limits = Limits(10_000_000, 3600.0, 1_000_000_000, 30 * 86400.0)
        limits = limits._replace(**{name: changes.pop(name) for name in Limits._fields if name in changes})
        the_system = System(**{"clock": clock, "wall_clock": clock, **(system or {})})
        writer = JournalWriter(str(directory), limits, system=the_system, **changes)
        made.append(writer)
        return writer

    yield make
    for writer in made:
        writer.close()
