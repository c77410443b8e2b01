"""How long closing takes in all: whoever is waited for last has the time that the others have left.

A log that is closed waits for its journal's queue, for its shippers, and for the disk; so does the end of an
interpreter. Each has its own time-out, and each is counted from the moment at which the first of them began.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["farewell", "interpreter_ends", "left_s"]

_LEAST_S = 0.02  # for what takes no longer than that if nothing hangs
_SOON_S = 1.0  # a program that closes its log last of all ends within that

_here = threading.local()
_last = (0.0, float("-inf"))  # when the last one that has ended began, and ended
_ending_since: float | None = None


@contextmanager
def farewell() -> Iterator[None]:
    """Count the time-outs of what is waited for in this block, by this thread, from now on."""
    global _last
    before = getattr(_here, "since", None)
    since = _here.since = time.monotonic() if before is None else before
    try:
        yield
    finally:
        _here.since = before
        _last = since, time.monotonic()


def interpreter_ends() -> None:
    """Count all time-outs from now on, or from when a log began to be closed that has been closed just now.

    Whoever does something at the end of the interpreter says so first.
    """
    global _ending_since
    if _ending_since is None:
        now = time.monotonic()
        began, ended = _last
        _ending_since = began if now - ended < _SOON_S else now


def left_s(timeout_s: float) -> float:
    """Return what is left of a time-out, in seconds; all of it where nothing has begun to end."""
    begun = [each for each in (getattr(_here, "since", None), _ending_since) if each is not None]
    return max(_LEAST_S, timeout_s - (time.monotonic() - min(begun))) if begun and timeout_s > 0 else timeout_s
