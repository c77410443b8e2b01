"""Measure, show, and write it down: `python -m bench`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .contests import CONTESTS
from .runs import ORDINARY, QUICK, RUNS, Wanted


def main() -> int:
    """Run the benchmarks; the exit status says whether all could be measured, not whether all is reached."""
    args = _arguments()
    extent = QUICK if args.quick else ORDINARY._replace(rounds=args.rounds)
    wanted = Wanted(extent, args.only or (), long=args.long, keep=not (args.quick or args.only))
    failures: dict[str, str] = {}
    for part in args.part:
        with TemporaryDirectory(dir=args.directory, prefix="bench-") as place:
            failures |= RUNS[part](wanted, Path(place))
    for name, why in failures.items():
        print(f"not measured: {name}: {why}", file=sys.stderr)
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_true", help="one round, in some minutes; writes nothing down")
    extent.add_argument(
        "--long", action="store_true", help="also with ten million events: their memory, and reading them"
    )
    parser.add_argument("--rounds", type=int, default=ORDINARY.rounds, help="how often each is measured: %(default)s")
    parser.add_argument("--part", nargs="+", choices=RUNS, default=[*RUNS], help="of what is measured; by default both")
    parser.add_argument("--only", nargs="+", choices=CONTESTS, metavar="CONTEST", help=f"of {', '.join(CONTESTS)}")
    parser.add_argument("--directory", type=Path, help="where to write meanwhile (2 GB; by default the system's)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
