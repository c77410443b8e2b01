from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from jupyter_telemetry.analysis import JournalDatabase, open_journal
from jupyter_telemetry.errors import JournalError, MissingExtra, QueryError
from jupyter_telemetry.journal import JournalHandler, default_directory

from .journals import THING, THING_VIEW, Journal

VIEWS = [("events",), (THING_VIEW,)]


@pytest.fixture
def database(journal: Journal):
    journal.events({"name": "a", "count": 1}, {"name": "b", "count": 2})
    with open_journal(journal.directory) as database:
        yield database


def names(database: JournalDatabase) -> list[str]:
    return [name for (name,) in database.sql("SELECT event->>'name' FROM events ORDER BY __id__").rows()]


def test_the_default_journal_is_opened_without_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    Journal(default_directory()).events({"name": "a"})

    with open_journal() as database:
        assert database.directory == str(default_directory())
        assert names(database) == ["a"]


def test_what_a_handler_records_can_be_asked_while_it_is_open(tmp_path: Path):
    handler = JournalHandler(tmp_path / "journal")
    journal = Journal(tmp_path / "other")
    handler.write_event(journal.line({"name": "a"}))

    with open_journal(tmp_path / "journal") as database:
        assert names(database) == ["a"]
        handler.write_event(journal.line({"name": "b"}))
        handler.close()
        assert names(database) == ["a"]
        database.refresh()
        assert names(database) == ["a", "b"]


def test_a_journal_without_events_has_its_views(journal: Journal):
    journal.schema(THING)

    with open_journal(journal.directory) as database:
        assert database.sql("FROM events").rows() == []
        assert database.sql(f"FROM {THING_VIEW}").rows() == []
        assert [(view.name, view.events) for view in database.views()] == [(THING_VIEW, 0)]


def test_an_empty_directory_is_a_journal_without_events(journal: Journal):
    with open_journal(journal.directory) as database:
        assert database.sql("FROM events").rows() == []
        assert database.views() == []


@pytest.mark.parametrize("make", [lambda path: None, Path.touch])
def test_a_journal_that_is_not_there_is_an_error_that_says_where_and_what_next(tmp_path: Path, make):
    path = tmp_path / "nowhere"
    make(path)

    with pytest.raises(JournalError) as caught:
        open_journal(path)

    assert str(caught.value) == (
        f"there is no journal at {path}: nothing has been recorded there yet, or it is elsewhere. "
        "Open the directory that the JournalHandler was given"
    )


def test_all_questions_see_the_same_events_until_the_journal_is_refreshed(journal: Journal, database):
    other = {**THING, "$id": "other", "properties": {"more": {"type": "integer"}}}
    journal.events({"name": "c", "more": 3}, schema=other)

    assert names(database) == ["a", "b"]
    with pytest.raises(QueryError, match="there is no view other_v1"):
        database.sql("FROM other_v1")

    database.refresh()

    assert names(database) == ["a", "b", "c"]
    assert database.sql("SELECT more FROM other_v1").rows() == [(3,)]


def test_a_view_follows_its_schema_when_the_journal_is_refreshed(journal: Journal, database):
    question = f"SELECT * EXCLUDE (__timestamp__, __id__) FROM {THING_VIEW} WHERE name = 'a'"
    before = database.sql(question).columns
    journal.schema({**THING, "properties": {"more": {"type": "integer"}}})
    database.refresh()

    assert set(database.sql(question).columns) - set(before) == {"more"}


def test_a_segment_that_retention_takes_away_is_no_rows_and_no_failure(journal: Journal, database):
    path = journal.segment(journal.line({"name": "c"}))
    database.refresh()
    path.unlink()

    assert names(database) == ["a", "b"]


def test_a_journal_that_is_removed_is_no_rows_and_an_error_when_refreshed(journal: Journal, database):
    shutil.rmtree(journal.directory)

    assert names(database) == []
    with pytest.raises(JournalError, match="there is no journal at"):
        database.refresh()


def test_a_journal_is_asked_while_it_is_written(tmp_path: Path):
    handler = JournalHandler(tmp_path, max_segment_bytes=20_000, max_bytes=100_000)
    journal = Journal(tmp_path / "lines")
    stop = threading.Event()
    written: list[int] = []
    question = "SELECT count(*), count(*) FILTER (event->>'name' = repeat('x', 100)) FROM events"

    def write() -> None:
        while not stop.is_set():
            handler.write_event(journal.line({"name": "x" * 100}))
            written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with open_journal(tmp_path) as database:
            for _ in range(20):
                database.refresh()
                count, whole = database.sql(question).rows()[0]
                assert count == whole <= len(written) + 1
    finally:
        stop.set()
        writer.join()
        handler.close()


@pytest.mark.parametrize(
    "name", ["it's", 'a"b', "a b", "[x]", "*", "?", "{a,b}", "a%b", "é😀", "-", "s3:", "~", "$HOME", "a\\b", "a\nb"]
)
def test_a_directory_may_have_any_name(tmp_path: Path, name: str):
    Journal(tmp_path / name).events({"name": "a"})
    Journal(tmp_path / "x").events({"name": "not this"})

    with open_journal(tmp_path / name) as database:
        assert names(database) == ["a"]


def test_a_directory_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Journal(tmp_path / "journal").events({"name": "a"})
    monkeypatch.chdir(tmp_path)

    with open_journal("journal") as database:
        monkeypatch.chdir("/")
        assert names(database) == ["a"]


def test_a_question_may_have_parameters(database):
    assert database.sql("SELECT count FROM example_org_thing_v1 WHERE name = ?", ["b"]).rows() == [(2,)]
    assert database.sql("SELECT count FROM example_org_thing_v1 WHERE name = $name", {"name": "a"}).rows() == [(1,)]
    assert database.sql("SELECT ?", ["'; DROP VIEW events"]).rows() == [("'; DROP VIEW events",)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("SHOW TABLES", VIEWS),
        (
            "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1",
            [("events",), (THING_VIEW,), ("lines",)],
        ),
        ("SELECT column_type FROM (DESCRIBE example_org_thing_v1) WHERE column_name = 'count'", [("BIGINT",)]),
        ("PIVOT (SELECT name, count FROM example_org_thing_v1) ON name USING sum(count)", [(1, 2)]),
        ("WITH x AS (SELECT count FROM Example_Org_THING_v1) SELECT sum(count) FROM x;", [(3,)]),
        ("SELECT column_name FROM (SUMMARIZE example_org_thing_v1) WHERE max = 'b'", [("name",)]),
        ("VALUES (1), (2)", [(1,), (2,)]),
        ("FROM query('SELECT count FROM example_org_thing_v1 LIMIT 0')", []),
        ("FROM query_table('example_org' || '_thing_v1') LIMIT 0", []),
    ],
)
def test_questions_come_in_many_forms(database, question: str, expected: list[tuple]):
    assert database.sql(question).rows() == expected


def test_a_view_is_found_however_it_is_spelled(database):
    question = "SELECT count(*) FROM query('FROM example_' || 'org_thing_v1')"

    assert database.sql(question).rows() == [(2,)]


def test_a_plan_can_be_explained(database):
    ((_, plan),) = database.sql("EXPLAIN SELECT count(*) FROM events").rows()

    assert "NDJSON" in plan


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("SELEKT 1", "Parser Error"),
        ("SELECT foo FROM events", 'Referenced column "foo" not found'),
        ("SELECT 'x'::INTEGER", "Could not convert string 'x'"),
        ("SELECT (event->>'name')::INTEGER FROM events", "Could not convert string 'a'"),
        ("SELECT ?", "parameter"),
        ("", "there is no question"),
        (" -- nothing", "there is no question"),
        ("SELECT 1; SELECT 2", "one question at a time, not 2"),
        ("CREATE TYPE t AS ENUM ('a'); SELECT 1", "one question at a time, not 2"),
        ("FROM nowhere.events", "does not exist"),
    ],
)
def test_a_bad_question_is_an_error_with_duckdbs_reason(database, question: str, message: str):
    with pytest.raises(QueryError, match=message):
        database.sql(question).rows()

    assert names(database) == ["a", "b"]


def test_an_unknown_view_is_an_error_with_those_that_are_near(journal: Journal, database):
    where = f"in the journal at {journal.directory}"
    with pytest.raises(QueryError) as near:
        database.sql("FROM example_thing_v1")
    with pytest.raises(QueryError) as near_events:
        database.sql('SELECT 1 FROM "Event"')
    with pytest.raises(QueryError) as far:
        database.sql("FROM xyz")

    assert str(near.value) == f"there is no view example_thing_v1 {where}: did you mean {THING_VIEW}?"
    assert str(near_events.value) == f"there is no view Event {where}: did you mean events?"
    assert str(far.value) == f"there is no view xyz {where}: SHOW TABLES lists those there are"


def test_a_closed_journal_answers_nothing(journal: Journal, database):
    result = database.sql("SELECT 1")
    database.close()
    database.close()

    for ask in (lambda: database.sql("SELECT 1"), database.views, database.refresh, result.rows, result.pandas):
        with pytest.raises(QueryError, match=rf"^the journal at {journal.directory} was closed; open it again$"):
            ask()


def test_a_result_keeps_its_journal_open(journal: Journal):
    journal.events({"name": "a"})
    result = open_journal(journal.directory).sql(f"SELECT name FROM {THING_VIEW}")
    gc.collect()

    assert result.rows() == [("a",)]


def test_a_result_stays_as_it_was_when_the_journal_is_refreshed(journal: Journal, database):
    result = database.sql("SELECT count(*) FROM events")
    journal.segment(journal.line({}))
    database.refresh()

    assert (result.rows(), database.sql("SELECT count(*) FROM events").rows()) == ([(2,)], [(3,)])


def test_results_that_are_gone_are_forgotten(database):
    kept = [database.sql(f"SELECT {number}") for number in range(3)]
    held = "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'results'"
    ((before,),) = database.sql(held).rows()
    del kept[1:]
    gc.collect()
    ((after,),) = database.sql(held).rows()

    assert before - after == 2
    assert kept[0].rows() == [(0,)]


def test_many_threads_may_ask_at_once(database):
    answers: list[object] = []

    def ask(number: int) -> None:
        result = database.sql("SELECT sum(count) + ? FROM example_org_thing_v1", [number])
        answers.append((number, result.rows(), result.pandas().iloc[0, 0]))

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers, key=str) == [(number, [(number + 3,)], number + 3) for number in range(8)]


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


@pytest.mark.parametrize("module", ["duckdb", "fsspec"])
def test_without_a_library_it_says_which_extra_to_install(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, module: str
):
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(
        MissingExtra, match=r"^asking a journal needs an extra: pip install 'jupyter_telemetry\[analysis\]'"
    ):
        open_journal(journal.directory)


def test_a_segment_that_cannot_be_read_any_more_is_an_error(journal: Journal, database):
    (path,) = journal.directory.glob("*.jsonl")
    path.unlink()
    path.mkdir()

    with pytest.raises(JournalError, match=r"^a segment cannot be read: .*\.jsonl'$"):
        names(database)


ENDLESS = {
    "DuckDB": "SELECT count(*) FROM range(1000000000000) t(i) WHERE hash(i) = 0",
    "the events": "SELECT max(length(a.__id__ || b.__id__)) FROM events a, events b, events c",
}


@pytest.mark.parametrize("question", ENDLESS.values(), ids=ENDLESS)
def test_a_question_can_be_interrupted(journal: Journal, question: str):
    journal.segment(*(journal.line({"name": "x" * 300}) for _ in range(20_000)))
    code = """
        import os, signal, sys, threading
        from jupyter_telemetry.analysis import open_journal
        with open_journal(sys.argv[1]) as database:
            threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
            try:
                database.sql(sys.argv[2])
            except KeyboardInterrupt:
                print("interrupted")
            print(database.sql("SELECT count(*) FROM events").rows())
    """

    assert run(code, journal.directory, question) == "interrupted\n[(20000,)]\n"


def test_a_question_may_be_asked_in_any_thread(database):
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append((names(database), len(database.views()))))
    thread.start()
    thread.join()

    assert answers == [(["a", "b"], 1)]


def run(code: str, *arguments: object) -> str:
    """Run a program; return what it printed, on both streams."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_duckdb_is_imported_only_when_it_is_needed():
    code = """
        import sys
        import jupyter_telemetry.analysis
        print({"duckdb", "fsspec", "pandas", "polars", "pyarrow", "numpy"} & set(sys.modules))
    """

    assert run(code) == "set()\n"


def test_a_program_may_end_without_closing_it(journal: Journal):
    journal.events({"name": "a"})
    code = """
        import sys
        from jupyter_telemetry.analysis import open_journal
        database = open_journal(sys.argv[1])
        result = database.sql("SELECT event->>'name' AS name FROM events")
        print(result.rows())
        try:
            database.sql("nonsense")
        except ValueError as error:
            kept = error
    """

    assert run(code, journal.directory) == "[('a',)]\n"
