from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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

    def make(**changes: float) -> JournalWriter:
        settings = {"max_segment_bytes": 10_000_000, "max_segment_age_s": 3600.0, "max_bytes": 1_000_000_000} | changes
        writer = JournalWriter(str(directory), clock=clock, wall_clock=clock, **settings)
        made.append(writer)
        return writer

    yield make
    for writer in made:
        writer.close()
