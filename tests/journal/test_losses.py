from __future__ import annotations

import logging
from collections import Counter

from jupyter_telemetry.journal.losses import Losses


def test_the_first_loss_is_said_at_once_and_what_follows_after_a_minute(clock, caplog):
    losses = Losses("/journal", clock)

    losses.lose(2, "No space left on device")
    losses.say()
    losses.lose(1, "No space left on device")
    losses.expire(7, "the journal passed its limit of bytes")
    losses.note("schemas not stored yet")
    clock.advance(59)
    losses.say()
    assert caplog.messages == ["journal /journal: 2 events lost (No space left on device)"]
    clock.advance(1)
    losses.say()
    assert caplog.messages[1:] == [
        "journal /journal: 1 events lost (No space left on device); "
        "7 events deleted, the oldest, because the journal passed its limit of bytes; "
        "1 schemas not stored yet"
    ]
    assert (losses.lost, losses.expired) == (3, 7)


def test_nothing_is_said_when_nothing_was_lost(clock, caplog):
    Losses("/journal", clock).say(now=True)

    assert caplog.messages == []


def test_what_happens_within_the_minute_is_said_by_asking_for_it(clock, caplog):
    losses = Losses("/journal", clock)
    losses.lose(1, "a")
    losses.say()
    losses.lose(1, "b")
    losses.say(now=True)

    assert caplog.messages[1:] == ["journal /journal: 1 events lost (b)"]


def test_what_was_lost_waits_to_be_accounted_for_until_that_is_done(clock):
    losses = Losses("/journal", clock)
    losses.lose(2, "a")
    losses.lose(3, "b")

    taken = losses.take_unaccounted()
    assert taken == Counter(a=2, b=3)
    losses.lose(1, "b")
    losses.give_back(Counter(b=3))
    assert losses.take_unaccounted() == Counter(b=4)
    assert losses.lost == 6


def test_what_is_found_again_was_not_lost(clock):
    losses = Losses("/journal", clock)
    losses.lose(5, "a")
    losses.find(2, "a")

    assert (losses.lost, losses.unaccounted) == (3, Counter(a=3))


def test_a_handler_of_the_log_that_fails_is_not_the_callers_trouble(clock):
    class Failing(logging.Handler):
        def emit(self, record):
            seen.append(record.getMessage())
            raise RuntimeError

    seen: list[str] = []
    log = logging.getLogger("jupyter_telemetry.journal")
    failing = Failing()
    log.addHandler(failing)
    losses = Losses("/journal", clock)
    losses.lose(1, "x")
    try:
        losses.say()
    finally:
        log.removeHandler(failing)

    assert seen == ["journal /journal: 1 events lost (x)"]
