"""A count that many threads advance without a lock."""

from __future__ import annotations

import itertools
import threading

__all__ = ["Tally"]


class Tally:
    """Call `add` for each line; `read` says how often that was done."""

    def __init__(self) -> None:
        self.add = itertools.count().__next__  # calling it is atomic, += is not
        self._lock = threading.RLock()
        self._reads = 0  # each reading advances the count
        self._more = 0

    def add_many(self, count: int) -> None:
        """Count that many at once."""
        with self._lock:
            self._more += count

    def read(self) -> int:
        """Return the count."""
        with self._lock:
            self._reads += 1
            return self.add() - self._reads + 1 + self._more
