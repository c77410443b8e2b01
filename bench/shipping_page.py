"""docs/explanation/speed-of-shipping.md: what a call costs while a shipper is at work, and how much it carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .calls import BURST, PAUSE_S, PERCENTILES, SLOW_S, STATES
from .carriage import CPU
from .contests import CALLERS, LEVELS, SHIPPING
from .destinations import DESTINATIONS
from .markdown import DOCS, conditions, missed, promised, summary, table
from .rounds import figure, short
from .shipping_promises import RATIO, per_second
from .waiting import WATCHED_S

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .rounds import Measured
    from .rows import Row

__all__ = ["CALLS", "write_shipping"]

_PAGE = DOCS / "explanation" / "speed-of-shipping.md"

CALLS = {
    "memory": ('`record_event` at `"memory"`', "validates; in a queue when the call returns"),
    "process": ('`record_event` at `"process"`', "validates; in the file when the call returns"),
    "disk": ('`record_event` at `"disk"`', "validates; on the disk when the call returns"),
    "QueueListener": (
        "`QueueHandler`, and a `QueueListener` with a `FileHandler`",
        "in a queue without bounds when the call returns; a thread formats and writes",
    ),
    "BatchLogRecordProcessor": (
        "OpenTelemetry SDK, `BatchLogRecordProcessor`, OTLP exporter",
        "in a queue of 2,048 when the call returns; a thread exports; what finds no room is dropped",
    ),
    "produce": (
        "confluent_kafka, `produce`",
        "encodes; in a queue of 100,000 when the call returns; a thread of its library sends",
    ),
    "INSERT": ("psycopg, `INSERT`", "encodes; in the table when the call returns"),
}
"""The contests of callers: how they are called, and what they do."""

_TEXT = """\
# How fast it ships

<!-- Written by `python -m bench` from what it measured; changes are made in bench/shipping_page.py. -->

What a caller waits for while a shipper carries its events to a destination, and how many events a shipper carries. The
destinations run on the same machine, in processes of their own, and are real as far as the table below says so. The
*floor* is that of {{doc}}`speed`: one `orjson.dumps` and one `os.write` of the same line.

## What was promised, and what is reached

{summary}

{promises}

A figure is the median of the rounds; half of the rounds lie in the range behind it. *Narrowly* means that the promise
itself lies in that range.

{missed}
## Which destination for me

{destinations}

A shipper is one process on this machine, whose processors and disk the destination shares. A cluster of several
machines takes more; one at the other end of a slow line takes less. What a destination keeps differs, and so does what
its acknowledgement is worth: {{doc}}`../how-to/choose-a-destination` says it.

{choice}

## What a call costs

{callers}

They take turns in one process with the floor. What a thread needs afterwards, to write or to send what was left to it,
does not count; by how much it slows the calls meanwhile does.
{lasting}

## Single calls

In µs, of one call: half of the calls take at most p50; of a hundred calls one takes longer than p99, of a thousand
calls one takes longer than p99.9.

{percentiles}

*Up* is a web server that takes everything at once, *slow* one that answers after {slow_ms:.0f} ms, *dead* a port on
which nobody listens. The shipper is a thread of the same process that waits for no batch to fill, so that it is at
work all the time. Calls come {burst} in a row, with {pause_ms:.0f} ms between two rows.

## How it is measured

- `make bench` runs it all and writes this page, as {{doc}}`speed` says in more detail: contenders take turns within a
  process, contests take turns in rounds, {rounds} rounds here, each in a new process.
- A shipper reads {carried:,} events from a journal, in two halves, sends them in batches as its sink likes them, and
  writes down how far the destination has them. The clock runs from the start of the shipper until all is acknowledged,
  opening and closing the connection included. The library's loop sends as many events, of the same bytes, that it has
  in memory already, in batches of the same size; nothing of it checks what is sent, or notes what was.
- Afterwards the events at rest are counted, where the destination tells. One too few, or too many, ends the run.
- CPU seconds are those of the process that ships, in all its threads.
- It is enough to reach either the events a second, or {ratio} of the library's loop: where a destination on the same
  machine does not take more, no shipper carries more to it.
- The memory is that of a process which ships for {watched:.0f} seconds out of a journal in which so many events wait,
  above what it has when its sink has sent a batch of a hundred events by itself.
- The size of a lake is that of its files as they were shipped, before anything is compacted: of events of 500 users in
  5,000 notebooks, over a week.
- A journal is read from its first event to its last, by `JournalReader.lines`.

This run: {conditions}.
"""


def write_shipping(
    measured: Measured, rows: Sequence[Row], about: dict[str, Any], *, rounds: int, page: Path = _PAGE
) -> None:
    """Write the page."""
    text = _TEXT.format(
        summary=summary(rows),
        promises=promised(rows),
        missed=missed(rows),
        destinations=_destinations(measured),
        choice="\n".join(f"- {about.label}: {about.choice}" for about in DESTINATIONS.values()),
        callers=_callers(measured),
        lasting=_lasting(measured),
        percentiles=_percentiles(measured),
        slow_ms=SLOW_S * 1000,
        burst=BURST,
        pause_ms=PAUSE_S * 1000,
        rounds=rounds,
        carried=SHIPPING[f"to {next(iter(DESTINATIONS))}"].loops,
        ratio=RATIO,
        watched=WATCHED_S,
        conditions=conditions(about),
    )
    page.write_text(text)


def _destinations(measured: Measured) -> str:
    body = []
    for name, about in DESTINATIONS.items():
        contest = f"to {name}"
        if contest in measured.rounds:
            figures = [
                f"{per_second(measured, name, 'shipper').median:,.0f}",
                str(figure(measured.ratios(contest, "loop", "shipper"))),
                f"{per_second(measured, name, f'shipper: {CPU}').median:,.0f}",
                f"{per_second(measured, name, f'loop: {CPU}').median:,.0f}",
            ]
        else:
            figures = ["not measured", "", "", measured.failures.get(contest, "")]
        body.append([about.label, *figures, about.keeps, about.loop])
    head = ["destination", "events/s", "of the library's loop", "events per CPU second", "that loop's"]
    return table([*head, "what ran here", "the library's loop"], body)


def _callers(measured: Measured) -> str:
    found = []
    for name, (label, does) in CALLS.items():
        if name in measured.rounds:
            floors = figure(measured.above_the_floor(name))
            took = short(figure(measured.seconds(name, "subject")).median * 1e6)
            found.append((floors.median, [label, str(floors), took, does]))
    body = [cells for _, cells in sorted(found)]
    body += [[CALLS[name][0], "not measured", "", why] for name, why in measured.failures.items() if name in CALLERS]
    return table(["caller", "floors", "µs in this run", "what it does"], body)


def _lasting(measured: Measured) -> str:
    if "disk" not in measured.rounds:
        return ""
    times = figure(measured.ratios("disk", "subject", "lasting"))
    return f'At `"disk"` it is {times} × what one `os.write` and one `os.fdatasync` take.'


def _percentiles(measured: Measured) -> str:
    body = []
    for level in LEVELS:
        if (contest := f"calls, {level}") in measured.rounds:
            for state in STATES:
                found = [figure(measured.seconds(contest, f"{state}: {part}")).median * 1e6 for part in PERCENTILES]
                body.append([f'`"{level}"`', "no shipper" if state == "none" else state, *map(short, found)])
    return table(["durability", "destination", *PERCENTILES], body)
