"""What the child of a fork has of its parent's connections: copies, on which it must not say a word.

Closing such a copy in the ordinary way may speak to the server, or wait for a thread that the child does not have, and
an event loop's or a client's own state is shared with the parent. So the copies of sockets are replaced by what goes
nowhere, and the objects are neither used nor freed.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["abandon"]

_abandoned: list[object] = []


def abandon(client: object, sockets: Iterable[int] = ()) -> None:
    """Drop this process's copies of sockets, by their descriptors, and never again touch the client they belong to."""
    if client is not None:
        _keep_for_ever(client)
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for fd in sockets:
            if fd >= 0:
                os.dup2(nowhere, fd, inheritable=False)
        os.close(nowhere)


def _keep_for_ever(client: object) -> None:
    """Have it outlive even the interpreter, whose end would free it."""
    _abandoned.append(client)
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(client))
