"""SQL reads the events and nothing else, and writes nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_telemetry.errors import QueryError

from .journals import Journal, names


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text("a\nsecret\n")
    return path


FORBIDDEN = [
    "FROM read_text('{secret}')",
    "FROM read_blob('{secret}')",
    "FROM read_csv('{secret}')",
    "FROM '{secret}'",
    "FROM read_json('{journal}/*.jsonl')",
    "FROM read_text('journal://../secret.csv')",
    "FROM read_text('journal://lines/../../secret.csv')",
    "FROM read_text('journal://other')",
    "FROM read_text('file://{secret}')",
    "FROM glob('{parent}/*')",
    "FROM glob('*')",
    "FROM glob('journal://*')",
    "FROM sniff_csv('{secret}')",
    "FROM parquet_metadata('{secret}')",
    "FROM read_csv('https://example.org/x.csv')",
    "FROM read_csv('http://127.0.0.1:1/x.csv')",
    "FROM read_parquet('s3://bucket/x.parquet')",
    "FROM query('FROM read_text(''{secret}'')')",
    "COPY (SELECT 1) TO '{journal}/new.csv'",
    "COPY (SELECT 1) TO '{segment}'",
    "COPY (SELECT 1) TO '{segment}' (USE_TMP_FILE false)",
    "COPY (SELECT 1) TO '{parent}/new.csv'",
    "COPY (SELECT 1) TO 'journal://lines'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{journal}/new.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO 'journal://lines' (USE_TMP_FILE false)",
    "WITH x AS MATERIALIZED (COPY (SELECT 1) TO '{journal}/new.csv') FROM x",
    "WITH x AS MATERIALIZED (COPY (SELECT 1) TO 'journal://lines' (USE_TMP_FILE false)) FROM x",
    "FROM query('WITH x AS MATERIALIZED (COPY (SELECT 1) TO ''{journal}/new.csv'') FROM x')",
    "FROM json_execute_serialized_sql(json_serialize_sql("
    "'WITH x AS MATERIALIZED (COPY (SELECT 1) TO ''{journal}/new.csv'') FROM x'))",
    "EXPORT DATABASE '{journal}/export'",
    "IMPORT DATABASE '{parent}'",
    "ATTACH '{journal}/new.db'",
    "ATTACH '{parent}/new.db'",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{parent}/x.duckdb_extension'",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET lock_configuration",
    "SET allowed_paths = ['{secret}']",
    "PRAGMA enable_profiling",
    "CALL enable_logging(storage = 'file', storage_path = '{journal}')",
    "CREATE TABLE t AS SELECT 1",
    "CREATE OR REPLACE VIEW events AS SELECT 1",
    "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    "DROP VIEW events",
    "PREPARE p AS SELECT 1",
    "INSERT INTO results.r1 VALUES (1)",
    "BEGIN",
    "VACUUM",
    "CHECKPOINT",
    "USE results",
    "FROM secret",  # a variable of this test
    "FROM database",
]


@pytest.mark.parametrize("question", FORBIDDEN)
def test_sql_reaches_nothing_but_the_events(journal: Journal, database, secret: Path, question: str):
    (segment,) = journal.directory.glob("*.jsonl")
    places = {"secret": secret, "journal": journal.directory, "segment": segment, "parent": secret.parent}
    before = {path: path.read_bytes() for path in secret.parent.rglob("*") if path.is_file()}

    with pytest.raises(QueryError) as caught:
        database.sql(question.format(**places)).rows()

    assert "secret\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in secret.parent.rglob("*") if path.is_file()} == before
    assert names(database) == ["a", "b"]


def test_the_settings_that_keep_sql_in_are_on_and_locked(database):
    settings = dict(database.sql("SELECT name, value FROM duckdb_settings()").rows())

    assert settings["enable_external_access"] == "false"
    assert settings["lock_configuration"] == "true"
    assert settings["allowed_paths"].replace("'", "") in ("[journal://lines]", "[journal:/lines]")  # as DuckDB shows it
    assert settings["allowed_directories"] == "[]"
    assert settings["autoinstall_known_extensions"] == settings["autoload_known_extensions"] == "false"
    assert settings["allow_community_extensions"] == settings["allow_unsigned_extensions"] == "false"
    assert settings["allow_persistent_secrets"] == settings["python_enable_replacements"] == "false"
    assert settings["temp_directory"] == ""
    assert settings["TimeZone"] == "UTC"


def test_nothing_is_written_beside_the_user(database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")

    database.sql("SELECT * FROM range(300000) AS t(i) ORDER BY hash(i) LIMIT 5 OFFSET 250000")

    assert os.listdir() == []
