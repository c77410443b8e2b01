"""How long to wait before the next try: exponential back-off with full jitter, capped (Marc Brooker, 2015)."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Backoff"]

LONGEST_ASKED_FOR_S = 3600.0


class Backoff:
    """Counts the tries that failed.

    Parameters
    ----------
    first_s, longest_s: the first wait is at most the one, none is longer than the other.
    chance: a number from 0 to 1.
    """

    def __init__(self, first_s: float, longest_s: float, chance: Callable[[], float] = random.random) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._chance = chance
        self.failures = 0  # in a row

    def next_s(self, asked_for_s: float | None = None) -> float:
        """Count a failure; return the seconds to wait, at least those that the destination asks for."""
        ceiling = min(self._longest_s, self._first_s * 2.0 ** min(self.failures, 60))
        self.failures += 1
        wait_s = ceiling * self._chance()
        if asked_for_s is not None and asked_for_s > 0:  # nobody comes back all at once, either
            wait_s = min(asked_for_s, LONGEST_ASKED_FOR_S) + min(wait_s, asked_for_s * self._chance())
        return wait_s

    def another(self) -> Backoff:
        """Return one that waits as long, and counts for itself."""
        return Backoff(self._first_s, self._longest_s, self._chance)

    def succeeded(self) -> None:
        """Begin anew."""
        self.failures = 0
