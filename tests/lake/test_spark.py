"""Spark reads a lake as it is; one session for all, since it takes seconds to start."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pyspark.sql import SparkSession, functions

from .lakes import DAY, THING, put, things
from .odd import odd_events, sealed

NEWER = {**THING, "version": 2, "properties": {**THING["properties"], "more": {"type": "number"}}}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    directory = tmp_path_factory.mktemp("lake")
    newer = sealed([{"name": "new", "more": 1.5}], NEWER, DAY + timedelta(days=2))
    put(directory, things(3), things(4, at=DAY + timedelta(days=1)), newer, sealed(odd_events()))
    return directory


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    place = tmp_path_factory.mktemp("spark")
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", str(place))
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()


def test_it_reads_typed_columns_by_day(spark, lake):
    frame = spark.read.parquet(str(lake / "schema=example_org_thing_v1"))
    rows = frame.groupBy("day").agg(functions.count("*"), functions.sum("count")).orderBy("day").collect()
    assert [tuple(row) for row in rows] == [(DAY.date(), 3, 3), (DAY.date() + timedelta(days=1), 4, 6)]


def test_it_reads_all_versions_of_a_schema_as_one(spark, lake):
    frame = (
        spark.read.option("mergeSchema", "true")
        .option("basePath", str(lake))
        .parquet(str(lake / "schema=example_org_thing_v*"))
    )
    rows = frame.groupBy("schema").agg(functions.count("*"), functions.sum("more")).orderBy("schema").collect()
    assert [tuple(row) for row in rows] == [("example_org_thing_v1", 7, None), ("example_org_thing_v2", 1, 1.5)]


def test_it_reads_the_directory_of_the_whole_lake(spark, lake):
    frame = spark.read.option("mergeSchema", "true").parquet(str(lake))
    assert frame.count() == 8 + len(odd_events())
    assert frame.select("__id__").distinct().count() == frame.count()


def test_it_reads_a_column_of_every_type(spark, lake):
    frame = spark.read.parquet(str(lake / "schema=example_org_odd_v3"))
    types = dict(frame.dtypes)
    assert types["at"] == "timestamp"
    assert types["names"] == "map<string,double>"
    assert types["people"] == "array<struct<id:string,age:bigint>>"
    old = ["at", "who"]  # they hold years for which PySpark has no datetime
    assert len(frame.drop(*old).collect()) == len(odd_events())
