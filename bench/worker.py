"""One contest, measured by pyperf: `python -m bench.worker CONTEST --directory … --beside …`, and pyperf's options.

pyperf's own value is the first contender's time. What the others took for each value goes to the file `--beside`, a
line of JSON each, in pyperf's order.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyperf  # type: ignore[import-untyped]  # it has no types

from .contests import CONTESTS
from .interleave import interleave

if TYPE_CHECKING:
    import argparse


def main() -> None:
    """Run one contest."""
    runner = pyperf.Runner(program_args=("-m", "bench.worker"), add_cmdline_args=_pass_on)
    runner.argparser.add_argument("contest", choices=CONTESTS)
    runner.argparser.add_argument("--directory", type=Path, required=True)
    runner.argparser.add_argument("--beside", type=Path, required=True)
    args = runner.parse_args()
    contest = CONTESTS[args.contest]
    makers = contest.makers()

    def time_func(loops: int) -> float:
        seconds = interleave(
            makers, loops, number_of_slices=contest.slices, pace=contest.pace, directory=args.directory
        )
        with args.beside.open("a") as file:
            file.write(json.dumps(seconds) + "\n")
        return seconds[contest.first] * loops

    runner.bench_time_func(args.contest, time_func)


def _pass_on(command: list[str], args: argparse.Namespace) -> None:
    command += [args.contest, f"--directory={args.directory}", f"--beside={args.beside}"]


if __name__ == "__main__":
    main()
