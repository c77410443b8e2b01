"""Threads and processes."""

import pytest

from bench.contests import CONTESTS
from bench.interleave import interleave


@pytest.mark.parametrize("contest", ["threads", "processes"])
def test_many_lose_no_line(contest, tmp_path):
    makers = CONTESTS[contest].makers()
    seconds = interleave(makers, 203, number_of_slices=3, pace=(1, 1000), directory=tmp_path)
    assert seconds.keys() == makers.keys()
