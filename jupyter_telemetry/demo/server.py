"""A real Jupyter Server for the demo: of its own configuration, data and directory, which nobody else sees."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from ..errors import TelemetryError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DemoServer"]

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
POLL_INTERVAL_S = 0.05

CONFIGURATION = """\
c.EventLog.handlers = [{{
    "class": "jupyter_telemetry.journal.JournalHandler",
    "directory": {journal},
}}]

# Paths, and the ids and names of kernels, are personal: they are kept only where that is allowed.
# (jupyter telemetry policy check says what becomes of each field.)
c.EventLog.allowed_schemas = {{
    "https://events.jupyter.org/jupyter_server/*": {{
        "allowed_categories": ["personal-data"],
    }},
}}
# Nobody is asked in a demonstration.
c.EventLog.consent = "inform"
"""
# What pip does for an installed package; a clone that is installed as editable lacks it.
EXTENSION = 'c.ServerApp.jpserver_extensions = {"jupyter_telemetry": True}\n'


class DemoServer:
    """Starts when the context is entered, and is gone, with its kernels, when it is left.

    Parameters
    ----------
    home: a directory of its own, for configuration, data and the user's files.
    journal: where the events go.
    log: the file that takes what the server says.

    Raises TelemetryError if it does not start.
    """

    def __init__(self, home: Path, journal: Path, log: Path) -> None:
        self.configuration = CONFIGURATION.format(journal=json.dumps(str(journal)))
        self.token = secrets.token_hex(24)
        self.url = ""
        self._home = home
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> DemoServer:
        try:
            self._start()
        except BaseException:  # also when the user interrupts
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def failure(self, what: str) -> TelemetryError:
        """Make the error that says what happened, and where to read more."""
        return TelemetryError(f"the demo failed: {what}; the server's log is {self._log}")

    def _start(self) -> None:
        directories = {name: self._home / name for name in ("data", "runtime", "ipython", "work", "tmp")}
        for directory in directories.values():
            directory.mkdir(mode=0o700)
        file = self._home / "jupyter_server_config.py"
        file.write_text(self.configuration + EXTENSION, "utf-8")
        arguments = [f"--config={file}", "--ip=127.0.0.1", "--port=0", "--no-browser"]
        arguments += [f"--ServerApp.root_dir={directories['work']}", "--FileContentsManager.delete_to_trash=False"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            arguments.append("--allow-root")  # in a container
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter
                [sys.executable, "-m", "jupyter_server", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(directories),
                start_new_session=True,  # Ctrl-C is ours: we stop it in good order
            )
        self.url = self._wait_for_url(directories["runtime"], self._process)

    def _environment(self, directories: dict[str, Path]) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("JUPYTER_", "JPY_"))}
        return {
            **kept,
            "JUPYTER_NO_CONFIG": "1",  # neither the user's nor the machine's: only the file that --config names
            "JUPYTER_DATA_DIR": str(directories["data"]),
            "JUPYTER_RUNTIME_DIR": str(directories["runtime"]),
            "JUPYTER_TOKEN": self.token,  # not as an argument, which every user of the machine can read
            "JUPYTER_PLATFORM_DIRS": "1",
            "IPYTHONDIR": str(directories["ipython"]),
            "TMPDIR": str(directories["tmp"]),
            "PYTHONWARNINGS": "ignore",
        }

    def _wait_for_url(self, runtime: Path, process: subprocess.Popen[bytes]) -> str:
        """Wait until the server has written where it listens, and answers."""
        import httpx

        file = runtime / f"jpserver-{process.pid}.json"
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < give_up_at:
            if process.poll() is not None:
                raise self.failure(f"Jupyter Server ended with status {process.returncode}")
            with contextlib.suppress(OSError, ValueError, KeyError, httpx.TransportError):
                port = json.loads(file.read_text("utf-8"))["port"]
                url = f"http://127.0.0.1:{port}"
                if httpx.get(f"{url}/api/status", headers=self.headers, trust_env=False).is_success:
                    return url
            time.sleep(POLL_INTERVAL_S)
        raise self.failure(f"Jupyter Server did not answer within {START_TIMEOUT_S:.0f} s")

    @property
    def headers(self) -> dict[str, str]:
        """Return the HTTP headers of the user."""
        return {"Authorization": f"token {self.token}"}

    def _stop(self) -> None:
        """Stop the server, which stops its kernels; kill it if it does not (kernels notice, and end themselves)."""
        process, self._process = self._process, None
        if process is None:
            return
        with _undisturbed():
            for end in (process.terminate, process.terminate, process.kill):
                end()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_TIMEOUT_S / 2)
                    return


@contextlib.contextmanager
def _undisturbed() -> Any:
    """Hold off Ctrl-C until the end: impatience must not leave a server behind."""
    held: list[tuple[int, Any]] = []
    before = signal.signal(signal.SIGINT, lambda *given: held.append(given))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held and callable(before):
        before(*held[0])
