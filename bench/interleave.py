"""Run contenders in turn, slice by slice, so that they share the weather of the machine."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from .subjects import check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .subjects import Maker, Subject

__all__ = ["interleave", "slices"]


def slices(times: int, number: int) -> list[int]:
    """Cut `times` into at most `number` slices, as equal as can be."""
    number = min(number, times)
    return [times // number + (index < times % number) for index in range(number)]


def interleave(
    makers: Mapping[str, Maker], times: int, *, number_of_slices: int, pace: tuple[int, int], directory: Path
) -> dict[str, float]:
    """Let the first contender do its work `times` times; return the seconds that one call takes each contender.

    All begin with empty files. In each slice the others do as many calls as the first, but no fewer and no more than
    `pace` says: a few calls of something quick say little, and a million of something slow take too long. What they
    have written is read back: a line that is missing, torn or too many raises WrongLinesError. What a contender has
    found besides stands under its name and that of what it is: "contender: p99".
    """
    with ExitStack() as stack:
        base = Path(stack.enter_context(TemporaryDirectory(dir=directory)))
        subjects: dict[str, Subject] = {}
        with ExitStack() as at_work:
            for name, make in makers.items():
                (base / name).mkdir()
                subjects[name] = at_work.enter_context(make(base / name))
                subjects[name].run(1)  # the first call makes what the others find
            seconds, calls = _take_turns(subjects, slices(times, number_of_slices), pace)
            also = {name: subject.also() for name, subject in subjects.items()}
        for name, subject in subjects.items():
            if subject.lines_per_call is not None:
                check(base / name, subject.lines_per_call * (calls[name] + 1))
    found = {name: seconds[name] / calls[name] for name in subjects}
    return found | {f"{name}: {what}": each for name in subjects for what, each in also[name].items()}


def _take_turns(
    subjects: Mapping[str, Subject], counts: list[int], pace: tuple[int, int]
) -> tuple[dict[str, float], dict[str, int]]:
    seconds, calls = dict.fromkeys(subjects, 0.0), dict.fromkeys(subjects, 0)
    first, *others = subjects
    for index, count in enumerate(counts):
        order = [first, *others] if index % 2 == 0 else [*reversed(others), first]
        for name in order:
            times = count if name == first else min(max(count, pace[0]), pace[1])
            seconds[name] += _timed(subjects[name].run, times)
            calls[name] += times
    return seconds, calls


def _timed(run: Callable[[int], float | None], times: int) -> float:
    start = time.perf_counter()
    counted = run(times)
    return time.perf_counter() - start if counted is None else counted
