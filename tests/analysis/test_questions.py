"""Questions come in many forms, in any thread, may be interrupted; a bad one is an error that says why."""

from __future__ import annotations

import threading

import pytest

from jupyter_telemetry.errors import QueryError

from .journals import THING_VIEW, Journal, names
from .programs import run

VIEWS = [("events",), (THING_VIEW,)]


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
