"""A disk that is full for a while."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LEFT_BYTES", "SmallDisk"]

SIZE = "32m"
LEFT_BYTES = (0, 4096, 20_000)  # when it is full


class SmallDisk:
    """A file system of its own, in memory, where one may be mounted; else a directory of the disk there is.

    is_small: whether it can be filled; else it is only said to be full, to programs that write nothing then.
    sign: a file that is there while it is full.
    """

    def __init__(self, directory: Path, *, mounts: bool = True) -> None:
        self.directory = directory
        directory.mkdir()
        self.sign = directory / "filler"
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "oracle", str(directory)]
        try:
            self.is_small = mounts and not subprocess.run(command, capture_output=True, check=False).returncode
        except FileNotFoundError:  # not of Linux
            self.is_small = False

    def fill(self, left_bytes: int) -> None:
        """Leave no more than so many bytes."""
        with self.sign.open("ab", buffering=0) as filler, contextlib.suppress(OSError):
            while self.is_small and filler.write(bytes(65_536)) == 65_536:
                pass
        os.truncate(self.sign, max(0, self.sign.stat().st_size - left_bytes))

    def free(self) -> None:
        """Give the room back."""
        self.sign.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount it: what stood there is gone."""
        if self.is_small:
            subprocess.run(["umount", "-l", str(self.directory)], capture_output=True, check=True)
