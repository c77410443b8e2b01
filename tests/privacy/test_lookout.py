"""What the user has decided elsewhere is looked for in time, and a disk that hangs holds up nobody who records."""

from __future__ import annotations

import os
import threading
import time

import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.privacy import DecisionStore, Lookout

from .decided import decide

SCHEMA = {"$id": "a", "version": 1, "type": "object", "properties": {"name": {"type": "string"}}}


class HangingStore(DecisionStore):
    """Of a file on a disk that does not answer while `answers` is not set."""

    def __init__(self, file=None):
        super().__init__(file)
        self.answers = threading.Event()
        self.answers.set()
        self.looks = 0

    def changed(self):
        self.looks += 1
        self.answers.wait()
        return super().changed()


@pytest.fixture
def store(tmp_path):
    store = HangingStore(tmp_path / "consent.json")
    store.read()
    yield store
    store.answers.set()


@pytest.fixture
def lookout(store):
    return Lookout(store)


def until(found):
    while not (answer := found()):
        time.sleep(0.01)
    return answer


def test_what_was_decided_elsewhere_is_found_once(store, lookout):
    assert lookout.look() is None
    decide(DecisionStore(store.file), a=False)
    assert lookout.look().latest["a"].granted is False
    assert (lookout.look(), lookout.is_overdue) == (None, False)


def test_while_a_disk_hangs_nothing_is_known_and_it_is_asked_once(store, lookout):
    decide(DecisionStore(store.file), a=True)
    lookout.look()
    store.answers.clear()
    asked = store.looks
    unknown = lookout.look()
    assert dict(unknown.latest) == {}
    assert "its disk does not answer" in unknown.problem
    assert [lookout.look() for _ in range(100)] == [None] * 100
    assert (lookout.is_overdue, store.looks) == (True, asked + 1)
    store.answers.set()
    known = until(lookout.look)
    assert (known.latest["a"].granted, known.problem, lookout.is_overdue) == (True, "", False)


def test_what_was_decided_while_a_disk_hung_counts_afterwards(store, lookout):
    store.answers.clear()
    lookout.look()
    decide(DecisionStore(store.file), a=False)
    store.answers.set()
    assert until(lookout.look).latest["a"].granted is False


def test_two_threads_do_not_wait_for_each_other(store, lookout):
    store.answers.clear()
    found = []
    threads = [threading.Thread(target=lambda: found.append(lookout.look())) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(each is not None for each in found) == 1
    assert store.looks == 1


def test_the_child_of_a_fork_looks_for_itself(store, lookout):
    store.answers.clear()
    lookout.look()
    child = os.fork()
    if not child:
        store.answers = threading.Event()
        store.answers.set()
        os._exit(not (until(lookout.look).problem == "" and not lookout.is_overdue))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_event_log_records_nothing_that_may_have_been_refused_until_the_disk_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DO_NOT_TRACK", raising=False)
    with EventLog(allowed_schemas=["a"], consent="opt-in") as log:
        log.register_schema(SCHEMA)
        log.decide({"*": True}, shown="…", by="page")
        store = HangingStore(log._decisions.file)
        store.read()
        log._lookout = Lookout(store)

        def record():
            log._look_at = 0.0  # it is time to look again
            return log.record_event("a", 1, {"name": "x"})

        assert record() is not None
        store.answers.clear()
        assert (record(), record()) == (None, None)
        assert not log.governance.standing("a").on
        store.answers.set()
        assert until(record)["name"] == "x"
        DecisionStore(store.file).decide({"*": False}, statement=log.governance.statement, shown="…", by="command line")
        assert record() is None
