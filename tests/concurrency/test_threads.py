"""Threads that record: nothing is lost, nothing is there twice, and all is counted."""

from __future__ import annotations

import json
import logging
from collections import Counter

import pytest

from jupyter_telemetry import InvalidEvent, SchemaNotRegistered

from .crowd import ID, SCHEMA, THREADS, Crowd, Keeping, LineKeeping, assert_same, record


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
