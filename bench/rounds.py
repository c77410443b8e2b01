"""All contests, round after round: A B C … A B C …, so that what drifts meanwhile drifts for all of them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import pyperf  # type: ignore[import-untyped]  # it has no types

from .contests import CONTESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


__all__ = ["Figure", "Measured", "Round", "figure", "run_rounds"]

_ROOT = Path(__file__).resolve().parent.parent

Round = list[dict[str, float]]
"""What one worker process has measured: of each value, contender → seconds per call."""


class Figure(NamedTuple):
    """A figure, and between what it went from round to round."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        low, median, high = short(self.low), short(self.median), short(self.high)
        return f"{median} ({low} to {high})" if low != high else median


def short(number: float) -> str:
    """Write a number with three significant digits, and no exponent."""
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def figure(rounds: Sequence[float]) -> Figure:
    """Take the median of the rounds; half of them lie between low and high."""
    if len(rounds) < 2:
        return Figure(rounds[0], rounds[0], rounds[0])
    low, median, high = statistics.quantiles(rounds, n=4, method="inclusive")
    return Figure(median, low, high)


class Measured:
    """What the contests have shown."""

    def __init__(self) -> None:
        self.rounds: dict[str, list[Round]] = {}
        self.failures: dict[str, str] = {}
        """Contests that could not be measured, and why."""

    def was_asked_for(self, contest: str) -> bool:
        """Whether it was measured, or failed."""
        return contest in self.rounds or contest in self.failures

    def ratios(self, contest: str, of: str, to: str) -> list[float]:
        """Return, of each round, how many times as long `of` took as `to`: the median of the round's values."""
        return [statistics.median(value[of] / value[to] for value in one_round) for one_round in self.rounds[contest]]

    def above_the_floor(self, contest: str) -> list[float]:
        """Return, of each round, the cost of a subject in floors."""
        return self.ratios(contest, "subject", "floor")

    def compared(self, slower: str, faster: str) -> list[float]:
        """Return, of each round, how many times as many floors one subject costs as another."""
        pairs = zip(self.above_the_floor(slower), self.above_the_floor(faster), strict=False)
        return [one / other for one, other in pairs]

    def seconds(self, contest: str, of: str) -> list[float]:
        """Return, of each round, what one call took."""
        return [statistics.median(value[of] for value in one_round) for one_round in self.rounds[contest]]

    def suite(self) -> pyperf.BenchmarkSuite | None:
        """Return all values, for `python -m pyperf stats`; None if there are none."""
        benchmarks = []
        for contest, rounds in self.rounds.items():
            for contender in rounds[0][0]:
                runs = [
                    pyperf.Run(
                        [value[contender] for value in one_round],
                        metadata={"name": f"{contest}: {contender}", "unit": "second"},
                        collect_metadata=False,
                    )
                    for one_round in rounds
                ]
                benchmarks.append(pyperf.Benchmark(runs))
        return pyperf.BenchmarkSuite(benchmarks) if benchmarks else None


def run_rounds(
    names: Sequence[str],
    *,
    rounds: int,
    pythons: Mapping[str, str | None],
    directory: Path,
    environment: Mapping[str, str],
    progress: Callable[[int, str], None],
) -> Measured:
    """Measure contests `rounds` times in turn.

    Parameters
    ----------
    pythons: the interpreter of each environment; None where there is none.
    environment: variables for the workers.
    progress: told which round begins which contest.
    """
    measured = Measured()
    loops: dict[str, int] = {}
    for number in range(rounds):
        for name in names:
            contest = CONTESTS[name]
            python = pythons[contest.python]
            if python is None or name in measured.failures:
                measured.failures.setdefault(name, "its environment could not be made")
                continue
            progress(number, name)
            try:
                found, loops[name] = _run(name, python, loops.get(name, contest.loops), directory, environment)
            except subprocess.CalledProcessError as error:
                measured.failures[name] = _reason(error.stderr)
                continue
            measured.rounds.setdefault(name, []).append(found)
    for name in measured.failures:
        measured.rounds.pop(name, None)
    return measured


def _reason(text: str) -> str:
    """Find what went wrong in a worker, whose traceback stands before that of its manager."""
    said = [line for line in text.splitlines() if line[:1].strip() and not line.startswith("Traceback")]
    return said[0] if said else "no reason given"


def _run(name: str, python: str, loops: int, directory: Path, environment: Mapping[str, str]) -> tuple[Round, int]:
    """Measure one contest in a pyperf worker; return its values and the loops that it was calibrated to."""
    contest = CONTESTS[name]
    # Not started in the clone: the package there would hide 0.1.0 from its own environment.
    path = str(_ROOT) if contest.python == "own" else ""
    with TemporaryDirectory(dir=directory) as place:
        beside, output = Path(place, "beside.jsonl"), Path(place, "pyperf.json")
        command = [python, "-m", "bench.worker", name, f"--directory={place}", f"--beside={beside}", "--quiet"]
        command += [
            "--processes=1",
            f"--values={contest.values}",
            f"--warmups={contest.warmups}",
            f"--min-time={contest.min_time_s}",
        ]
        command += [f"--loops={loops}", f"--output={output}", "--copy-env"]
        whole = {**os.environ, **environment, "PYTHONPATH": path}
        subprocess.run(command, cwd=place, env=whole, check=True, capture_output=True, text=True)
        benchmark = pyperf.Benchmark.load(str(output))
        lines = beside.read_text().splitlines()[-contest.values :]
        return [json.loads(line) for line in lines], benchmark.get_total_loops()
