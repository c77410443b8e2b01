"""A disk that refuses, at each durability: the application goes on, the loss is counted and said, and it resumes."""

from __future__ import annotations

import errno
import os
import shutil

import pytest
from full_disk import descriptor_replaced, limit_of_file_size

from jupyter_telemetry.journal.accounts import read_accounts
from jupyter_telemetry.journal.queueing import QueuedWriter
from jupyter_telemetry.journal.reader import JournalReader

from .disk import REFUSALS, Disk
from .lines import line, numbers, segments

LEVELS = ["memory", "process", "disk"]


class Recorder:
    """Writes lines at some durability; each call returns when the line is written, or lost."""

    def __init__(self, make_writer, level: str, disk: Disk, **limits: object) -> None:
        self.writer = make_writer(disk.system, sync_interval_s=None if level == "disk" else 3600.0, **limits)
        self.queued = QueuedWriter(self.writer, 1_000_000, 20.0) if level == "memory" else None
        self._write = self.writer.write_lasting if level == "disk" else self.writer.write

    def __call__(self, *numbers: int, **properties: object) -> None:
        for number in numbers:
            if self.queued:
                self.queued.write(line(number, **properties))
                assert self.queued.flush()
            else:
                self._write(line(number, **properties))

    def lost(self) -> int:
        counts = self.writer.counts()
        assert counts["expired"] == 0
        return counts["lost"]

    def close(self) -> None:
        (self.queued or self.writer).close()


@pytest.fixture(params=LEVELS)
def recorder(request, make_writer):
    """Make a recorder of each durability, with a disk that may fail."""
    made = []

    def make(**limits: object) -> tuple[Recorder, Disk]:
        disk = Disk()
        made.append(Recorder(make_writer, request.param, disk, **limits))
        return made[-1], disk

    yield make
    for each in made:
        each.close()


def is_whole(directory, record: Recorder, *kept: int) -> None:
    """Have exactly these in the journal, all others counted as lost, and said, and accounted for."""
    lost = record.lost()
    record.close()
    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == list(kept)
    assert record.writer.counts() == {"written": len(kept), "lost": lost, "expired": 0}
    assert sum(each.events for each in read_accounts(directory) if each.what == "lost") == lost


@pytest.mark.parametrize("problem", REFUSALS)
def test_a_write_that_is_refused(recorder, directory, clock, caplog, problem):
    record, disk = recorder()
    record(1)
    disk.write_problem = problem
    record(2, 3, 4)
    assert record.lost() == 3
    assert os.strerror(problem) in caplog.text
    disk.write_problem = 0
    clock.advance(2.0)
    record(5)

    is_whole(directory, record, 1, 5)


@pytest.mark.parametrize("problem", [*REFUSALS, errno.EACCES, errno.EMFILE])
def test_a_segment_that_cannot_be_begun(recorder, directory, clock, caplog, problem):
    """As without a free inode, which is ENOSPC too, or a free descriptor."""
    record, disk = recorder(max_segment_bytes=len(line(1)))
    record(1)
    disk.create_problem = problem
    record(2, 3)
    assert record.lost() == 2
    assert os.strerror(problem) in caplog.text
    disk.create_problem = 0
    clock.advance(1.0)
    record(4)

    is_whole(directory, record, 1, 4)


def test_a_device_that_is_full(recorder, directory, clock):
    record, _ = recorder()
    record(1)
    with descriptor_replaced(record.writer._segment.fd, "/dev/full", os.O_WRONLY):
        record(2, 3)
    record(4)

    is_whole(directory, record, 1, 4)


def test_a_file_that_takes_a_part_of_a_line(recorder, directory):
    record, _ = recorder()
    size = len(line(1))
    with limit_of_file_size(2 * size + size // 2):
        record(*range(1, 8))
        assert record.lost() == 0

    assert {path.stat().st_size % size for path in segments(directory)} <= {0, size // 2}
    is_whole(directory, record, *range(1, 8))


def test_files_that_take_nothing_whole(recorder, directory, clock):
    record, _ = recorder()
    with limit_of_file_size(10):
        record(1, 2)
        clock.advance(1.0)
        record(3)
        assert record.lost() == 3
    clock.advance(1.0)
    record(4)

    is_whole(directory, record, 4)


def test_a_line_that_is_longer_than_a_file_may_be(recorder, directory, clock):
    record, _ = recorder()
    size = len(line(1))
    with limit_of_file_size(3 * size):
        record(1)
        record(2, text="x" * 10 * size)
        clock.advance(1.0)
        record(3)

    is_whole(directory, record, 1, 3)


def test_a_directory_that_is_removed(recorder, directory, clock):
    record, _ = recorder()
    record(1)
    shutil.rmtree(directory)
    clock.advance(0.5)
    record(2)
    assert record.lost() == 1

    is_whole(directory, record, 2)


def test_a_directory_that_is_a_file_for_a_while(recorder, directory, clock):
    record, _ = recorder()
    directory.touch()
    record(1, 2)
    directory.unlink()
    clock.advance(1.0)
    record(3)

    is_whole(directory, record, 3)


def test_a_descriptor_that_somebody_else_closed(recorder, directory, clock):
    record, _ = recorder()
    record(1)
    os.close(record.writer._segment.fd)
    record(2)
    record.writer._segment.limit = 0
    record(3)

    is_whole(directory, record, 1, 2, 3)


@pytest.mark.parametrize("problem", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_refuses_at_last(recorder, directory, clock, problem):
    """What it then has of it all the same may be read: that it is counted as lost is no promise that it is gone."""
    record, disk = recorder()
    record(1)
    record.writer.sync()
    disk.sync_problem = problem
    record(2)
    record.writer.sync()
    assert record.lost() == 1
    disk.sync_problem = 0
    record(3)
    record.writer.sync()
    record.close()

    assert record.writer.counts() == {"written": 2, "lost": 1, "expired": 0}
    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == [1, 2, 3]


def test_permission_to_make_files_that_is_taken_away_and_given_back(recorder, directory, clock):
    """Root may do what it wants: for it, a directory that is a file refuses as well."""
    record, _ = recorder(max_segment_bytes=len(line(1)))
    record(1)
    if os.geteuid():
        directory.chmod(0o500)
    else:
        directory.rename(directory.with_name("moved"))
        directory.touch()
    record(2, 3)
    assert record.lost() == 2
    if os.geteuid():
        directory.chmod(0o700)
    else:
        directory.unlink()
        directory.with_name("moved").rename(directory)
    clock.advance(1.0)
    record(4)

    is_whole(directory, record, 1, 4)
