"""Makes this process a little like one on Windows: import it before anything of jupyter_telemetry.

There is no fork, and a file that is open in this process can be neither renamed nor deleted, by nobody. (Windows
refuses it whichever process has the file open; the tests that use this open it themselves.)
"""

from __future__ import annotations

import os
import sys
from typing import Any

assert not any(name.partition(".")[0] == "jupyter_telemetry" for name in sys.modules)

for name in ("fork", "forkpty", "register_at_fork", "fchmod", "geteuid", "O_NOFOLLOW"):
    delattr(os, name)

_MOST_DESCRIPTORS = 256


def is_open(path: Any) -> bool:
    """Say whether this process has the file open."""
    try:
        wanted = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    for descriptor in range(_MOST_DESCRIPTORS):
        try:
            found = os.fstat(descriptor)
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return True
    return False


class _Refusing:
    """A function that is none to pathlib, which until 3.10 makes methods of those it finds in os."""

    def __init__(self, change: Any) -> None:
        self._change = change

    def __call__(self, path: Any, *others: Any, **options: Any) -> Any:
        for each in (path, *others):
            if is_open(each):
                raise PermissionError(13, "used by another process", str(each))
        return self._change(path, *others, **options)


for name in ("rename", "replace", "unlink", "remove"):
    setattr(os, name, _Refusing(getattr(os, name)))
