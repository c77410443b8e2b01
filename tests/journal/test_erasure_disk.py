"""Erasures on a disk that is full, or that limits the size of a file."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from jupyter_telemetry.journal import JournalReader
from jupyter_telemetry.journal.erasure import erase

from .lines import content, line, numbers
from .test_erasure import put, unchanged


def erases(schema_id: str) -> bool:
    return schema_id == "a"


def of(schema_id: str, first: int, count: int) -> list[bytes]:
    return [line(number, __schema__=schema_id, text="x" * 800) for number in range(first, first + count)]


@pytest.fixture
def limit():
    """Let no file of this process grow longer than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_segment_whose_rest_finds_no_room_is_left_as_it_was(directory, limit):
    kept = put(directory, *of("a", 0, 10), *of("b", 10, 100))
    gone = put(directory, *of("a", 200, 50))
    small = put(directory, *of("a", 300, 50), *of("b", 400, 10))
    before = unchanged(kept)

    limit(90_000)
    done = erase(directory, erases=erases, settle_s=0.0)

    assert done.erased == {"a": 100}
    assert [(each.path, each.events, each.reason) for each in done.left] == [(kept, 10, os.strerror(errno.EFBIG))]
    assert unchanged(kept) == before
    assert not gone.exists()
    assert small.read_bytes() == b"".join(of("b", 400, 10))
    assert list(directory.glob(".*")) == []


def test_where_the_ids_find_no_room_no_event_goes(directory, limit):
    path = put(directory, *of("a", 0, 100))
    before = unchanged(path)

    limit(500)
    done = erase(directory, erases=erases, settle_s=0.0)

    assert (done.erased, done.segments, done.tombstone) == ({}, 0, None)
    assert [each.path for each in done.left] == [path]
    assert unchanged(path) == before
    assert list((directory / "tombstones").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB, where this user may mount one; else this one, of which nobody fills the rest."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    is_mounted = shutil.which("mount") and subprocess.run(command, capture_output=True, check=False).returncode == 0
    yield place
    if is_mounted:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> None:
    """Take what room there is, if it is little."""
    free = shutil.disk_usage(place).free if shutil.disk_usage(place).total < 2_000_000 else 0
    (place / "filling").write_bytes(b"x" * free)


def test_a_full_disk_is_said_and_what_was_there_is_there_still(small_disk):
    directory = small_disk / "journal"
    mixed = put(directory, *of("a", 0, 100), *of("b", 100, 100), age_s=200.0)
    before = content(directory)
    fill(small_disk)
    is_full = shutil.disk_usage(small_disk).free == 0

    done = erase(directory, erases=erases, settle_s=0.0)

    if is_full:
        assert [(each.path, each.reason) for each in done.left] == [(mixed, os.strerror(errno.ENOSPC))]
        assert (done.erased, content(directory)) == ({}, before)
    (small_disk / "filling").unlink()
    erase(directory, erases=erases, settle_s=0.0)
    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == list(range(100, 200))
    assert list(directory.glob(".*")) == []


def test_what_a_first_round_frees_is_room_for_a_second(small_disk):
    directory = small_disk / "journal"
    mixed = put(directory, *of("a", 0, 100), *of("b", 100, 100), age_s=200.0)
    put(directory, *of("a", 300, 400), age_s=100.0)
    fill(small_disk)
    (small_disk / "filling").write_bytes(b"x" * max(0, (small_disk / "filling").stat().st_size - 60_000))

    done = erase(directory, erases=erases, settle_s=0.0)

    assert (done.erased, done.left) == ({"a": 500}, ())
    assert mixed.read_bytes() == b"".join(of("b", 100, 100))
