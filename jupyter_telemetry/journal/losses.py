"""Count what a journal loses, and say it: at once, and then once a minute; and what is to be accounted for."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Losses"]

INTERVAL_S = 60.0

_log = logging.getLogger("jupyter_telemetry.journal")


class Losses:
    """What one writer lost. Any thread may call it; none waits for the disk, or for the log's handlers, inside."""

    def __init__(self, directory: str, clock: Callable[[], float]) -> None:
        self.lost = 0  # events that could not be written
        self.expired = 0  # events, of whatever writer, that this one deleted to keep the journal within its limits
        self.unsaid: Counter[str] = Counter()
        self.unaccounted: Counter[str] = Counter()  # events lost, by reason, that no account has yet
        self._lock = threading.RLock()  # reentrant: a signal handler may record an event
        self._directory = directory
        self._clock = clock
        self._quiet_until = float("-inf")

    def lose(self, events: int, reason: str) -> None:
        """Count events as lost; the reason holds nothing of them."""
        with self._lock:
            self.lost += events
            self.unsaid[f"events lost ({reason})"] += events
            self.unaccounted[reason] += events

    def find(self, events: int, reason: str) -> None:
        """Count events as kept that were counted as lost, for that reason, a moment ago."""
        with self._lock:
            self.lost -= events
            self.unaccounted[reason] -= events

    def expire(self, events: int, reason: str) -> None:
        """Count events that were deleted because the journal passed a limit."""
        with self._lock:
            self.expired += events
            self.unsaid[f"events deleted, the oldest, because {reason}"] += events

    def note(self, what: str, times: int = 1) -> None:
        """Remember to say something else that went wrong, or has happened, so many times."""
        if not times:
            return
        with self._lock:
            self.unsaid[what] += times

    def take_unaccounted(self) -> Counter[str]:
        """Take what the accounts do not have yet; give back, by `give_back`, what they do not take."""
        with self._lock:
            taken, self.unaccounted = self.unaccounted, Counter()
        return taken

    def give_back(self, unaccounted: Counter[str]) -> None:
        """Keep what the accounts did not take."""
        with self._lock:
            self.unaccounted.update(unaccounted)

    def say(self, *, now: bool = False) -> None:
        """Log what is to be said, unless something was said within the last minute; never raises."""
        if not self.unsaid:
            return
        with self._lock:
            if not self.unsaid or (self._clock() < self._quiet_until and not now):
                return
            self._quiet_until = self._clock() + INTERVAL_S
            unsaid, self.unsaid = self.unsaid, Counter()
        text = "; ".join(f"{count} {what}" for what, count in unsaid.items())
        with contextlib.suppress(Exception):  # of the log's own handlers, which may also be slow
            _log.warning("journal %s: %s", self._directory, text)
