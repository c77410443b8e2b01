"""All that is waited for at an end has the time that is left of it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time

from jupyter_telemetry import EventLog
from jupyter_telemetry.farewell import farewell, left_s


def test_where_nothing_ends_there_is_all_the_time(tmp_path):
    assert (left_s(0.7), left_s(0.0)) == (0.7, 0.0)


def test_who_is_waited_for_later_has_what_is_left():
    with farewell():
        first = left_s(100.0)
        time.sleep(0.01)
        with farewell():  # as of a handler that is closed in the course of it
            assert left_s(100.0) < first <= 100.0
        assert left_s(100.0) < first
        assert left_s(0.005) > 0.005  # enough for what does not hang
        assert left_s(0.0) == 0.0
    assert left_s(100.0) == 100.0


def test_another_thread_has_its_own():
    found = []
    with farewell():
        time.sleep(0.01)
        thread = threading.Thread(target=lambda: found.append(left_s(100.0)))
        thread.start()
        thread.join()
    assert found == [100.0]


def test_at_the_end_of_the_interpreter_it_is_counted_for_all():
    program = """
import threading, time
from jupyter_telemetry import EventLog
from jupyter_telemetry.farewell import interpreter_ends, left_s
interpreter_ends()
time.sleep(0.01)
first = left_s(100.0)
time.sleep(0.01)
interpreter_ends()
found = []
thread = threading.Thread(target=lambda: found.append(left_s(100.0)))
thread.start()
thread.join()
assert found[0] < first < 100.0
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_who_closes_last_of_all_and_ends_has_one_time_for_both():
    program = """
import time
from jupyter_telemetry import EventLog
from jupyter_telemetry.farewell import farewell, interpreter_ends, left_s
with farewell():
    time.sleep(0.01)
    first = left_s(100.0)
interpreter_ends()
assert left_s(100.0) <= first < 100.0
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_all_that_a_log_waits_for_when_it_is_closed_is_counted_together():
    class Slow(logging.Handler):
        left = 0.0

        def flush(self):
            self.left = left_s(100.0)
            time.sleep(0.01)

    one, other = Slow(), Slow()
    log = EventLog(handlers=[one, other])
    log.close()
    assert 100.0 >= one.left > other.left > 0
