from __future__ import annotations

from datetime import timedelta

import pytest

from jupyter_telemetry.analysis.report.figures import KernelLife

from .conftest import figures_of
from .journals import MONDAY


def _at(minutes):
    return MONDAY + timedelta(minutes=minutes)


def _time(minutes):
    return _at(minutes).timestamp()


def test_a_kernel_lives_from_its_start_to_its_shutdown(recorder, journal):
    recorder.kernel(_at(0), "start")
    recorder.kernel(_at(1), "interrupt")
    recorder.kernel(_at(5), "shutdown")
    kernels = figures_of(journal).kernels
    assert kernels.latest == (KernelLife("k1", "python3", _time(0), _time(5), _time(5), 0, 1),)
    assert (kernels.events, kernels.seen, kernels.ended, kernels.unfinished) == (3, 1, 1, 0)
    assert (kernels.median_s, kernels.longest_s, kernels.interrupts) == (300, 300, 1)
    assert kernels.lifetimes == (("5 – 15 min", 1),)


@pytest.mark.parametrize("as_parts", [False, True])
def test_a_restart_does_not_end_a_life(recorder, journal, as_parts):
    recorder.kernel(_at(0), "start")
    if as_parts:  # as some versions of Jupyter Server emit it
        recorder.kernel(_at(2), "shutdown")
        recorder.kernel(_at(3), "start")
    recorder.kernel(_at(3), "restart")
    (life,) = figures_of(journal).kernels.latest
    assert (life.started, life.ended, life.restarts) == (_time(0), None, 1)
    recorder.kernel(_at(9), "shutdown")
    (life,) = figures_of(journal).kernels.latest
    assert life.lifetime_s == 540


def test_a_kernel_without_a_shutdown_has_no_lifetime(recorder, journal):
    recorder.kernel(_at(0), "start")
    recorder.kernel(_at(4), "interrupt")
    kernels = figures_of(journal).kernels
    assert kernels.latest == (KernelLife("k1", "python3", _time(0), None, _time(4), 0, 1),)
    assert kernels.latest[0].lifetime_s is None
    assert (kernels.unfinished, kernels.median_s, kernels.lifetimes) == (1, None, ())


def test_a_kernel_that_began_before_the_period_has_no_lifetime(recorder, journal):
    recorder.kernel(_at(4), "shutdown")
    kernels = figures_of(journal).kernels
    assert kernels.latest == (KernelLife("k1", "python3", None, _time(4), _time(4), 0, 0),)
    assert (kernels.latest[0].lifetime_s, kernels.ended, kernels.unfinished) == (None, 0, 0)


def test_an_action_that_failed_changes_nothing_and_is_counted(recorder, journal):
    recorder.kernel(_at(0), "start")
    recorder.kernel(_at(1), "shutdown", status="error")
    recorder.kernel(_at(2), "start", None, status="error")
    kernels = figures_of(journal).kernels
    assert (kernels.events, kernels.seen, kernels.failures, kernels.unfinished) == (3, 1, 2, 1)


def test_kernels_that_nobody_may_tell_apart_are_only_counted(recorder, journal):
    recorder.kernel(_at(0), "start", None, status="error")
    kernels = figures_of(journal).kernels
    assert (kernels.events, kernels.seen, kernels.latest, kernels.lifetimes) == (1, 0, (), ())


def test_without_kernel_events_there_are_no_kernels(recorder, journal):
    recorder.save(_at(0))
    assert figures_of(journal).kernels is None


def test_lifetimes_are_counted_by_length_from_the_shortest_to_the_longest(recorder, journal):
    for number, minutes in enumerate((0.1, 20, 30, 3000)):
        recorder.kernel(_at(0), "start", f"k{number}")
        recorder.kernel(_at(minutes), "shutdown", f"k{number}")
    assert figures_of(journal).kernels.lifetimes == (
        ("under 10 s", 1),
        ("10 s – 1 min", 0),
        ("1 – 5 min", 0),
        ("5 – 15 min", 0),
        ("15 min – 1 h", 2),
        ("1 – 4 h", 0),
        ("4 – 12 h", 0),
        ("12 – 24 h", 0),
        ("over a day", 1),
    )


def test_the_latest_kernels_are_listed_in_the_order_of_their_beginning(recorder, journal):
    for number in range(25):
        recorder.kernel(_at(number), "start", f"k{number}")
    recorder.kernel(_at(60), "interrupt", "k1")
    kernels = figures_of(journal).kernels
    assert [each.kernel_id for each in kernels.latest] == ["k1", *(f"k{number}" for number in range(6, 25))]
    assert kernels.seen == 25
