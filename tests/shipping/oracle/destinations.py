"""What is shipped to: servers behind a network that fails, which are killed and started again, and a lake."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

import orjson
from nats.js.errors import NotFoundError
from sinks.nats_servers import NATSServers
from sinks.postgresql_server import PASSWORD, PostgreSQLServer
from sinks.running import WebServer, as_recorded

from jupyter_telemetry.errors import LakeError
from jupyter_telemetry.lake.lake import Lake

from .disk import SmallDisk
from .network import FaultyProxy
from .own import DatabaseServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["DESTINATIONS", "Destination", "kind_of"]

LONGEST_MESSAGE = 32_768  # that NATS takes, so that something is refused there, too


class Destination:
    """Any of them.

    sink: what `programs.sink_of` makes its sink of. proxy: what stands before it, if it is reached by TCP.
    """

    erases = True
    keeps_lines = False  # byte by byte; else the same event
    is_killable = False
    unacceptable = "refuse me"  # the name of an event that becomes a dead letter, where any does
    # By how much the clocks of those who record are ahead. One that is ahead by a day takes the segments of the others
    # for those of dead ones (retention).
    clocks_s: tuple[int, ...] = (0, 0, 0, -86400, -3600, 3600, 86400)
    step_s = 0.12
    sink: dict[str, Any]
    proxy: FaultyProxy | None = None
    disk: SmallDisk | None = None
    lake: Path | None = None

    def start(self) -> None:
        """Start it if it does not run; return when it answers."""

    def kill(self) -> None:
        """Kill it with -9 if it runs."""

    def stop(self) -> None:
        """End all of it."""

    def at_rest(self) -> list[bytes]:
        """Return all events, each as often as it stands there."""
        raise NotImplementedError


class Own(Destination):
    """The oracle's own."""

    keeps_lines = True

    def __init__(self, home: Path, seed: int) -> None:
        self._server = DatabaseServer(home)
        self.proxy = FaultyProxy(self._server.port, f"own {seed}")
        self.sink = {"sink": "oracle", "port": self.proxy.port}
        self.at_rest = self._server.at_rest  # type: ignore[method-assign]

    def stop(self) -> None:
        assert self.proxy is not None
        self.proxy.stop()
        self._server.stop()


class _Killable(Destination):
    """A program of its own. Who kills it is another thread than who starts it."""

    is_killable = True

    def __init__(self, server: Any, port: int, seed: str) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._is_up = False
        self.proxy = FaultyProxy(port, seed)

    def start(self) -> None:
        with self._lock:
            if not self._is_up:
                self._server.start()
                self._is_up = True

    def kill(self) -> None:
        with self._lock:
            if self._is_up:
                self._is_up = False
                self._server.kill()

    def stop(self) -> None:
        assert self.proxy is not None
        self.proxy.stop()
        self.kill()


class PostgreSQL(_Killable):
    """A PostgreSQL with a cluster of its own."""

    unacceptable = "refuse me \0"

    def __init__(self, home: Path, seed: int) -> None:
        server = PostgreSQLServer(is_synced=False)
        super().__init__(server, server.port, f"postgresql {seed}")
        assert self.proxy is not None
        password = home / "password"
        password.write_text(PASSWORD)
        self.sink = {"to": server.url(port=self.proxy.port), "password_file": str(password)}

    def stop(self) -> None:
        super().stop()
        self._server.close()

    def at_rest(self) -> list[bytes]:
        with self._server.connect() as connection:
            is_there = connection.execute("select to_regclass('telemetry_events') is not null").fetchone()
            found = connection.execute("select event from telemetry_events") if is_there == (True,) else ()
            return [orjson.dumps(event) for (event,) in found]


class NATS(_Killable):
    """A server with JetStream, whose files outlive it."""

    erases = False
    keeps_lines = True
    unacceptable = "refuse me".ljust(LONGEST_MESSAGE, "!")
    # A clock that is ahead of the server's by more than an hour is beyond what the sink promises.
    clocks_s = (0, 0, 0, -86400, -3600, 1800)

    def __init__(self, home: Path, seed: int) -> None:
        server = NATSServers(home / "nats", settings=f"max_payload: {LONGEST_MESSAGE}")
        super().__init__(server, server.ports[0], f"nats {seed}")
        assert self.proxy is not None
        self.sink = {"to": f"nats://127.0.0.1:{self.proxy.port}"}

    def at_rest(self) -> list[bytes]:
        try:
            messages = self._server.messages()
        except NotFoundError:  # nothing has come yet that would have made the stream
            return []
        return [line for message in messages for line in message.data.splitlines(keepends=True)]


class HTTP(_Killable):
    """A web server that takes CloudEvents: with some seeds it refuses whole batches, with others single events."""

    def __init__(self, home: Path, seed: int) -> None:
        directory = home / "web"
        directory.mkdir()
        server = WebServer("web_server.py", directory)
        super().__init__(server, server.port, f"http {seed}")
        assert self.proxy is not None
        here = f"http://127.0.0.1:{self.proxy.port}"
        self.sink = {
            "to": f"{here}/{random.Random(seed).choice(['in', 'each'])}",
            "erase_url": f"{here}/erase",
            "timeout_s": 5.0,
        }

    def at_rest(self) -> list[bytes]:
        found = (orjson.loads(event) for (event,) in self._server.rows("select event from events"))
        return [orjson.dumps(as_recorded(each)) for each in found]


class LakeOnADisk(Destination):
    """A lake in a directory. There is nothing to kill but who writes, and nothing to cut, but it may be full."""

    step_s = 0.2  # who writes Parquet takes longer to start

    def __init__(self, home: Path, seed: int) -> None:
        self.disk = SmallDisk(home / "disk")
        self.lake = self.disk.directory / "lake"
        self.sink = {"to": str(self.lake)}

    def stop(self) -> None:
        assert self.disk is not None
        self.disk.close()

    def at_rest(self) -> list[bytes]:
        assert self.lake is not None
        while True:
            try:
                return [orjson.dumps(event) for event in Lake(self.lake).events()]
            except LakeError as error:  # a file that was compacted meanwhile is read where it is now
                if "No such file" not in str(error):
                    raise


DESTINATIONS: dict[str, Callable[[Path, int], Destination]] = {
    "own": Own,
    "postgresql": PostgreSQL,
    "nats": NATS,
    "http": HTTP,
    "lake": LakeOnADisk,
}


def kind_of(seed: int) -> str:
    """Return which destination a seed's plan has: each in its turn."""
    return list(DESTINATIONS)[seed % len(DESTINATIONS)]
