"""PostgreSQL: the contract of a sink, and what only a database can do, against a real server."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import orjson
import psycopg
import pytest

from jupyter_telemetry._contract import deliver, expected, make_batch, numbered, write_journal
from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.shipping import Batch, CannotErase, Shipper, Unavailable
from jupyter_telemetry.sinks import make_sink, postgresql
from jupyter_telemetry.sinks.postgresql import PostgreSQLSink
from jupyter_telemetry.testing import SinkContract

from .postgresql_server import PASSWORD, PostgreSQLServer
from .proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQLServer]:
    server = PostgreSQLServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def url(server: PostgreSQLServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a database that holds nothing of an earlier test's."""
    monkeypatch.setenv("TELEMETRY_PASSWORD", PASSWORD)
    with server.connect() as connection:  # a database for each test would be hundreds of files to recover
        connection.execute("drop table if exists telemetry_events, seen; drop schema if exists logs cascade")
    return server.url()


@pytest.fixture
def connection(server: PostgreSQLServer, url: str) -> Iterator[psycopg.Connection]:
    with server.connect() as connection:
        yield connection


def sink_of(url: str, **options: str) -> PostgreSQLSink:
    return PostgreSQLSink(url, password_variable="TELEMETRY_PASSWORD", **options)


def send(sink: PostgreSQLSink, batch: Batch):
    sink.open()
    try:
        return sink.send(batch)
    finally:
        sink.close()


def events_in(connection: psycopg.Connection, table: str = "telemetry_events") -> dict[str, dict]:
    events = [event for (event,) in connection.execute(f"select event from {table}")]
    by_id = {event["__id__"]: event for event in events}
    assert len(by_id) == len(events)
    return by_id


def batch_of(*lines: bytes) -> Batch:
    return Batch([line + b"\n" for line in lines], journal="j")


def line_of(event_id: str, rest: bytes = b'"n":1') -> bytes:
    return (
        b'{"__timestamp__":"2026-11-23T17:42:05.5Z","__schema__":"urn:s","__schema_version__":1,'
        b'"__metadata_version__":2,"__id__":%s,%s}' % (orjson.dumps(event_id), rest)
    )


ID = "01a212d0-966f-731d-8762-0259b836675"  # and one digit


class TestPostgreSQLSink(SinkContract):
    secrets: ClassVar = (PASSWORD,)

    @pytest.fixture(autouse=True)
    def _destination(self, server: PostgreSQLServer, url: str) -> None:
        self.server, self.url = server, url

    def make_sink(self):
        return make_sink({"to": self.url, "password_variable": "TELEMETRY_PASSWORD"})

    def at_rest(self):
        with self.server.connect() as connection:
            return [event for (event,) in connection.execute("select event from telemetry_events")]

    def take_down(self):
        self.server.kill()

    def bring_up(self):
        self.server.start()

    def unacceptable(self):
        return {"name": "Zoë's secret \0 is here"}


# What becomes of an event


def test_metadata_are_columns(url, connection):
    send(sink_of(url), batch_of(line_of(f"{ID}a")))
    row = connection.execute(
        """select id::text, "timestamp" at time zone 'UTC', schema, version, received > now() - interval '1 hour'
        from telemetry_events"""
    ).fetchone()
    assert (row[0], str(row[1]), *row[2:]) == (f"{ID}a", "2026-11-23 17:42:05.500000", "urn:s", "1", True)


def test_an_id_that_is_no_uuid_makes_a_key_of_its_own(url, connection):
    ids = ["1", "\\", "two\twords\n", "Ü", f"{ID}A", f"{{{ID}a}}", f"{ID}a"]
    batch = batch_of(*map(line_of, ids))
    sink = sink_of(url)
    send(sink, batch)
    send(sink, batch)
    assert events_in(connection).keys() == set(ids)
    sink.open()
    sink.erase(ids[:5])
    sink.close()
    assert events_in(connection).keys() == set(ids[5:])


def test_texts_that_copy_has_a_meaning_for_arrive(url, connection):
    lines = [
        line_of(f"{ID}0", rb'"a":"\\u0000 \\. \\N \u005c\t\r\n"'),
        line_of(f"{ID}1", b'\t"a":\r\t2').replace(b'"urn:s"', rb'"urn:\\\t\"\n\r"'),
        line_of(f"{ID}2").replace(b'version__":1', b'version__":"1\\\\0"'),
    ]
    assert not send(sink_of(url), batch_of(*lines)).refused
    assert events_in(connection) == {event["__id__"]: event for event in map(orjson.loads, lines)}
    assert connection.execute("select schema, version from telemetry_events order by id").fetchall() == [
        ("urn:s", "1"),
        ('urn:\\\t"\n\r', "1"),
        ("urn:s", "1\\0"),
    ]


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (rb'"secret":"\\\u0000"', r"the event holds \u0000, which JSONB cannot hold"),
        (b'"secret\\u0000":1', r"the event holds \u0000, which JSONB cannot hold"),
        (b'"secret":1e-20000', "PostgreSQL says 22003 NumericValueOutOfRange"),
        (b'"secret":"' + b"x" * 100 + b'\\ud800"', "PostgreSQL says 22P02 InvalidTextRepresentation"),
    ],
)
def test_what_jsonb_cannot_hold_is_refused_without_its_value(url, connection, rest, reason):
    good = make_batch(numbered(200))
    batch = Batch([*good.lines[:77], line_of(f"{ID}0", rest) + b"\n", *good.lines[77:]], journal="j")
    assert deliver(sink_of(url), batch) == {77: reason}
    assert events_in(connection) == expected(good)


def test_a_time_that_postgresql_does_not_know_is_refused(url):
    batch = batch_of(line_of(f"{ID}0").replace(b"2026", b"0000"), line_of(f"{ID}1"))
    assert deliver(sink_of(url), batch) == {0: "PostgreSQL says 22008 DatetimeFieldOverflow"}


def test_a_constraint_of_the_owner_refuses_without_the_values(url, connection):
    sink = sink_of(url)
    send(sink, batch_of(line_of(f"{ID}0")))
    connection.execute("alter table telemetry_events add check (event->>'n' <> '4711')")
    batch = batch_of(line_of(f"{ID}1"), line_of(f"{ID}2", b'"n":4711'))
    assert deliver(sink, batch) == {1: "PostgreSQL says 23514 CheckViolation"}


# Once, and nothing lost


def test_a_commit_whose_reply_is_lost_makes_no_duplicate(server, url, connection):
    batch = make_batch(numbered(500))
    proxy = Proxy(server.port)
    try:
        sink = sink_of(server.url(port=proxy.port) + "?sslmode=disable&gssencmode=disable")
        sink.open()
        proxy.lose_reply_to = b"COMMIT\0"
        with pytest.raises(Unavailable, match="broken"):
            sink.send(batch)
        assert proxy.lost == 1
        assert events_in(connection) == expected(batch)
        sink.close()
        send(sink, Batch(batch.lines, journal=batch.journal, sent_before=True))
    finally:
        proxy.close()
    assert events_in(connection) == expected(batch)


def test_a_server_that_is_killed_in_mid_batch_loses_nothing(server, url, tmp_path):
    batch = make_batch(numbered(10_000))
    shipper = Shipper(
        write_journal(tmp_path / "journal", batch),
        sink_of(url),
        batch_events=500,
        batch_age_s=0.01,
        first_backoff_s=0.02,
        longest_backoff_s=0.1,
    )
    shipper.start()
    for kills in range(1, 4):
        deadline = time.monotonic() + 60
        while shipper.state.delivered_events < 2000 * kills and time.monotonic() < deadline:
            time.sleep(0.001)
        server.kill()
        server.start()
    assert shipper.stop(60), shipper.state.reason
    assert shipper.state.failures >= 1
    with server.connect() as connection:
        assert events_in(connection) == expected(batch)


def test_two_that_send_the_same_at_once_make_one_of_it(url, connection):
    batch = make_batch(numbered(2000))
    backwards = batch.part(range(1999, -1, -1))
    both = [
        threading.Thread(target=deliver, args=(sink_of(url), each)) for each in (batch, backwards, batch, backwards)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert events_in(connection) == expected(batch)


def test_the_server_commits_to_its_disk_even_where_it_need_not(server, url, connection):
    send(sink_of(url), batch_of(line_of(f"{ID}0")))
    connection.execute(
        """alter role shipper set synchronous_commit = off;
        create table seen (setting text);
        create function look() returns trigger language plpgsql as
            $$ begin insert into seen values (current_setting('synchronous_commit')); return new; end $$;
        create trigger look before insert on telemetry_events for each row execute function look()"""
    )
    try:
        send(sink_of(url), batch_of(line_of(f"{ID}1")))
    finally:
        connection.execute("alter role shipper reset synchronous_commit; drop function look cascade")
    assert connection.execute("select setting from seen").fetchall() == [("on",)]


# The table


def test_many_that_open_at_once_make_one_table(url, connection):
    failures = []

    def start() -> None:
        sink = sink_of(url)
        try:
            sink.open()
        except Exception as error:
            failures.append(error)
        sink.close()

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert connection.execute("select count(*) from pg_indexes where tablename = 'telemetry_events'").fetchone() == (3,)


def test_a_table_of_an_older_layout_is_migrated(url, connection, monkeypatch):
    send(sink_of(url), batch_of(line_of(f"{ID}0")))
    monkeypatch.setattr(
        postgresql, "LAYOUTS", (*postgresql.LAYOUTS, "alter table {table} add column origin text default 'before'")
    )
    send(sink_of(url), batch_of(line_of(f"{ID}1")))
    send(sink_of(url), batch_of(line_of(f"{ID}2")))
    assert connection.execute(
        "select distinct origin, obj_description('telemetry_events'::regclass) from telemetry_events"
    ).fetchall() == [("before", "events of jupyter_telemetry, layout 2")]
    monkeypatch.undo()
    monkeypatch.setenv("TELEMETRY_PASSWORD", PASSWORD)
    with pytest.raises(ConfigurationError, match="later version"):
        sink_of(url).open()


def test_a_table_of_somebody_else_is_left_alone(url, connection):
    connection.execute("create table telemetry_events (id uuid)")
    with pytest.raises(ConfigurationError, match="not of jupyter_telemetry"):
        sink_of(url).open()


def test_the_table_may_have_another_name_and_stand_in_a_schema(url, connection):
    batch = make_batch(numbered(3))
    sink = sink_of(url, table="logs.Notebook events")
    with pytest.raises(ConfigurationError, match="no such schema"):
        sink.open()
    connection.execute("create schema logs")
    send(sink, batch)
    send(sink, batch)
    assert events_in(connection, 'logs."Notebook events"') == expected(batch)


@pytest.mark.parametrize("table", ["", "a.b.c", "a.", "x" * 64, "a\0b", 7])
def test_a_name_that_no_table_can_have_is_refused(table):
    with pytest.raises(ConfigurationError, match="table must be a name"):
        PostgreSQLSink("postgresql://db.example.org/x", table=table)


def test_a_database_in_another_encoding_is_refused(server, connection):
    connection.execute("create database latin template template0 encoding 'LATIN1'")
    with pytest.raises(ConfigurationError, match="LATIN1; events need UTF8"):
        sink_of(server.url("latin")).open()
    connection.execute("drop database latin")


def test_a_role_that_may_only_insert_can_ship(server, url, connection):
    connection.execute(f"create role writer login password '{PASSWORD}'")
    try:
        sink = sink_of(server.url(user="writer"))
        with pytest.raises(ConfigurationError, match="needs more rights"):
            sink.open()
        send(sink_of(url), batch_of())
        connection.execute("grant insert on telemetry_events to writer")
        batch = make_batch(numbered(3))
        send(sink, batch)
        send(sink, batch)
        sink.open()
        with pytest.raises(CannotErase, match="grant delete"):
            sink.erase(batch.ids)
        assert not sink.send(batch).refused
        sink.close()
        assert events_in(connection) == expected(batch)
    finally:
        connection.execute("drop owned by writer; drop role writer")


def test_the_questions_of_the_guide_have_answers(url, connection):
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "ship-to-postgresql.md").read_text(encoding="utf-8")
    given, *questions = re.findall(r"```sql\n(.*?)```", guide, re.DOTALL)
    connection.execute("create role telemetry_writer")
    try:
        connection.execute(given)
        writer = sink_of(url)
        send(writer, make_batch(numbered(20)))
        for question in questions:
            assert connection.execute(question).statusmessage
    finally:
        connection.execute("drop owned by telemetry_writer; drop role telemetry_writer")


# Connections


def test_a_server_that_is_stopped_is_given_up(server, url, connection, monkeypatch):
    sink = sink_of(url)
    sink.open()
    monkeypatch.setattr(postgresql, "SEND_TIMEOUT_S", 0.2)
    (pid,) = connection.execute(
        "select pid from pg_stat_activity where application_name = 'jupyter_telemetry'"
    ).fetchone()
    (process,) = (each for each in server.processes() if each.pid == pid)
    process.suspend()
    try:
        with pytest.raises(Unavailable, match="broken"):
            sink.send(make_batch(numbered(50_000)))  # more than the sockets hold
        sink.close()
    finally:
        process.resume()


def test_a_password_from_a_file_is_read_at_each_connection(server, url, connection, tmp_path):
    file = tmp_path / "password"
    file.write_text("wrong and secret\n")
    sink = make_sink({"to": url, "password_file": str(file)})
    with pytest.raises(Unavailable, match="password authentication failed") as caught:
        sink.open()
    assert "secret" not in f"{caught.value!r} {sink!r}"
    file.write_text(PASSWORD + "\n")
    send(sink, batch_of(line_of(f"{ID}0")))
    assert len(events_in(connection)) == 1


def test_a_password_file_of_libpq_is_used(url, server, connection, tmp_path, monkeypatch):
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:shipper:{PASSWORD}\n")
    file.chmod(0o600)
    send(PostgreSQLSink(f"{url}?passfile={file}"), batch_of(line_of(f"{ID}0")))
    services = tmp_path / "services"
    services.write_text(
        f"[telemetry]\nhost=127.0.0.1\nport={server.port}\ndbname={url.rpartition('/')[2]}\nuser=shipper\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    sink = PostgreSQLSink("postgresql://?service=telemetry")
    send(sink, batch_of(line_of(f"{ID}1")))
    assert sink.name == "postgresql://service=telemetry/telemetry_events"
    assert len(events_in(connection)) == 2


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://me:swordfish@db/x", "holds a password"),
        ("postgresql://me@db/x?password=swordfish", "holds a password"),
        ("postgresql://me@db/x?swordfish=1", "does not understand"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_not_shown(url, why):
    with pytest.raises(ConfigurationError, match=why) as caught:
        make_sink(url)
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://me@db.example.org/events", "postgresql://db.example.org:5432/events/telemetry_events"),
        ("postgresql://you@db.example.org:5433/events", "postgresql://db.example.org:5433/events/telemetry_events"),
        ("postgres://a:1,b:2/events?sslmode=require", "postgresql://a:1,b:2/events/telemetry_events"),
        ("postgresql:///events?host=a,b&port=7", "postgresql://a:7,b:7/events/telemetry_events"),
        ("postgresql://me@db", "postgresql://db:5432/me/telemetry_events"),
    ],
)
def test_its_name_says_which_table(url, name, monkeypatch):
    for variable in ("PGHOST", "PGPORT", "PGDATABASE", "PGSERVICE"):
        monkeypatch.delenv(variable, raising=False)
    assert make_sink(url).name == name
