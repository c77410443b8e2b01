"""The two parts of a run, each with its contests, its promises, and its page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from . import memory, old_environment, page, query, reading, results, shipping_page, waiting
from .contests import OLD, RECORDING, SHIPPING
from .destinations import DESTINATIONS
from .plot import LABELS
from .promises import promises
from .rounds import Measured, figure, run_rounds, short
from .shipping_promises import shipping_promises
from .size import lake_size
from .terminal import Progress, show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ORDINARY", "QUICK", "RUNS", "Extent", "Wanted", "recording", "shipping"]

_LONG = 10_000_000


class Extent(NamedTuple):
    """How much is done."""

    rounds: int
    events: int  # to watch the memory for
    asked: int  # in the journal that is asked, and in the one that is read


ORDINARY = Extent(rounds=7, events=1_000_000, asked=1_000_000)
QUICK = Extent(rounds=1, events=200_000, asked=100_000)


class Wanted(NamedTuple):
    """What is asked for."""

    extent: Extent
    only: Sequence[str] = ()  # contests; all of them if there are none
    long: bool = False
    keep: bool = False  # write it down

    def of(self, contests: Sequence[str]) -> list[str]:
        """Choose."""
        return [name for name in contests if not self.only or name in self.only]


def recording(wanted: Wanted, directory: Path) -> dict[str, str]:
    """Measure what recording costs; return what could not be measured, and why."""
    extent, names = wanted.extent, wanted.of([*RECORDING])
    if not names:
        return {}
    progress = Progress(extent.rounds * len(names) + 4)
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
    measured = _rounds(names, wanted, directory, progress, {query.JOURNAL: str(journal)}, pythons)
    found = [] if wanted.only else [_growth(extent.events, directory, progress)]
    about = results.conditions()
    if wanted.long:
        found.append(_growth(_LONG, directory, progress))
        results.save_growth(found[-1], about)
    elif not wanted.only and (before := results.load_growth()):
        found.append(before)
    progress("what stays of an event that is not allowed")
    leftovers = None if wanted.only else memory.leftovers()
    progress.end()
    rows = promises(measured, leftovers=leftovers, growths=found, events_asked=extent.asked)
    show(rows, _floors(measured, LABELS))
    if wanted.keep:
        results.save(measured, rows, {**about, "rounds": extent.rounds})
        page.write(measured, rows, about, rounds=extent.rounds)
    return measured.failures


def shipping(wanted: Wanted, directory: Path) -> dict[str, str]:
    """Measure what shipping costs, and how much is shipped; return what could not be measured, and why."""
    extent, names = wanted.extent, wanted.of([*SHIPPING])
    if not names:
        return {}
    progress = Progress(extent.rounds * len(names) + len(DESTINATIONS) + 4)
    events = _LONG if wanted.long else extent.asked
    journals = directory / "journals"
    environment = {reading.JOURNALS: str(journals)}
    if "reading" in names:
        progress(f"a journal of {events:,} events")
        reading.build(journals, events)
    if "lake query" in names:
        progress("a lake to ask")
        query.build_lake(directory, extent.asked)
        environment[query.LAKE] = str(directory / "lake")
    measured = _rounds(names, wanted, directory, progress, environment)
    memories, sizes = [], []
    if not wanted.only:
        progress("how large a lake is")
        with TemporaryDirectory(dir=directory) as place:
            sizes.append(lake_size(Path(place), extent.asked))
        for name in DESTINATIONS:
            progress(f"memory of a shipper to {name}")
            memories.append(waiting.shipper_memory(name, journals / str(events), events))
    progress.end()
    rows = shipping_promises(measured, memories=memories, sizes=sizes, events_read=events, events_asked=extent.asked)
    show(rows, _floors(measured, {name: label for name, (label, _) in shipping_page.CALLS.items()}))
    if wanted.keep:
        about = results.conditions(results.LIBRARIES)
        results.save(measured, rows, {**about, "rounds": extent.rounds}, name="shipping")
        shipping_page.write_shipping(measured, rows, about, rounds=extent.rounds)
    return measured.failures


RUNS: dict[str, Callable[[Wanted, Path], dict[str, str]]] = {"recording": recording, "shipping": shipping}


def _rounds(
    names: list[str],
    wanted: Wanted,
    directory: Path,
    progress: Progress,
    environment: dict[str, str],
    pythons: dict[str, str | None] | None = None,
) -> Measured:
    return run_rounds(
        names,
        rounds=wanted.extent.rounds,
        pythons=pythons or {"own": sys.executable},
        directory=directory,
        environment=environment,
        progress=lambda number, name: progress(f"round {number + 1}: {name}"),
    )


def _growth(events: int, directory: Path, progress: Progress) -> memory.Growth:
    progress(f"memory during {events:,} events")
    return memory.growth(events, directory)


def _floors(measured: Measured, labels: dict[str, str]) -> list[tuple[str, str, str]]:
    names = [name for name in labels if name in measured.rounds]
    names.sort(key=lambda name: figure(measured.above_the_floor(name)).median)
    return [
        (
            labels[name],
            str(figure(measured.above_the_floor(name))),
            short(figure(measured.seconds(name, "subject")).median * 1e6),
        )
        for name in names
    ]
