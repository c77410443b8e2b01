"""A lake is asked like a journal, and gives the same answers."""

from __future__ import annotations

import json

import duckdb
import pytest
from lake.lakes import DAY, THING, put, things
from lake.odd import ODD_SCHEMA, odd_events, sealed

from jupyter_telemetry.analysis import open_journal, open_lake
from jupyter_telemetry.analysis.holdings import Holdings
from jupyter_telemetry.errors import ConfigurationError, LakeError, MissingExtra, QueryError
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.lake.lake import Lake
from jupyter_telemetry.sinks.lake import LakeSink

VIEW = "example_org_odd_v3"


def write_journal(directory, batch, schema=ODD_SCHEMA):
    handler = JournalHandler(directory)
    handler.write_schema(schema["$id"], schema["version"], json.dumps(schema).encode())
    for line in batch.lines:
        handler.write_event(line)
    handler.close()


def write_lake(directory, batch):
    sink = LakeSink(directory)
    sink.open()
    sink.send(batch)
    sink.close()


def plain(value):
    """Take JSON texts for what they mean."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


@pytest.fixture
def both(tmp_path):
    batch = sealed(odd_events())
    write_journal(tmp_path / "journal", batch)
    write_lake(tmp_path / "lake", batch)
    return tmp_path


@pytest.mark.parametrize("view", [VIEW, "events"])
def test_a_view_has_the_same_rows_on_a_lake_as_on_a_journal(both, view):
    question = f"SELECT * FROM {view} ORDER BY __id__"
    with open_journal(both / "journal") as journal, open_lake(both / "lake") as lake:
        expected, found = journal.sql(question), lake.sql(question)
        assert found.columns == expected.columns
        assert found.types == expected.types
        for one, other in zip(found, expected, strict=True):
            assert [plain(each) for each in one] == [plain(each) for each in other]


def test_both_as_one_hold_no_event_twice(tmp_path):
    batch = sealed(odd_events())
    write_journal(tmp_path / "journal", batch)
    write_lake(tmp_path / "lake", batch.part(range(0, len(batch), 3)))
    for view in (VIEW, "events"):
        question = f"SELECT * FROM {view} ORDER BY __id__"
        with open_journal(tmp_path / "journal") as journal:
            expected = [list(map(plain, row)) for row in journal.sql(question)]
        with open_lake(tmp_path / "lake", journal=tmp_path / "journal") as together:
            assert [list(map(plain, row)) for row in together.sql(question)] == expected


def test_both_as_one_have_what_only_one_of_them_knows(tmp_path):
    write_journal(tmp_path / "journal", sealed([{"text": "a"}]))
    put(tmp_path / "lake", things(3))
    with open_lake(tmp_path / "lake", journal=tmp_path / "journal") as together:
        assert {(view.name, view.events) for view in together.views()} == {(VIEW, 1), ("example_org_thing_v1", 3)}
        assert together.sql("SELECT sum(count) FROM example_org_thing_v1").rows() == [(3,)]
        assert together.sql("SELECT count(*) FROM events").rows() == [(4,)]


def test_a_lake_that_is_empty_has_no_events(tmp_path):
    with open_lake(tmp_path / "lake") as lake:
        assert lake.sql("SELECT * FROM events").rows() == []
        assert lake.views() == []


def test_a_schema_of_which_all_is_erased_has_an_empty_view(tmp_path):
    batch = things(2)
    put(tmp_path, batch).erase(batch.ids)
    with open_lake(tmp_path) as lake:
        assert lake.sql("SELECT name, count, __extra__ FROM example_org_thing_v1").rows() == []


def test_events_without_a_known_schema_are_asked_as_json(tmp_path):
    batch = sealed([{"any": [1, {"x": None}]}], {"$id": "urn:nobody:knows", "version": "7"})
    batch.schemas = lambda *_: None
    put(tmp_path, batch)
    with open_lake(tmp_path) as lake:
        assert [json.loads(row[0]) for row in lake.sql("SELECT event FROM events")] == [{"any": [1, {"x": None}]}]
        assert [row[0] for row in lake.sql("SELECT __extra__ FROM nobody_knows_v7")] == ['{"any":[1,{"x":null}]}']


def test_columns_that_only_some_files_have_are_null_in_the_others(tmp_path):
    later = {**THING, "properties": {**THING["properties"], "more": {"type": "number"}}}
    put(tmp_path, things(2), sealed([{"name": "n", "more": 1.5}], later, DAY))
    with open_lake(tmp_path) as lake:
        question = "SELECT name, more FROM example_org_thing_v1 ORDER BY __id__"
        assert lake.sql(question).rows() == [("thing 0", None), ("thing 1", None), ("n", 1.5)]
        assert [json.loads(row[0]) for row in lake.sql("SELECT event FROM events ORDER BY __id__ DESC LIMIT 1")] == [
            {"name": "n", "more": 1.5}
        ]


def test_two_schemas_in_one_directory_are_told_apart(tmp_path):
    one, other = ({**THING, "$id": each} for each in ("https://example.org/a-b", "https://example.org/a_b"))
    put(tmp_path / "x", things(2, schema=one))
    put(tmp_path / "y", things(3, schema=other))
    for path in [each for each in (tmp_path / "y").rglob("*") if each.is_file()]:
        target = tmp_path / "x" / path.relative_to(tmp_path / "y")
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    with open_lake(tmp_path / "x") as lake:
        assert sorted(view.events for view in lake.views()) == [2, 3]
        assert sorted(len(lake.sql(f"SELECT * FROM {view.name}")) for view in lake.views()) == [2, 3]


def test_a_question_goes_on_when_files_were_compacted_after_it_looked(tmp_path):
    lake = put(tmp_path, things(2, journal="a"), things(2, journal="b"))
    with open_lake(tmp_path) as database:
        lake.compact()
        assert database.sql("SELECT count(*), sum(count) FROM example_org_thing_v1").rows() == [(4, 2)]


def test_a_damaged_file_is_said(tmp_path):
    put(tmp_path, things(2))
    (file,) = tmp_path.glob("schema=*/*/*.parquet")
    file.write_bytes(b"PAR1 no more")
    with open_lake(tmp_path) as database, pytest.raises((LakeError, QueryError)):
        database.sql("SELECT * FROM events")


@pytest.mark.parametrize(
    "question",
    [
        "COPY (SELECT 1) TO 'lake://schema=x/day=2026-01-01/x.parquet'",
        "WITH x AS (COPY (SELECT 1) TO 'lake://x.parquet') SELECT 1",
        "SELECT * FROM read_parquet('{directory}/**/*.parquet')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_text('{directory}/_schemas/*')",
    ],
)
def test_sql_reaches_the_files_of_events_and_nothing_else(tmp_path, question):
    put(tmp_path, things(2))
    before = sorted(tmp_path.rglob("*"))
    with open_lake(tmp_path) as database, pytest.raises((LakeError, QueryError)):
        database.sql(question.replace("{directory}", str(tmp_path)))
    assert sorted(tmp_path.rglob("*")) == before


def test_sql_finds_no_other_file_of_the_lake(tmp_path):
    put(tmp_path, things(2))
    with open_lake(tmp_path) as database:
        for path in ("lake://_schemas/*", "lake://*.json"):
            assert database.sql(f"SELECT filename FROM read_text('{path}')").rows() == []


def test_files_that_are_near_are_read_by_no_threads_of_their_own(tmp_path):
    put(tmp_path, things(2))
    with open_lake(tmp_path) as database:
        found = database.sql("SELECT value FROM duckdb_settings() WHERE name = 'async_threads'").rows()
    assert found == [("0",)] * (int(duckdb.__version__.partition(".")[0]) >= 2)


@pytest.mark.parametrize(("url", "is_far"), [("/srv/lake", False), ("s3://bucket/lake", True)])
def test_an_object_store_is_far(url, is_far):
    assert Holdings(None, Lake(url)).is_far is is_far


def test_what_is_no_lake_is_refused():
    for url in ("ftp://example.org/lake", "s3://", "s3://user:secret@bucket/x"):
        with pytest.raises(ConfigurationError) as caught:
            open_lake(url)
        assert "secret" not in str(caught.value)


def test_without_pyarrow_the_extra_is_named(monkeypatch):
    import sys

    for name in [name for name in sys.modules if name.startswith(("pyarrow", "jupyter_telemetry.lake"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match="jupyter_telemetry\\[lake\\]"):
        open_lake("x")
