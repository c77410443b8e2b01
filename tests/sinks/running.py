"""Destinations that run as processes of their own on this machine."""

from __future__ import annotations

import json
import random
import socket
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

__all__ = ["Program", "WebServer", "as_recorded", "free_port", "send_once"]


def free_port() -> int:
    """Return a port on which nobody listens, and which no connection takes for its own end meanwhile."""
    while True:
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", random.randrange(12_000, 32_000)))  # below those that Linux gives to connections
            return found.getsockname()[1]


class Program:
    """A program of this directory, which prints a line when it is ready."""

    def __init__(self, name: str, *arguments: object) -> None:
        self._command = [sys.executable, str(Path(__file__).with_name(name)), *map(str, arguments)]
        self._process: subprocess.Popen | None = None
        self.said = ""

    def start(self) -> None:
        """Start it; return when it is ready."""
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.said = self._process.stdout.readline().strip()
        assert self.said, f"{self._command} did not start"

    def tell(self, line: str) -> None:
        """Give it a line; return when it answers."""
        self._process.stdin.write(f"{line}\n")
        assert self._process.stdout.readline()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it, if it runs, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None


class WebServer:
    """A web server of this directory, and what it was asked and keeps."""

    def __init__(self, program, directory, **settings):
        self.directory = directory
        self.port = free_port()
        self._program = Program(program, directory, self.port)
        self._set("settings", settings)
        self.start, self.kill = self._program.start, self._program.kill

    def url(self, path="/in", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def replies(self, *replies):
        self._set("replies", replies)

    def requests(self):
        return [json.loads(line) for line in (self.directory / "requests.jsonl").read_text().splitlines()]

    def rows(self, question):
        connection = sqlite3.connect(self.directory / "events.db")
        try:
            return connection.execute(question).fetchall()
        finally:
            connection.close()

    def _set(self, name, value):
        (self.directory / f"{name}.json").write_text(json.dumps(value))


def as_recorded(event):
    """Put together what a CloudEvent was made of."""
    return {
        "__timestamp__": event["time"],
        "__schema__": event["type"],
        "__schema_version__": event["schemaversion"],
        "__metadata_version__": event["metadataversion"],
        "__id__": event["id"],
        **event["data"],
    }


def send_once(sink, batch):
    """Send a batch, and close."""
    try:
        return sink.send(batch)
    finally:
        sink.close()
