"""A real Jupyter Server in a process of its own."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import websocket

if TYPE_CHECKING:
    from types import TracebackType

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30


class RunningServer:
    """`jupyter server` on 127.0.0.1, a free port and a random token, with directories of its own.

    Parameters
    ----------
    home: where it has its configuration, data and notebooks; made, or that of a server that has run or runs.
    config: the text of its jupyter_server_config.py.
    """

    def __init__(self, home: Path, config: str) -> None:
        self.home = home
        self.token = secrets.token_hex(16)
        self.notebooks = home / "notebooks"
        self.notebooks.mkdir(parents=True, exist_ok=True)
        (home / "config").mkdir(exist_ok=True)
        (home / "config" / "jupyter_server_config.py").write_text(config)
        self._log_file = home / "log.txt"
        if self._log_file.exists():
            self._log_file = home / f"log-{self.token}.txt"
        self.client = httpx.Client(timeout=60)

    def __enter__(self) -> RunningServer:
        self._log = self._log_file.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", "--ServerApp.port=0"],
            env={
                **os.environ,
                "HOME": str(self.home),
                "JUPYTER_CONFIG_DIR": str(self.home / "config"),
                "JUPYTER_DATA_DIR": str(self.home / "data"),
                "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
                "JUPYTER_TOKEN": self.token,
                "IPYTHONDIR": str(self.home / "ipython"),
                "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
            },
            cwd=self.notebooks,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait()
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        """Stop it by its process, and see to it that nothing of it stays."""
        is_running = self.process.poll() is None
        children = psutil.Process(self.process.pid).children(recursive=True) if is_running else []
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.client.close()
        self._log.close()
        _, self.left_over = psutil.wait_procs(children, timeout=10)
        for child in self.left_over:
            child.kill()

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log_file.read_text()

    @property
    def journal(self) -> Path:
        """Where its journal is by default."""
        return self.home / "data" / "telemetry" / "journal"

    def kernels(self) -> list[psutil.Process]:
        """The processes of kernels below the server."""
        return [child for child in psutil.Process(self.process.pid).children() if _is_kernel(child)]

    def listen(self) -> websocket.WebSocket:
        """Subscribe to the bus as a browser does."""
        url = self.client.base_url.copy_with(scheme="ws", path="/api/events/subscribe")
        return websocket.create_connection(str(url), header={"Authorization": f"token {self.token}"}, timeout=30)

    def _wait(self) -> None:
        info = self.home / "runtime" / f"jpserver-{self.process.pid}.json"
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                port = json.loads(info.read_text())["port"]
                self.client.base_url = httpx.URL(f"http://127.0.0.1:{port}")
                self.client.headers["Authorization"] = f"token {self.token}"
                self.client.get("/api/status").raise_for_status()
                return
            except (OSError, ValueError, httpx.HTTPError):
                time.sleep(0.05)
        raise RuntimeError(f"the server does not come up: {self.log}")


def _is_kernel(process: psutil.Process) -> bool:
    try:
        return any("ipykernel" in part for part in process.cmdline())
    except psutil.NoSuchProcess:
        return False
