"""Events out of a lake."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from jupyter_telemetry.lake.lake import Lake

from .lakes import DAY, ids_in, paths, put, things


def test_what_is_erased_is_gone_from_every_day_and_journal(tmp_path):
    batches = [things(20, at=DAY + timedelta(days=n), journal=f"j{n}") for n in range(3)]
    lake = put(tmp_path, *batches)
    gone = {event_id for batch in batches for event_id in batch.ids[:7]}
    assert lake.erase([*gone, "01a00000-0000-7000-8000-000000000000", "no UUID"]) == 21
    assert ids_in(tmp_path) == Counter(each for batch in batches for each in batch.ids if each not in gone)
    assert list((tmp_path / "_drafts").iterdir()) == []


def test_a_file_of_which_nothing_is_left_goes(tmp_path):
    batch = things(5)
    lake = put(tmp_path, batch)
    assert lake.erase(batch.ids) == 5
    assert paths(tmp_path) == []


def test_what_was_compacted_is_erased(tmp_path):
    batches = [things(5, journal=f"j{n}") for n in range(3)]
    lake = put(tmp_path, *batches)
    lake.compact()
    assert lake.erase(batches[1].ids[:2]) == 2
    assert len(ids_in(tmp_path)) == 13


def test_erasing_nothing_reads_nothing(tmp_path):
    assert put(tmp_path, things(1)).erase([]) == 0


def test_who_erases_waits_for_who_compacts(tmp_path, monkeypatch):
    monkeypatch.setattr("jupyter_telemetry.lake.lake._LOCK_WAIT_S", 0.1)
    lake = put(tmp_path, things(1))
    with Lake(tmp_path)._lock(), pytest.raises(TimeoutError):
        lake.erase(["x"])


def test_what_a_compaction_left_behind_is_gone_too(tmp_path):
    batch = things(5)
    lake = put(tmp_path, batch)
    left = tmp_path / "_drafts" / "0123"
    left.mkdir()
    (left / "compacted-1-2.parquet").write_bytes(b"x")
    lake.erase(batch.ids)
    assert list((tmp_path / "_drafts").iterdir()) == []


def test_a_second_copy_is_erased_beside_the_first(tmp_path):
    batch = things(5)
    lake = put(tmp_path, batch)
    (file,) = paths(tmp_path)
    whole = tmp_path / file
    # What a compaction leaves that is killed between its write and its deletion, where files cannot be exchanged.
    (whole.parent / "compacted-1-2.parquet").write_bytes(whole.read_bytes())
    assert lake.erase(batch.ids[:2]) == 4
    assert set(ids_in(tmp_path)) == set(batch.ids[2:])
