"""How a line is written while several threads write as fast as they can.

`os.write` gives up the interpreter's lock (the GIL) for the microsecond that the write takes. If other threads wait
for it, one of them gets it with each event, and to hand it over costs several times what the event itself costs. A
write that keeps it lets a thread go on for its turn (`sys.getswitchinterval`): three times as many events a second.

It is used only while that happens, and not where it would do harm: a disk that stalls would stop all threads.
"""

from __future__ import annotations

import os
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    Write: TypeAlias = Callable[[int, bytes], int]

__all__ = ["Contention"]

TOGETHER_S = 0.02  # between two changes of the thread that writes: four turns of the interpreter
SLOW_S = 0.01  # what no write to the page cache takes
PAUSE_S = 60.0  # after a write that took that long

_this_thread = threading.get_ident


class Contention:
    """Watches which threads write, and says what to write with.

    write: `os.write`, or, while threads write together, what keeps the GIL. Whoever uses it compares `last_thread`
    with itself first, and calls `changed` if it is another.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.write: Write = os.write
        self.last_thread = _this_thread()
        self._clock = clock
        self._changed_at = self._together_until = self._not_before = float("-inf")

    def changed(self, now: float) -> None:
        """Take note that this thread writes, and another one did so last."""
        self.last_thread = _this_thread()
        if now < self._changed_at + TOGETHER_S and now >= self._not_before:
            self._together_until = now + TOGETHER_S
            self.write = self._keep_the_lock
        self._changed_at = now

    def _keep_the_lock(self, fd: int, line: bytes) -> int:
        start = self._clock()
        written = _write_that_keeps_the_lock()(fd, line)
        end = self._clock()
        # If another thread has written meanwhile, this one waited for its turn, before or after the write.
        if end - start > SLOW_S and self.last_thread == _this_thread():
            self._not_before = end + PAUSE_S
            self.write = os.write
        elif end >= self._together_until:
            self.write = os.write
        return written


@cache
def _write_that_keeps_the_lock() -> Write:
    """Return libc's write, called without giving up the GIL; os.write where there is no such thing."""
    has_gil: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)
    if os.name != "posix" or sys.implementation.name != "cpython" or not has_gil():
        return os.write
    try:
        import ctypes

        libc_write = ctypes.PyDLL(None).write
        libc_write.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
        libc_write.restype = ctypes.c_ssize_t
    except Exception:  # whatever ctypes lacks here: os.write does as well
        return os.write

    def write(fd: int, line: bytes) -> int:
        written: int = libc_write(fd, line, len(line))
        # os.write knows what to do about a signal, and which error to raise.
        return os.write(fd, line) if written < 0 else written

    return write
