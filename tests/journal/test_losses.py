from __future__ import annotations

import logging

from jupyter_telemetry.journal.losses import Losses


def test_the_first_loss_is_due_at_once_and_what_follows_after_a_minute(clock):
    losses = Losses("/journal", clock)

    losses.lose(2, "No space left on device")
    assert losses.due() == "2 events lost (No space left on device)"
    losses.lose(1, "No space left on device")
    losses.expire(7)
    losses.note("schemas not stored yet")
    clock.advance(59)
    assert losses.due() == ""
    clock.advance(1)
    assert losses.due() == (
        "1 events lost (No space left on device); "
        "7 events deleted, the oldest, because the journal passed its limit of bytes; "
        "1 schemas not stored yet"
    )
    assert (losses.lost, losses.expired) == (3, 7)


def test_nothing_is_due_when_nothing_was_lost(clock):
    assert Losses("/journal", clock).due(now=True) == ""


def test_what_is_due_within_the_minute_is_had_by_asking_for_it(clock):
    losses = Losses("/journal", clock)
    losses.lose(1, "a")
    losses.due()
    losses.lose(1, "b")

    assert losses.due(now=True) == "1 events lost (b)"


def test_a_handler_of_the_log_that_fails_is_not_the_callers_trouble(clock):
    class Failing(logging.Handler):
        def emit(self, record):
            seen.append(record.getMessage())
            raise RuntimeError

    seen: list[str] = []
    log = logging.getLogger("jupyter_telemetry.journal")
    failing = Failing()
    log.addHandler(failing)
    try:
        Losses("/journal", clock).say("1 events lost (x)")
    finally:
        log.removeHandler(failing)

    assert seen == ["journal /journal: 1 events lost (x)"]
