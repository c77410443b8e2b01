"""Programs that erase the schema "a" and are killed meanwhile: `python eraser.py PROGRAM …`."""

from __future__ import annotations

import os
import random
import signal
import sys
import time

from jupyter_telemetry.journal.erasure import erase


def erases(schema_id: str) -> bool:
    """Say which schema goes."""
    return schema_id == "a"


def killed(seed: str, longest_s: str, *directories: str) -> None:
    """Erase in each directory in a child that is killed at a random moment (signal 9), if it has not ended before."""
    chance = random.Random(int(seed))
    for directory in directories:
        pid = os.fork()
        if pid == 0:
            erase(directory, erases=erases, settle_s=0.0)
            os._exit(0)
        time.sleep(chance.uniform(0.0, float(longest_s)))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def repeated(times: str, directory: str) -> None:
    """Erase as it is done by default, again and again."""
    for _ in range(int(times)):
        assert not erase(directory, erases=erases).left


if __name__ == "__main__":
    {"killed": killed, "repeated": repeated}[sys.argv[1]](*sys.argv[2:])
