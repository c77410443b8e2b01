"""A real collector of OpenTelemetry's, rotel, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import time
import urllib.error
import urllib.request
from pathlib import Path

import rotel

from .running import free_port

__all__ = ["Collector"]

ROTEL = Path(rotel.__file__).with_name("rotel-agent")


class Collector:
    """rotel, which passes logs on to a receiver, or to nobody."""

    def __init__(self, place, receiver=None):
        self.port = free_port()
        self._command = [
            *(ROTEL, "start", "--pid-file", place / "rotel.pid", "--log-file", place / "rotel.log"),
            *("--otlp-http-endpoint", f"127.0.0.1:{self.port}", "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}"),
            *("--exporter", "blackhole" if receiver is None else "otlp"),
        ]
        if receiver is not None:
            self._command += ["--otlp-exporter-protocol", "http", "--otlp-exporter-endpoint", receiver.url("")]
        self._process = None

    def start(self):
        # It is linked against libpython, which stands beside a Python that is not the system's.
        environment = {**os.environ, "LD_LIBRARY_PATH": str(sysconfig.get_config_var("LIBDIR"))}
        self._process = subprocess.Popen(list(map(str, self._command)), stdout=subprocess.DEVNULL, env=environment)
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5).close()
            except urllib.error.HTTPError as answer:
                answer.close()
                return
            except OSError:
                assert self._process.poll() is None, "rotel ended"
                time.sleep(0.05)

    def stop(self):
        """Stop it in an orderly manner: it passes on what it holds."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None
