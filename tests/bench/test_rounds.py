"""Ratios and their spread, from pyperf's workers."""

import sys

import pytest

from bench.contests import CONTESTS
from bench.rounds import Figure, Measured, figure, run_rounds, short


def _measured(**rounds):
    measured = Measured()
    measured.rounds.update(rounds)
    return measured


def _above(*ratios, floor=2e-6):
    """Rounds of one value each."""
    return [[{"subject": ratio * floor, "floor": floor}] for ratio in ratios]


def test_a_ratio_is_the_median_of_the_values_of_each_round():
    rounds = [
        [{"subject": 6.0, "floor": 2.0}, {"subject": 9.0, "floor": 2.0}, {"subject": 4.0, "floor": 1.0}],
        [{"subject": 5.0, "floor": 1.0}],
    ]
    assert _measured(journal=rounds).above_the_floor("journal") == [4.0, 5.0]


def test_two_subjects_are_compared_by_their_floors_round_by_round():
    measured = _measured(slow=_above(100, 90, floor=1e-6), quick=_above(4, 3, floor=3e-6))
    assert measured.compared("slow", "quick") == [pytest.approx(25), pytest.approx(30)]


def test_half_of_the_rounds_lie_between_low_and_high():
    assert figure([5.0, 1.0, 2.0, 3.0, 4.0]) == Figure(3.0, 2.0, 4.0)
    assert figure([7.0]) == Figure(7.0, 7.0, 7.0)


@pytest.mark.parametrize(
    ("number", "text"), [(0.0712, "0.07"), (4.526, "4.53"), (26.44, "26.4"), (151.6, "152"), (1499.7, "1500")]
)
def test_figures_have_three_digits(number, text):
    assert short(number) == text


def _run(tmp_path, names, pythons):
    return run_rounds(
        names, rounds=1, pythons=pythons, directory=tmp_path, environment={}, progress=lambda number, name: None
    )


def test_pyperf_measures_a_contest_in_a_worker_process(tmp_path):
    measured = _run(tmp_path, ["journal"], {"own": sys.executable})
    (values,) = measured.rounds["journal"]
    assert len(values) == CONTESTS["journal"].values
    assert all(value.keys() == {"subject", "floor"} and min(value.values()) > 0 for value in values)
    assert not measured.failures
    suite = measured.suite().get_benchmark_names()
    assert suite == ["journal: subject", "journal: floor"]
    assert list(tmp_path.iterdir()) == []


def test_a_contest_that_fails_says_why_and_stops_no_other(tmp_path):
    names = ["0.1.0", "query", "not allowed"]
    measured = _run(tmp_path, names, {"own": sys.executable, "0.1.0": None})
    assert list(measured.rounds) == ["not allowed"]
    assert measured.failures == {"0.1.0": "its environment could not be made", "query": "KeyError: 'BENCH_JOURNAL'"}
