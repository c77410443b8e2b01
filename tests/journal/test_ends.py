"""Forks, programs that take the place of this one, signals, and ends, at each durability."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_telemetry.journal import JournalReader

from .lines import names

LEVELS = ["memory", "process", "disk"]

BEGIN = """
import os, signal, sys, threading, time
sys.path.insert(0, sys.argv[3])
from jupyter_telemetry.journal import JournalHandler
from tests.journal.recorder import new_line

handler = JournalHandler(sys.argv[1], durability=sys.argv[2])

def record(count):
    for _ in range(count):
        event_id, line = new_line()
        handler.write_event(line)
        os.write(1, event_id + b"\\n")
"""


@pytest.fixture(params=LEVELS)
def run(request, directory):
    """Run a program at each durability; return its exit status, and the ids that it told."""

    def run_one(program: str) -> tuple[int, list[str]]:
        root = str(Path(__file__).parents[2])
        options = ["-W", "ignore::DeprecationWarning", "-c", BEGIN + program]
        command = [sys.executable, *options, str(directory), request.param, root]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        # Who records faster than a thread can write, on a busy machine, is told that the queue in memory was full.
        assert done.stderr == b"" or (request.param == "memory" and b"the queue in memory was full" in done.stderr)
        return done.returncode, done.stdout.decode().split()

    run_one.level = request.param
    return run_one


def ids(directory: Path) -> list[str]:
    return [event["__id__"] for event in JournalReader(directory).events(damage=pytest.fail)]


def test_the_end_of_the_interpreter(run, directory):
    status, told = run("record(50)")

    assert status == 0
    assert ids(directory) == sorted(told)
    assert set(names(directory)) == {"sealed"}


def test_an_end_by_an_error_in_the_middle_of_threads(run, directory):
    program = """
threads = [threading.Thread(target=record, args=(20,)) for _ in range(4)]
for thread in threads: thread.start()
record(20)
sys.exit(3)
"""
    status, told = run(program)

    assert status == 3
    assert ids(directory) == sorted(told)
    assert len(told) == 100


def test_a_daemon_thread_that_records_to_the_very_end(run, directory):
    program = """
threading.Thread(target=record, args=(10**9,), daemon=True).start()
time.sleep(0.3)
"""
    status, told = run(program)

    assert status == 0
    assert told
    if run.level != "memory":
        assert set(told) <= set(ids(directory))
    else:  # what it records after the last flush, and before it is ended, nobody writes
        assert ids(directory)


def test_forks_that_record_on_both_sides(run, directory):
    program = """
record(10)
for _ in range(5):
    if (pid := os.fork()) == 0:
        record(10)
        handler.close()
        os._exit(0)
    record(10)
    assert os.waitpid(pid, 0)[1] == 0
"""
    status, told = run(program)

    assert status == 0
    assert ids(directory) == sorted(told)
    assert len(told) == 110


def test_a_fork_while_other_threads_record(run, directory):
    program = """
threads = [threading.Thread(target=record, args=(60,)) for _ in range(3)]
for thread in threads: thread.start()
for _ in range(5):
    if (pid := os.fork()) == 0:
        record(10)
        handler.close()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
for thread in threads: thread.join()
"""
    status, told = run(program)

    assert status == 0
    assert ids(directory) == sorted(told)
    assert len(told) == 230


def test_another_program_in_the_place_of_this_one(run, directory):
    """Nothing is called at the end of what it replaces: who queues has to flush."""
    program = """
record(20)
handler.flush()
os.execv(sys.executable, [sys.executable, "-c", "import os; print(sum('.jsonl' in os.readlink(f'/proc/self/fd/{fd}') "
         "for fd in os.listdir('/proc/self/fd') if os.path.lexists(f'/proc/self/fd/{fd}')))"])
"""
    status, told = run(program)

    assert status == 0
    assert told.pop() == "0"  # files of the journal that the other program inherits
    assert ids(directory) == sorted(told)


def test_a_signal_that_ends_the_process(run, directory):
    status, told = run("record(20)\nhandler.flush()\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(60)")

    assert status == -signal.SIGTERM
    assert ids(directory) == sorted(told)


def test_signal_handlers_that_record_in_the_middle_of_everything(run, directory):
    program = """
fired = []

def again(*_):
    record(1)
    fired.append(1)
    if len(fired) < 100:
        signal.setitimer(signal.ITIMER_REAL, 0.0005)

signal.signal(signal.SIGALRM, again)
signal.setitimer(signal.ITIMER_REAL, 0.0005)
while len(fired) < 100:
    record(1)
"""
    status, told = run(program)

    assert status == 0
    assert ids(directory) == sorted(told)
    assert len(set(told)) == len(told) > 100


def test_a_signal_handler_that_ends_the_program(run, directory):
    program = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
record(10**9)
"""
    status, told = run(program)

    assert status == 0
    # The line of the call that it interrupted may be in the journal, and was not told.
    assert set(told) <= set(ids(directory))
    assert len(ids(directory)) <= len(told) + 1


def test_what_returned_survives_kill_9_unless_it_was_queued(run, directory):
    status, told = run("record(30)\nos.kill(os.getpid(), signal.SIGKILL)")

    assert status == -signal.SIGKILL
    if run.level != "memory":
        assert ids(directory) == sorted(told)
    else:
        assert set(ids(directory)) <= set(told)
    assert os.path.isdir(directory) or run.level == "memory"
