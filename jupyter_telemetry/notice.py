"""Say that something fails, without flooding the log: once a minute, with how often since."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from .forksafe import Lock
from .printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Notices"]

INTERVAL_S = 60.0
MAX_KINDS = 10_000


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
            if len(self._next_at) >= MAX_KINDS and kind not in self._next_at:
                kind = None  # whoever makes up kinds without end gets one line for all of them
            if now < self._next_at.get(kind, now):
                self._held_back[kind] = self._held_back.get(kind, 0) + 1
                return
            self._next_at[kind] = now + INTERVAL_S
            held_back = self._held_back.pop(kind, 0)
        if held_back:
            message, args = f"{message} (and %s more like it since the last such line)", (*args, held_back)
        self._say(message, args)

    def warn_once(self, kind: Hashable, message: str, *args: object) -> None:
        """Log `message % args` the first time."""
        if self._is_first(kind):
            self._say(message, args)

    def inform_once(self, kind: Hashable, message: str, *args: object) -> None:
        """Log `message % args` the first time, as something that need not worry."""
        if self._is_first(kind):
            self._say(message, args, logging.INFO)

    def _is_first(self, kind: Hashable) -> bool:
        with self._lock:
            first = kind not in self._next_at
            self._next_at.setdefault(kind, float("inf"))
            return first

    def was_said(self, kind: Hashable) -> bool:
        """Say whether there was a line of this kind."""
        return kind in self._next_at

    def _say(self, message: str, args: tuple[object, ...], level: int = logging.WARNING) -> None:
        # An id comes from whoever records: it must not forge a line, or reach a terminal.
        self.logger.log(level, message, *(printable(str(each)) for each in args))
