"""Fresh interpreters."""

from bench.contests import CONTESTS
from bench.interleave import interleave


def test_a_fresh_interpreter_says_how_long_it_took(tmp_path):
    seconds = interleave(CONTESTS["startup"].makers(), 1, number_of_slices=1, pace=(1, 1), directory=tmp_path)
    assert all(0 < each < 600 for each in seconds.values())
