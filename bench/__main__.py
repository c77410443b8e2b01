"""Measure, show, and write it down: `python -m bench`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from . import memory, old_environment, page, query, results
from .contests import CONTESTS, OLD
from .plot import LABELS
from .promises import promises
from .rounds import Measured, figure, run_rounds, short
from .terminal import Progress, show

_LONG = 10_000_000


class _Extent(NamedTuple):
    """How much is done."""

    rounds: int
    events: int  # to watch the memory for
    asked: int  # in the journal that is asked


_ORDINARY = _Extent(rounds=7, events=1_000_000, asked=1_000_000)
_QUICK = _Extent(rounds=1, events=200_000, asked=100_000)


def main() -> int:
    """Run the benchmarks; the exit status says whether all could be measured, not whether all is reached."""
    args = _arguments()
    extent = _QUICK if args.quick else _ORDINARY._replace(rounds=args.rounds)
    names = args.only or list(CONTESTS)
    with TemporaryDirectory(dir=args.directory, prefix="bench-") as place:
        directory = Path(place)
        progress = Progress(extent.rounds * len(names) + 4)
        measured = _measure(names, extent, directory, progress)
        found = [] if args.only else [_growth(extent.events, directory, progress)]
        about = results.conditions()
        if args.long:
            found.append(_growth(_LONG, directory, progress))
            results.save_growth(found[-1], about)
        elif not args.only and (before := results.load_growth()):
            found.append(before)
        progress("what stays of an event that is not allowed")
        leftovers = None if args.only else memory.leftovers()
        progress.end()
    rows = promises(measured, leftovers=leftovers, growths=found, events_asked=extent.asked)
    show(rows, _floors(measured))
    if not (args.quick or args.only):
        results.save(measured, rows, {**about, "rounds": extent.rounds})
        page.write(measured, rows, about, rounds=extent.rounds)
    for name, why in measured.failures.items():
        print(f"not measured: {name}: {why}", file=sys.stderr)
    return 1 if measured.failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_true", help="one round, in a minute; writes nothing down")
    extent.add_argument("--long", action="store_true", help="also watch the memory for ten million events")
    parser.add_argument("--rounds", type=int, default=_ORDINARY.rounds, help="how often each is measured: %(default)s")
    parser.add_argument("--only", nargs="+", choices=CONTESTS, metavar="CONTEST", help=f"of {', '.join(CONTESTS)}")
    parser.add_argument("--directory", type=Path, help="where to write meanwhile (2 GB; by default the system's)")
    return parser.parse_args()


def _measure(names: list[str], extent: _Extent, directory: Path, progress: Progress) -> Measured:
    pythons: dict[str, str | None] = {"own": sys.executable, OLD: None}
    if OLD in names:
        progress(f"the environment of {OLD}")
        try:
            pythons[OLD] = old_environment.ensure()
        except subprocess.CalledProcessError as error:
            print(f"no environment for {OLD}: {error}", file=sys.stderr)
    journal = directory / "journal"
    if "query" in names:
        progress("a journal to ask")
        query.build(journal, extent.asked)
    return run_rounds(
        names,
        rounds=extent.rounds,
        pythons=pythons,
        directory=directory,
        environment={query.JOURNAL: str(journal)},
        progress=lambda number, name: progress(f"round {number + 1}: {name}"),
    )


def _growth(events: int, directory: Path, progress: Progress) -> memory.Growth:
    progress(f"memory during {events:,} events")
    return memory.growth(events, directory)


def _floors(measured: Measured) -> list[tuple[str, str, str]]:
    names = [name for name in LABELS if name in measured.rounds]
    names.sort(key=lambda name: figure(measured.above_the_floor(name)).median)
    return [
        (
            LABELS[name],
            str(figure(measured.above_the_floor(name))),
            short(figure(measured.seconds(name, "subject")).median * 1e6),
        )
        for name in names
    ]


if __name__ == "__main__":
    sys.exit(main())
