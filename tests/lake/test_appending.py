"""Batches into a lake: few files, each event once, and nothing lost between two writers."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from jupyter_telemetry.lake import appending
from jupyter_telemetry.lake.place import Overtaken
from jupyter_telemetry.lockfile import LockLost
from jupyter_telemetry.shipping import Batch

from .lakes import DAY, THING, by_duckdb, ids_in, of_journal, paths, put, things

TODAY = datetime.now(timezone.utc)


def test_small_batches_of_today_become_one_file(tmp_path):
    batches = [things(10, at=TODAY, first=n * 10) for n in range(20)]
    put(tmp_path, *batches)
    assert len(paths(tmp_path)) == 1
    assert by_duckdb(tmp_path, "SELECT count(*), count(DISTINCT __id__), max(count) FROM {}") == [(200, 200, 199)]


def test_another_writer_goes_on_in_the_same_file(tmp_path):
    put(tmp_path, things(10, at=TODAY))
    put(tmp_path, things(10, at=TODAY))
    assert len(paths(tmp_path)) == 1
    assert len(ids_in(tmp_path)) == 20


def test_each_journal_has_files_of_its_own(tmp_path):
    put(tmp_path, things(3, at=TODAY, journal="a"), things(3, at=TODAY, journal="b"), things(3, at=TODAY, journal="a"))
    assert [path.rpartition("/")[2][:2] for path in paths(tmp_path)] == ["a-", "b-"]


def test_days_and_schemas_have_directories_of_their_own(tmp_path):
    other = {**THING, "version": 2}
    put(tmp_path, things(2), things(2, at=DAY + timedelta(days=1)), things(2, schema=other))
    assert [path.rpartition("/")[0] for path in paths(tmp_path)] == [
        "schema=example_org_thing_v1/day=2026-10-05",
        "schema=example_org_thing_v1/day=2026-10-06",
        "schema=example_org_thing_v2/day=2026-10-05",
    ]


def test_a_day_is_that_of_utc(tmp_path):
    (line,) = things(1).lines
    batch = things(1)
    late = Batch(
        [line.replace(b"2026-10-05T12:00:00.000000Z", b"2026-10-05T23:30:00-01:00")], batch.schemas, journal="j"
    )
    put(tmp_path, late)
    assert by_duckdb(tmp_path, "SELECT day::VARCHAR, __timestamp__::VARCHAR FROM {}") == [
        ("2026-10-06", "2026-10-06 00:30:00+00")
    ]


def test_a_batch_that_a_file_would_be_small_beside_begins_a_new_one(tmp_path, monkeypatch):
    monkeypatch.setattr(appending, "FEW_ROWS", 100)
    put(tmp_path, things(50, at=TODAY), things(60, at=TODAY), things(5, at=TODAY), things(20, at=TODAY))
    rows = by_duckdb(tmp_path, "SELECT filename, count(*) FROM {} GROUP BY ALL")
    assert sorted(count for _, count in rows) == [25, 110]


def test_a_file_of_a_day_that_is_over_is_left_alone(tmp_path):
    put(tmp_path, things(5), things(5))
    assert len(paths(tmp_path)) == 2


def test_what_comes_again_is_there_once_whichever_file_it_is_in(tmp_path):
    batch = things(100)
    put(tmp_path, batch.part(range(40)), batch.part(range(40, 70)))
    put(tmp_path, of_journal(batch, batch.journal, sent_before=True))
    assert ids_in(tmp_path) == Counter(batch.ids)


def test_after_a_failure_a_batch_is_there_once_though_nobody_says_that_it_comes_again(tmp_path):
    batch = things(30)
    lake = put(tmp_path)
    appender = lake.appender()
    write, written = lake.place.write, []

    def write_and_fail(path, *arguments):
        entry = write(path, *arguments)
        written.append(path)
        if path.endswith(".parquet") and len(written) == 2:  # the first is the schema
            raise OSError("the reply is lost")
        return entry

    lake.place.write = write_and_fail
    with pytest.raises(OSError, match="lost"):
        appender.append(batch, time.monotonic() + 60)
    appender.append(batch, time.monotonic() + 60)
    assert ids_in(tmp_path) == Counter(batch.ids)


def test_who_was_overtaken_writes_nothing(tmp_path):
    def overtaken():
        raise LockLost

    batch = things(3)
    late = Batch(batch.lines, batch.schemas, journal="j", check=overtaken)
    with pytest.raises(LockLost):
        put(tmp_path, late)
    assert paths(tmp_path) == []
    assert list((tmp_path / "_drafts").iterdir()) == []


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_writer_that_slept_does_not_undo_what_another_wrote(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr("jupyter_telemetry.lake.place.exchange", lambda one, other: False)
    first, second, third = (things(4, at=TODAY, first=n) for n in (0, 4, 8))
    put(tmp_path, first)
    sleeper = put(tmp_path)
    appender = sleeper.appender()
    late = Batch(third.lines, third.schemas, journal=third.journal, check=lambda: put(tmp_path, second))
    with pytest.raises(Overtaken):
        appender.append(late, time.monotonic() + 60)
    assert ids_in(tmp_path) == Counter([*first.ids, *second.ids])
    appender.append(third, time.monotonic() + 60)
    assert ids_in(tmp_path) == Counter([*first.ids, *second.ids, *third.ids])


def test_what_there_is_no_time_for_is_left_for_later(tmp_path):
    batches = [things(2, at=DAY + timedelta(days=n)) for n in range(3)]
    batch = Batch([line for each in batches for line in each.lines], batches[0].schemas, journal="j")
    lake = put(tmp_path)
    assert lake.appender().append(batch, time.monotonic() - 1) == [2, 3, 4, 5]
    assert ids_in(tmp_path) == Counter(batches[0].ids)


def test_two_schemas_that_want_one_name_get_two_directories(tmp_path):
    one, other = ({**THING, "$id": each} for each in ("https://example.org/a-b", "https://example.org/a_b"))
    put(tmp_path, things(2, schema=one), things(3, schema=other))
    put(tmp_path, things(2, schema=one), things(3, schema=other))
    rows = by_duckdb(tmp_path, "SELECT schema, __schema__, count(*) FROM {} GROUP BY ALL ORDER BY ALL")
    assert [(row[1], row[2]) for row in rows] == [(one["$id"], 4), (other["$id"], 6)]
    assert len({row[0] for row in rows}) == 2


def test_a_text_that_a_schema_gets_later_adds_columns(tmp_path):
    later = {**THING, "properties": {**THING["properties"], "more": {"type": "number"}}}
    put(tmp_path, things(2, at=TODAY), things(2, at=TODAY, schema=later))
    assert by_duckdb(tmp_path, "SELECT count(*), count(more) FROM {}") == [(4, 0)]
    assert len(list((tmp_path / "_schemas").iterdir())) == 2


@pytest.mark.parametrize("how", ["a new file", "a merged one"])
def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_it_is_acknowledged(
    tmp_path, monkeypatch, how
):
    if how == "a merged one":
        put(tmp_path, things(2, at=TODAY, first=10))
    before = {path.stat().st_ino for path in tmp_path.glob("schema=*/*/*.parquet")}
    synced = []

    def note(fd, fsync=os.fsync):
        fsync(fd)
        synced.append((os.fstat(fd).st_ino, [path.stat().st_ino for path in tmp_path.glob("schema=*/*/*.parquet")]))

    monkeypatch.setattr(os, "fsync", note)
    put(tmp_path, things(2, at=TODAY))
    (path,) = tmp_path.glob("schema=*/*/*.parquet")
    assert path.stat().st_ino not in before
    assert [named for inode, named in synced if inode == path.stat().st_ino] == [list(before)]
    assert (path.parent.stat().st_ino, [path.stat().st_ino]) in synced


def test_the_modes_are_those_of_the_directory(tmp_path):
    lake = tmp_path / "lake"
    lake.mkdir(mode=0o750)
    lake.chmod(0o750)
    put(lake, things(1))
    assert {oct(each.stat().st_mode & 0o777) for each in lake.rglob("*") if each.is_dir()} == {"0o750"}
    assert {oct(each.stat().st_mode & 0o777) for each in lake.rglob("*") if each.is_file()} == {"0o640"}


@pytest.mark.parametrize("exchanges", [True, False])
def test_who_is_stopped_just_before_a_file_gets_its_name_finds_the_name_taken(tmp_path, monkeypatch, exchanges):
    if not exchanges:
        monkeypatch.setattr("jupyter_telemetry.lake.place.exchange", lambda one, other: False)
    batch = things(50)
    again = of_journal(batch, "0123456789abcdef", sent_before=True)
    later = things(20, first=50)

    def stopped():  # for longer than its lease: another one sends the same, and goes on
        put(tmp_path, again, later)

    batch.check = stopped
    with pytest.raises(Overtaken):
        put(tmp_path, batch)
    assert set(ids_in(tmp_path).values()) == {1}
    assert len(ids_in(tmp_path)) == 70


def test_a_batch_whose_first_event_was_erased_from_its_file_comes_again(tmp_path):
    batch = things(5)
    lake = put(tmp_path, batch)
    lake.erase([batch.ids[0]])
    put(tmp_path, of_journal(batch, "0123456789abcdef", sent_before=True))  # a journal that did not know of it
    assert ids_in(tmp_path) == Counter(batch.ids)


def test_a_file_of_another_name_is_begun_where_the_name_is_taken_by_what_is_left_of_a_batch(tmp_path, monkeypatch):
    monkeypatch.setattr("jupyter_telemetry.lake.appending.FEW_ROWS", 0)  # every batch begins a file
    batch = things(5)
    lake = put(tmp_path, batch)
    lake.erase([batch.ids[0]])
    put(tmp_path, of_journal(batch, "0123456789abcdef", sent_before=True))
    assert len(paths(tmp_path)) == 2
    assert ids_in(tmp_path) == Counter(batch.ids)
