"""A journal is opened, asked and refreshed while it is written and expires, and closed; its results stay."""

from __future__ import annotations

import gc
import shutil
import sys
import threading
from pathlib import Path

import pytest

from jupyter_telemetry.analysis import open_journal
from jupyter_telemetry.errors import JournalError, MissingExtra, QueryError
from jupyter_telemetry.journal import JournalHandler, default_directory

from .journals import THING, THING_VIEW, Journal, names
from .programs import run


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
