"""What of a writer's segments is on the disk, and not only in the memory of the operating system.

A disk may refuse at the very end: NFS, and file systems that allot late, say that there is no room or no quota only
when they are asked to put on the disk what they took before. Then all since the last time that went well counts as
lost (Linux may have forgotten it, and says so once).
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import weakref
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from .holding import SegmentInHand
    from .segment import Segment

__all__ = ["CANNOT_SYNC", "IN_BACKGROUND", "GroupCommit", "Part", "SyncThread", "Unsynced"]

CANNOT_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)  # a file system that has nothing to sync
IN_BACKGROUND = hasattr(os, "fork")  # on Windows no file can be sealed while one descriptor of it is open
MOST_PARTS = 64  # of segments that were parted with, each of which keeps a file open
SOME_PARTS = 16


class _Descriptor:
    """A file of a segment, kept open for one sync more; the segment itself may be sealed meanwhile."""

    __slots__ = ("__weakref__", "fd")

    def __init__(self, fd: int) -> None:
        self.fd = -1
        self.fd = os.dup(fd)
        _open.add(self)

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)

    __del__ = close


_open: weakref.WeakSet[_Descriptor] = weakref.WeakSet()


def _close_the_parents() -> None:
    for descriptor in list(_open):
        descriptor.close()


if hasattr(os, "register_at_fork"):  # absent on Windows, which has no fork
    os.register_at_fork(after_in_child=_close_the_parents)


class Part(NamedTuple):
    """What of one segment is to be put on the disk."""

    file: _Descriptor
    path: str  # of the open segment, which tells it from others
    since: int  # by the writer's tally of lines
    upto: int
    is_proven: bool  # some of the segment is on the disk


class Unsynced:
    """What is to be put on the disk; its writer calls it under its lock."""

    def __init__(self) -> None:
        self.parts: list[Part] = []  # of segments that were parted with
        self._since = 0  # up to which line, by the tally, the segment in hand is on the disk
        self._is_proven = False

    def begin(self, tally: int) -> None:
        """Begin with another segment."""
        self._since = tally
        self._is_proven = False

    def part(self, segment: Segment, tally: int) -> None:
        """Remember what was written to a segment that nothing more is written to."""
        if tally > self._since and IN_BACKGROUND:
            with contextlib.suppress(OSError):  # no descriptor is left: it is not found out
                self.parts.append(self._part_of(segment, tally))
        self.begin(tally)

    def take(self, segment: Segment, tally: int) -> list[Part]:
        """Take all that is to be put on the disk now; say of each part by `done` what is."""
        parts, self.parts = self.parts, []
        if segment.fd >= 0 and tally > self._since:
            with contextlib.suppress(OSError):
                parts.append(self._part_of(segment, tally))
        return parts

    def done(self, part: Part, segment: Segment) -> None:
        """Note that a part is on the disk."""
        if part.path == segment.path:
            self._since = max(self._since, part.upto)
            self._is_proven = True

    def is_behind(self, tally: int) -> bool:
        """Say whether anything was written that is not known to be on the disk."""
        return bool(self.parts) or tally > self._since

    def _part_of(self, segment: Segment, tally: int) -> Part:
        return Part(_Descriptor(segment.fd), segment.path, self._since, tally, self._is_proven)


class GroupCommit:
    """Many threads share one sync: who comes while it goes on waits for the next, which one of them does for all."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # its lock is reentrant: a signal handler may record an event
        self._asked = 0
        self._done = 0
        self._leader = 0  # thread

    def commit(self, sync: Callable[[], None]) -> None:
        """Return when a `sync` that began after this call has ended, whichever thread called it."""
        me = threading.get_ident()
        with self._changed:
            if self._leader == me:  # in a signal handler, in the middle of a sync
                ticket = 0
            else:
                self._asked += 1
                ticket = self._asked
                while self._leader and self._done < ticket:
                    self._changed.wait()
                if self._done >= ticket:
                    return
                self._leader = me
            upto = self._asked
        try:
            sync()
        finally:
            if ticket:
                with self._changed:
                    self._done = max(self._done, upto)
                    self._leader = 0
                    self._changed.notify_all()


class SyncThread:
    """Calls a writer's `sync_round` every `interval_s` seconds, until that says that there is nothing to do.

    Then it waits, without ever waking, for `wake`. It does not keep the writer alive, and nothing waits for it.
    """

    def __init__(self, writer: SegmentInHand, interval_s: float) -> None:
        self._interval_s = interval_s
        self._round = weakref.WeakMethod(writer.sync_round, lambda _: self.end())
        self._running: _Running | None = None
        self._ended: _Running | None = None
        self.is_parked = True

    @property
    def is_ending(self) -> bool:
        """Whether one that was to end has not yet: it still does its last round, and nobody else need."""
        return self._ended is not None and self._ended.is_alive()

    def wake(self) -> None:
        """Have it go on. The writer calls this under its lock, under which `is_parked` is set too."""
        self.is_parked = False
        running = self._running
        if running is not None and running.is_alive():
            running.bell.set()
            return
        self._running = running = _Running(self)
        try:
            running.start()
        except RuntimeError:  # the interpreter is ending
            self._running = None
            self.is_parked = True

    def hurry(self) -> None:
        """Have a round at once."""
        running = self._running
        if running is not None:
            running.bell.set()

    def died(self, running: _Running) -> None:
        """Have another one begun when something is written next."""
        if self._running is running:
            self._running = None
            self.is_parked = True

    def end(self) -> threading.Thread | None:
        """Have a last round, and end, some time; return the thread that does so."""
        running, self._running = self._running, None
        self.is_parked = True
        if running is not None:
            self._ended = running
            running.is_over = True
            running.bell.set()
        return running


class _Running(threading.Thread):
    def __init__(self, of: SyncThread) -> None:
        super().__init__(name="jupyter_telemetry journal sync", daemon=True)
        self.bell = threading.Event()
        self.is_over = False
        self._of = of

    def run(self) -> None:
        try:
            self._go_round()
        finally:
            self._of.died(self)

    def _go_round(self) -> None:
        of = self._of
        while True:
            self.bell.wait(None if of.is_parked and not self.is_over else of._interval_s)
            self.bell.clear()
            is_last = self.is_over
            work = of._round()
            if work is None:
                return
            with contextlib.suppress(Exception):  # whatever happens: the next round may do better
                work()
            del work
            if is_last:
                return
