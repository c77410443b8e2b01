"""What the operating system does for a journal's writer, in one place, so that tests can have it fail."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from ..privatefile import create

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SYSTEM", "System"]


class System(NamedTuple):
    """Each does what the function of the same name in `os` or `time` does, and raises OSError as it does."""

    write: Callable[[int, bytes], int] = os.write
    sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)  # absent on macOS and Windows
    create: Callable[..., int] = create
    clock: Callable[[], float] = time.monotonic  # seconds that never run backwards
    wall_clock: Callable[[], float] = time.time  # seconds since the epoch


SYSTEM = System()
