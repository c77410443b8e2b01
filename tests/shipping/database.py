"""A sink for the tests of shipping: an SQLite file, in which an event is once by its id."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from jupyter_telemetry.shipping import BatchLimits, CannotErase, Receipt, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_telemetry.shipping import Batch

__all__ = ["DatabaseSink", "KeepingSink", "events_in"]

REFUSED = "not this one"


class DatabaseSink:
    """Events in an SQLite file; while a file of the same name with `.down` stands beside it, it is unavailable.

    With `.mended` it refuses nothing.
    """

    limits = BatchLimits(1000, 1024**2, 0.1)
    erases = True

    def __init__(self, path: Path) -> None:
        self.name = f"sqlite:{path.name}"
        self._path = path
        self._connection: sqlite3.Connection | None = None

    @classmethod
    def from_url(cls, url: str) -> DatabaseSink:
        return cls(Path(url.removeprefix("sqlite:")))

    def open(self) -> None:
        self._look()
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, timeout=30, check_same_thread=False)
            self._connection.execute("create table if not exists events (id text primary key, line text)")

    def send(self, batch: Batch) -> Receipt:
        self._look()
        is_mended = self._path.with_suffix(".mended").exists()
        bad = [index for index, line in enumerate(batch.lines) if b'"name":"refuse me"' in line]
        refused = {} if is_mended else dict.fromkeys(bad, REFUSED)
        rows = [
            (event_id, line.decode())
            for index, (event_id, line) in enumerate(zip(batch.ids, batch.lines, strict=True))
            if index not in refused
        ]
        assert self._connection is not None
        with self._connection:
            self._connection.executemany("insert or ignore into events values (?, ?)", rows)
        return Receipt(refused)

    def erase(self, ids: Sequence[str]) -> None:
        self._look()
        assert self._connection is not None
        with self._connection:
            self._connection.executemany("delete from events where id = ?", [(each,) for each in ids])

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _look(self) -> None:
        if self._path.with_suffix(".down").exists():
            raise Unavailable("the database is down")


class KeepingSink(DatabaseSink):
    """One that cannot erase."""

    erases = False

    def erase(self, ids: Sequence[str]) -> None:
        raise CannotErase("the database keeps what it was given")


def events_in(path: Path) -> list[dict[str, object]]:
    """Return all events of the file, in the order in which they came."""
    if not path.exists():
        return []
    connection = sqlite3.connect(path)
    try:
        return [orjson.loads(line) for (line,) in connection.execute("select line from events order by rowid")]
    except sqlite3.OperationalError:  # no table yet
        return []
    finally:
        connection.close()
