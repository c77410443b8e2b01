"""What the oracle's recorder tells while the journal's disk is full, and when there is room again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_telemetry.journal.reader import JournalReader

from .oracle.disk import SmallDisk
from .oracle.verdict import told_in

SETTINGS = {"sink": None, "durability": "process", "clocks_s": [0], "file_bytes": 0, "unacceptable": "refuse me"}
PATIENCE_S = 30.0


@pytest.fixture(params=[True, False], ids=["mounted", "said to be full"])
def disk(request, tmp_path):
    """A small one where one may be mounted, and one that is only said to be full."""
    disk = SmallDisk(tmp_path / "disk", mounts=request.param)
    yield disk
    disk.close()


@pytest.fixture
def told(disk, tmp_path):
    """What a recorder tells that records on that disk."""
    told = tmp_path / "told"
    settings = {**SETTINGS, "full_while": "" if disk.is_small else str(disk.sign)}
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    command = [sys.executable, "-m", "shipping.oracle.programs", "record", disk.directory / "journal", "one"]
    with told.open("wb") as output:
        recorder = subprocess.Popen(
            [*command, json.dumps(settings)], stdout=output, env={**os.environ, "PYTHONPATH": path}
        )
    yield told
    recorder.kill()
    recorder.wait()


def wait_for(is_wanted, told):
    deadline = time.monotonic() + PATIENCE_S
    while not is_wanted(whats := [what for what, _ in told_in([told]).values()]):
        assert time.monotonic() < deadline, whats[-3:]
        time.sleep(0.02)


def test_what_a_full_disk_refuses_is_told_as_lost_and_nowhere(disk, told):
    wait_for(lambda whats: whats, told)
    disk.fill(0)
    wait_for(lambda whats: "lost" in whats, told)
    disk.free()
    wait_for(lambda whats: "lost" in whats and whats[-1] != "lost", told)
    known = told_in([told])
    there = {event["__id__"] for event in JournalReader(disk.directory / "journal").events()}
    assert {event_id for event_id, (what, _) in known.items() if what != "lost"} == there & known.keys()
