"""A queue before the writer, for who must never wait: a line is appended to it, and a thread writes many at once.

All that touches the disk happens in that thread, since a disk may block it for ever. What the queue has no room for
counts as lost at once; so does what is left when there is no more time.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time
import weakref
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from ..farewell import interpreter_ends, left_s

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .writer import JournalWriter

__all__ = ["QueuedWriter"]

LINGER_S = 0.02  # how long lines are gathered
BATCH_BYTES = 256 * 1024
FULL = "the queue in memory was full"
NO_TIME = "they were in the queue when there was no more time to write them"


class QueuedWriter:
    """Writes as a JournalWriter does, but no call waits for the disk, except for a limited time those that say so.

    Parameters
    ----------
    writer: has no other user.
    queue_bytes: of lines that wait, at most.
    exit_timeout_s: how long `flush`, `seal` and `close` wait, at most.
    """

    def __init__(self, writer: JournalWriter, queue_bytes: int, exit_timeout_s: float) -> None:
        self._writer = writer
        writer.closes_at_exit = False  # it might wait for the disk
        self._queue_bytes = queue_bytes
        self._exit_timeout_s = exit_timeout_s
        self._finalizer: weakref.finalize[..., QueuedWriter] | None = None
        self._start_afresh()
        _alive.add(self)

    @property
    def directory(self) -> str:
        """Where the journal stands."""
        return self._writer.directory

    def write(self, line: bytes) -> None:
        """Take a line, which ends in a newline; it is written soon, or counted as lost."""
        queue = self._queue
        length = len(line)
        if queue.taken - queue.written + length > self._queue_bytes:
            self._writer.lose(FULL)
            return
        queue.taken += length
        queue.append(line)
        if queue.is_idle:
            self._wake(queue)

    def write_schema(self, schema_id: str, version: int | str, schema: bytes) -> None:
        """Store a schema beside the events, before those that follow."""
        self._ask(partial(self._writer.write_schema, schema_id, version, schema))

    def lose(self, reason: str) -> None:
        """Count an event as lost."""
        self._writer.lose(reason)

    def counts(self) -> dict[str, int]:
        """Count events, as a JournalWriter does: what is in the queue is neither written nor lost."""
        return self._writer.counts()

    def flush(self) -> bool:
        """Wait until what was taken before is written; say whether it is."""
        if self._queue.is_unused:
            return True
        done = threading.Event()
        self._ask(done.set)
        return self._wait(done)

    def seal(self) -> None:
        """Seal the segment in hand, as soon as what was taken before is written."""
        if not self._queue.is_unused:
            self._ask(self._writer.seal)
            self.flush()

    def close(self) -> None:
        """Write what was taken before and seal the segment; what there is no time for counts as lost.

        A later line begins anew.
        """
        queue = self._queue
        if queue.is_unused:
            self._writer.losses.say(now=True)
            return
        done = threading.Event()
        self._ask(self._writer.close)
        self._ask(done.set)
        if not self._wait(done):
            lost = queue.give_up()
            if lost:
                self._writer.losses.lose(lost, NO_TIME)
        self._writer.losses.say(now=True)

    def _ask(self, what: Callable[[], None]) -> None:
        queue = self._queue
        queue.append(what)
        if queue.is_idle:
            self._wake(queue)

    def _wait(self, done: threading.Event) -> bool:
        """Wait within the time there is; not again where the last who waited has waited in vain a moment ago."""
        queue = self._queue
        queue.hurry.set()
        now = time.monotonic()
        patience_s = 0.0 if now < queue.in_vain_until else left_s(self._exit_timeout_s)
        if threading.current_thread() is queue.thread or not done.wait(patience_s):
            queue.in_vain_until = time.monotonic() + 1.0
            return done.is_set()
        return True

    def _wake(self, queue: _Queue) -> None:
        with queue.lock:
            if not queue.is_idle:
                return
            queue.is_idle = False
            if queue.thread is not None and queue.thread.is_alive():
                queue.bell.set()
                return
            _end_with_multiprocessing()
            queue.bell.clear()
            queue.thread = threading.Thread(
                target=_write_all, args=(queue, self._writer), name="jupyter_telemetry journal", daemon=True
            )
            try:
                queue.thread.start()
                return
            except RuntimeError:  # the interpreter is ending, and starts no thread
                queue.thread = None
        queue.write_waiting(self._writer)
        queue.is_idle = True

    def _start_afresh(self) -> None:
        if self._finalizer is not None:  # of the parent's queue, whose lines are not this process's
            self._finalizer.detach()
        self._queue = queue = _Queue()
        # Nobody uses this object any more: the thread has to know, and the end of the interpreter to wait for it.
        self._finalizer = weakref.finalize(self, queue.end, self._exit_timeout_s)
        self._finalizer.atexit = False


class _Queue:
    """Lines, and what else is to be done in their order; the thread holds it, and not who fills it."""

    def __init__(self) -> None:
        self.waiting: deque[bytes | Callable[[], object]] = deque()
        self.append = self.waiting.append
        # Bytes, ever. An `+=` on an attribute is not interrupted by another thread under the GIL; where there is none
        # they are set right whenever the queue is empty.
        self.taken = 0
        self.written = 0
        self.is_idle = True  # the thread waits for the bell, or there is none
        self.is_over = False
        self.lock = threading.RLock()  # reentrant: a signal handler may record an event
        self.bell = threading.Event()
        self.hurry = threading.Event()
        self.thread: threading.Thread | None = None
        self.in_vain_until = float("-inf")
        self.in_hand = 0  # lines that are being written
        self.given_up = 0  # of these, counted as lost

    @property
    def is_unused(self) -> bool:
        """Whether nothing ever came."""
        return self.thread is None and not self.waiting

    def end(self, timeout_s: float) -> None:
        """Have the thread write what is there, and end; the end of the interpreter waits for that."""
        if self.thread is None:
            return
        _ending[self] = timeout_s
        self.is_over = True
        self.hurry.set()
        self.bell.set()

    def give_up(self) -> int:
        """Forget what waits; return how many lines that are, with those that are being written."""
        lines = 0
        with contextlib.suppress(IndexError):
            while True:
                each = self.waiting.popleft()
                if isinstance(each, bytes):
                    lines += 1
                    self.written += len(each)
        with self.lock:
            lines += self.in_hand - self.given_up
            self.given_up = self.in_hand
        return lines

    def write_waiting(self, writer: JournalWriter) -> None:
        """Write, and do, all that waits."""
        while self.waiting:
            lines, size, then = self._next()
            with self.lock:
                self.in_hand, self.given_up = len(lines), 0
            rest: Sequence[bytes] = lines
            try:
                while rest:
                    rest = writer.write_some(rest)
            finally:
                self._settle(writer, size, rest)
                if then is not None and rest:
                    self.waiting.insert(len(rest), then)
            if then is not None:
                then()
        if self.taken != self.written and not self.waiting:
            self.written = self.taken

    def _settle(self, writer: JournalWriter, size: int, rest: Sequence[bytes]) -> None:
        """Note what was written; what was not, since the thread dies, is for the next one."""
        with self.lock:
            if self.given_up:  # those that were lost in the end, too, were lost once
                writer.losses.find(self.given_up, NO_TIME)
            self.in_hand = self.given_up = 0
            self.written += size - sum(map(len, rest))
            self.waiting.extendleft(reversed(rest))

    def _next(self) -> tuple[list[bytes], int, Callable[[], object] | None]:
        """Take lines up to what is no line."""
        lines: list[bytes] = []
        size = 0
        while size < BATCH_BYTES:
            try:
                each = self.waiting.popleft()
            except IndexError:
                break
            if not isinstance(each, bytes):
                return lines, size, each
            lines.append(each)
            size += len(each)
        return lines, size, None


def _write_all(queue: _Queue, writer: JournalWriter) -> None:
    """Write what comes, until it is over; in a thread."""
    try:
        while True:
            queue.hurry.wait(LINGER_S)
            queue.hurry.clear()
            with contextlib.suppress(Exception):  # as of an object that somebody put in the place of ours
                queue.write_waiting(writer)
            queue.is_idle = True
            if queue.waiting:  # came before that could be known
                queue.is_idle = False
                continue
            if queue.is_over:
                return
            queue.bell.wait()
            queue.bell.clear()
    finally:
        _ending.pop(queue, None)
        queue.is_idle = True  # a thread that dies is followed by another


def _end_with_multiprocessing() -> None:
    """In a child of multiprocessing, which calls nothing of atexit's at its end, have it write the rest."""
    process, util = sys.modules.get("multiprocessing.process"), sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, _write_the_rest, exitpriority=10)


_alive: weakref.WeakSet[QueuedWriter] = weakref.WeakSet()
_ending: dict[_Queue, float] = {}  # that nobody fills any more, and how long they are waited for


@atexit.register
def _write_the_rest() -> None:
    interpreter_ends()
    for writer in list(_alive):
        writer.close()
    for queue, timeout_s in list(_ending.items()):
        if queue.thread is not None:
            queue.thread.join(left_s(timeout_s))


def _start_all_afresh() -> None:
    _ending.clear()
    for writer in list(_alive):
        writer._start_afresh()


if hasattr(os, "register_at_fork"):  # absent on Windows, which has no fork
    os.register_at_fork(after_in_child=_start_all_afresh)
