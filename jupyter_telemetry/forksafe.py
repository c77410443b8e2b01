"""Locks, and a fork while other threads hold them.

The child of a fork has one thread: a lock that another one held stays locked, and what it guarded may be half
changed (a file's buffer: writing to it hangs, or writes a line of the parent's again). So a fork waits, for WAIT_S
at most, until no thread is inside any of the locks that are known here; those that it does not get are new in the
child.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

__all__ = ["WAIT_S", "Lock", "guard"]

WAIT_S = 1.0

_RLock = type(threading.RLock())
_locks: weakref.WeakSet[Lock] = weakref.WeakSet()
_handlers: weakref.WeakKeyDictionary[logging.Handler, Callable[[Any], object]] = weakref.WeakKeyDictionary()
_known = threading.RLock()  # guards the two sets; held by the forking thread until it has forked
_held: list[Any] = []


class Lock:
    """A reentrant lock that the child of a fork does not find locked."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # reentrant: a signal handler may record an event
        with _known:
            _locks.add(self)

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Wait until this thread has the lock; say whether it has it."""
        return self._lock.acquire(blocking, timeout)

    def release(self) -> None:
        """Let the lock go."""
        self._lock.release()

    def renew(self) -> None:
        """Forget who holds it."""
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()


def guard(handler: logging.Handler, after_in_child: Callable[[Any], object]) -> None:
    """Have a fork wait until no thread is inside `handler`; then call `after_in_child` with it in the child."""
    with _known:
        _handlers[handler] = after_in_child


def _before() -> None:
    _known.acquire()
    give_up_at = time.monotonic() + WAIT_S
    locks: list[Any] = [getattr(handler, "lock", None) for handler in _handlers]  # absent in a mock
    locks = [lock for lock in locks if isinstance(lock, _RLock)]
    for lock in (*locks, *_locks):
        if lock.acquire(timeout=max(0.0, give_up_at - time.monotonic())):
            _held.append(lock)


def _after_in_parent() -> None:
    while _held:
        _held.pop().release()
    _known.release()


def _after_in_child() -> None:
    for lock in _locks:
        if lock not in _held:
            lock.renew()
    while _held:
        with suppress(RuntimeError):  # logging has made the locks of handlers anew
            _held.pop().release()
    _known.release()
    for handler, after_in_child in list(_handlers.items()):
        after_in_child(handler)


if hasattr(os, "register_at_fork"):  # absent on Windows, which has no fork
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
