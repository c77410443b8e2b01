"""What became of every event of a journal, by destination, for who asks often: reckoned up beside, now and then."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from ..journal.accounts import lost_events
from ..journal.segment import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ..shipping import Shipper

__all__ = ["OUTCOMES", "Standing", "Standings"]

LEAST_INTERVAL_S = 15.0  # between two reckonings
MOST_SHARE = 0.02  # of the time, that is spent on them
MOST_BYTES = 2 * 1024**3  # of a journal, twice of what it has by default: a reckoning may take a minute then
PAUSE_S = 0.001  # a reckoning works about as long, and then lets the server's own threads go on

_OUTCOMES = {
    "delivered": "delivered",
    "refused": "dead_letter",
    "expired": "expired",
    "erased": "erased",
    "waiting": "waiting",
}
OUTCOMES = (*_OUTCOMES.values(), "lost")
"""Each event of a journal is in one of these: their sum is what was recorded."""


class Standing(NamedTuple):
    """What was found for one destination."""

    events: dict[str, int]  # by outcome
    reckoned_at: float  # seconds since the epoch


class Standings:
    """Keeps what the last reckoning found, and has the next one done in a thread when somebody asks.

    A reckoning reads the whole journal, with many pauses. No more than MOST_SHARE of the time is spent on it, and a
    journal that is larger than MOST_BYTES is left to `jupyter telemetry status --sinks`: nothing is told of it.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._found: dict[Path, Standing] = {}  # by the destination's directory in the journal
        self._next_at = float("-inf")
        self._thread: threading.Thread | None = None

    def of(self, shippers: Iterable[Shipper]) -> dict[str, Standing]:
        """Return, by the name of the destination, what was found last; never waits. One thread at a time calls it."""
        places = {shipper.place: (shipper.directory, shipper.destination) for shipper in shippers}
        found = self._found
        is_at_work = self._thread is not None and self._thread.is_alive()
        if places and not is_at_work and self._clock() >= self._next_at:
            directories = {place: directory for place, (directory, _) in places.items()}
            self._thread = threading.Thread(
                target=self._reckon, args=(directories,), name="jupyter_telemetry: standings", daemon=True
            )
            with contextlib.suppress(RuntimeError):  # there are too many threads
                self._thread.start()
        by_name: dict[str, Standing] = {}
        for place, (_, name) in places.items():
            if place in found:
                by_name[name] = _added(found[place], by_name.get(name))
        return by_name

    def wait(self) -> None:
        """Return when the reckoning that goes on has ended."""
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join()

    def _reckon(self, directories: dict[Path, Path]) -> None:
        began = self._clock()
        found = {}
        for place, directory in directories.items():
            try:
                if sum(segment.size for segment in scan(directory)) <= MOST_BYTES:
                    found[place] = _standing(directory, place, lambda: self._sleep(PAUSE_S))
            except Exception:  # what was found before stands, and its time says that it is old
                if place in self._found:
                    found[place] = self._found[place]
        self._found = found
        now = self._clock()
        self._next_at = now + max(LEAST_INTERVAL_S, (now - began) / MOST_SHARE)


def _standing(directory: Path, place: Path, pause: Callable[[], None]) -> Standing:
    from ..shipping.reckoning import reckon  # when needed: where nothing is shipped, nothing of it is imported

    reckoned = reckon(directory, place, pause)._asdict()
    outcomes = {_OUTCOMES[name]: events for name, events in reckoned.items()}
    return Standing({**outcomes, "lost": lost_events(directory)}, time.time())


def _added(standing: Standing, other: Standing | None) -> Standing:
    """Add up what is known of one destination for two journals."""
    if other is None:
        return standing
    events = {outcome: standing.events[outcome] + other.events[outcome] for outcome in OUTCOMES}
    return Standing(events, min(standing.reckoned_at, other.reckoned_at))
