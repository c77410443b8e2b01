"""Count what a journal loses, and say it: at once, and then once a minute."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Losses"]

INTERVAL_S = 60.0

_log = logging.getLogger("jupyter_telemetry.journal")


class Losses:
    """What one writer lost. The writer calls it under its lock, except `say`."""

    def __init__(self, directory: str, clock: Callable[[], float]) -> None:
        self.lost = 0  # events that could not be written
        self.expired = 0  # events, of whatever writer, that this one deleted to keep the journal within its limit
        self.unsaid: Counter[str] = Counter()
        self._directory = directory
        self._clock = clock
        self._quiet_until = float("-inf")

    def lose(self, events: int, reason: str) -> None:
        """Count events as lost; the reason holds nothing of them."""
        self.lost += events
        self.unsaid[f"events lost ({reason})"] += events

    def expire(self, events: int) -> None:
        """Count events that were deleted because the journal passed its limit."""
        self.expired += events
        self.unsaid["events deleted, the oldest, because the journal passed its limit of bytes"] += events

    def note(self, what: str) -> None:
        """Remember to say something else that went wrong."""
        self.unsaid[what] += 1

    def due(self, *, now: bool = False) -> str:
        """Take what is to be said, unless something was said within the last minute; else return ""."""
        if not self.unsaid or (self._clock() < self._quiet_until and not now):
            return ""
        self._quiet_until = self._clock() + INTERVAL_S
        unsaid, self.unsaid = self.unsaid, Counter()
        return "; ".join(f"{count} {what}" for what, count in unsaid.items())

    def say(self, text: str) -> None:
        """Log it; never raises, and holds no lock of ours: the log's own handlers may be slow, or fail."""
        with contextlib.suppress(Exception):
            _log.warning("journal %s: %s", self._directory, text)
