"""Waits grow, are spread, and end somewhere."""

from __future__ import annotations

from jupyter_telemetry.shipping.backoff import Backoff


def waits(backoff, count, asked_for_s=None):
    return [backoff.next_s(asked_for_s) for _ in range(count)]


def test_the_longest_wait_doubles_up_to_the_longest_of_all():
    assert waits(Backoff(1.0, 10.0, lambda: 1.0), 6) == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_wait_is_anything_from_nothing_to_the_longest():
    chances = iter([0.0, 0.5, 1.0])
    assert waits(Backoff(4.0, 100.0, lambda: next(chances)), 3) == [0.0, 4.0, 16.0]


def test_after_a_success_it_begins_anew():
    backoff = Backoff(1.0, 10.0, lambda: 1.0)
    waits(backoff, 3)
    backoff.succeeded()
    assert (backoff.failures, *waits(backoff, 2)) == (0, 1.0, 2.0)


def test_what_the_destination_asks_for_is_the_least_and_not_the_same_for_all():
    assert waits(Backoff(1.0, 300.0, lambda: 0.0), 2, 30.0) == [30.0, 30.0]
    assert waits(Backoff(100.0, 300.0, lambda: 0.5), 2, 30.0) == [45.0, 45.0]


def test_nobody_waits_longer_than_an_hour_because_a_destination_asks_for_it():
    assert waits(Backoff(1.0, 300.0, lambda: 0.0), 1, float("inf")) == [3600.0]


def test_asking_for_nothing_is_not_asking():
    assert waits(Backoff(1.0, 300.0, lambda: 1.0), 2, 0.0) == [1.0, 2.0]
    assert waits(Backoff(1.0, 300.0, lambda: 1.0), 2, -5.0) == [1.0, 2.0]


def test_any_number_of_failures_is_no_error():
    backoff = Backoff(1.0, 300.0, lambda: 1.0)
    assert waits(backoff, 2000)[-1] == 300.0
