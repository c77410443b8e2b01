"""A TCP proxy that loses what a server answers, when it is told to."""

from __future__ import annotations

import contextlib
import socket
import threading

__all__ = ["Proxy"]


class Proxy:
    """Forwards connections on `port` to another port of 127.0.0.1.

    `lose_reply_to`: bytes. The next time that a client sends these, they are forwarded, the server's answer is awaited
    and kept back, and both connections are cut; once.
    """

    def __init__(self, to_port: int) -> None:
        self.lose_reply_to: bytes | None = None
        self.lost = 0
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Take no further connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to_port))
            _Forwarding(self, client, server).start()


class _Forwarding:
    """One connection, both ways."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._is_losing = False

    def start(self) -> None:
        for work in (self._forth, self._back):
            threading.Thread(target=work, daemon=True).start()

    def _forth(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._client.recv(65536):
                if self._proxy.lose_reply_to and self._proxy.lose_reply_to in data:
                    self._proxy.lose_reply_to = None
                    self._is_losing = True
                self._server.sendall(data)
        self._cut()

    def _back(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._server.recv(65536):
                if self._is_losing:
                    self._proxy.lost += 1
                    break
                self._client.sendall(data)
        self._cut()

    def _cut(self) -> None:
        for connection in (self._client, self._server):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
