"""What was promised of shipping, each set against what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .calls import PERCENTILES
from .carriage import CPU
from .contests import LEVELS
from .destinations import DESTINATIONS
from .reading import TENTH
from .rounds import Figure, figure, short
from .rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .rounds import Measured
    from .size import Size
    from .waiting import Memory

__all__ = ["RATIO", "per_second", "shipping_promises"]

RATIO = 0.7
"""Of a library's own best loop: as much is enough where the destination itself does not take more."""

_MB = 10**6
_RECORDING = "As of `record_event` itself: see the page on speed."
_QUIET = "A quieter machine; else to find what a call waits for now and then."
_DEAD = "To find what a shipper that waits does meanwhile."
_CARRYING = (
    "Each line is read, looked at as a whole, written as the destination wants it, sent and waited for, one after the "
    "other; the library's loop has its events in memory, and sends and waits only. It would take less work for "
    "each line."
)
_ASKING = (
    "DuckDB reads the files of a lake through Python, some at each of the times that it looks at a view: were it given "
    "the directory itself, a question could write there. Fewer files."
)
_MEMORY = "Smaller batches."
_SIZE = "To encode its columns better."
_READING = "To find what grows with a journal."


def shipping_promises(
    measured: Measured,
    *,
    memories: Iterable[Memory] = (),
    sizes: Iterable[Size] = (),
    events_read: int = 0,
    events_asked: int = 0,
) -> list[Row]:
    """Return the rows; those of contests that were not asked for are left out."""
    made = [*_calling(measured), *_carrying(measured), *map(_memory, memories), *map(_size, sizes)]
    return [*made, *_reading(measured, events_read), *_asking(measured, events_asked)]


def _calling(measured: Measured) -> Iterator[Row]:
    if measured.was_asked_for(name := "process"):
        what = 'a call at `"process"`, which is the default'
        found = figure(measured.above_the_floor(name)) if name in measured.rounds else None
        yield Row(what, found, 4.5, " × the floor", beside=measured.failures.get(name, ""), needed=_RECORDING)
    if (name := "calls, process") in measured.rounds:
        found = figure([seconds * 1e6 for seconds in measured.seconds(name, "none: p99")])
        yield Row("– of a hundred such calls, the slowest but one (p99)", found, 10, " µs", needed=_QUIET)
    for level in LEVELS:
        if (name := f"calls, {level}") in measured.rounds:
            for part in PERCENTILES:
                what = f'a call at `"{level}"`, {part}, with a destination that is dead, than with one that is up'
                ratios = figure(measured.ratios(name, f"dead: {part}", f"up: {part}"))
                slow = figure(measured.ratios(name, f"slow: {part}", f"up: {part}"))
                alone = figure(measured.ratios(name, f"none: {part}", f"up: {part}"))
                beside = f"slow: {slow} ×; without a shipper: {alone} ×"
                yield Row(what, ratios, 1.1, " × the time", beside=beside, needed=_DEAD)


def per_second(measured: Measured, destination: str, contender: str) -> Figure:
    """Return how many events a second that is."""
    return figure([1 / seconds for seconds in measured.seconds(f"to {destination}", contender)])


def _carrying(measured: Measured) -> Iterator[Row]:
    """Either the number of events a second or the ratio is enough."""
    for name, about in DESTINATIONS.items():
        if not measured.was_asked_for(contest := f"to {name}"):
            continue
        what = f"events into {about.label} by a shipper"
        if contest not in measured.rounds:
            yield Row(what, None, RATIO, " of the loop", at_most=False, beside=measured.failures[contest])
            continue
        speed = per_second(measured, name, "shipper")
        ratio = figure(measured.ratios(contest, "loop", "shipper"))
        cpu = per_second(measured, name, f"shipper: {CPU}")
        if speed.median >= about.target:
            beside = f"{short(ratio.median)} of the library's own best loop; {cpu.median:,.0f} for each CPU second"
            yield Row(what, speed, about.target, "/s", at_most=False, beside=beside, needed=_CARRYING)
        else:
            beside = (
                f"{speed.median:,.0f}/s here, where ≥ {about.target:,}/s is enough as well; {cpu.median:,.0f} for each "
                "CPU second"
            )
            what += ", than by the library's own best loop"
            yield Row(what, ratio, RATIO, " × as many", at_most=False, beside=beside, needed=_CARRYING)


def _memory(memory: Memory) -> Row:
    more = (memory.highest - memory.alone) / _MB
    label = DESTINATIONS[memory.destination].label
    what = f"memory of a shipper to {label} while {memory.waiting:,} events wait, above its sink and library"
    beside = f"{memory.alone / _MB:.0f} MB without; {memory.shipped:,} events shipped meanwhile"
    return Row(what, Figure(more, more, more), 100, " MB", beside=beside, needed=_MEMORY)


def _size(size: Size) -> Row:
    each = size.lake / size.events
    beside = f"{size.journal / size.events:.0f} bytes in the journal"
    what = f"an event in a lake of {size.events:,}, of {size.lake / _MB:.0f} MB"
    return Row(what, Figure(each, each, each), 60, " bytes", beside=beside, needed=_SIZE)


def _reading(measured: Measured, events: int) -> Iterator[Row]:
    if (name := "reading") in measured.rounds:
        what = f"an event of {events:,} that are read, than one of {events // TENTH:,}"
        found = figure(measured.ratios(name, "many", "few"))
        beside = f"{short(figure(measured.seconds(name, 'many')).median * 1e6)} µs here"
        yield Row(what, found, 1.1, " × the time", beside=beside, needed=_READING)


def _asking(measured: Measured, events: int) -> Iterator[Row]:
    if (name := "lake query") in measured.rounds:
        what = f"count by day and schema over {events:,} events in a lake, than by DuckDB of the same files"
        found = figure(measured.ratios(name, "ours", "duckdb"))
        yield Row(what, found, 1.3, " × the time", needed=_ASKING)
