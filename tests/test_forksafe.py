"""A fork finds no lock locked, no line half written, and no id twice."""

from __future__ import annotations

import logging
import logging.handlers
import os
import queue
import signal
import threading
import time
import uuid
import weakref
from contextlib import contextmanager

import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.envelope import stamp
from jupyter_telemetry.forksafe import Lock, guard

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def in_child(call, seconds=30):
    """Call in the child of a fork; return the lines that it returned, or fail if it hangs."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(seconds)
        status = 1
        try:
            with os.fdopen(writing, "w") as pipe:
                pipe.writelines(f"{line}\n" for line in call() or ())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        lines = pipe.read().splitlines()
    assert os.waitpid(pid, 0)[1] == 0
    return lines


@contextmanager
def held(lock):
    """Have another thread hold a lock."""
    has_it, may_go = threading.Event(), threading.Event()

    def hold():
        with lock:
            has_it.set()
            may_go.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert has_it.wait(60)
    try:
        yield
    finally:
        may_go.set()
        thread.join()


def taken(lock):
    """Say whether this thread gets a lock at once."""
    return lock.acquire(blocking=False) and (lock.release() is None)


def test_a_lock_is_reentrant_and_keeps_other_threads_out():
    lock = Lock()
    with lock, lock:
        got = []
        thread = threading.Thread(target=lambda: got.append(taken(lock)))
        thread.start()
        thread.join()
    assert got == [False]
    assert taken(lock)


def test_a_child_gets_a_lock_that_another_thread_holds_and_the_parent_does_not():
    lock = Lock()
    with held(lock):
        assert in_child(lambda: [taken(lock)]) == ["True"]
        assert not taken(lock)
    assert taken(lock)


def test_a_fork_waits_until_a_lock_s_holder_is_done():
    lock, steps = Lock(), []

    def change():
        with lock:
            steps.append("begun")
            begun.set()
            time.sleep(0.05)
            steps.append("done")

    begun, thread = threading.Event(), threading.Thread(target=change)
    thread.start()
    begun.wait(60)
    assert in_child(lambda: steps) == ["begun", "done"]
    thread.join()


def test_a_fork_under_a_lock_leaves_it_with_who_holds_it_in_both():
    lock = Lock()

    def go_on():
        lock.release()
        return [taken(lock)]

    with lock:
        assert in_child(go_on) == ["True"]
    assert taken(lock)


def test_a_lock_that_is_gone_is_forgotten():
    lock = weakref.ref(Lock())
    assert lock() is None


def test_a_fork_waits_for_handlers_too_and_for_no_other_kind_of_lock():
    class Odd(logging.Handler):
        def createLock(self):
            self.lock = threading.Semaphore()

    handler = logging.Handler()
    told = []
    for each in (handler, odd := Odd(), none := logging.NullHandler()):
        guard(each, told.append)
    with held(handler.lock):
        assert in_child(lambda: [taken(handler.lock), sorted(type(each).__name__ for each in told)]) == [
            "True",
            "['Handler', 'NullHandler', 'Odd']",
        ]
    assert taken(odd.lock)
    assert none.lock is None
    assert told == []


SCHEMA = {
    "$id": "https://example.org/save",
    "version": 1,
    "type": "object",
    "properties": {"who": {"type": "string"}},
}


def test_children_of_a_process_whose_threads_record_write_whole_lines_and_do_not_hang(tmp_path):
    path = tmp_path / "events.log"
    handler = logging.FileHandler(path)
    log = EventLog(handlers=[handler], allowed_schemas=[SCHEMA["$id"]])
    log.register_schema(SCHEMA)
    stop = threading.Event()

    def record_on():
        while not stop.is_set():
            log.record_event(SCHEMA["$id"], 1, {"who": "parent" * 100})

    def record_some():
        return [log.record_event(SCHEMA["$id"], 1, {"who": "child"})["__id__"] for _ in range(50)]

    threads = [threading.Thread(target=record_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    children = [in_child(record_some) for _ in range(10)]
    stop.set()
    for thread in threads:
        thread.join()
    log.close()
    handler.close()
    lines = path.read_text().splitlines()
    assert len(lines) == log.counts()["recorded"] + 10 * 50
    assert all(line.startswith('{"__timestamp__":') and line.endswith('"}') for line in lines)
    written = [line.split('"__id__":"')[1][:36] for line in lines]
    assert len(set(written)) == len(written)
    assert {event_id for ids in children for event_id in ids} <= set(written)


def listened_to(path):
    """Make a QueueHandler and its listener, as a configuration's "()" may name it."""
    handler = logging.handlers.QueueHandler(queue.Queue())
    handler.listener = logging.handlers.QueueListener(handler.queue, logging.FileHandler(path))
    handler.listener.start()
    return handler


def test_what_a_handler_holds_back_is_written_by_the_process_that_recorded_it(tmp_path):
    files = {"class": "logging.FileHandler", "filename": str(tmp_path / "memory.log")}
    memory = {"class": "logging.handlers.MemoryHandler", "capacity": 10_000, "target": files}
    log = EventLog(
        handlers=[memory, {"()": listened_to, "path": str(tmp_path / "queue.log")}], allowed_schemas=[SCHEMA["$id"]]
    )
    log.register_schema(SCHEMA)

    def record_some():
        return [log.record_event(SCHEMA["$id"], 1, {"who": "x"})["__id__"] for _ in range(200)]

    def record_and_close():
        ids = record_some()
        log.close()
        return ids

    behind = log.handlers[1].listener.handlers[0]
    ids = [*record_some(), *in_child(record_and_close), *record_some()]
    log.close()
    behind.close()
    for name in ("memory.log", "queue.log"):
        written = [line.split('"__id__":"')[1][:36] for line in (tmp_path / name).read_text().splitlines()]
        assert sorted(written) == sorted(ids)


def test_no_id_is_given_twice_by_parent_children_and_grandchildren():
    def draw():
        return [stamp()[1] for _ in range(2000)]

    def draw_with_a_child():
        return [*draw(), *in_child(draw), *draw()]

    drawn = draw()
    for _ in range(4):
        drawn += in_child(draw_with_a_child)
        drawn += draw()
    assert len(drawn) == 2000 + 4 * 8000
    assert len(set(drawn)) == len(drawn)
    assert all(uuid.UUID(each).version == 7 for each in drawn[::100])


def test_settings_can_be_changed_in_a_child_of_a_process_that_was_changing_them(tmp_path):
    log = EventLog(allowed_schemas=["x"])
    log.register_schema(SCHEMA)
    stop = threading.Event()

    def change_on():
        while not stop.is_set():
            log.allowed_schemas = [SCHEMA["$id"]]
            log.add_handler(handler := logging.NullHandler())
            log.remove_handler(handler)
            log.allowed_schemas = ["x"]
            time.sleep(0.001)

    def change():
        log.allowed_schemas = [SCHEMA["$id"]]
        log.register_schema({**SCHEMA, "version": 2})
        log.handlers = [handler := logging.FileHandler(tmp_path / "child.log", mode="w")]
        for version in (1, 2):
            log.record_event(SCHEMA["$id"], version, {"who": "child"})
        handler.close()
        return (tmp_path / "child.log").read_text().splitlines()

    thread = threading.Thread(target=change_on)
    thread.start()
    for _ in range(8):
        assert len(in_child(change)) == 2
    stop.set()
    thread.join()
    log.close()
