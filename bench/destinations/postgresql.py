"""PostgreSQL, as Debian packages it, with its own settings: a commit is on the disk."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jupyter_telemetry.shipping import Batch, Sink

__all__ = ["PostgreSQL"]

TABLE = "telemetry_events"
PASSWORD_VARIABLE = "BENCH_POSTGRESQL_PASSWORD"
_STAGE = f"create temporary table stage (like {TABLE} including defaults) on commit delete rows"
_COPY = 'copy stage (id, "timestamp", schema, version, event) from stdin'


class PostgreSQL:
    """A server of its own, and the table that the sink makes."""

    def __init__(self, _: Path) -> None:
        running = import_module("tests.sinks.postgresql_server")
        os.environ[PASSWORD_VARIABLE] = running.PASSWORD
        self._server = running.PostgreSQLServer()

    def start(self) -> None:
        """Start it; the table is there afterwards."""
        self._server.start()
        sink = self.sink()
        sink.open()
        sink.close()

    def stop(self) -> None:
        """Kill it, and take its data away."""
        self._server.close()

    def sink(self) -> Sink:
        """Make a sink."""
        from jupyter_telemetry.sinks.postgresql import PostgreSQLSink

        return PostgreSQLSink(self._server.url(), password_variable=PASSWORD_VARIABLE)

    def connect(self) -> Any:
        """Connect; each statement is a transaction."""
        return self._server.connect()

    def loop(self, batches: Sequence[Batch]) -> Callable[[], None]:
        """Copy rows that are made before, and insert those that are not there yet."""
        rows = [
            [
                (head.event_id, head.timestamp, head.schema_id, head.version, line.decode())
                for head, line in zip(batch.heads, batch.lines, strict=True)
            ]
            for batch in batches
        ]

        def copy_and_insert() -> None:
            with self.connect() as connection:
                connection.execute(_STAGE)
                for batch in rows:
                    with connection.transaction():
                        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                            for row in batch:
                                copy.write_row(row)
                        connection.execute(f"insert into {TABLE} select * from stage on conflict do nothing")

        return copy_and_insert

    def at_rest(self) -> int:
        """Count its rows."""
        with self.connect() as connection:
            (count,) = connection.execute(f"select count(*) from {TABLE}").fetchone()
        return int(count)
