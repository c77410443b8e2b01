"""Plays plans by hand, and prints what was done in each: `python -m tests.shipping.oracle 17 30-40 --times 3`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))


def main() -> int:
    """Play; return how many plans went wrong."""
    from shipping.oracle.destinations import DESTINATIONS
    from shipping.oracle.plan import run
    from shipping.oracle.seeds import seeds_in

    parser = argparse.ArgumentParser(prog="python -m tests.shipping.oracle", description=__doc__)
    parser.add_argument("seeds", nargs="+", help="seeds, such as 17, or 30-40")
    parser.add_argument("--kind", default="", choices=list(DESTINATIONS), help="another destination than the seed says")
    parser.add_argument("--times", type=int, default=1, help="how often each is played")
    parser.add_argument("--quiet", action="store_true", help="print what was done only if something is wrong")
    given = parser.parse_args()
    failed = 0
    for seed in [seed for text in given.seeds for seed in seeds_in(text)] * given.times:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as home:
            wrong, log = run(seed, Path(home), given.kind)
        failed += bool(wrong)
        print(f"{log[0]}: {'WRONG' if wrong else 'well'} ({time.monotonic() - began:.1f} s)", *wrong, sep="\n  ")
        print("".join(f"    {each}\n" for each in (log[1:] if wrong or not given.quiet else log[-1:])), flush=True)
    print(f"{failed} went wrong")
    return failed


if __name__ == "__main__":
    sys.exit(bool(main()))
