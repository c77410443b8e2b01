"""How many events of a schema are recorded in a second, where somebody sets a limit."""

from __future__ import annotations

import fnmatch
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["TokenBucket", "rate_of"]


class TokenBucket:
    """Lets `rate` events a second through, and the events of one second at once; any thread may ask it."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._most = max(1.0, rate)  # tokens
        self._tokens = self._most
        self._clock = clock
        self._filled_at = clock()
        self._lock = threading.RLock()  # reentrant: a signal handler may record an event

    def take(self) -> bool:
        """Say whether another event may be recorded now."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._most, self._tokens + (now - self._filled_at) * self.rate)
            self._filled_at = now
            if self._tokens < 1.0:
                return False
            self._tokens -= 1.0
            return True


def rate_of(schema_id: str, rates: Mapping[str, float]) -> float | None:
    """Return what is set for a schema: by its exact id, else the lowest of all globs that match it; None: nothing."""
    if schema_id in rates:
        return rates[schema_id]
    return min((rate for glob, rate in rates.items() if fnmatch.fnmatchcase(schema_id, glob)), default=None)
