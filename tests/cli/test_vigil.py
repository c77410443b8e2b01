"""What `ship` says while it waits: at once, then ever more seldom, and once of each change."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from jupyter_telemetry.cli.vigil import LONGEST_INTERVAL_S, Vigil


@pytest.fixture
def scene():
    """A vigil with a clock of its own, and a shipper that does what the test says."""
    state = SimpleNamespace(
        delivered_events=0, refused_events=0, failures=0, failing_since=None, reason="", waiting_bytes=0
    )
    shipper = SimpleNamespace(state=state, destination="db", is_another_at_work=False, batch_age_s=2.0)
    scene = SimpleNamespace(now=0.0, said=[], state=state, shipper=shipper)
    scene.vigil = Vigil(lambda line: scene.said.append((scene.now, line)), lambda: scene.now)

    def look(upto, *, is_busy=False):
        while scene.now <= upto:
            scene.vigil.look("j", shipper, is_busy=is_busy)
            scene.now += 0.5

    scene.look = look
    return scene


def test_a_destination_that_fails_is_said_at_once_and_then_ever_more_seldom(scene):
    scene.state.failing_since, scene.state.reason = "2026-11-25T12:00:00Z", "it is down"
    scene.look(5000.0)
    times = [at for at, _ in scene.said]
    assert times[:7] == [0.0, 5.0, 15.0, 35.0, 75.0, 155.0, 315.0]
    assert times[-1] - times[-2] == LONGEST_INTERVAL_S
    assert {line for _, line in scene.said} == {"j: waits for db: it is down"}


def test_one_that_does_not_answer_is_said_when_a_batch_could_be_full(scene):
    scene.look(20.0)
    assert scene.said == []  # there is nothing to send
    scene.state.waiting_bytes = 100
    scene.look(33.0)
    assert scene.said == [
        (27.5, "j: waits for db, which has not answered for 7 seconds"),
        (32.5, "j: waits for db, which has not answered for 12 seconds"),
    ]


def test_one_that_answers_is_not_waited_for(scene):
    for number in range(20):
        scene.state.delivered_events = number
        scene.look(scene.now + 4.0, is_busy=True)
    assert scene.said == []


def test_when_it_answers_again_that_is_said_and_the_next_failure_at_once(scene):
    scene.state.failing_since, scene.state.reason = "2026-11-25T12:00:00Z", "it is down"
    scene.look(1.0)
    scene.state.failing_since, scene.state.delivered_events = None, 7
    scene.look(2.0)
    scene.state.failing_since = "2026-11-25T12:01:00Z"
    scene.look(3.0)
    assert scene.said == [
        (0.0, "j: waits for db: it is down"),
        (1.5, "j: db answers again"),
        (2.5, "j: waits for db: it is down"),
    ]


def test_another_shipper_is_said_once_for_each_time_that_it_takes_over(scene):
    for at, scene.shipper.is_another_at_work in enumerate((True, True, False, True), 1):
        scene.look(60.0 * at)
    assert [line for _, line in scene.said] == ["j: another shipper is at work"] * 2


def test_what_is_told_of_a_journal_is_said_when_it_changes(scene):
    for text in ("it is not there", "it is not there", "", "it is not there", "it cannot be read"):
        scene.vigil.tell("j\x1b", text)
    assert [line for _, line in scene.said] == [
        "j\\x1b: it is not there",
        "j\\x1b: it is not there",
        "j\\x1b: it cannot be read",
    ]
