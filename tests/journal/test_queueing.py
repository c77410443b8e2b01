from __future__ import annotations

import ctypes
import errno
import gc
import os
import subprocess
import sys
import threading
import time

import pytest
from full_disk import limit_of_file_size

from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.journal.accounts import read_accounts
from jupyter_telemetry.journal.queueing import FULL, NO_TIME, QueuedWriter
from jupyter_telemetry.journal.reader import JournalReader

from .disk import Disk, wait_until
from .lines import content, line, names, numbers, segments

SCHEMA = ("https://example.org/a", 1, b'{"$id":"https://example.org/a","version":1}')


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
def make_queued(make_writer):
    """Make queued writers, and close them."""
    made = []

    def make(system=None, queue_bytes=1_000_000, exit_timeout_s=20.0, **limits) -> QueuedWriter:
        made.append(QueuedWriter(make_writer(system, **limits), queue_bytes, exit_timeout_s))
        return made[-1]

    yield make
    for writer in made:
        writer.close()


def counts(written: int = 0, lost: int = 0) -> dict[str, int]:
    return {"written": written, "lost": lost, "expired": 0}


# The ordinary way


def test_what_was_taken_is_written_soon_in_order(make_queued, directory):
    writer = make_queued()
    for number in range(1, 4):
        writer.write(line(number))

    wait_until(lambda: writer.counts() == counts(3))
    assert content(directory) == line(1) + line(2) + line(3)


def test_many_lines_are_one_write(make_queued, disk):
    writer = make_queued(disk.system)
    for number in range(200):
        writer.write(line(number))
    writer.flush()

    assert writer.counts() == counts(200)
    assert disk.writes <= 10


def test_flushing_waits_for_all_that_came_before(make_queued, directory):
    writer = make_queued()
    assert writer.flush()
    for number in range(1000):
        writer.write(line(number))
        if number % 100 == 0:
            assert writer.flush()
            assert writer.counts() == counts(number + 1)


def test_nothing_is_done_before_the_first_line_and_closing_then_does_nothing(make_queued, directory):
    writer = make_queued()
    writer.flush()
    writer.seal()
    writer.close()

    assert not directory.exists()
    assert writer._queue.thread is None


def test_a_schema_is_stored_and_a_segment_sealed_in_their_turn(make_queued, directory):
    writer = make_queued()
    writer.write_schema(*SCHEMA)
    writer.write(line(1))
    writer.seal()
    writer.write(line(2))
    writer.flush()

    assert names(directory) == ["sealed", "open"]
    assert len(list((directory / "schemas").iterdir())) == 1


def test_a_line_after_closing_begins_anew(make_queued, directory):
    writer = make_queued()
    writer.write(line(1))
    writer.close()
    writer.write(line(2))
    writer.close()

    assert names(directory) == ["sealed", "sealed"]
    assert writer.counts() == counts(2)


def test_segments_are_no_longer_than_they_may_be(make_queued, directory):
    writer = make_queued(max_segment_bytes=10 * len(line(100)))
    for number in range(100, 200):
        writer.write(line(number))
    writer.close()

    assert {path.stat().st_size for path in segments(directory)} == {10 * len(line(100))}
    assert numbers(JournalReader(directory).lines()) == list(range(100, 200))


def test_threads_lose_and_duplicate_nothing(make_queued, directory, in_threads):
    writer = make_queued(queue_bytes=100_000_000, max_segment_bytes=50_000)
    in_threads(lambda thread: [writer.write(line(thread * 1000 + number)) for number in range(1000)])
    writer.close()

    assert sorted(numbers(JournalReader(directory).lines(damage=pytest.fail))) == list(range(4000))
    assert writer.counts() == counts(4000)


# What does not get through


def test_what_finds_no_room_is_lost_at_once_and_nobody_waits(make_queued, directory, disk, caplog):
    disk.blocked = threading.Event()
    writer = make_queued(disk.system, queue_bytes=10 * len(line(100)))
    for number in range(100, 120):
        writer.write(line(number))
    assert writer.counts() == counts(lost=10)
    disk.blocked.set()
    assert writer.flush()
    writer.write(line(120))
    writer.close()

    assert numbers(JournalReader(directory).lines()) == [*range(100, 110), 120]
    assert writer.counts() == counts(11, 10)
    assert caplog.messages == [
        f"journal {directory}: 1 events lost ({FULL})",
        f"journal {directory}: 9 events lost ({FULL})",
    ]
    assert sum(each.events for each in read_accounts(directory) if each.what == "lost") == 10


def test_what_there_is_no_time_for_is_lost_and_said(make_queued, directory, disk, caplog):
    disk.blocked = threading.Event()
    writer = make_queued(disk.system, exit_timeout_s=0.05)
    for number in range(3):
        writer.write(line(number))
    assert disk.is_waiting.wait(20)
    writer.write(line(3))
    writer.close()
    assert writer.counts() == counts(lost=4)
    assert caplog.messages == [f"journal {directory}: 4 events lost ({NO_TIME})"]

    disk.blocked.set()
    wait_until(lambda: writer.counts() == counts(3, 1))  # those that were under way have come after all
    assert numbers(JournalReader(directory).lines()) == [0, 1, 2]


def test_who_waits_in_vain_is_not_made_to_wait_twice(make_queued, disk):
    disk.blocked = threading.Event()
    writer = make_queued(disk.system, exit_timeout_s=0.3)
    writer.write(line(1))
    began = time.monotonic()
    for _ in range(3):  # as logging.shutdown and EventLog.close do
        assert not writer.flush()
        writer.close()
    took_s = time.monotonic() - began
    disk.blocked.set()

    assert 0.3 <= took_s < 0.9


def test_lines_that_a_limit_of_size_cuts_short_are_written_anew_as_a_whole(make_queued, directory, disk):
    writer = make_queued(disk.system)
    size = len(line(100))
    with limit_of_file_size(3 * size + size // 2):
        disk.blocked = threading.Event()
        for number in range(100, 110):
            writer.write(line(number))
        disk.blocked.set()
        writer.flush()

    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == list(range(100, 110))
    assert writer.counts() == counts(10)
    assert len(names(directory)) == 4


def test_lines_that_no_file_takes_are_lost(make_queued, directory, clock):
    writer = make_queued()
    with limit_of_file_size(10):
        for number in range(5):
            writer.write(line(number))
        writer.flush()
    assert writer.counts() == counts(lost=5)
    clock.advance(1.0)
    writer.write(line(6))
    writer.flush()

    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == [6]
    assert writer.counts() == counts(1, 5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # it is told of any
def test_a_thread_that_dies_is_followed_by_another_and_loses_nothing(make_queued, directory):
    died = []

    def write(fd: int, data: bytes) -> int:
        if not died:
            died.append(1)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(threading.get_ident()), ctypes.py_object(SystemExit)
            )
            for _ in range(100):
                time.sleep(0.001)
        return os.write(fd, data)

    writer = make_queued({"write": write})
    writer.write(line(1))
    wait_until(lambda: died and not writer._queue.thread.is_alive())
    writer.write(line(2))
    writer.flush()

    assert content(directory) == line(1) + line(2)
    assert writer.counts() == counts(2)


def test_a_writer_that_nobody_uses_writes_what_it_has_and_takes_its_thread_with_it(directory):
    handler = JournalHandler(directory, durability="memory")
    for number in range(100):
        handler.write_event(line(number))
    thread = handler._writer._queue.thread
    del handler
    gc.collect()
    thread.join(20)

    assert not thread.is_alive()
    assert numbers(JournalReader(directory).lines()) == list(range(100))
    wait_until(lambda: names(directory) == ["sealed"])


def test_a_disk_that_fails_in_the_thread_is_no_trouble_to_anybody(make_queued, directory, disk, clock):
    writer = make_queued(disk.system)
    disk.create_problem = errno.EIO
    for number in range(3):
        writer.write(line(number))
    writer.flush()
    disk.create_problem = 0
    clock.advance(1.0)
    writer.write(line(3))
    writer.flush()

    assert writer.counts() == counts(1, 3)
    assert content(directory) == line(3)


# How a process ends


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False)


BEGIN = """
import multiprocessing, os, sys, threading, time
from jupyter_telemetry.journal import JournalHandler

def new_handler(**settings):
    return JournalHandler(sys.argv[1], durability="memory", **settings)
"""


def test_the_end_of_the_interpreter_writes_what_waits(directory):
    done = run(BEGIN + "handler = new_handler()\nfor _ in range(1000): handler.write_event(b'{}\\n')", directory)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert content(directory) == b"{}\n" * 1000
    assert names(directory) == ["sealed"]


def test_the_end_of_the_interpreter_waits_for_a_handler_that_nobody_uses_any_more(directory):
    program = "def main():\n  handler = new_handler()\n  for _ in range(1000): handler.write_event(b'{}\\n')\nmain()"
    done = run(BEGIN + program, directory)

    assert (done.returncode, done.stderr) == (0, b"")
    assert content(directory) == b"{}\n" * 1000


def test_a_disk_that_hangs_does_not_keep_the_interpreter_from_ending(directory):
    program = (
        BEGIN
        + """
from jupyter_telemetry.journal.system import SYSTEM
handler = new_handler(exit_timeout_s=0.2)
writer = handler._writer._writer
writer._write = lambda fd, data: time.sleep(3600)
for _ in range(10): handler.write_event(b'{}\\n')
"""
    )
    done = run(program, directory)

    assert done.returncode == 0
    assert done.stderr.decode() == f"journal {directory}: 10 events lost ({NO_TIME})\n"


def test_the_child_of_a_fork_begins_with_an_empty_queue(directory):
    program = (
        BEGIN
        + """
handler = new_handler()
for _ in range(100): handler.write_event(b'{"parent"}\\n')
if (pid := os.fork()) == 0:
    for _ in range(10): handler.write_event(b'{"child"}\\n')
    handler.close()
    assert handler.counts()["written"] == 10, handler.counts()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""
    )
    done = run(program, directory)

    assert (done.returncode, done.stderr) == (0, b"")
    found = content(directory)
    assert (found.count(b'{"parent"}\n'), found.count(b'{"child"}\n'), len(found)) == (100, 10, 1100 + 100)


def test_the_child_of_a_fork_does_nothing_with_its_parents_queue_when_the_writer_is_no_more(directory):
    """Its thread is not there, and whatever lock it held when it forked nobody lets go of."""
    program = (
        BEGIN
        + """
import gc, signal
handler = new_handler(exit_timeout_s=20.0)
writer = handler._writer
queue = writer._queue
writer._writer._write = lambda fd, data: time.sleep(1) or os.write(fd, data)
for _ in range(100): handler.write_event(b'{"parent"}\\n')
queue.hurry._cond.acquire()
pid = os.fork()
if pid == 0:
    signal.alarm(20)
    del writer
    del handler
    gc.collect()
    assert not queue.is_over
    sys.exit(0)
queue.hurry._cond.release()
assert os.waitpid(pid, 0)[1] == 0
handler.close()
assert handler.counts()["written"] + handler.counts()["lost"] == 100
"""
    )
    done = run(program, directory)

    assert (done.returncode, done.stderr) == (0, b"")
    assert content(directory) == b'{"parent"}\n' * 100


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_child_of_multiprocessing_writes_what_waits(directory, tmp_path, method):
    program = (
        BEGIN
        + """
def child(directory):
    sys.argv[1:] = [directory]
    handler = new_handler()
    for _ in range(10): handler.write_event(b'{}\\n')

if __name__ == "__main__":
    process = multiprocessing.get_context(sys.argv[2]).Process(target=child, args=(sys.argv[1],))
    process.start()
    process.join(50)
    assert process.exitcode == 0
"""
    )
    (tmp_path / "program.py").write_text(program)
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(tmp_path / "program.py"), str(directory), method]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert content(directory) == b"{}\n" * 10
