"""Contenders take turns."""

import pytest

from bench.interleave import interleave, slices
from bench.subjects import Subject, WrongLinesError


def test_slices_are_as_equal_as_can_be():
    assert slices(10, 4) == [3, 3, 2, 2]
    assert slices(2, 20) == [1, 1]


class _Clock:
    """A subject that says itself how long it took."""

    def __init__(self, seconds_per_call):
        self.seconds_per_call = seconds_per_call
        self.calls = []

    def __call__(self, directory):
        return self

    def __enter__(self):
        return Subject(self.run, lines_per_call=0)

    def __exit__(self, *error):
        self.closed = True

    def run(self, times):
        self.calls.append(times)
        return times * self.seconds_per_call


def test_contenders_take_turns_and_are_counted_alike(tmp_path):
    first, other = _Clock(2.0), _Clock(0.5)
    seconds = interleave({"first": first, "other": other}, 10, number_of_slices=2, pace=(8, 8), directory=tmp_path)
    assert first.calls == [1, 5, 5]  # the one that is not counted, and two slices
    assert other.calls == [1, 8, 8]
    assert seconds == {"first": 2.0, "other": 0.5}
    assert first.closed
    assert other.closed


def test_what_a_contender_has_found_besides_stands_under_its_name(tmp_path):
    class Finder(_Clock):
        def __enter__(self):
            return Subject(self.run, lines_per_call=0, also=lambda: {"p99": 7.0})

    seconds = interleave({"finder": Finder(1.0)}, 3, number_of_slices=1, pace=(1, 1), directory=tmp_path)
    assert seconds == {"finder": 1.0, "finder: p99": 7.0}


def test_a_subject_that_loses_lines_ends_the_measurement(tmp_path):
    class Loser(_Clock):
        def __enter__(self):
            return Subject(self.run, lines_per_call=1)

    with pytest.raises(WrongLinesError, match="0 lines, not 4"):
        interleave({"loser": Loser(1.0)}, 3, number_of_slices=1, pace=(1, 1), directory=tmp_path)
