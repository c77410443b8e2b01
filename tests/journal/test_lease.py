"""Who may write to a segment, and for how long: a writer that was taken for dead goes on in another one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jupyter_telemetry.journal.cursors import Cursor, Progress, behind
from jupyter_telemetry.journal.holding import LOOK_INTERVAL_S
from jupyter_telemetry.journal.reader import JournalReader
from jupyter_telemetry.journal.retention import ORPHAN_SLACK_S
from jupyter_telemetry.journal.segment import seal

from .disk import Disk
from .lines import content, line, names, numbers, segments

LEASE_S = 3600.0 + ORPHAN_SLACK_S

TALKING = """
import sys, time
from jupyter_telemetry.journal import JournalHandler

handler = JournalHandler(sys.argv[1], max_segment_age_s=60.0)
for text in sys.stdin:
    handler.write_event(text.encode())
    print("written", flush=True)
"""


@pytest.fixture
def start(directory):
    """Start processes that write what they are told to."""
    started = []

    def start_one() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", TALKING, str(directory)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.communicate()


def tell(process: subprocess.Popen[str], number: int) -> None:
    process.stdin.write(line(number).decode())
    process.stdin.flush()


def heard(process: subprocess.Popen[str]) -> None:
    assert process.stdout.readline() == "written\n"


def grow_old(path: Path) -> None:
    """Have a segment look as if it had not been written for longer than a lease, by its file system's clock."""
    at = path.stat().st_mtime - 60 - ORPHAN_SLACK_S - 1
    os.utime(path, (at, at))


def test_a_process_that_was_paused_finds_its_segment_sealed_and_begins_another(start, directory):
    paused, busy = start(), start()
    tell(paused, 1)
    heard(paused)
    (its,) = segments(directory)
    os.kill(paused.pid, signal.SIGSTOP)
    tell(paused, 2)  # it will read that when it goes on
    grow_old(its)
    tell(busy, 3)
    heard(busy)
    assert not its.exists()  # sealed by the other one
    assert names(directory) == ["sealed", "open"]

    time.sleep(LOOK_INTERVAL_S)
    os.kill(paused.pid, signal.SIGCONT)
    heard(paused)

    assert names(directory) == ["sealed", "open", "open"]
    assert its.with_name(its.name.replace(".open", "")).read_bytes() == line(1)
    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == [1, 2, 3]


def test_a_segment_of_a_process_with_the_same_name_and_number_is_told_by_its_age_alone(start, directory):
    """Two containers may give a process the same number on hosts of the same name: no writer asks who it was."""
    dead = start()
    tell(dead, 1)
    heard(dead)
    (its,) = segments(directory)
    dead.kill()
    dead.wait()
    other = start()
    tell(other, 2)
    heard(other)
    assert names(directory) == ["open", "open"]

    grow_old(its)
    another = start()
    tell(another, 3)
    heard(another)
    assert names(directory) == ["sealed", "open", "open"]


def test_bytes_that_come_late_to_a_sealed_segment_are_read_and_shipped(make_writer, directory):
    disk = Disk()
    writer = make_writer(disk.system)
    writer.write(line(1))
    (path,) = segments(directory)
    disk.blocked = threading.Event()
    late = threading.Thread(target=writer.write, args=(line(2),))
    late.start()
    assert disk.is_waiting.wait(20)  # behind the look, before the write
    seal(str(path))
    (sealed,) = segments(directory)
    place = directory / "shipping" / "there"
    place.mkdir(parents=True)
    about = sealed.stat()
    cursor = Cursor("there", {sealed.stem: Progress(about.st_ino, about.st_size, 1)})
    cursor.save(place / "cursor.json", lambda: None)
    assert behind(directory) == {sealed.stem: 0}

    disk.blocked.set()
    late.join(20)

    assert content(directory) == line(1) + line(2)
    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == [1, 2]
    assert behind(directory) == {sealed.stem: 1}
    assert writer.counts() == {"written": 2, "lost": 0, "expired": 0}


@pytest.mark.parametrize(("pause_s", "segments_then"), [(LEASE_S / 2 - 1, 1), (LEASE_S / 2 + 1, 2)])
def test_a_writer_that_was_paused_for_more_than_half_its_lease_begins_another_segment(
    make_writer, directory, clock, pause_s, segments_then
):
    writer = make_writer()
    writer.write(line(1))
    clock.advance(pause_s)
    writer.write(line(2))

    assert len(segments(directory)) == segments_then


def test_a_pause_that_only_the_wall_clock_saw_counts_too(make_writer, directory, clock):
    writer = make_writer({"clock": lambda: clock.now / 10_000})
    writer.write(line(1))
    writer._segment.look_at = float("-inf")
    clock.advance(LEASE_S / 2 + 1)
    writer.write(line(2))

    assert names(directory) == ["sealed", "open"]


def test_a_wall_clock_that_jumps_backwards_changes_no_order_and_no_name(make_writer, directory, clock):
    wall = iter([1_795_455_725.0, 1_795_000_000.0, 1_700_000_000.0, 0.0])
    writer = make_writer({"wall_clock": lambda: next(wall, 0.0)}, max_segment_bytes=len(line(1)))
    for number in range(1, 5):
        writer.write(line(number))

    assert [path.read_bytes() for path in segments(directory)] == [line(number) for number in range(1, 5)]
    assert writer.counts() == {"written": 4, "lost": 0, "expired": 0}
