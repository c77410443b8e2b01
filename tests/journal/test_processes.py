"""Many processes: killed, forked, or side by side in one directory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from jupyter_telemetry.journal import JournalReader

from .lines import names

RECORDER = Path(__file__).with_name("recorder.py")


@pytest.fixture
def start(directory):
    """Start recorders; each is waited for with `told`."""
    started = []

    def start_one(program: str, *arguments: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-W", "ignore::DeprecationWarning", str(RECORDER), program, str(directory)]
        started.append(subprocess.Popen([*command, *map(str, arguments)], stdout=subprocess.PIPE))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def told(process: subprocess.Popen[bytes]) -> list[str]:
    """Return the ids that a recorder told, when it has ended well."""
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return output.decode().split()


def ids(directory: Path) -> list[str]:
    """Return the ids in the journal, of which no line may be damaged."""
    return [event["__id__"] for event in JournalReader(directory).events(damage=pytest.fail)]


def test_every_event_whose_call_returned_survives_kill_9(start, directory):
    recorded = told(start("killed", 150, 2026))

    kept = ids(directory)
    assert len(recorded) > 1000
    assert kept == sorted(set(kept))
    assert set(recorded) <= set(kept)


def test_four_processes_in_one_directory_lose_duplicate_and_mix_nothing(start, directory):
    processes = [start("shared", 1000) for _ in range(4)]
    recorded = [event_id for process in processes for event_id in told(process)]

    assert ids(directory) == sorted(recorded)
    assert len(recorded) == 8000
    assert set(names(directory)) == {"sealed"}
    assert writers_of_each_segment(directory) == {1}


def test_a_fork_in_the_middle_of_recording_loses_duplicates_and_mixes_nothing(start, directory):
    recorded = told(start("forking", 20))

    assert ids(directory) == sorted(recorded)
    assert len(recorded) >= 1000
    assert writers_of_each_segment(directory) == {1}
    assert Counter(names(directory))["open"] == 10


def writers_of_each_segment(directory: Path) -> set[int]:
    """Return by how many processes a segment was written."""
    return {
        len({json.loads(line)["pid"] for line in path.read_bytes().splitlines()}) for path in directory.glob("*.jsonl")
    }
