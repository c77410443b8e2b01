"""Programs that ask a journal, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def run(code: str, *arguments: object) -> str:
    """Run a program; return what it printed, on both streams."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr
