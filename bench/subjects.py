"""What a subject is: something that does its work n times, and whose lines can be read afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, TypeAlias

import orjson

__all__ = ["Maker", "Subject", "WrongLinesError", "check", "lines_below", "timed"]


class WrongLinesError(Exception):
    """A subject did not write what it was measured for."""


class Subject(NamedTuple):
    """Something to be measured."""

    run: Callable[[int], float | None]
    """Do the work so many times; return the seconds that count, if these are not all that it took."""
    lines_per_call: int | None = 1
    """How many lines a call writes into files below its directory; None if it writes elsewhere."""
    also: Callable[[], dict[str, float]] = dict
    """Return what else it has found while it ran, by name: seconds, each of one call."""


Maker: TypeAlias = Callable[[Path], AbstractContextManager[Subject]]
"""Makes a subject that writes into an empty directory, and closes it. None of that is timed."""


def timed(record: Callable[[int], object], settle: Callable[[], object]) -> Callable[[int], float]:
    """Time the calls alone, and let what they have left to another thread be done before the next has its turn."""

    def run(times: int) -> float:
        start = time.perf_counter()
        record(times)
        seconds = time.perf_counter() - start
        settle()
        return seconds

    return run


def lines_below(directory: Path) -> list[bytes]:
    """Read the lines of all files there; a journal keeps schemas in a directory, its name in a file without suffix."""
    files = sorted(path for path in directory.iterdir() if path.suffix and path.is_file())
    return [line for path in files for line in path.read_bytes().splitlines(keepends=True)]


def check(directory: Path, expected: int) -> None:
    """Read all lines below `directory` back.

    Raises WrongLinesError unless there are as many as expected, each of them whole and a JSON object.
    """
    lines = lines_below(directory)
    if len(lines) != expected:
        raise WrongLinesError(f"{directory.name}: {len(lines)} lines, not {expected}")
    for line in lines:
        if not line.endswith(b"\n") or not isinstance(orjson.loads(line), dict):
            raise WrongLinesError(f"{directory.name}: a line that is no JSON object, or torn")
