"""Lakes of the tests: batches into them, and what is in them by the means of others."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timezone

import duckdb

from jupyter_telemetry.lake.lake import Lake
from jupyter_telemetry.shipping import Batch

from .odd import sealed

__all__ = ["DAY", "THING", "by_duckdb", "ids_in", "of_journal", "paths", "put", "things"]

THING = {
    "$id": "https://example.org/thing",
    "version": 1,
    "type": "object",
    "properties": {"name": {"type": "string"}, "count": {"type": "integer"}},
}
DAY = datetime(2026, 10, 5, 12, tzinfo=timezone.utc)


def things(count, *, at=DAY, schema=THING, journal="0123456789abcdef", first=0):
    """Return a batch of plain events."""
    batch = sealed([{"name": f"thing {n}", "count": n} for n in range(first, first + count)], schema, at)
    return of_journal(batch, journal)


def of_journal(batch, journal, *, sent_before=False):
    return Batch(batch.lines, batch.schemas, journal=journal, sent_before=sent_before)


def put(directory, *batches):
    """Append batches to a lake, as one writer does."""
    lake = Lake(directory)
    lake.place.open()
    appender = lake.appender()
    for batch in batches:
        assert appender.append(batch, time.monotonic() + 60) == []
    return lake


def paths(directory):
    """Return the files of events, by path."""
    return sorted(str(each.relative_to(directory)) for each in directory.glob("schema=*/**/*.parquet"))


def ids_in(directory):
    """Count each id, as DuckDB finds it in all files that there are."""
    return Counter(event_id for (event_id,) in by_duckdb(directory, "SELECT __id__ FROM {}"))


def by_duckdb(directory, question, where="schema=*/**/*.parquet"):
    """Ask DuckDB's own reader."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        source = f"read_parquet('{directory}/{where}', hive_partitioning = true, union_by_name = true)"
        return connection.execute(question.format(source)).fetchall()
