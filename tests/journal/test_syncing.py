from __future__ import annotations

import errno
import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from jupyter_telemetry.journal.accounts import read_accounts
from jupyter_telemetry.journal.reader import JournalReader
from jupyter_telemetry.journal.syncing import CANNOT_SYNC, GroupCommit

from .disk import Disk, wait_until
from .lines import content, line, names, numbers, segments


@pytest.fixture
def disk():
    return Disk()


def threads() -> list[threading.Thread]:
    """Return the threads that sync."""
    return [each for each in threading.enumerate() if each.name == "jupyter_telemetry journal sync"]


def is_parked(writer) -> bool:
    return writer._sync_thread.is_parked


# In the background


def test_what_was_written_is_on_the_disk_soon_and_then_nothing_runs(make_writer, directory, disk, clock):
    writer = make_writer(disk.system, sync_interval_s=0.02)
    writer.write(line(1))
    wait_until(lambda: disk.synced == {segments(directory)[0].stat().st_ino})
    clock.advance(0.5)
    wait_until(lambda: is_parked(writer))
    (thread,) = threads()
    syncs = disk.syncs

    assert not writer._unsynced.is_behind(writer._tally.read())
    time.sleep(0.2)
    assert (disk.syncs, thread.is_alive(), is_parked(writer)) == (syncs, True, True)


def test_the_first_write_after_a_pause_wakes_it(make_writer, disk, clock):
    writer = make_writer(disk.system, sync_interval_s=0.02)
    writer.write(line(1))
    wait_until(lambda: disk.syncs)
    clock.advance(0.5)
    wait_until(lambda: is_parked(writer))
    syncs = disk.syncs

    writer.write(line(2))

    assert not is_parked(writer)
    wait_until(lambda: disk.syncs > syncs)


def test_it_does_not_rest_as_long_as_a_line_may_be_written_without_a_look(make_writer, disk):
    writer = make_writer(disk.system, sync_interval_s=0.01)
    writer.write(line(1))
    wait_until(lambda: disk.syncs)
    time.sleep(0.1)  # the clock of the test stands still: the next look is not yet due

    assert not is_parked(writer)


def test_a_segment_that_was_parted_with_is_synced_too_and_is_sealed_at_once(make_writer, directory, disk):
    writer = make_writer(disk.system, sync_interval_s=0.05, max_segment_bytes=len(line(1)))
    for number in range(1, 4):
        writer.write(line(number))
    assert names(directory) == ["sealed", "sealed", "open"]

    wait_until(lambda: disk.synced == {path.stat().st_ino for path in segments(directory)})
    assert not writer._unsynced.parts


def test_however_many_segments_are_begun_few_files_stay_open(make_writer, disk):
    before = len(os.listdir("/proc/self/fd"))
    writer = make_writer(disk.system, sync_interval_s=3600.0, max_segment_bytes=len(line(1)))
    for number in range(300):
        writer.write(line(number))
        assert len(os.listdir("/proc/self/fd")) < before + 140


def test_closing_syncs_and_ends_the_thread(make_writer, directory, disk):
    writer = make_writer(disk.system, sync_interval_s=3600.0)
    writer.write(line(1))
    writer.close()

    assert disk.synced == {segments(directory)[0].stat().st_ino}
    assert threads() == []
    assert names(directory) == ["sealed"]


def test_a_line_after_closing_is_synced_by_another_thread(make_writer, disk):
    writer = make_writer(disk.system, sync_interval_s=0.02)
    writer.write(line(1))
    writer.close()
    writer.write(line(2))

    wait_until(lambda: len(disk.synced) == 2)


def test_a_writer_that_nobody_uses_takes_its_thread_with_it(make_writer, disk, directory):
    from jupyter_telemetry.journal.retention import Limits
    from jupyter_telemetry.journal.system import System
    from jupyter_telemetry.journal.writer import JournalWriter

    writer = JournalWriter(str(directory), Limits(10_000, 3600.0, 1_000_000, 3600.0), system=System(sync=disk.sync))
    writer.write(line(1))
    assert len(threads()) == 1
    del writer
    gc.collect()

    wait_until(lambda: threads() == [])
    assert names(directory) == ["sealed"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # it is told of any
def test_a_thread_that_dies_is_followed_by_another(make_writer, disk, clock):
    died = []

    def sync(fd: int) -> None:
        if not died:
            died.append(threading.current_thread())
            raise SystemExit
        disk.sync(fd)

    writer = make_writer({"sync": sync}, sync_interval_s=0.02)
    writer.write(line(1))
    wait_until(lambda: died and not died[0].is_alive())
    clock.advance(0.5)
    writer.write(line(2))

    wait_until(lambda: disk.synced and not writer._unsynced.is_behind(writer._tally.read()))
    assert writer.counts() == {"written": 2, "lost": 0, "expired": 0}


def test_nothing_waits_for_a_disk_that_hangs_in_a_sync(make_writer, disk):
    hangs, released = threading.Event(), threading.Event()

    def hang(fd: int) -> None:
        hangs.set()
        released.wait(30)

    writer = make_writer({"sync": hang}, sync_interval_s=0.01, exit_timeout_s=0.1)
    writer.write(line(1))
    assert hangs.wait(20)
    writer.write(line(2))
    began = time.monotonic()
    writer.close()
    writer.close()  # as logging.shutdown does after the end of the interpreter has
    took_s = time.monotonic() - began
    released.set()

    assert writer.counts() == {"written": 2, "lost": 0, "expired": 0}
    assert took_s < 5.0


@pytest.mark.parametrize("problem", CANNOT_SYNC)
def test_a_file_system_that_has_nothing_to_sync_is_no_trouble(make_writer, directory, disk, problem):
    disk.sync_problem = problem
    writer = make_writer(disk.system, sync_interval_s=0.01)
    writer.write(line(1))
    wait_until(lambda: disk.syncs > 1 or not writer._unsynced.is_behind(writer._tally.read()))
    writer.write(line(2))

    assert names(directory) == ["open"]
    assert writer.counts() == {"written": 2, "lost": 0, "expired": 0}


# What a disk refuses at last


@pytest.mark.parametrize("problem", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_what_cannot_be_put_on_the_disk_is_lost_and_no_longer_written(
    make_writer, directory, disk, clock, caplog, problem
):
    writer = make_writer(disk.system, sync_interval_s=3600.0)
    writer.write(line(1))
    writer.sync()
    writer.write(line(2))
    writer.write(line(3))
    disk.sync_problem = problem
    writer.sync()
    assert writer.counts() == {"written": 1, "lost": 2, "expired": 0}

    disk.sync_problem = 0
    writer.write(line(4))
    writer.sync()
    assert writer.counts() == {"written": 2, "lost": 2, "expired": 0}
    assert [path.read_bytes() for path in segments(directory)] == [line(1) + line(2) + line(3), line(4)]
    reason = f"{os.strerror(problem)}, when they were to be put on the disk"
    assert caplog.messages == [f"journal {directory}: 2 events lost ({reason})"]
    assert [(each.what, each.segment, each.events, each.reason) for each in read_accounts(directory)] == [
        ("lost", None, 2, reason)
    ]


def test_a_segment_of_which_nothing_came_to_the_disk_is_followed_by_a_pause(make_writer, directory, disk, clock):
    disk.sync_problem = errno.EIO
    writer = make_writer(disk.system, sync_interval_s=3600.0)
    writer.write(line(1))
    writer.sync()
    writer.write(line(2))
    assert writer.counts() == {"written": 0, "lost": 2, "expired": 0}

    disk.sync_problem = 0
    clock.advance(1.0)
    writer.write(line(3))
    assert writer.counts() == {"written": 1, "lost": 2, "expired": 0}
    assert names(directory) == ["sealed", "open"]


def test_of_a_segment_that_was_parted_with_no_more_is_lost_than_was_written_to_it(make_writer, disk):
    writer = make_writer(disk.system, sync_interval_s=3600.0, max_segment_bytes=2 * len(line(1)))
    for number in range(1, 4):
        writer.write(line(number))
    failing = iter([errno.EIO, 0])

    def sync(fd: int) -> None:
        if problem := next(failing):
            raise OSError(problem, "")

    writer._system = writer._system._replace(sync=sync)
    writer.sync()

    assert writer.counts() == {"written": 1, "lost": 2, "expired": 0}


def test_a_file_that_was_deleted_is_not_lost_twice(make_writer, directory, disk, clock):
    writer = make_writer(disk.system, sync_interval_s=3600.0)
    writer.write(line(1))
    shutil.rmtree(directory)
    clock.advance(0.5)
    disk.sync_problem = errno.EIO
    writer.write(line(2))
    writer.sync()

    assert writer.counts() == {"written": 0, "lost": 2, "expired": 0}


# On the disk before the call returns


def test_at_the_durability_disk_a_line_is_synced_when_the_call_returns(make_writer, directory, disk):
    writer = make_writer(disk.system, sync_interval_s=None)
    writer.write_lasting(line(1))

    assert disk.synced == {segments(directory)[0].stat().st_ino}
    assert threads() == []
    assert not writer._unsynced.is_behind(writer._tally.read())


def test_at_the_durability_disk_the_name_of_a_segment_is_synced_too(make_writer, directory, disk, monkeypatch):
    synced: list[int] = []

    def note(fd: int, fsync=os.fsync) -> None:
        fsync(fd)
        synced.append(os.fstat(fd).st_ino)

    writer = make_writer(disk.system, sync_interval_s=None, max_segment_bytes=len(line(1)))
    monkeypatch.setattr(os, "fsync", note)
    for number in range(1, 3):
        writer.write_lasting(line(number))
        assert {directory.stat().st_ino, directory.parent.stat().st_ino} <= set(synced)
        synced.clear()


def parting(disk, after: int):
    """Have another thread part with the segment, as an erasure does, when a line is written and not yet counted."""
    writers = []

    def write(fd: int, data: bytes) -> int:
        written = disk.write(fd, data)
        if disk.writes == after:
            writers[0].seal()
        return written

    return writers, {**disk.system, "write": write}


@pytest.mark.parametrize("after", [1, 2])
def test_at_the_durability_disk_a_line_is_synced_whose_segment_others_part_with_meanwhile(
    make_writer, directory, disk, after
):
    writers, system = parting(disk, after)
    writers.append(make_writer(system, sync_interval_s=None))
    for number in range(after):
        disk.synced.clear()
        writers[0].write_lasting(line(number))

    assert disk.synced == {segments(directory)[0].stat().st_ino}


def test_at_the_durability_disk_such_a_line_is_lost_if_it_cannot_be_synced(make_writer, disk, caplog):
    writers, system = parting(disk, 2)
    writers.append(make_writer(system, sync_interval_s=None))
    writers[0].write_lasting(line(1))
    disk.sync_problem = errno.EIO
    writers[0].write_lasting(line(2))

    assert writers[0].counts() == {"written": 1, "lost": 1, "expired": 0}
    assert os.strerror(errno.EIO) in caplog.text


def test_at_the_durability_disk_what_cannot_be_synced_is_lost(make_writer, disk, clock):
    writer = make_writer(disk.system, sync_interval_s=None)
    writer.write_lasting(line(1))
    disk.sync_problem = errno.EDQUOT
    writer.write_lasting(line(2))
    disk.sync_problem = 0
    writer.write_lasting(line(3))

    assert writer.counts() == {"written": 2, "lost": 1, "expired": 0}


def test_threads_share_a_sync(make_writer, directory, disk, in_threads):
    writer = make_writer(disk.system, sync_interval_s=None, max_segment_bytes=20 * len(line(1000)))

    in_threads(lambda thread: [writer.write_lasting(line(1000 * (thread + 1) + number)) for number in range(50)])

    assert len(numbers(JournalReader(directory).lines(damage=pytest.fail))) == 200
    assert writer.counts() == {"written": 200, "lost": 0, "expired": 0}
    assert disk.synced == {path.stat().st_ino for path in segments(directory)}


def test_who_comes_while_a_sync_goes_on_waits_for_the_next_which_one_does_for_all():
    group = GroupCommit()
    began, released = threading.Event(), threading.Event()
    syncs: list[int] = []

    def sync() -> None:
        syncs.append(1)
        began.set()
        released.wait(30)

    running = [threading.Thread(target=group.commit, args=(sync,)) for _ in range(9)]
    running[0].start()
    assert began.wait(30)
    for thread in running[1:]:
        thread.start()
    wait_until(lambda: group._asked == 9)
    assert len(syncs) == 1
    released.set()
    for thread in running:
        thread.join(30)

    assert len(syncs) == 2


def test_a_sync_that_raises_leaves_nobody_waiting():
    group = GroupCommit()

    def fail() -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        group.commit(fail)
    group.commit(lambda: None)


def test_a_signal_handler_may_record_in_the_middle_of_a_sync(make_writer, directory):
    done = []

    def sync(fd: int) -> None:
        if not done:
            done.append(1)
            signal.raise_signal(signal.SIGUSR1)
        os.fdatasync(fd)

    writer = make_writer({"sync": sync}, sync_interval_s=None)
    before = signal.signal(signal.SIGUSR1, lambda *_: writer.write_lasting(line(2)))
    try:
        writer.write_lasting(line(1))
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert content(directory) == line(1) + line(2)
    assert writer.counts() == {"written": 2, "lost": 0, "expired": 0}


# Other processes


FORK = """
import os, sys, time
from jupyter_telemetry.journal import JournalHandler

handler = JournalHandler(sys.argv[1], sync_interval_s=0.01)
handler.write_event(b"{}\\n")
time.sleep(0.05)
pid = os.fork()
handler.write_event(b"{}\\n")
give_up_at = time.monotonic() + 20
while handler._writer._unsynced.is_behind(handler._writer._tally.read()) and time.monotonic() < give_up_at:
    time.sleep(0.01)
assert time.monotonic() < give_up_at
files = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
assert sum(sys.argv[1] in os.readlink(each) for each in files if os.path.lexists(each)) <= 2
if pid:
    assert os.waitpid(pid, 0)[1] == 0
else:
    handler.close()
    assert handler.counts()["written"] == 1
    os._exit(0)
"""


def test_the_child_of_a_fork_has_a_thread_of_its_own_and_none_of_the_parents_files(directory):
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, str(directory)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert names(directory) == ["sealed", "sealed"]
