"""Every promise has its row."""

from bench.contests import CONTESTS
from bench.memory import Growth, Leftovers
from bench.promises import promises
from bench.rounds import Measured


def _all_measured():
    measured = Measured()
    for name, contest in CONTESTS.items():
        costs = dict(zip(contest.contenders, (3.0, 1.5, 1.0), strict=False))
        measured.rounds[name] = [[costs], [costs]]
    return measured


def test_every_promise_has_its_row():
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
        ("≤ 1 × the time", True),
        ("≤ 0.3 µs", True),
        ("≤ 0.001", True),
        ("≤ 1.1 × the time", True),
        ("≤ 1.05 × the time", True),
        ("≤ 1 µs more", True),
        ("≤ 2 µs more", True),
        ("≤ 50 ms", True),
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
    assert by_target["≤ 1 µs more"].found.median == 1.5e6
    assert by_target["≤ 1 MiB"].found.median == 0.5


def test_what_could_not_be_measured_is_said():
    measured = Measured()
    measured.rounds["journal"] = [[{"subject": 8e-6, "floor": 2e-6}]]
    measured.failures["structlog"] = "ModuleNotFoundError: structlog"
    rows = promises(measured)
    assert [row.verdict for row in rows] == ["reached", "not measured", "not measured"]
    assert rows[2].beside == "structlog: ModuleNotFoundError: structlog"
