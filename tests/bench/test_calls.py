"""Single calls."""

from array import array

import pytest

from bench.calls import BURST, PERCENTILES, STATES, percentiles
from bench.contests import CONTESTS, LEVELS
from bench.interleave import interleave


@pytest.mark.parametrize("level", LEVELS)
def test_each_call_is_timed_and_writes_its_line_whatever_the_destination_does(level, tmp_path):
    makers = CONTESTS[f"calls, {level}"].makers()
    assert tuple(makers) == STATES
    found = interleave(makers, BURST // 4, number_of_slices=2, pace=(1, 1000), directory=tmp_path)
    for state in STATES:
        of_one = [found[f"{state}: {part}"] for part in PERCENTILES]
        assert of_one == sorted(of_one)


def test_a_percentile_is_what_so_many_calls_took_at_most():
    took = array("Q", range(1000, 0, -1))
    assert percentiles(took) == {"p50": 501e-9, "p99": 991e-9, "p99.9": 1000e-9}
