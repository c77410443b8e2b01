"""A relay before a server whose memory must outlive a power cut: what can be cut is the relay."""

from __future__ import annotations

import contextlib
import socket
import threading

from .running import free_port

__all__ = ["Relay"]


class Relay:
    """Passes bytes on between its port and another, both of 127.0.0.1, while it is up.

    `lose_replies`: how many further answers to a request are cut instead of passed on.
    """

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self.lose_replies = 0
        self._to = port
        self._listener: socket.socket | None = None
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def up(self) -> None:
        """Listen."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._begin(self._accept, self._listener)

    def down(self) -> None:
        """Cut everything, as a power cut would."""
        if self._listener is not None:
            self._cut(self._listener)
            self._listener = None
        for each in list(self._sockets):
            self._cut(each)
        for each in self._threads:
            each.join(10)
        self._threads.clear()

    def _begin(self, function, *arguments) -> None:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            self._sockets |= {near, far}
            self._begin(self._pass, near, far, False)
            self._begin(self._pass, far, near, True)

    def _pass(self, source: socket.socket, target: socket.socket, are_replies: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if are_replies and self.lose_replies:
                    self.lose_replies -= 1
                    break
                target.sendall(data)
        for each in (source, target):
            self._cut(each)

    def _cut(self, each: socket.socket) -> None:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
        self._sockets.discard(each)
