"""Threads, processes, signals and event loops: nothing is lost, nothing is there twice, nothing hangs."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from jupyter_telemetry import ConfigurationError, EventLog, InvalidEvent, SchemaNotRegistered

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

ID = "https://example.org/save"
SCHEMA = {
    "$id": ID,
    "version": 1,
    "type": "object",
    "properties": {"thread": {"type": "integer"}, "number": {"type": "integer"}},
}
THREADS = 8


class Keeping(logging.Handler):
    """Keeps ids, as logging's handlers get them."""

    def __init__(self):
        super().__init__()
        self.ids = []

    def emit(self, record):
        self.ids.append(record.event["__id__"])


class LineKeeping(Keeping):
    """Keeps ids as the journal gets them, and which schemas came before."""

    def __init__(self):
        super().__init__()
        self.schemas = set()
        self.unexplained = []

    def write_event(self, line):
        event = json.loads(line)
        self.ids.append(event["__id__"])
        if (event["__schema__"], event["__schema_version__"]) not in self.schemas:
            self.unexplained.append(event)

    def write_schema(self, schema_id, version, schema):
        self.schemas.add((schema_id, version))


class Crowd:
    """Threads that call something again and again; what each call returned is kept."""

    def __init__(self, call, threads=THREADS):
        self.returned = [[] for _ in range(threads)]
        self.raised = []
        self._call, self._stop = call, threading.Event()
        self._threads = [threading.Thread(target=self._go, args=(number,)) for number in range(threads)]

    def _go(self, thread):
        number = 0
        try:
            while not self._stop.is_set():
                self.returned[thread].append(self._call(thread, number))
                number += 1
        except BaseException as error:
            self.raised.append(error)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads)
        assert self.raised == []

    def wait_for(self, more):
        """Wait until each thread has made so many more calls."""
        goals = [len(outcomes) + more for outcomes in self.returned]
        while not self.raised and any(
            len(outcomes) < goal for outcomes, goal in zip(self.returned, goals, strict=True)
        ):
            time.sleep(0.001)

    @property
    def outcomes(self):
        return [outcome for outcomes in self.returned for outcome in outcomes]


@pytest.fixture
def file_handler(tmp_path):
    handler = logging.FileHandler(tmp_path / "events.log")
    yield handler
    handler.close()


@pytest.fixture
def log(file_handler):
    with EventLog(handlers=[file_handler], allowed_schemas=[ID]) as log:
        log.register_schema(SCHEMA)
        yield log


@pytest.fixture
def written(tmp_path):
    """The ids in the file."""
    return lambda: [json.loads(line)["__id__"] for line in (tmp_path / "events.log").read_text().splitlines()]


def record(log, thread=0, number=0):
    return log.record_event(ID, 1, {"thread": thread, "number": number})


def assert_same(ids, others):
    """That two hold the same ids, and each once."""
    assert len(ids) == len(set(ids))
    assert sorted(ids) == sorted(others)


# Threads


def test_every_event_of_every_thread_is_written_once_in_its_thread_s_order(log, tmp_path, written):
    with Crowd(lambda thread, number: record(log, thread, number)) as crowd:
        crowd.wait_for(500)
    assert_same(written(), [capsule["__id__"] for capsule in crowd.outcomes])
    assert log.counts() == {
        "recorded": len(crowd.outcomes),
        "not_allowed": 0,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 0,
    }
    events = [json.loads(line) for line in (tmp_path / "events.log").read_text().splitlines()]
    for thread in range(THREADS):
        of_thread = [event for event in events if event["thread"] == thread]
        assert [event["number"] for event in of_thread] == list(range(len(of_thread)))
        assert [event["__id__"] for event in of_thread] == sorted(event["__id__"] for event in of_thread)


def test_counts_are_exact(log):
    class Failing(logging.Handler):
        def emit(self, record):
            if record.event["number"] % 3 == 0:
                raise OSError

    log.add_handler(Failing())
    log.register_schema({**SCHEMA, "$id": "https://example.org/denied"})
    calls = [
        (lambda number: record(log, 0, number), "recorded", None),
        (lambda number: log.record_event("https://example.org/denied", 1, {}), "not_allowed", None),
        (lambda number: log.record_event(ID, 1, {"number": "x"}), "invalid", InvalidEvent),
        (lambda number: log.record_event(ID, 2, {}), "invalid", SchemaNotRegistered),
    ]

    def call(thread, number):
        make, outcome, error = calls[(thread + number) % len(calls)]
        if error is None:
            make(number)
        else:
            with pytest.raises(error):
                make(number)
        return outcome, outcome == "recorded" and number % 3 == 0

    with Crowd(call) as crowd:
        crowd.wait_for(300)
    outcomes = Counter(outcome for outcome, _ in crowd.outcomes)
    failures = sum(fails for _, fails in crowd.outcomes)
    assert log.counts() == {**outcomes, "rate_limited": 0, "handler_failures": failures, "redaction_failures": 0}


def test_handlers_that_come_and_go_get_each_event_in_between_once(log, written):
    comers = [kind() for _ in range(30) for kind in (Keeping, LineKeeping)]
    before, between, after = [], [], []
    with Crowd(lambda thread, number: record(log, thread, number)["__id__"]) as crowd:
        for handler in comers:
            before.append(record(log)["__id__"])
            log.add_handler(handler)
            between.append([record(log)["__id__"] for _ in range(20)])
            log.remove_handler(handler)
            after.append(record(log)["__id__"])
    all_ids = [*crowd.outcomes, *before, *after, *(event_id for ids in between for event_id in ids)]
    assert_same(written(), all_ids)
    assert log.counts() == {
        "recorded": len(all_ids),
        "not_allowed": 0,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 0,
    }
    for index, handler in enumerate(comers):
        got = set(handler.ids)
        assert len(got) == len(handler.ids)
        assert got >= set(between[index])
        assert before[index] not in got
        assert after[index] not in got
        assert getattr(handler, "unexplained", []) == []
    assert sum(len(handler.ids) for handler in comers) > sum(map(len, between))  # of the other threads too


def test_handlers_that_are_added_by_many_threads_are_all_there(log):
    comers = [Keeping() for _ in range(THREADS)]

    def come_and_go(thread, number):
        log.add_handler(comers[thread])
        log.remove_handler(comers[thread])
        log.add_handler(comers[thread])

    with Crowd(come_and_go) as crowd:
        crowd.wait_for(5)
    capsule = record(log)
    assert set(log.handlers[1:]) == set(comers)
    assert all(handler.ids == [capsule["__id__"]] for handler in comers)


def test_schemas_that_are_registered_meanwhile_are_recorded_from_then_on(log, written):
    keeping = LineKeeping()
    log.add_handler(keeping)
    log.allowed_schemas = [ID, *(f"https://example.org/{number}" for number in range(50))]
    known = [0]

    def call(thread, number):
        schema = number % 50
        known_before = known[0]
        try:
            return log.record_event(f"https://example.org/{schema}", 1, {})["__id__"]
        except SchemaNotRegistered:
            assert schema >= known_before
            return None

    with Crowd(call) as crowd:
        for number in range(50):
            log.register_schema({"$id": f"https://example.org/{number}", "version": 1, "type": "object"})
            known[0] = number + 1
            record(log)
    ids = [event_id for event_id in crowd.outcomes if event_id]
    refused = len(crowd.outcomes) - len(ids)
    assert log.counts() == {
        "recorded": len(ids) + 50,
        "not_allowed": 0,
        "invalid": refused,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 0,
    }
    assert set(ids) < set(written())
    assert_same(written(), keeping.ids)
    assert keeping.unexplained == []


def test_one_schema_registered_by_many_threads_is_one_schema(log):
    schemas = [{"$id": f"https://example.org/{number}", "version": 1, "type": "object"} for number in range(2000)]
    with Crowd(lambda thread, number: log.register_schema(schemas[number % 2000])) as crowd:
        crowd.wait_for(50)
    assert len(log.registry) == min(2000, max(map(len, crowd.returned)) + 1)


def test_what_is_allowed_may_change_meanwhile_and_each_call_knows_what_became_of_its_event(log, written):
    with Crowd(lambda thread, number: record(log, thread, number)) as crowd:
        for _ in range(100):
            log.allowed_schemas = ["https://example.org/other"]
            assert record(log) is None  # with the next event
            log.allowed_schemas = [ID]
            assert record(log)["thread"] == 0
            log.max_event_bytes += 1
    ids = [capsule["__id__"] for capsule in crowd.outcomes if capsule]
    assert len(written()) == len(ids) + 100
    assert set(ids) < set(written())
    assert log.counts() == {
        "recorded": len(ids) + 100,
        "not_allowed": len(crowd.outcomes) - len(ids) + 100,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 0,
    }


PRIVATE = {
    "$id": "https://example.org/private",
    "version": 1,
    "type": "object",
    "properties": {name: {"type": "string", "categories": [name]} for name in ("first", "second", "third")},
}
NAMES = {"first": "abcdef", "second": "abcdef", "third": "abcdef"}
ALL_ALLOWED = {PRIVATE["$id"]: {"allowed_categories": list(NAMES)}}


def test_a_line_is_wholly_of_one_policy_while_policies_change(tmp_path):
    """And in the file of a handler with limits of its own, of the same."""
    whole, narrow = logging.FileHandler(tmp_path / "whole.log"), logging.FileHandler(tmp_path / "narrow.log")
    narrow.event_limits = {"redactions": {"third": "drop"}}
    forms = [{name: {"truncate": length} for name in NAMES} for length in (1, 2, 3)]
    with EventLog(handlers=[whole, narrow], allowed_schemas=ALL_ALLOWED, redactions=forms[0], consent="inform") as log:
        log.register_schema(PRIVATE)
        with Crowd(lambda *_: log.record_event(PRIVATE["$id"], 1, NAMES)) as crowd:
            for round_ in range(60):
                crowd.wait_for(3)
                log.redactions = forms[round_ % 3]
                if round_ % 7 == 0:  # one that is refused changes nothing
                    with pytest.raises(ConfigurationError):
                        log.redactions = {**forms[1], "first": "nothing"}
        counts = log.counts()
    for handler in (whole, narrow):
        handler.close()
    lines = {
        name: {event["__id__"]: event for event in map(json.loads, (tmp_path / f"{name}.log").read_text().splitlines())}
        for name in ("whole", "narrow")
    }
    recorded = {capsule["__id__"]: capsule for capsule in crowd.outcomes}
    assert lines["whole"] == recorded
    assert len(recorded) == len(crowd.outcomes) == counts["recorded"]
    assert lines["narrow"] == {
        event_id: {name: value for name, value in event.items() if name != "third"}
        for event_id, event in recorded.items()
    }
    lengths = [{len(event[name]) for name in NAMES} for event in recorded.values()]
    assert all(len(each) == 1 for each in lengths)
    assert set().union(*lengths) == {1, 2, 3}
    assert (counts["handler_failures"], counts["redaction_failures"]) == (0, 0)


def test_the_next_event_is_under_the_new_policy_whatever_other_threads_do(tmp_path):
    with EventLog(allowed_schemas=ALL_ALLOWED, consent="inform") as log:
        log.register_schema(PRIVATE)
        with Crowd(lambda *_: log.record_event(PRIVATE["$id"], 1, NAMES), threads=4) as crowd:
            for length in [*range(1, 6)] * 10:
                log.redactions = {name: {"truncate": length} for name in NAMES}
                assert len(log.record_event(PRIVATE["$id"], 1, NAMES)["first"]) == length
            crowd.wait_for(1)


def test_handlers_of_a_configuration_that_changes_meanwhile_lose_nothing(tmp_path):
    def handlers(name):
        return [{"class": "logging.FileHandler", "filename": str(tmp_path / name)}]

    with EventLog(handlers=handlers("0"), allowed_schemas=[ID]) as log:
        log.register_schema(SCHEMA)
        with Crowd(lambda thread, number: record(log, thread, number)["__id__"]) as crowd:
            for number in range(1, 50):
                log.handlers = handlers(str(number))
                record(log, number=number)
    lines = {path.name: path.read_text().splitlines() for path in tmp_path.iterdir()}
    assert len(lines) == 50
    ids = [json.loads(line)["__id__"] for each in lines.values() for line in each]
    assert len(ids) == len(set(ids)) == len(crowd.outcomes) + 49
    assert set(ids) > set(crowd.outcomes)


def test_a_log_may_be_closed_while_threads_record(log, file_handler, written):
    with Crowd(lambda thread, number: record(log, thread, number)["__id__"]) as crowd:
        crowd.wait_for(50)
        until = [ids[-1] for ids in crowd.returned]
        log.close()
        log.close()
        crowd.wait_for(1)  # what was under way
        written_then = written()
        crowd.wait_for(10)
    assert written() == written_then
    assert len(set(written_then)) == len(written_then)
    assert set(until) < set(written_then) < set(crowd.outcomes)


def test_an_event_that_is_recorded_while_an_event_is_handled_is_recorded(log, written):
    class Echo(logging.Handler):
        def emit(self, event):
            if event.event["number"] > 0:
                record(log, number=event.event["number"] - 1)

    log.add_handler(Echo())
    record(log, number=5)
    assert len(written()) == 6


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
