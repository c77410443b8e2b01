from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import threading
import time
import tty
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.cli import main
from jupyter_telemetry.journal import JournalHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAVE = {
    "$id": "https://example.org/save",
    "version": 1,
    "title": "Save",
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "Which file.\n\nMore of it."},
        "size": {"type": "integer"},
    },
}
RUN = {
    "$id": "https://example.org/run",
    "version": 2,
    "title": "Run",
    "type": "object",
    "properties": {"cell": {"type": "object"}},
}
MOMENT = datetime(2024, 11, 25, 17, 42, 5, 123456, tzinfo=timezone.utc)
HOSTILE = "\x1b]0;owned\x07\x9b31m\u202e.ipynb"


@dataclass
class Done:
    """A command that has ended."""

    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user without any configuration, in a directory of their own, in UTC."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("JUPYTER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(home / "config"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.chdir(home)
    yield home
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def configure(home: Path) -> Callable[[str], None]:
    """Write the user's own jupyter_server_config.py."""

    def configure(text: str) -> None:
        (home / "config").mkdir(exist_ok=True)
        (home / "config" / "jupyter_server_config.py").write_text(text)

    return configure


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run a command in this process."""

    def run(*arguments: object, stdin: str = "") -> Done:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        status = main([str(each) for each in arguments])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Done(status, out.decode(), err.decode())

    return run


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal with three events."""
    directory = tmp_path / "journal"
    record(directory, SAVE, {"path": "a.ipynb", "size": 10}, {"path": HOSTILE})
    record(directory, RUN, {"cell": {"number": 1, "ok": True}})
    return directory


@pytest.fixture
def run_on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command in this process with a terminal of 80 columns as its standard output; return what it got."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run(*arguments: object) -> str:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        received: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(ours, received))
        reader.start()
        with monkeypatch.context() as patch, open(theirs, "w", encoding="utf-8") as terminal:
            patch.setattr(sys, "stdout", terminal)
            main([str(each) for each in arguments])
        reader.join()
        os.close(ours)
        return b"".join(received).decode()

    return run


def _drain(descriptor: int, received: list[bytes]) -> None:
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while chunk := os.read(descriptor, 65536):
            received.append(chunk)


def record(directory: Path, schema: dict, *events: dict) -> None:
    handler = JournalHandler(directory)
    with EventLog(handlers=[handler], allowed_schemas=[schema["$id"]]) as log:
        log.register_schema(schema)
        for event in events:
            log.record_event(schema["$id"], schema["version"], event, timestamp_override=MOMENT)
    handler.close()


def process(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does."""
    command = [str(Path(sys.executable).with_name("jupyter-telemetry")), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
