"""How a shipper fares is counted, said now and then, and written for others to read."""

from __future__ import annotations

import re

import pytest

from jupyter_telemetry.shipping.state import State, read_state


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def state(tmp_path, clock):
    return State(tmp_path, clock)


def written(place):
    """Return what is written, with times as True."""
    time = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    return {
        name: True if isinstance(value, str) and time.fullmatch(value) else value
        for name, value in read_state(place).items()
    }


def test_what_nobody_wrote_is_nothing(tmp_path):
    assert read_state(tmp_path) == {}
    (tmp_path / "state.json").write_text("[]")
    assert read_state(tmp_path) == {}
    (tmp_path / "state.json").write_text("{")
    assert read_state(tmp_path) == {}


@pytest.mark.parametrize("content", ['{"unerased":"x"}', '{"unerased":[1]}', '{"reason":[1]}', '{"failing_since":7}'])
def test_what_no_shipper_wrote_is_nothing(tmp_path, content):
    (tmp_path / "state.json").write_text(content)
    assert read_state(tmp_path) == {}


def test_what_happens_is_written_at_once_and_then_every_few_seconds(state, tmp_path, clock):
    state.delivered(10)
    expected = {
        "at": True,
        "delivered": 10,
        "refused": 0,
        "unerased": 0,
        "erases": False,
        "failures": 0,
        "failing_since": None,
        "reason": "",
        "last_delivered_at": True,
    }
    assert written(tmp_path) == expected
    state.delivered(5)
    assert written(tmp_path) == expected
    clock.now += 5.0
    state.refused(2, "not these")
    assert written(tmp_path) == expected | {"delivered": 15, "refused": 2}


def test_what_is_not_written_yet_is_when_it_is_flushed(state, tmp_path):
    state.flush()
    assert read_state(tmp_path) == {}
    state.delivered(1)
    state.delivered(2)
    state.flush()
    assert read_state(tmp_path)["delivered"] == 3


def test_a_failure_and_its_end_are_written_at_once(state, tmp_path):
    state.delivered(1)
    state.failed("down")
    assert written(tmp_path)["failing_since"] is True
    state.failed("still down")
    state.delivered(1)
    found = written(tmp_path)
    assert (found["failing_since"], found["reason"], found["failures"], found["delivered"]) == (None, "", 2, 2)


def test_that_nothing_is_amiss_ends_a_failure_too(state):
    assert not state.well()
    state.failed("the disk is full")
    assert state.well()
    assert (state.failing_since, state.reason) == (None, "")


def test_an_empty_batch_is_no_delivery(state):
    state.delivered(0)
    assert state.last_delivered_at is None


def test_what_is_said_is_said_once_a_minute(state, clock, caplog):
    for _ in range(3):
        state.failed("down")
    state.failed("busy")
    clock.now += 60.0
    state.failed("down")
    name = state._place.name
    assert [each.getMessage() for each in caplog.records] == [
        f"shipping to {name} waits: down",
        f"shipping to {name} waits: busy",
        f"shipping to {name} waits: down",
    ]


def test_of_many_reasons_ten_are_said(state, caplog):
    for number in range(50):
        state.failed(f"reason {number}")
    assert len(caplog.records) == 10
    assert state.failures == 50


def test_its_end_is_said_and_a_new_failure_too(state, caplog):
    caplog.set_level("INFO")
    name = state._place.name
    state.failed("down")
    state.delivered(1)
    state.failed("down")
    assert [each.getMessage() for each in caplog.records] == [
        f"shipping to {name} waits: down",
        f"shipping to {name} goes on",
        f"shipping to {name} waits: down",
    ]


def test_what_a_destination_keeps_although_it_was_erased_is_said(state, caplog, tmp_path):
    state.unerased(3, "ask its operator")
    assert [each.getMessage() for each in caplog.records] == [
        f"shipping to {tmp_path.name}: it keeps events that were erased here: ask its operator"
    ]
    assert read_state(tmp_path)["unerased"] == 3


def test_a_place_that_cannot_be_written_is_nothing(tmp_path, clock):
    state = State(tmp_path / "absent", clock)
    state.delivered(1)
    state.failed("down")
    assert state.delivered_events == 1


def test_a_reason_that_is_no_utf8_can_be_written_and_said(state, tmp_path, caplog):
    state.failed("/j\udcff: no cursor")
    assert read_state(tmp_path)["reason"] == state.reason == "/j\\udcff: no cursor"
    assert caplog.messages[0].endswith("waits: /j\\udcff: no cursor")
