"""All that was promised of the speed, each set against what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .memory import FIRST
from .rounds import Figure, figure, short
from .rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .memory import Growth, Leftovers
    from .rounds import Measured

__all__ = ["promises"]

_MIB = 1024**2
_FLAT_MIB = 1.0
"""By how much the resident memory may grow and still count as flat: the allocator's own to and fro."""

_FLOORS, _FASTER, _TIMES, _MORE = " × the floor", " × faster", " × the time", " × as many events"

_RECORDING = (
    "A call is one each of validator, filter, envelope, orjson and write, and of the Python functions between them; to "
    "be much cheaper, filter and envelope would have to be compiled code."
)
_HANDLING = "Most of it is logging's own: the handler's lock, a formatter, a text stream that is flushed."
_MODELS = "pydantic makes the dict that is validated; a validator that takes the instance itself would save that."
_THREADS = (
    "Each write gives up the interpreter's lock, and to have it back takes longer than the event: four threads that "
    "record as fast as they can hinder each other, with a lock of their own or without. It would take writes that keep "
    "it, which was tried and gave two to three times as many events; but then a disk that stalls stops all threads of "
    "the process, and a network home that stalls is what nobody shall feel. Or an interpreter without that lock."
)
_PROCESSES = "What the processes share is the two processors, and the disk's cache; more of either."
_STARTING = "jsonschema-rs, traitlets and orjson are imported, and each schema is compiled."
_ASKING = "A line is parsed once to see whether it is whole and what it is, and again for its columns."


def promises(
    measured: Measured, *, leftovers: Leftovers | None = None, growths: Iterable[Growth] = (), events_asked: int = 0
) -> list[Row]:
    """Return the rows, in the order of the promises; those of contests that were not asked for are left out."""
    made = [*_recording(measured), *_not_allowed(measured, leftovers), *_schemas(measured), *_privacy(measured)]
    made += _many(measured)
    made += [_growth(each) for each in growths]
    return [*made, *_starting(measured), *_asking(measured, events_asked)]


def _recording(measured: Measured) -> Iterator[Row]:
    into = "`record_event` into the journal"
    for name, how in (("journal, filtered", "validated and filtered"), ("journal", "validated, kept whole")):
        if measured.was_asked_for(name):
            here = _here(measured, name)
            yield Row(f"{into}, {how}", _floors(measured, name), 4.5, _FLOORS, beside=here, needed=_RECORDING)
            yield _than(measured, "jupyter_events", name, "– than jupyter_events", 25, _RECORDING)
            yield _than(measured, "structlog", name, "– than structlog, which does not validate", 1, _RECORDING)
    to = "`record_event` to a `FileHandler`"
    for name, how in (("FileHandler, filtered", "validated and filtered"), ("FileHandler", "validated, kept whole")):
        if measured.was_asked_for(name):
            yield _than(measured, "jupyter_events", name, f"{to}, {how}, than jupyter_events", 12, _HANDLING)
    if measured.was_asked_for(name := "journal, model"):
        what, here = "`record_event_model` into the journal", _here(measured, name)
        yield Row(what, _floors(measured, name), 6, _FLOORS, beside=here, needed=_MODELS)
    if (name := "durability: memory") in measured.rounds:
        found = figure(measured.ratios(name, "memory", "process"))
        disk = ""
        if (other := "durability: disk") in measured.rounds:
            ratio = figure(measured.ratios(other, "disk", "process"))
            disk = f"at `disk`, where one thread waits for each sync: {ratio} ×"
        what = "– at the durability `memory`, beside `process`"
        yield Row(what, found, 1, _TIMES, beside=disk, needed="To find what the queue costs.")


def _floors(measured: Measured, name: str) -> Figure | None:
    return figure(measured.above_the_floor(name)) if name in measured.rounds else None


def _here(measured: Measured, name: str) -> str:
    """Say what it takes on this machine, or why it was not measured."""
    if name not in measured.rounds:
        return measured.failures[name]
    return f"{short(figure(measured.seconds(name, 'subject')).median * 1e6)} µs here"


def _than(measured: Measured, peer: str, name: str, what: str, limit: float, needed: str) -> Row:
    """Compare with a peer, by what both cost in floors."""
    missing = [each for each in (peer, name) if each not in measured.rounds]
    if missing:
        reason = measured.failures.get(missing[0], "not asked for")
        return Row(what, None, limit, _FASTER, at_most=False, beside=f"{missing[0]}: {reason}")
    found = figure(measured.compared(peer, name))
    return Row(what, found, limit, _FASTER, at_most=False, beside=_here(measured, name), needed=needed)


def _not_allowed(measured: Measured, leftovers: Leftovers | None) -> Iterator[Row]:
    if (name := "not allowed") in measured.rounds:
        found = figure([seconds * 1e6 for seconds in measured.seconds(name, "subject")])
        beside = f"{_floors(measured, name)} floors"
        yield Row("an event that is not allowed", found, 0.3, " µs", beside=beside, needed="A faster processor.")
    if leftovers:
        each = leftovers.blocks / leftovers.calls
        what = "– blocks of memory that stay, for each call"
        # The counter is an int, which is made anew: a block may come or go, however many calls there were.
        beside = f"blocks: {leftovers.blocks}, bytes: {leftovers.bytes}, after {leftovers.calls:,} calls"
        yield Row(what, Figure(each, each, each), 0.001, "", beside=beside, needed="To find what keeps them.")


def _schemas(measured: Measured) -> Iterator[Row]:
    if (name := "schemas") in measured.rounds:
        found = figure(measured.ratios(name, "1000", "1"))
        in_turn = ""
        if (other := "schemas in turn") in measured.rounds:
            ratio = figure(measured.ratios(other, "1000", "1"))
            in_turn = f"{ratio} × where events of all 1,000 come in turn, none with its validator in the CPU's cache"
        needed = "To find what grows with them."
        yield Row("with 1,000 schemas registered, than with 1", found, 1.1, _TIMES, beside=in_turn, needed=needed)


def _privacy(measured: Measured) -> Iterator[Row]:
    if (name := "asked") in measured.rounds:
        found = figure(measured.ratios(name, "asked", "not asked"))
        what = "an event of which nothing is classified, where the user has agreed and a policy speaks of other schemas"
        needed = "To look less often at what the user decides elsewhere."
        yield Row(f"{what}, than where neither is", found, 1.05, _TIMES, needed=needed)
    if (name := "filter") in measured.rounds:
        what = "an event of which each property is classified, than one of which none is"
        yield Row(what, _more(measured, name, "filtered", "whole"), 1, " µs more", needed=_RECORDING)
    if (name := "pseudonym") in measured.rounds:
        found = _more(measured, name, "pseudonym", "null")
        yield Row("a pseudonym instead of a null", found, 2, " µs more", needed="A faster SHA-256.")
    if (name := "policy") in measured.rounds:
        found = figure([seconds * 1e3 for seconds in measured.seconds(name, "policy")])
        what = "what becomes of 500 properties, compiled from schema and policy"
        yield Row(what, found, 50, " ms", needed="To compile what is looked at first.")


def _more(measured: Measured, name: str, of: str, than: str) -> Figure:
    """Say how many microseconds more one takes than another."""
    pairs = zip(measured.seconds(name, of), measured.seconds(name, than), strict=True)
    return figure([(one - other) * 1e6 for one, other in pairs])


def _many(measured: Measured) -> Iterator[Row]:
    if (name := "threads") in measured.rounds:
        found, single = (figure(measured.ratios(name, other, "4")) for other in ("4, locked", "1"))
        what = "4 threads, than 4 threads with a plain lock around the same path"
        beside = f"{single} × as many as one thread alone; no line lost or torn"
        yield Row(what, found, 1.2, _MORE, at_most=False, beside=beside, needed=_THREADS)
    if (name := "processes") in measured.rounds:
        found, what = figure(measured.ratios(name, "1", "4")), "4 processes into one directory, than one process"
        yield Row(what, found, 1.6, _MORE, at_most=False, beside="no line lost or torn", needed=_PROCESSES)


def _growth(growth: Growth) -> Row:
    grown = (growth.highest - growth.at_first) / _MIB
    what = f"{growth.events:,} events: growth of resident memory after the first {FIRST:,}"
    beside = (
        f"{growth.at_first / _MIB:.0f} MiB resident; {growth.written:,} events written, {growth.lost:,} lost, the "
        f"oldest {growth.expired:,} expired at the journal's limit of 1 GiB"
    )
    needed = "To find what keeps it."
    return Row(what, Figure(grown, grown, grown), _FLAT_MIB, " MiB", beside=beside, needed=needed)


def _starting(measured: Measured) -> Iterator[Row]:
    if (name := "startup") in measured.rounds:
        found, what = figure(measured.ratios(name, "ours", "jupyter_events")), "import, one EventLog and 10 schemas"
        ours, theirs = (short(figure(measured.seconds(name, who)).median) for who in ("ours", "jupyter_events"))
        beside = f"{ours} s here, jupyter_events {theirs} s"
        yield Row(f"{what}, than jupyter_events", found, 0.25, _TIMES, beside=beside, needed=_STARTING)


def _asking(measured: Measured, events: int) -> Iterator[Row]:
    if (name := "query") in measured.rounds:
        what = f"count by day and schema over {events:,} journaled events"
        yield Row(what, figure(measured.seconds(name, "ours")), 2, " s", needed=_ASKING)
        found = figure(measured.ratios(name, "ours", "duckdb"))
        yield Row("– than DuckDB's own `read_json` of the same columns", found, 1.5, _TIMES, needed=_ASKING)
