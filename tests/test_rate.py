from __future__ import annotations

import pytest

from jupyter_telemetry import ConfigurationError, EventLog
from jupyter_telemetry.rate import TokenBucket, rate_of

SAVE = "https://example.org/editor/save"
OPEN = "https://example.org/editor/open"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def new_log(**settings) -> EventLog:
    log = EventLog(allowed_schemas=[SAVE, OPEN], **settings)
    for schema_id in (SAVE, OPEN):
        log.register_schema({"$id": schema_id, "version": 1})
    return log


def test_the_events_of_one_second_may_come_at_once_and_then_as_many_as_time_goes_by():
    clock = Clock()
    bucket = TokenBucket(3, clock)

    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.now += 0.7
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    clock.now += 3600
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_less_than_one_a_second_is_one_at_a_time():
    clock = Clock()
    bucket = TokenBucket(0.1, clock)

    assert [bucket.take() for _ in range(2)] == [True, False]
    clock.now += 9.9
    assert not bucket.take()
    clock.now += 0.2
    assert bucket.take()


def test_an_exact_id_counts_alone_and_of_globs_the_lowest():
    rates = {SAVE: 9.0, "https://example.org/*": 2.0, "https://*": 1.0}

    assert [rate_of(each, rates) for each in (SAVE, OPEN, "urn:a")] == [9.0, 1.0, None]


def test_what_comes_beyond_is_counted_and_said_once_a_minute(caplog):
    log = new_log(max_rates={SAVE: 2})

    recorded = [log.record_event(SAVE, 1, {"secret": "s3cr3t"}) is not None for _ in range(5)]
    log.record_event(OPEN, 1, {})

    assert recorded == [True, True, False, False, False]
    assert log.counts() == {
        "recorded": 3,
        "not_allowed": 0,
        "invalid": 0,
        "rate_limited": 3,
        "handler_failures": 0,
        "redaction_failures": 0,
    }
    assert caplog.messages[-1:] == [
        f"Events of {SAVE} were not recorded: there are more than the 2 a second that EventLog.max_rates allows."
    ]
    assert "s3cr3t" not in caplog.text


def test_one_number_is_meant_for_each_schema():
    log = new_log(max_rates=1)

    for schema_id in (SAVE, OPEN, SAVE, OPEN):
        log.record_event(schema_id, 1, {})

    assert {schema_id: each["recorded"] for schema_id, each in log.counts_by_schema().items()} == {OPEN: 1, SAVE: 1}


def test_what_was_recorded_counts_after_another_setting_has_changed():
    log = new_log(max_rates=1)
    log.record_event(SAVE, 1, {})
    log.max_event_bytes = 4096

    assert log.record_event(SAVE, 1, {}) is None


def test_a_limit_that_is_taken_away_is_gone_with_the_next_event():
    log = new_log(max_rates=1)
    log.record_event(SAVE, 1, {})
    log.max_rates = {}

    assert log.record_event(SAVE, 1, {}) is not None


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), "5", True, None])
def test_a_rate_that_cannot_be_meant_is_an_error(rate):
    with pytest.raises(ConfigurationError, match="write a number of events per second above 0 for"):
        new_log(max_rates={SAVE: rate})


def test_a_number_or_a_dict_may_stand_on_a_command_line():
    trait = EventLog.class_traits()["max_rates"]

    assert trait.from_string("2.5") == 2.5
    assert trait.from_string('{"a": 1}') == {"a": 1}
