"""The scripts that the page about PostgreSQL has an analyst write answer as those about a lake do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from code_blocks import blocks_of

from jupyter_telemetry.shipping import Shipper
from jupyter_telemetry.sinks import make_sink
from tests.sinks.postgresql_server import PASSWORD, PostgreSQLServer

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
ATTACHMENT = """duckdb.sql("LOAD postgres")
duckdb.sql("ATTACH '' AS telemetry (TYPE postgres, READ_ONLY)")  # libpq's environment
"""


def blocks(page):
    return [*blocks_of((HOW_TO / page).read_text(encoding="utf-8"))]


def script(name):
    return next(block.text for block in blocks("ship-to-postgresql.md") if block.argument == name)


def answers():
    """Return what the page says is printed, which is what the page about lakes says."""
    (said,) = (each.text for each in blocks("ship-to-postgresql.md") if each.text.startswith("('2026-10-05'"))
    (of_a_lake,) = (each.text for each in blocks("ask-at-scale.md") if each.text.startswith("$ python questions.py\n"))
    assert of_a_lake.partition("\n")[2] == said
    return said


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Record the course of the page about lakes, and ship it; return what has libpq find the database."""
    place = tmp_path_factory.mktemp("course")
    recorder = next(block.text for block in blocks("ask-at-scale.md") if "class Exercise" in block.text)
    subprocess.run([sys.executable, "-c", recorder], cwd=place, check=True)
    server = PostgreSQLServer()
    try:
        server.start()
        password = place / "password"
        password.write_text(PASSWORD)
        assert Shipper(place / "journal", make_sink({"to": server.url(), "password_file": str(password)})).ship()
        yield {
            **os.environ,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": "shipper",
            "PGPASSWORD": PASSWORD,
            "PGDATABASE": "postgres",
        }
    finally:
        server.close()


def printed(text, environment):
    done = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_psycopg_answers(environment):
    assert printed(script("questions_postgresql.py"), environment) == answers()


def test_duckdb_answers_where_it_has_the_rows(environment, tmp_path):
    """Its extension comes from the network: so the rows stand in a database of its own, in the types it would give."""
    copy = """
import duckdb, psycopg
duckdb.sql("ATTACH ':memory:' AS telemetry")
duckdb.sql('CREATE TABLE telemetry.telemetry_events ("timestamp" TIMESTAMPTZ, schema VARCHAR, event JSON)')
with psycopg.connect() as connection:
    for at, schema, event in connection.execute('select "timestamp", schema, event::text from telemetry_events'):
        duckdb.execute("INSERT INTO telemetry.telemetry_events VALUES (?, ?, ?)", (at, schema, event))
"""
    text = script("questions_duckdb.py")
    assert ATTACHMENT in text
    assert printed(text.replace(ATTACHMENT, copy), environment) == answers()
