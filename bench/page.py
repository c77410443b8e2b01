"""docs/explanation/speed.md: the table, the plot, how it was measured, what is missed. All of it from one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .floor import LINE_BYTES
from .markdown import DOCS, conditions, missed, promised, summary, table
from .memory import FIRST
from .plot import LABELS, draw
from .rounds import figure, short

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .rounds import Measured
    from .rows import Row

__all__ = ["write"]

_PAGE = DOCS / "explanation" / "speed.md"
_PLOT = DOCS / "_static" / "speed.svg"

_DOES = {
    "not allowed": "counts it",
    "journal": "validates; in the file when the call returns",
    "journal, filtered": "validates, filters; in the file when the call returns",
    "journal, model": "validates; in the file when the call returns",
    "FileHandler": "validates; makes a logging record",
    "FileHandler, filtered": "validates, filters; makes a logging record",
    "structlog": "neither validates nor filters",
    "opentelemetry": "neither validates nor filters nor encodes nor writes: batches go to an exporter that drops them",
    "stdlib": "neither validates nor filters",
    "jupyter_events": "validates",
    "0.1.0": "validates, and checks the schema anew for each event",
}

_TEXT = """\
# How fast it is

<!-- Written by `python -m bench` from what it measured; changes are made in bench/page.py. -->

What is measured is what the caller waits for: from the call of `record_event` until it returns. The unit is the
*floor*: what one `orjson.dumps` of the same line and one `os.write` of it to an append-only file cost. Nobody who
encodes an event as JSON and hands it to the kernel pays less; and a ratio holds on other machines, where microseconds
do not.

## What was promised, and what is reached

{summary}

{promises}

A figure is the median of the rounds; half of the rounds lie in the range behind it. *Narrowly* means that the promise
itself lies in that range.

{missed}
## What an event costs, and others

```{{image}} ../_static/speed.svg
:alt: The cost of one event in floors, of each subject, on a logarithmic scale.
```

{subjects}

All of them record the same event, of {event_bytes} bytes as JSON ({line_bytes} with metadata, as jupyter_telemetry
writes it), with five properties, an object and an array among them. They are set up as their own documentation does it
where speed matters. What they do for their time differs, and the last column says it.

## How it is measured

- `make bench` runs it all and writes this page. [pyperf](https://pyperf.readthedocs.io) is the harness: it starts the
  worker processes, calibrates how often each runs, and throws the first values away.
- What is compared runs in one process, in turns of a few milliseconds: a slice of the subject, a slice of the floor,
  and the next time the other way round. So what slows the machine meanwhile slows both. A ratio between two subjects
  is that of their costs in floors.
- All contests run round after round, {rounds} rounds here; each round is a new process.
- Every value begins with empty files, of which none grows beyond some megabytes: a write to a growing file costs more
  and more.
- All lines that were written while it was measured are read back after each value. One that is missing, torn or no JSON
  object ends the run: so "no line lost or torn" is checked for threads and processes each time.
- jupyter_telemetry 0.1.0 shares this package's import name, and runs in an environment of its own.
- The filtered events are those of a schema that classifies its properties. Of the event, two values become null, one of
  them inside the object. In the others nothing is classified, and all is kept.
- The memory that stays is counted in blocks (`sys.getallocatedblocks`) and bytes (`tracemalloc`); resident memory is
  looked at every 50,000 events, from the first {first:,} on.
- Import times are those of fresh interpreters, with byte code on disk, from before the first import until the tenth
  schema is registered.
- The query opens the journal and takes all rows, as does DuckDB's own reader, which is given the files, and the names
  and types of the two columns that the question needs.

This run: {conditions}.
"""


def write(
    measured: Measured,
    rows: Sequence[Row],
    about: dict[str, Any],
    *,
    rounds: int,
    page: Path = _PAGE,
    plot: Path = _PLOT,
) -> None:
    """Write the page and its plot."""
    draw(measured, plot)
    text = _TEXT.format(
        summary=summary(rows),
        promises=promised(rows),
        missed=missed(rows),
        subjects=_subjects(measured),
        event_bytes=LINE_BYTES["event"],
        line_bytes=LINE_BYTES["line"],
        rounds=rounds,
        first=FIRST,
        conditions=conditions(about),
    )
    page.write_text(text)


def _subjects(measured: Measured) -> str:
    found = []
    for name, label in LABELS.items():
        if name in measured.rounds:
            floors = measured.above_the_floor(name)
            took = short(figure(measured.seconds(name, "subject")).median * 1e6)
            found.append((figure(floors).median, [label, str(figure(floors)), took, _DOES[name]]))
    body = [cells for _, cells in sorted(found)]
    body += [[LABELS[name], "not measured", "", why] for name, why in measured.failures.items() if name in LABELS]
    return table(["subject", "floors", "µs in this run", "what it does"], body)
