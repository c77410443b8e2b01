"""What stands between a shipper and a destination, and does to their connections as it is told."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FAULTS", "FaultyProxy", "Trap"]

FAULTS = ("down", "cut", "mute", "slow", "late")


class Trap(NamedTuple):
    """What happens in the middle of a batch, or when the destination has answered and nobody has heard of it yet."""

    in_answer: bool
    after_bytes: int
    share: float  # of the bytes in hand that the destination still gets
    spring: Callable[[], None]


class FaultyProxy:
    """Listens on `port` of 127.0.0.1, for a destination that listens on another.

    fault: "" | "down" (no connection is taken, and all are cut) | "cut" (after some bytes of a batch) | "mute" (what
    the destination answers is lost, and the connection then) | "slow" | "late" (what is sent arrives when that is over,
    though who sent it be dead by then).
    """

    def __init__(self, target: int, seed: str) -> None:
        self.fault = ""
        self._target = target
        self._seed = seed
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._trap: Trap | None = None
        self._is_over = False
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, fault: str) -> None:
        """Behave so from now on."""
        with self._changed:
            self.fault = fault
            self._changed.notify_all()
        if fault == "down":
            for each in list(self._open):
                _cut(each)

    def lay(self, trap: Trap | None) -> None:
        """Lay a trap, which springs once, in the place of the last one."""
        with self._changed:
            self._trap = trap

    def stop(self) -> None:
        """Cut all, and take no more."""
        self._is_over = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.set("down")

    def _accept(self) -> None:
        number = 0
        while not self._is_over:
            try:
                client, _ = self._socket.accept()
            except OSError:
                continue
            number += 1
            try:
                if self.fault == "down":
                    raise ConnectionRefusedError
                server = socket.create_connection(("127.0.0.1", self._target), timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._open |= {client, server}
            for source, to, is_answer in ((client, server, False), (server, client, True)):
                chance = random.Random(f"{self._seed} {number} {is_answer}")
                threading.Thread(target=self._pass_on, args=(source, to, is_answer, chance), daemon=True).start()

    def _pass_on(self, source: socket.socket, to: socket.socket, is_answer: bool, chance: random.Random) -> None:
        budget = chance.choice([1, 1000, 20_000, 200_000])
        try:
            while data := source.recv(16_384):
                if (trap := self._sprung(len(data), is_answer)) is not None:
                    to.sendall(data[: int(len(data) * trap.share)])
                    trap.spring()
                    break
                if self.fault == "late":
                    with self._changed:
                        self._changed.wait_for(lambda: self.fault != "late")
                if self.fault == "slow":
                    time.sleep(chance.uniform(0, 0.05))
                elif self.fault == "mute" and is_answer:
                    break
                elif self.fault == "cut" and not is_answer and (budget := budget - len(data)) < 0:
                    to.sendall(data[: len(data) // 2])
                    break
                to.sendall(data)
        except OSError:
            pass
        for each in (source, to):
            self._open.discard(each)
            _cut(each)

    def _sprung(self, size: int, is_answer: bool) -> Trap | None:
        """Return the trap that is laid, if these bytes are those at which it springs."""
        with self._changed:
            trap = self._trap
            if trap is None or trap.in_answer != is_answer:
                return None
            left = trap.after_bytes - size
            self._trap = trap._replace(after_bytes=left) if left > 0 else None
            return None if left > 0 else trap


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
