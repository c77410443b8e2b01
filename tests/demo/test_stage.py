from __future__ import annotations

import io
import time
from typing import Any

import pytest
from rich.console import Console

from jupyter_telemetry import EventLog
from jupyter_telemetry.demo.application import BatchDone
from jupyter_telemetry.demo.stage import Stage
from jupyter_telemetry.journal import JournalHandler


@pytest.fixture
def recorded(tmp_path):
    """Record two batches into a journal."""

    def record() -> None:
        handler = JournalHandler(tmp_path)
        with EventLog(handlers=[handler], allowed_schemas=[BatchDone._id]) as log:
            log.register_event_model(BatchDone)
            for batch in range(2):
                log.record_event_model(BatchDone(batch=batch, instrument="\x1b[31mcamera", seconds=0.5))
        handler.close()

    return record


def _show(tmp_path, recorded, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=100, **options)
    with Stage(console, tmp_path, steps=2) as stage:
        stage.step("Do the one")
        recorded()
        stage.step("Do the other")
        time.sleep(0.3)
    return console.file.getvalue()


def test_without_a_terminal_steps_and_events_are_lines(tmp_path, recorded):
    lines = _show(tmp_path, recorded).splitlines()
    assert [line for line in lines if line.startswith("[")] == ["[ 1/2] Do the one", "[ 2/2] Do the other"]
    assert [line[22:] for line in lines if line.startswith(" ")] == [
        "batch-done        batch 0    \\x1b[31mcamera, 0.5 s",
        "batch-done        batch 1    \\x1b[31mcamera, 0.5 s",
    ]


def test_on_a_terminal_they_are_a_live_picture_and_the_last_table_stays(tmp_path, recorded):
    shown = _show(tmp_path, recorded, force_terminal=True, color_system=None)
    assert "Do the other" in shown
    assert "1/2" in shown
    last = shown.rpartition("Events as they are recorded")[2]
    assert "batch 1" in last
    assert "Do the other" not in last
    assert "\\x1b[31mcamera" in last
    assert "\x1b[31m" not in shown
