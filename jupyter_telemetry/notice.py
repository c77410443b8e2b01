"""Say that something fails, without flooding the log: once a minute, with how often since."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .forksafe import Lock

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Hashable

__all__ = ["Notices"]

INTERVAL_S = 60.0


class Notices:
    """Warnings to one logger, each kind at most once in INTERVAL_S; any thread may call it."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self.logger = logger
        self._clock = clock
        self._lock = Lock()
        self._held_back: dict[Hashable, int] = {}
        self._next_at: dict[Hashable, float] = {}

    def warn(self, kind: Hashable, message: str, *args: object) -> None:
        """Log `message % args`, which must hold no event's values; kinds are told apart by `kind`."""
        now = self._clock()
        with self._lock:
            if now < self._next_at.get(kind, now):
                self._held_back[kind] = self._held_back.get(kind, 0) + 1
                return
            self._next_at[kind] = now + INTERVAL_S
            held_back = self._held_back.pop(kind, 0)
        if held_back:
            message, args = f"{message} (and %d more like it since the last such line)", (*args, held_back)
        self.logger.warning(message, *args)

    def warn_once(self, kind: Hashable, message: str, *args: object) -> None:
        """Log `message % args` the first time."""
        with self._lock:
            if kind in self._next_at:
                return
            self._next_at[kind] = float("inf")
        self.logger.warning(message, *args)
