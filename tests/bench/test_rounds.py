"""Ratios, their spread, and what is said of them."""

import json
import sys

import pytest

from bench.contests import CONTESTS
from bench.memory import Growth, Leftovers
from bench.promises import promises
from bench.rounds import Figure, Measured, figure, run_rounds, short
from bench.rows import Row


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


@pytest.mark.parametrize(
    ("found", "at_most", "verdict", "by"),
    [
        (Figure(4.0, 3.9, 4.1), True, "reached", "11%"),
        (Figure(4.4, 4.2, 4.6), True, "reached, narrowly", "2%"),
        (Figure(5.4, 5.2, 5.6), True, "missed", "20%"),
        (Figure(4.6, 4.4, 4.8), True, "missed, narrowly", "2%"),
        (Figure(5.4, 5.2, 5.6), False, "reached", "20%"),
        (Figure(3.6, 3.5, 3.7), False, "missed", "20%"),
        (None, True, "not measured", ""),
    ],
)
def test_a_promise_is_reached_by_its_median(found, at_most, verdict, by):
    row = Row("a thing", found, 4.5, " floors", at_most=at_most)
    assert (row.verdict, row.by_how_much) == (verdict, by)
    assert row.target == ("≤ 4.5 floors" if at_most else "≥ 4.5 floors")


def test_a_row_shows_its_figure_with_unit_and_spread():
    assert Row("a thing", Figure(4.0, 3.9, 4.1), 4.5, " floors").measured == "4.00 floors (3.90 to 4.10)"
    assert Row("a thing", Figure(4.0, 4.0, 4.0), 4.5, " floors").measured == "4.00 floors"
    assert Row("a thing", None, 4.5, " floors").measured == "–"


def _all_measured():
    both = {"first": "one", "other": "two"}
    measured = Measured()
    for name, contest in CONTESTS.items():
        costs = dict(zip(contest.contenders, (3.0, 1.5, 1.0), strict=False))
        measured.rounds[name] = [[costs], [costs]]
    assert both
    return measured


def test_every_promise_of_the_issue_has_its_row():
    rows = promises(
        _all_measured(),
        leftovers=Leftovers(100_000, 1, 0),
        growths=[Growth(10_000_000, 2**25, 2**25 + 2**19, 60.0, 10_000_000, 0, 7)],
        events_asked=1_000_000,
    )
    assert [(row.target, row.at_most) for row in rows] == [
        ("≤ 4.5 × the floor", True),
        ("≥ 25 × faster", False),
        ("≥ 1 × faster", False),
        ("≤ 4.5 × the floor", True),
        ("≥ 25 × faster", False),
        ("≥ 1 × faster", False),
        ("≥ 12 × faster", False),
        ("≥ 12 × faster", False),
        ("≤ 6 × the floor", True),
        ("≤ 0.3 µs", True),
        ("≤ 0.001", True),
        ("≤ 1.1 × the time", True),
        ("≥ 1.2 × as many events", False),
        ("≥ 1.6 × as many events", False),
        ("≤ 1 MiB", True),
        ("≤ 0.25 × the time", True),
        ("≤ 2 s", True),
        ("≤ 1.5 × the time", True),
    ]
    assert all(row.found is not None for row in rows)
    by_target = {row.target: row for row in rows}
    assert by_target["≥ 1.6 × as many events"].found.median == 0.5  # four took twice as long as one
    assert by_target["≤ 1.1 × the time"].found.median == 0.5
    assert by_target["≤ 1 MiB"].found.median == 0.5


def test_what_could_not_be_measured_is_said():
    measured = _measured(journal=_above(4.0))
    measured.failures["structlog"] = "ModuleNotFoundError: structlog"
    rows = promises(measured)
    assert [row.verdict for row in rows] == ["reached", "not measured", "not measured"]
    assert rows[2].beside == "structlog: ModuleNotFoundError: structlog"


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
    suite = json.loads(json.dumps(measured.suite().get_benchmark_names()))
    assert suite == ["journal: subject", "journal: floor"]
    assert list(tmp_path.iterdir()) == []


def test_a_contest_that_fails_says_why_and_stops_no_other(tmp_path):
    names = ["0.1.0", "query", "not allowed"]
    measured = _run(tmp_path, names, {"own": sys.executable, "0.1.0": None})
    assert list(measured.rounds) == ["not allowed"]
    assert measured.failures == {"0.1.0": "its environment could not be made", "query": "KeyError: 'BENCH_JOURNAL'"}
