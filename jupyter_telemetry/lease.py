"""One shipper at a time for each destination of a journal, in whatever process and machine."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING

from .lockfile import HAS_SYMLINKS, LockFile, new_owner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LEASE_S", "Lease"]

LEASE_S = 120.0  # it is renewed every quarter of that, but not while a batch is sent, which may take a minute
MOST_KEPT_S = 3600.0  # an erasure may have to write many files anew; one that takes longer hangs


class Lease(LockFile):
    """Held for as long as its holder renews it; after `lease_s` without that, another one takes it.

    Who was paused for longer finds it lost at the next `check`, before anything is written. The lease of a process
    that has died on this machine is free at once. The child of a fork does not hold what its parent holds.
    """

    def __init__(self, path: Path, *, lease_s: float = LEASE_S) -> None:
        super().__init__(path, stale_s=lease_s, wait_s=0.0, as_symlink=True)
        self._pid = os.getpid()
        self._lease_s = lease_s
        self._renewed_at = 0.0
        self.is_held = False

    def is_held_here(self) -> bool:
        """Say whether this process took it: the child of a fork has none of its parent's."""
        return self.is_held and self._pid == os.getpid()

    def acquire(self) -> bool:
        """Take the lease if it is free; say whether it is held. Raises OSError if it cannot be written."""
        if self._pid != os.getpid():
            self._pid, self.is_held = os.getpid(), False
            self._owner = new_owner()
        if not self.is_held:
            self.is_held = self.try_take()
            self._renewed_at = time.monotonic()
        return self.is_held

    def renew(self) -> None:
        """Say to the others that its holder lives, if that is us still; it may be called as often as one likes."""
        now = time.monotonic()
        if now - self._renewed_at < self._lease_s / 4:
            return
        self._renewed_at = now
        with contextlib.suppress(OSError):
            if self._is_ours():  # who took it from us, and died, must not seem to live because we wait for long
                os.utime(self._path, follow_symlinks=not HAS_SYMLINKS)

    @contextlib.contextmanager
    def kept(self, most_s: float = MOST_KEPT_S) -> Iterator[None]:
        """Renew it in a thread meanwhile, for `most_s` seconds at most; a process that is paused renews nothing."""
        is_over = threading.Event()
        thread = threading.Thread(
            target=self._keep, args=(is_over, time.monotonic() + most_s), name="jupyter_telemetry lease", daemon=True
        )
        with contextlib.suppress(RuntimeError):  # at its end the interpreter starts none
            thread.start()
        try:
            yield
        finally:
            is_over.set()
            if thread.ident is not None:
                thread.join()

    def _keep(self, is_over: threading.Event, until: float) -> None:
        while not is_over.wait(self._lease_s / 4) and time.monotonic() < until and self._is_ours():
            self.renew()

    def check(self) -> None:
        """Raise LockLost unless it is held still."""
        self.renew()
        super().check()

    def release(self) -> None:
        """Hand it to whoever waits; the child of a fork has none to hand on."""
        if self.is_held and os.getpid() == self._pid:
            self.is_held = False
            self.__exit__()

    def forget(self) -> None:
        """Know that somebody else has it."""
        self.is_held = False
