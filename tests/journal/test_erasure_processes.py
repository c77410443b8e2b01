"""Erasures that are killed, or at work while many processes record, fork and are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from jupyter_telemetry.journal import JournalHandler, JournalReader
from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.journal.tombstones import tombstones

from .eraser import erases
from .lines import line

ERASER, RECORDER = (Path(__file__).with_name(name) for name in ("eraser.py", "recorder.py"))


@pytest.fixture
def start():
    """Start programs; what they print is kept in a file, so that none waits for somebody to read it."""
    started = []

    def start_one(script: Path, *arguments: object, output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-W", "ignore::DeprecationWarning", str(script), *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        started.append(subprocess.Popen(command, stdout=output, env=environment))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.wait()


def segments_of(directory: Path) -> dict[str, bytes]:
    """Return what stands in each segment, without the empty lines that an erasure ends it with."""
    return {path.name: path.read_bytes().rstrip(b"\n") for path in directory.glob("*.jsonl")}


def erased_ids(directory: Path) -> set[str]:
    return {event_id for tombstone in tombstones(directory) for event_id in tombstone.ids()}


def test_an_erasure_killed_at_any_moment_has_done_all_or_nothing_of_each_segment(start, tmp_path):
    # A busy machine leaves an eraser less time before it is killed: then more of them are.
    half_done = rounds = 0
    while half_done < 4:
        rounds += 1
        assert rounds < 10
        half_done += killed_half_way(start, tmp_path / f"round{rounds}", seed=2025 + rounds)


def killed_half_way(start, place: Path, seed: int) -> int:
    """Kill erasures of 60 journals; return in how many some segments were done, and others not."""
    journals = [place / f"journal{number}" for number in range(60)]
    for journal in journals:
        handler = JournalHandler(journal, max_segment_bytes=10_000)
        for number in range(250):
            handler.write_event(line(number, __schema__="a" if number % 2 or number > 200 else "b"))
        handler.close()
    before = [segments_of(journal) for journal in journals]
    kept = [
        b"".join(sorted(each for each in JournalReader(j).lines() if b'"__schema__":"b"' in each)) for j in journals
    ]
    eraser = start(ERASER, "killed", seed, 0.06, *journals)
    assert eraser.wait(timeout=60) == 0

    half_done = 0
    for journal, all_of_it in zip(journals, before, strict=True):
        done = 0
        for name, text in all_of_it.items():
            rest = b"\n".join(each for each in text.split(b"\n") if b'"__schema__":"b"' in each)
            now = segments_of(journal).get(name, b"")
            assert now in (text, rest)
            done += now == rest
        half_done += 0 < done < len(all_of_it)
        gone = {event["__id__"] for event in JournalReader(journal).events(damage=pytest.fail)}
        assert {each for each in _ids(all_of_it) if each not in gone} <= erased_ids(journal)
    for journal, others in zip(journals, kept, strict=True):
        assert erase(journal, erases=erases, settle_s=0.0).left == ()
        assert b"".join(sorted(JournalReader(journal).lines(damage=pytest.fail))) == others
        assert list(journal.glob(".*")) == []
    return half_done


def _ids(segments: dict[str, bytes]) -> set[str]:
    return {each.partition(b'"__id__":"')[2][:36].decode() for text in segments.values() for each in text.split(b"\n")}


def test_many_writers_lose_nothing_to_erasures_some_of_which_are_killed(start, tmp_path):
    journal = tmp_path / "journal"
    outputs = [(tmp_path / f"output{number}").open("w+b") for number in range(4)]
    writers = [
        start(RECORDER, "mixed", journal, size, output=output)
        for size, output in zip((20_000, 20_000, 1_000_000, 1_000_000), outputs, strict=True)
    ]
    while len(list(journal.glob("*.jsonl"))) < 4:
        time.sleep(0.05)
    for seed in range(3):
        assert start(ERASER, "killed", seed, 0.1, *[journal] * 8).wait(timeout=60) == 0
    assert start(ERASER, "repeated", 1, journal).wait(timeout=60) == 0
    for writer in writers:
        writer.terminate()
        assert writer.wait(timeout=30) == 0
    assert_all_are_accounted_for(journal, outputs)
    assert list(journal.glob(".*")) == []


def test_what_a_writer_recorded_survives_its_own_kill_9_while_erasures_are_at_work(start, tmp_path):
    journal = tmp_path / "journal"
    outputs = [(tmp_path / f"output{number}").open("w+b") for number in range(12)]
    eraser = None
    for output in outputs:
        writer = start(RECORDER, "mixed", journal, 1_000_000, output=output)
        while output.seek(0, os.SEEK_END) < 5000:
            time.sleep(0.01)
        if eraser is None:
            eraser = start(ERASER, "repeated", 3, journal)
        writer.kill()
        writer.wait()
    assert eraser.wait(timeout=60) == 0
    assert_all_are_accounted_for(journal, outputs)


def test_a_writer_that_is_stopped_meanwhile_loses_nothing_when_it_goes_on(start, tmp_path):
    journal = tmp_path / "journal"
    outputs = [(tmp_path / f"output{number}").open("w+b") for number in range(4)]
    writers = [start(RECORDER, "mixed", journal, 1_000_000, output=output) for output in outputs]
    for output in outputs:
        while output.seek(0, os.SEEK_END) < 1000:
            time.sleep(0.01)
    for _ in range(10):
        for writer in writers:
            writer.send_signal(signal.SIGSTOP)
        erase(journal, erases=erases, settle_s=0.0)
        for writer in writers:
            writer.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    for writer in writers:
        writer.terminate()
        assert writer.wait(timeout=30) == 0
    assert_all_are_accounted_for(journal, outputs)


def test_a_fork_in_the_middle_of_an_erasure_loses_and_duplicates_nothing(tmp_path):
    journal = tmp_path / "journal"
    handler = JournalHandler(journal)
    for number in range(100):
        handler.write_event(line(number, __schema__="ab"[number % 2]))

    def seal_own() -> None:
        pid = os.fork()
        if pid == 0:  # the child has the parent's segment, which it must not touch, and begins its own
            handler.write_event(line(100, __schema__="a"))
            handler.close()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        handler.seal()

    done = erase(journal, erases=erases, seal_own=seal_own, settle_s=0.0)
    handler.write_event(line(101))
    handler.close()

    assert done.erased == {"a": 50}
    numbers = [event["number"] for event in JournalReader(journal).events(damage=pytest.fail)]
    assert numbers == [*range(1, 100, 2), 100, 101]
    assert handler.counts() == {"written": 101, "lost": 0, "expired": 0}


def assert_all_are_accounted_for(journal: Path, outputs: list[IO[bytes]]) -> None:
    """Each event whose call returned is in the journal once, or was to be erased and is on a tombstone."""
    kept = [event["__id__"] for event in JournalReader(journal).events(damage=pytest.fail)]
    assert len(kept) == len(set(kept))
    erased = erased_ids(journal)
    told = {b"a": set(), b"b": set()}
    for output in outputs:
        output.seek(0)
        for each in output.read().splitlines():
            schema_id, _, event_id = each.partition(b" ")
            if len(event_id) == 36:  # else its writer was killed meanwhile
                told[schema_id].add(event_id.decode())
        output.close()
    assert told[b"b"] - set(kept) == set()
    assert told[b"a"] - set(kept) - erased == set()
    assert told[b"b"] & erased == set()
    assert len(told[b"a"] & erased) > 100
