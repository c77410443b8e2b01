"""What is configured may change while threads record: each event is under one policy, the one in force."""

from __future__ import annotations

import json
import logging

import pytest

from jupyter_telemetry import ConfigurationError, EventLog

from .crowd import ID, SCHEMA, Crowd, record


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
