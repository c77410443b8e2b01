"""DuckDB and polars read a lake as it is; pyspark does in test_spark."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import duckdb
import polars as pl
import pytest

from .lakes import DAY, THING, by_duckdb, put, things
from .odd import odd_events, sealed

NEWER = {**THING, "version": 2, "properties": {**THING["properties"], "more": {"type": "number"}}}


@pytest.fixture
def lake(tmp_path):
    """Three days, two of them of a second version, and a schema with a column of every type."""
    newer = sealed([{"name": "new", "more": 1.5}], NEWER, DAY + timedelta(days=2))
    put(tmp_path, things(3), things(4, at=DAY + timedelta(days=1)), newer, sealed(odd_events()))
    return tmp_path


def test_duckdb_reads_typed_columns_and_passes_other_days_over(lake):
    files = "schema=example_org_thing_v1/*/*.parquet"
    question = (
        "SELECT day::VARCHAR, count(*), sum(count), max(__timestamp__)::VARCHAR FROM {}"
        " WHERE day > '2026-10-05' GROUP BY ALL"
    )
    assert by_duckdb(lake, question, files) == [("2026-10-06", 4, 6, "2026-10-06 12:00:00+00")]


def test_duckdb_reads_all_versions_of_a_schema_as_one(lake):
    files = "schema=example_org_thing_v*/*/*.parquet"
    question = "SELECT __schema_version__, count(*), count(count), sum(more) FROM {} GROUP BY ALL ORDER BY ALL"
    assert by_duckdb(lake, question, files) == [("1", 7, 7, None), ("2", 1, 0, 1.5)]


def test_duckdb_reads_every_file_there_is(lake):
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT count(*) FROM read_parquet('{lake}/**/*.parquet', union_by_name = true)")
        assert found.fetchall() == [(8 + len(odd_events()),)]


def test_duckdb_reads_a_column_of_every_type(lake):
    files = "schema=example_org_odd_v3/*/*.parquet"
    with duckdb.connect() as connection:
        described = connection.execute(
            f"DESCRIBE SELECT * FROM read_parquet('{lake}/{files}', hive_partitioning = false)"
        )
        types = {row[0]: row[1] for row in described.fetchall()}
    assert types["at"] == "TIMESTAMP WITH TIME ZONE"
    assert types["large"] == "UBIGINT"
    assert types["names"] == "MAP(VARCHAR, DOUBLE)"
    assert types["people"] == "STRUCT(id VARCHAR, age BIGINT)[]"
    assert types["on"] == "DATE"


def test_polars_reads_a_directory(lake):
    frame = pl.scan_parquet(lake / "schema=example_org_thing_v1", hive_partitioning=True)
    found = frame.group_by("day").agg(pl.len(), pl.col("count").sum()).sort("day").collect()
    assert found.rows() == [(DAY.date(), 3, 3), (DAY.date() + timedelta(days=1), 4, 6)]


def test_polars_reads_all_versions_of_a_schema_as_one(lake):
    paths = [lake / f"schema=example_org_thing_v{version}/**/*.parquet" for version in (1, 2)]
    frame = pl.concat([pl.scan_parquet(path) for path in paths], how="diagonal")
    assert frame.select(pl.len(), pl.col("more").sum()).collect().rows() == [(8, 1.5)]


def test_polars_reads_a_column_of_every_type(lake):
    frame = pl.read_parquet(lake / "schema=example_org_odd_v3/**/*.parquet", hive_partitioning=False)
    assert len(frame) == len(odd_events())
    assert frame["__timestamp__"][0] == datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
