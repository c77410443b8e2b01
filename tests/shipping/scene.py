"""What the tests of shipping play with: a destination in memory, sinks that fail as they are told, a journal."""

from __future__ import annotations

import os
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal import lines

from jupyter_telemetry.journal.accounts import account
from jupyter_telemetry.journal.cursors import Cursor
from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.journal.line import examine
from jupyter_telemetry.journal.segment import SEALED_SUFFIX, new_name, scan
from jupyter_telemetry.lease import Lease
from jupyter_telemetry.shipping import BatchLimits, CannotErase, Receipt, Refused, TooLarge, Unavailable
from jupyter_telemetry.shipping.backoff import Backoff
from jupyter_telemetry.shipping.carrier import Carrier, Stopped
from jupyter_telemetry.shipping.shipper import directory_name
from jupyter_telemetry.shipping.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jupyter_telemetry.shipping import Batch

POISON = b'"name":"poison"'
REFUSED = "the destination does not take this"


class Destination:
    """What is at rest, by id."""

    def __init__(self) -> None:
        self.lines: dict[str, bytes] = {}
        self.ever: set[str] = set()  # ids of what was taken, whether or not it was erased

    def take(self, batch: Batch) -> None:
        """Take all events of a batch; fail if one is there that was said not to be."""
        known = [event_id for event_id in batch.ids if event_id in self.lines]
        assert batch.sent_before or not known, "a batch was said not to have been sent before"
        for event_id, line in zip(batch.ids, batch.lines, strict=True):
            assert self.lines.setdefault(event_id, line) == line
        self.ever.update(batch.ids)
        self.latest = batch


class PlannedSink:
    """A sink that fails as planned, one fault for each call of `send`, and then no more.

    before, after: called in `send` before the events are taken, and after.
    """

    name = "planned:sink"
    erases = True

    def __init__(self, destination: Destination, faults: Iterable[str] = (), limits: BatchLimits | None = None) -> None:
        self.destination = destination
        self.faults = deque(faults)
        self.limits = limits or BatchLimits(5, 10_000, 0.0)
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None
        self.calls: list[str] = []
        self.sent: list[Batch] = []
        self.is_open = False
        self.is_mended = False  # it takes poison

    def open(self) -> None:
        self.calls.append("open")
        self.is_open = True

    def send(self, batch: Batch) -> Receipt:
        assert self.is_open
        self.calls.append(f"send {len(batch)}")
        self.sent.append(batch)
        fault = self.faults.popleft() if self.faults else ""
        self.before()
        if fault == "down":
            raise Unavailable("the destination is down")
        if fault == "odd":
            raise RuntimeError("with a value in it")
        if fault == "too large" and len(batch) > 1:
            raise TooLarge("the batch is too large")
        poison = [
            index
            for index, (line, event_id) in enumerate(zip(batch.lines, batch.ids, strict=True))
            if POISON in line and not self.is_mended and event_id not in self.destination.lines
        ]
        if poison and fault == "refuse":
            raise Refused(REFUSED)
        taken = [index for index in range(len(batch)) if index not in poison]
        if fault in ("part", "lost part"):
            taken = taken[: len(taken) // 2]
        batch.check()
        self.destination.take(batch.part(taken))
        self.after()
        if fault in ("lost", "lost part"):
            raise Unavailable("the connection was cut")
        if fault == "lost oddly":
            raise ConnectionResetError("with a value in it")
        deferred = [index for index in range(len(batch)) if index not in taken and index not in poison]
        return Receipt(dict.fromkeys(poison, REFUSED), deferred)

    def erase(self, ids: Sequence[str]) -> None:
        self.calls.append(f"erase {len(ids)}")
        if not self.erases:
            raise CannotErase("what is in it stays: ask its operator")
        for event_id in ids:
            self.destination.lines.pop(event_id, None)

    def close(self) -> None:
        self.calls.append("close")
        self.is_open = False


def make_carrier(
    journal: Path,
    sink: Any,
    *,
    limits: BatchLimits | None = None,
    lease: Lease | None = None,
    most_waits: int = 20,
    backoff: Backoff | None = None,
) -> Carrier:
    """Make what a Shipper has; it waits no time, and is asked to stop when it has waited so often."""
    place = journal / "shipping" / directory_name(sink.name)
    waits = []

    def wait(wait_s: float) -> None:
        waits.append(wait_s)
        if len([each for each in waits if each]) > most_waits:
            raise Stopped

    return Carrier(
        journal,
        place,
        sink,
        limits or sink.limits,
        lease or Lease(place / "lease"),
        backoff or Backoff(1e-9, 1e-9, lambda: 1.0),
        State(place),
        wait,
    )


def place_of(journal: Path, sink: Any = PlannedSink) -> Path:
    """Return the directory of a sink in a journal."""
    return journal / "shipping" / directory_name(sink.name)


def put(journal: Path, *lines: bytes, begun_at: float = 1_795_455_725.0, suffix: str = SEALED_SUFFIX) -> Path:
    """Put a segment into a journal."""
    journal.mkdir(exist_ok=True)
    path = journal / (new_name(begun_at) + suffix)
    path.write_bytes(b"".join(lines))
    return path


def expire_oldest(journal: Path, sealed_for_s: float = 0.0) -> list[str]:
    """Delete the oldest sealed segment as a limit does, which says so before; return the ids of its events.

    Raises OSError if there is no room to say so, and nothing is deleted then.

    sealed_for_s: a writer whose segment somebody else has sealed may write to it still, and counts that as lost.
    """
    for segment in scan(journal):
        if not segment.sealed or os.stat(segment.path).st_ctime > time.time() - sealed_for_s:
            continue
        if segment.is_a_writers:
            ids = [found for line in segment.path.read_bytes().splitlines() if (found := examine(line).event_id)]
            account(journal, "expired", len(ids), "limit", segment.name)
            os.unlink(segment.path)
            return [event_id.decode() for event_id in ids]
    return []


class Killed(BaseException):
    """As by a signal that nothing catches."""


def cursor_of(journal: Path) -> Cursor:
    """Read the cursor of the planned sink."""
    return Cursor.load(place_of(journal) / "cursor.json", "")


def at_rest(destination: Destination) -> list[str]:
    """List the ids of what is there."""
    return sorted(destination.lines)


def ids(*numbers: int) -> list[str]:
    """Return the ids of events."""
    return [lines.event_id(number) for number in numbers]


def raises(error: BaseException) -> Callable[[], None]:
    """Return what raises an error."""

    def fail() -> None:
        raise error

    return fail


def erase_b(journal: Path) -> object:
    """Erase the events of the schema "b"."""
    return erase(journal, erases=lambda schema: schema == "b", settle_s=0.0)


def bury(journal: Path, carrier: Carrier, count: int = 1) -> None:
    """Have a destination refuse the first events of a new segment."""
    put(journal, *(lines.line(n, name="poison" if n < count else "good", __schema__="b") for n in range(count + 2)))
    assert carrier.carry(until_empty=True)
