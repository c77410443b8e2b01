"""Destinations that run as processes of their own on this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

__all__ = ["Program", "free_port"]


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Program:
    """A program of this directory, which prints a line when it is ready."""

    def __init__(self, name: str, *arguments: object) -> None:
        self._command = [sys.executable, str(Path(__file__).with_name(name)), *map(str, arguments)]
        self._process: subprocess.Popen | None = None
        self.said = ""

    def start(self) -> None:
        """Start it; return when it is ready."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        self.said = self._process.stdout.readline().strip()
        assert self.said, f"{self._command} did not start"

    def kill(self) -> None:
        """Kill it, if it runs, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process.stdout.close()
            self._process = None
