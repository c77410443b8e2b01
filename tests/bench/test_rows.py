"""A promise and its figure."""

import pytest

from bench.rounds import Figure
from bench.rows import Row


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
