"""A web server that takes everything, and keeps nothing: `python -m bench.listener SECONDS`; so long it thinks."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["listening"]


@contextmanager
def listening(answers_after_s: float) -> Iterator[str]:
    """Start one in a process of its own; return its URL."""
    command = [sys.executable, "-m", "bench.listener", str(answers_after_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/in"
        finally:
            process.kill()


class _Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    thinks_s = 0.0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.thinks_s)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    _Taking.thinks_s = float(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Taking)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()
