"""A disk that fails when a test wants it to: what the writer calls instead of the operating system's own."""

from __future__ import annotations

import errno
import os
import threading
import time

from jupyter_telemetry.privatefile import create


class Disk:
    """Writes, syncs and creates as the system does, unless an errno is set for one of them."""

    def __init__(self) -> None:
        self.write_problem = self.sync_problem = self.create_problem = 0
        self.writes = 0
        self.syncs = 0  # that began
        self.synced: set[int] = set()  # inodes
        self.blocked: threading.Event | None = None  # writes wait for it
        self.is_waiting = threading.Event()  # one does

    def write(self, fd: int, data: bytes) -> int:
        if self.blocked is not None:
            self.is_waiting.set()
            self.blocked.wait(30)
        if self.write_problem:
            raise OSError(self.write_problem, os.strerror(self.write_problem))
        self.writes += 1
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        self.syncs += 1
        if self.sync_problem:
            raise OSError(self.sync_problem, os.strerror(self.sync_problem))
        os.fdatasync(fd)
        self.synced.add(os.fstat(fd).st_ino)

    def create(self, *arguments: object, **options: object) -> int:
        if self.create_problem:
            raise OSError(self.create_problem, os.strerror(self.create_problem))
        return create(*arguments, **options)  # type: ignore[arg-type]

    @property
    def system(self) -> dict[str, object]:
        """As the fixture `make_writer` takes it."""
        return {"write": self.write, "sync": self.sync, "create": self.create}


def wait_until(condition, patience_s: float = 20.0) -> None:
    """Wait for what another thread does."""
    give_up_at = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.005)


REFUSALS = [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.ESTALE, errno.EROFS]
