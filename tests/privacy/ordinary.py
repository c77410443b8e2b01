"""What a test needs that is about rights on files: root has all of them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

__all__ = ["IS_ROOT", "OTHER_USER", "ordinary_user"]

IS_ROOT = os.geteuid() == 0
OTHER_USER = 12345
_NOBODY = 65534


@contextlib.contextmanager
def ordinary_user():
    """Be a user without special rights; give them a directory of their own."""
    place = Path(tempfile.mkdtemp()).resolve()
    try:
        if IS_ROOT:
            os.chown(place, _NOBODY, _NOBODY)
            os.setegid(_NOBODY)
            os.seteuid(_NOBODY)
        yield place
    finally:
        if IS_ROOT:
            os.seteuid(0)
            os.setegid(0)
        for each in (place, *place.rglob("*")):
            if each.is_dir() and not each.is_symlink():
                each.chmod(0o700)
        shutil.rmtree(place)
