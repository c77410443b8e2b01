"""What `ship` says on the standard error output while it waits: when something changes, and then ever more seldom."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ..printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..shipping import Shipper

__all__ = ["ANOTHER", "LOOK_INTERVAL_S", "Vigil"]

ANOTHER = "another shipper is at work"
LOOK_INTERVAL_S = 0.5
PATIENCE_S = 5.0  # after which a destination that does not answer is worth a word
LONGEST_INTERVAL_S = 600.0


class Vigil:
    """Watches shippers that all ship to one destination.

    Of the destination it speaks once for all journals, since it is the same; of each journal when something changes:
    another shipper is at work, the journal is not there, it cannot be read. Any thread may call it.

    Parameters
    ----------
    say: is given each line.
    """

    def __init__(self, say: Callable[[str], None] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say or _to_stderr
        self._clock = clock
        self._lock = threading.Lock()
        self._said: dict[str, str] = {}  # by journal, what was said of it last
        self._heard: dict[str, tuple[tuple[int | bool, ...], float]] = {}  # by journal, of the destination, and when
        self._waits = ""  # why it is said that the destination is waited for, if it is
        self._next_at = 0.0  # when that is said again
        self._interval_s = 0.0

    @contextmanager
    def over(self, directory: str, shipper: Shipper) -> Iterator[None]:
        """Look at a shipper again and again while the block runs, in which it has something to do."""
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(LOOK_INTERVAL_S):
                self.look(directory, shipper, is_busy=True)

        self._heard.pop(directory, None)  # what it did while nobody looked was long ago
        with self._lock:
            self._listen(directory, shipper, is_busy=True)
        thread = threading.Thread(target=watch, name="jupyter_telemetry: vigil", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()
            with self._lock:
                self._listen(directory, shipper, is_busy=True)

    def look(self, directory: str, shipper: Shipper, *, is_busy: bool = False) -> None:
        """Say what a shipper waits for, if that is new or was said long ago.

        is_busy: whether it certainly has something to do; else what waits in the journal tells.
        """
        with self._lock:
            is_awaited, silent_s = self._listen(directory, shipper, is_busy=is_busy)
            is_another = shipper.is_another_at_work
            self._tell(directory, ANOTHER if is_another else "")
            if is_another:
                return
            state, name = shipper.state, shipper.destination
            if state.failing_since:
                reason = state.reason.removeprefix(f"{name}: ")  # many begin with it
                self._wait("failing", f"{directory}: waits for {name}: {reason}")
            elif is_awaited and silent_s >= PATIENCE_S + shipper.batch_age_s:
                self._wait(
                    "silent", f"{directory}: waits for {name}, which has not answered for {silent_s:.0f} seconds"
                )

    def tell(self, directory: str, text: str) -> None:
        """Say something of a journal unless that was said last; "" takes it back."""
        with self._lock:
            self._tell(directory, text)

    def _listen(self, directory: str, shipper: Shipper, *, is_busy: bool) -> tuple[bool, float]:
        """Return whether an answer is waited for, and for how long."""
        now, state = self._clock(), shipper.state
        is_awaited = is_busy or bool(state.waiting_bytes)
        taken = state.delivered_events + state.refused_events
        heard = (taken, state.failures, is_awaited)
        before, since = self._heard.get(directory, (heard, now))
        if self._waits and before[0] < taken:
            self._waits = ""
            self._say(f"{printable(directory)}: {printable(shipper.destination)} answers again")
        self._heard[directory] = heard, since if before == heard else now
        return is_awaited, now - self._heard[directory][1]

    def _tell(self, directory: str, text: str) -> None:
        if text and text != self._said.get(directory):
            self._say(f"{printable(directory)}: {printable(text)}")
        self._said[directory] = text

    def _wait(self, why: str, text: str) -> None:
        now = self._clock()
        if why == self._waits and now < self._next_at:
            return
        self._interval_s = min(2 * self._interval_s, LONGEST_INTERVAL_S) if why == self._waits else PATIENCE_S
        self._waits, self._next_at = why, now + self._interval_s
        self._say(printable(text))


def _to_stderr(line: str) -> None:
    click.echo(line, err=True)
