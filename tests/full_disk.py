"""A disk that takes no more, as the operating system itself says it: a limit of files' size, another descriptor."""

from __future__ import annotations

import contextlib
import os
import resource


@contextlib.contextmanager
def limit_of_file_size(size: int):
    """Let no file of this process grow longer: a write that would is cut short, and the next one fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def descriptor_replaced(fd: int, path: str, flags: int):
    """Have the operating system itself refuse what is written to `fd`: it is another file meanwhile."""
    kept = os.dup(fd)
    other = os.open(path, flags)
    os.dup2(other, fd, inheritable=False)
    os.close(other)
    try:
        yield
    finally:
        os.dup2(kept, fd, inheritable=False)
        os.close(kept)
