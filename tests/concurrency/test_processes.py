"""Signals, event loops, processes, and an interpreter that ends: nothing is lost or twice, nothing hangs."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import signal
import subprocess
import sys

import pytest

from jupyter_telemetry import EventLog

from .crowd import ID, SCHEMA, Keeping, LineKeeping, assert_same, record

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


# Signals


def test_a_signal_s_handler_may_record_in_the_middle_of_anything(log):
    keeping, lines = Keeping(), LineKeeping()
    log.handlers = [keeping, lines]
    ids, of_signals = [], []
    previous = signal.signal(signal.SIGALRM, lambda *_: of_signals.append(record(log)["__id__"]))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0005)
    try:
        while len(of_signals) < 200:
            log.max_event_bytes += 1  # so that locks are held and routes made
            ids.append(record(log)["__id__"])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert_same(keeping.ids, [*ids, *of_signals])
    assert_same(lines.ids, keeping.ids)
    assert log.counts()["recorded"] == len(ids) + len(of_signals)


# Event loops


def test_tasks_and_threads_of_an_event_loop_record(log, written):
    async def record_some(task):
        ids = []
        for number in range(20):
            ids.append(record(log, task, number)["__id__"])
            await asyncio.sleep(0)
            ids.append((await asyncio.to_thread(record, log, task, number))["__id__"])
        return ids

    async def main():
        return await asyncio.gather(*(record_some(task) for task in range(20)))

    ids = [event_id for ids in asyncio.run(main(), debug=True) for event_id in ids]
    assert_same(written(), ids)


# Processes


def record_in_child(path, number, ids):
    """Run in a process of multiprocessing, which need not know the parent's log."""
    handler = logging.FileHandler(path)
    with EventLog(handlers=[handler], allowed_schemas=[ID]) as log:
        log.register_schema(SCHEMA)
        ids.put([record(log, number, each)["__id__"] for each in range(200)])
    handler.close()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_multiprocessing_record(tmp_path, written, method):
    context = multiprocessing.get_context(method)
    ids = context.SimpleQueue()
    arguments = [(tmp_path / "events.log", number, ids) for number in range(3)]
    processes = [context.Process(target=record_in_child, args=each) for each in arguments]
    for process in processes:
        process.start()
    drawn = [event_id for _ in processes for event_id in ids.get()]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert_same(written(), drawn)


def record_with_the_parent_s(log, ids):
    ids.put([record(log, 1, each)["__id__"] for each in range(200)])


def test_a_forked_process_goes_on_with_its_parent_s_log(log, written):
    context = multiprocessing.get_context("fork")
    ids = context.SimpleQueue()
    mine = [record(log)["__id__"] for _ in range(50)]
    processes = [context.Process(target=record_with_the_parent_s, args=(log, ids)) for _ in range(3)]
    for process in processes:
        process.start()
    mine += [record(log)["__id__"] for _ in range(50)]
    drawn = [event_id for _ in processes for event_id in ids.get()]
    for process in processes:
        process.join(60)
    assert_same(written(), [*mine, *drawn])
    assert log.counts()["recorded"] == 100  # each process counts its own


def test_the_interpreter_may_end_while_daemon_threads_record(tmp_path):
    code = f"""
import threading
from jupyter_telemetry import EventLog

log = EventLog(
    handlers=[{{"class": "logging.FileHandler", "filename": {str(tmp_path / "events.log")!r}}}],
    allowed_schemas=[{ID!r}],
)
log.register_schema({SCHEMA!r})
begun = threading.Event()

def record():
    while True:
        log.record_event({ID!r}, 1, {{"number": 1}})
        begun.set()

for _ in range(4):
    threading.Thread(target=record, daemon=True).start()
begun.wait()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    lines = (tmp_path / "events.log").read_text().splitlines()
    assert len(lines) > 0
    assert all(json.loads(line)["number"] == 1 for line in lines)
