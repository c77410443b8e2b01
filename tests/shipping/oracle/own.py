"""A destination of the oracle's own, which costs nothing to start, and its sink."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import orjson

from jupyter_telemetry.shipping import BatchLimits, Receipt, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from jupyter_telemetry.shipping import Batch

__all__ = ["DatabaseServer", "RemoteSink"]


class DatabaseServer:
    """Keeps events in SQLite, over TCP: a line of JSON for each request, and one for its answer."""

    def __init__(self, home: Path) -> None:
        self._path = home / "destination.db"
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        with self._database() as database:
            database.execute("create table events (id text primary key, line text)")
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def at_rest(self) -> list[bytes]:
        """Return the lines of all events, each as often as it stands there."""
        with self._lock, self._database() as database:
            return [line.encode() for (line,) in database.execute("select line from events")]

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self._path)
        try:
            with database:
                yield database
        finally:
            database.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as requests:
            for request in requests:
                if not request.endswith(b"\n"):
                    return
                client.sendall(orjson.dumps(self._answer(orjson.loads(request))) + b"\n")

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock, self._database() as database:
            if erased := request.get("erase"):
                database.executemany("delete from events where id = ?", [(each,) for each in erased])
                return {}
            refused = [index for index, line in enumerate(request["lines"]) if '"name":"refuse me"' in line]
            rows = [
                row
                for index, row in enumerate(zip(request["ids"], request["lines"], strict=True))
                if index not in refused
            ]
            database.executemany("insert or ignore into events values (?, ?)", rows)
        return {"refused": refused}


class RemoteSink:
    """The sink of a DatabaseServer, whose port it is given, or that of what stands before it."""

    limits = BatchLimits(200, 50_000, 0.05)
    erases = True

    def __init__(self, port: int) -> None:
        self.name = "oracle"
        self._port = port
        self._socket: socket.socket | None = None

    def open(self) -> None:
        if self._socket is None:
            with self._unavailable():
                self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=2.0)

    def send(self, batch: Batch) -> Receipt:
        answer = self._ask({"ids": batch.ids, "lines": [line.decode() for line in batch.lines]})
        return Receipt(dict.fromkeys(answer["refused"], "the destination does not take this"))

    def erase(self, ids: Sequence[str]) -> None:
        self._ask({"erase": list(ids)})

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, request: dict[str, Any]) -> Any:
        if self._socket is None:
            raise Unavailable("there is no connection")
        with self._unavailable():
            self._socket.sendall(orjson.dumps(request) + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = self._socket.recv(65_536)
                if not piece:
                    raise ConnectionResetError
                answer += piece
            return orjson.loads(answer)

    @contextlib.contextmanager
    def _unavailable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unavailable(f"the connection failed: {type(error).__name__}") from None
