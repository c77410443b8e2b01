"""Compaction: few files, the same events, and readers who never see another number of them."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta, timezone

import pytest

from jupyter_telemetry.lake import Compaction, compaction, swapping
from jupyter_telemetry.lake.erasing import erase
from jupyter_telemetry.lake.exchange import exchange
from jupyter_telemetry.lake.lake import Lake

from .lakes import DAY, THING, by_duckdb, ids_in, of_journal, paths, put, things

JOURNALS = 12
COUNT = """
import sys, duckdb
from pathlib import Path
lake, wanted = Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
asked = 0
while not (lake / "stop").exists():
    try:
        found = duckdb.sql(f"SELECT count(*) FROM read_parquet('{lake}/schema=*/*/*.parquet')").fetchall()[0][0]
    except duckdb.IOException:  # it listed files before, and opened them after
        continue
    assert found == wanted, found
    asked += 1
print(asked)
"""


def small_files(directory, days=2):
    batches = [
        things(5, at=DAY + timedelta(days=day), journal=f"j{n}", first=5 * n)
        for day in range(days)
        for n in range(JOURNALS)
    ]
    return put(directory, *batches), Counter(each for batch in batches for each in batch.ids)


@pytest.fixture(params=["exchanging", "absorbing"])
def how(request, monkeypatch):
    """By each of the two ways."""
    if request.param == "absorbing":
        monkeypatch.setattr(swapping, "exchange", lambda one, other: False)
    return request.param


def test_many_files_become_one_a_partition(tmp_path, how):
    lake, ids = small_files(tmp_path)
    before = sorted(map(str, lake.events()))
    assert lake.compact() == Compaction(2, 2 * JOURNALS, 2)
    assert [path.rpartition("/")[2].partition("-")[0] for path in paths(tmp_path)] == ["compacted"] * 2
    assert ids_in(tmp_path) == ids
    assert sorted(map(str, lake.events())) == before
    assert lake.compact() == Compaction()
    assert list((tmp_path / "_drafts").iterdir()) == []


def test_what_comes_late_is_compacted_with_what_was(tmp_path, how):
    lake, ids = small_files(tmp_path, days=1)
    lake.compact()
    late = things(3, journal="late")
    put(tmp_path, late)
    assert lake.compact() == Compaction(1, 2, 1)
    assert ids_in(tmp_path) == ids + Counter(late.ids)
    assert len(list(lake.events())) == len(ids) + 3


def test_a_batch_that_comes_again_after_compaction_is_there_once(tmp_path, how):
    batch = things(10, journal="a")
    lake = put(tmp_path, batch, things(10, journal="b"))
    lake.compact()
    put(tmp_path, of_journal(batch, "a", sent_before=True))
    assert len(ids_in(tmp_path)) == 20
    assert max(ids_in(tmp_path).values()) == 1


def test_days_that_are_written_to_are_left_alone(tmp_path, how):
    today = datetime.now(timezone.utc)
    for days in range(4):
        put(tmp_path, things(1, at=today - timedelta(days=days), journal="a"))
        put(tmp_path, things(1, at=today - timedelta(days=days), journal="b"))
    assert Lake(tmp_path).compact(date(9999, 1, 1)).partitions == 1
    assert Lake(tmp_path).compact().partitions == 0


def test_only_days_before_one_are_compacted(tmp_path, how):
    lake, _ = small_files(tmp_path, days=3)
    assert lake.compact(DAY.date() + timedelta(days=1)).partitions == 1


def test_files_with_other_columns_stay_apart(tmp_path, how):
    later = {**THING, "properties": {**THING["properties"], "more": {"type": "number"}}}
    lake = put(tmp_path, things(2, journal="a"), things(2, journal="b"))
    put(tmp_path, things(2, journal="c", schema=later), things(2, journal="d", schema=later))
    assert lake.compact() == Compaction(1, 4, 2)
    assert by_duckdb(tmp_path, "SELECT count(*), count(more) FROM {}") == [(8, 0)]


def test_one_that_was_killed_before_it_deleted_is_completed(tmp_path, monkeypatch):
    monkeypatch.setattr(swapping, "exchange", lambda one, other: False)
    lake, ids = small_files(tmp_path, days=1)
    delete = lake.place.delete
    lake.place.delete = lambda paths: None
    lake.compact()
    lake.place.delete = delete
    assert len(paths(tmp_path)) == JOURNALS + 1
    assert len(list(lake.events())) == len(ids)  # what a compacted file has absorbed does not count
    lake.compact()
    assert len(paths(tmp_path)) == 1
    assert ids_in(tmp_path) == ids


def test_what_is_written_while_it_is_compacted_is_kept(tmp_path, monkeypatch):
    lake, ids = small_files(tmp_path, days=1)
    late = things(4, journal="late")

    def write_and_exchange(one, other):
        put(tmp_path, late)
        return exchange(one, other)

    monkeypatch.setattr(swapping, "exchange", write_and_exchange)
    lake.compact()
    assert ids_in(tmp_path) == ids + Counter(late.ids)


@pytest.mark.parametrize("moment", ["before the exchange", "after it"])
def test_one_that_was_killed_at_the_exchange_is_completed(tmp_path, monkeypatch, moment):
    lake, ids = small_files(tmp_path, days=1)
    late = things(4, journal="late")

    class Killed(BaseException):
        pass

    def exchange_and_die(one, other):
        put(tmp_path, late)
        if moment == "after it":
            exchange(one, other)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(swapping, "exchange", exchange_and_die)
        patch.setattr(swapping, "_complete", lambda place, note: None)
        with pytest.raises(Killed):
            lake.compact()
    assert len(list((tmp_path / "_drafts").iterdir())) == 2
    lake.compact()
    assert ids_in(tmp_path) == ids + Counter(late.ids)
    assert list((tmp_path / "_drafts").iterdir()) == []


def test_what_is_erased_while_it_is_compacted_does_not_come_back(tmp_path, monkeypatch, how):
    lake, ids = small_files(tmp_path, days=1)
    gone = next(iter(ids))
    merged = compaction._merged

    def merge_and_erase(place, files):
        for found in merged(place, files):
            erase(place, [gone])  # as one that an object store cannot keep from it
            yield found

    monkeypatch.setattr(compaction, "_merged", merge_and_erase)
    lake.compact()
    assert gone not in ids_in(tmp_path)
    assert ids_in(tmp_path) == ids - Counter([gone])


def test_a_reader_in_a_loop_sees_the_same_number_of_events(tmp_path):
    lake, ids = small_files(tmp_path, days=6)
    reader = subprocess.Popen(
        [sys.executable, "-c", COUNT, str(tmp_path), str(len(ids))], stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout.readline() == "ready\n"
    for round_ in range(12):
        lake.compact(DAY.date() + timedelta(days=1 + round_ // 2))
    (tmp_path / "stop").touch()
    asked = int(reader.communicate(timeout=60)[0])
    assert reader.returncode == 0
    assert asked > 0
    assert len(paths(tmp_path)) == 6
