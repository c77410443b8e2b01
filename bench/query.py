"""How many events of each schema a day? A journal of a million answers, and DuckDB's own reader of JSON.

A lake is asked the same, and DuckDB's own reader of Parquet files.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .event import EVENT, SCHEMA, VERSION, numbered
from .subjects import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "JOURNAL",
    "LAKE",
    "build",
    "build_lake",
    "duckdb_lake_reader",
    "duckdb_reader",
    "our_lake_query",
    "our_query",
]

JOURNAL = "BENCH_JOURNAL"
"""The environment variable that says where the journal stands."""
LAKE = "BENCH_LAKE"
"""That for the lake."""

_DAYS = 30
_SCHEMAS = 4
_QUESTION = "SELECT __timestamp__::DATE AS day, __schema__, count(*) FROM {} GROUP BY ALL ORDER BY ALL"


def build(directory: Path, events: int) -> None:
    """Record a journal of events of four schemas, over thirty days."""
    from jupyter_telemetry.journal import JournalHandler

    from .ours import new_log

    schemas = [numbered(SCHEMA, number) for number in range(_SCHEMAS)]
    handler = JournalHandler(directory)
    log = new_log(handler, *schemas)
    start, step = datetime(2026, 10, 1, tzinfo=timezone.utc), timedelta(days=_DAYS) / events
    for number in range(events):
        schema_id = schemas[number % _SCHEMAS]["$id"]
        log.record_event(schema_id, VERSION, EVENT, timestamp_override=start + number * step)
    handler.close()


def build_lake(directory: Path, events: int) -> None:
    """Make such a journal, and a lake of it."""
    from jupyter_telemetry.shipping import Shipper
    from jupyter_telemetry.sinks.lake import LakeSink

    journal = directory / "journal"
    build(journal, events)
    if not Shipper(journal, LakeSink(directory / "lake")).ship():
        raise RuntimeError("not all of it came to the lake")


def _asking(ask: Callable[[Path], list[tuple[Any, ...]]], where: str = JOURNAL) -> Subject:
    place = Path(os.environ[where])

    def run(times: int) -> None:
        for _ in range(times):
            rows = ask(place)
            if len(rows) != _DAYS * _SCHEMAS:
                raise RuntimeError(f"an answer of {len(rows)} rows, not {_DAYS * _SCHEMAS}")

    return Subject(run, lines_per_call=0)


@contextmanager
def our_query(_: Path) -> Iterator[Subject]:
    """Open the journal, ask it, take the rows."""
    from jupyter_telemetry.analysis import open_journal

    def ask(journal: Path) -> list[tuple[Any, ...]]:
        with open_journal(journal) as opened:
            return list(opened.sql(_QUESTION.format("events")).rows())

    yield _asking(ask)


@contextmanager
def duckdb_reader(_: Path) -> Iterator[Subject]:
    """Let DuckDB read the same two columns of the same files by itself."""
    import duckdb

    def ask(journal: Path) -> list[tuple[Any, ...]]:
        columns = "{'__timestamp__': 'TIMESTAMPTZ', '__schema__': 'VARCHAR'}"
        source = f"read_json('{journal}/*.jsonl', format = 'newline_delimited', columns = {columns})"
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(_QUESTION.format(source)).fetchall()

    yield _asking(ask)


@contextmanager
def our_lake_query(_: Path) -> Iterator[Subject]:
    """Open the lake, ask it, take the rows."""
    from jupyter_telemetry.analysis import open_lake

    def ask(lake: Path) -> list[tuple[Any, ...]]:
        with open_lake(lake) as opened:
            return list(opened.sql(_QUESTION.format("events")).rows())

    yield _asking(ask, LAKE)


@contextmanager
def duckdb_lake_reader(_: Path) -> Iterator[Subject]:
    """Let DuckDB read the same files by itself, whose columns may differ."""
    import duckdb

    def ask(lake: Path) -> list[tuple[Any, ...]]:
        source = f"read_parquet('{lake}/schema=*/day=*/*.parquet', union_by_name = true)"
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(_QUESTION.format(source)).fetchall()

    yield _asking(ask, LAKE)
