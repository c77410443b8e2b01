from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyter_telemetry.journal.accounts import account, read_accounts
from jupyter_telemetry.journal.cursors import Cursor, Progress
from jupyter_telemetry.journal.deadletters import write_dead_letters
from jupyter_telemetry.journal.retention import ORPHAN_SLACK_S, TOO_MUCH, TOO_OLD, Limits, Retention, Room
from jupyter_telemetry.journal.segment import new_name
from jupyter_telemetry.lockfile import LockFile

from .lines import line

NOW = 1_795_455_725.0
UNIT = 25  # bytes
EVENT = line(0, padding="x" * (10 * UNIT - len(line(0, padding=""))))


def put(directory: Path, age_s: float, lines: int, suffix: str = ".jsonl", modified_s_ago: float = 0.0) -> Path:
    """Put a segment of events into a directory, each of ten units of bytes."""
    path = directory / (new_name(NOW - age_s) + suffix)
    path.write_bytes(EVENT * lines)
    os.utime(path, (NOW - modified_s_ago, NOW - modified_s_ago))
    return path


def room(directory: Path, **changes: float) -> Room:
    """Make room within limits of units; return what was found in units."""
    limits = Limits(max_segment_bytes=100, max_segment_age_s=3600.0, max_bytes=1000, max_age_s=86400.0)
    limits = limits._replace(**changes)
    sizes = {"max_segment_bytes": limits.max_segment_bytes * UNIT, "max_bytes": limits.max_bytes * UNIT}
    found = Retention(str(directory), limits._replace(**sizes)).make_room(now=NOW)
    return found._replace(segment_bytes=max(1, found.segment_bytes // UNIT))


def left(directory: Path) -> set[Path]:
    """Return what stands there, but for the accounts."""
    return {path for path in directory.iterdir() if path.name != "accounts.jsonl"}


def test_nothing_is_deleted_within_the_limit(tmp_path):
    segments = {put(tmp_path, age_s, 30) for age_s in (1, 2, 3)}

    assert room(tmp_path) == Room(100, {})
    assert left(tmp_path) == segments


def test_the_oldest_go_until_a_new_segment_has_room_and_their_events_are_counted(tmp_path):
    newest, *_ = (put(tmp_path, age_s, lines) for age_s, lines in [(1, 90), (2, 20), (3, 5)])

    assert room(tmp_path) == Room(100, {TOO_MUCH: 25})
    assert left(tmp_path) == {newest}


def test_no_more_go_than_needed(tmp_path):
    _, kept = (put(tmp_path, age_s, 50) for age_s in (2, 1))

    assert room(tmp_path) == Room(100, {TOO_MUCH: 50})
    assert left(tmp_path) == {kept}


def test_an_open_segment_is_never_deleted(tmp_path):
    in_use = put(tmp_path, 100, 200, ".open.jsonl")
    put(tmp_path, 1, 1)

    assert room(tmp_path).expired == {TOO_MUCH: 1}
    assert left(tmp_path) == {in_use}


def test_a_file_that_no_writer_named_is_left_alone_and_does_not_count(tmp_path):
    segment = put(tmp_path, 1, 1)
    foreign = [tmp_path / "archive.jsonl", tmp_path / "other.open.jsonl"]
    for path in foreign:
        path.write_bytes(EVENT * 200)
        os.utime(path, (0, 0))

    assert room(tmp_path) == Room(100, {})
    assert left(tmp_path) == {segment, *foreign}


def test_open_segments_together_have_a_quarter_of_the_limit(tmp_path):
    assert room(tmp_path, max_bytes=80) == Room(20, {})
    for _ in range(3):
        put(tmp_path, 1, 0, ".open.jsonl")
    assert room(tmp_path, max_bytes=800).segment_bytes == 50
    assert room(tmp_path, max_bytes=8).segment_bytes == 1


def test_what_a_dead_writer_left_open_is_sealed_after_its_age_and_a_slack(tmp_path):
    limit = 3600.0 + ORPHAN_SLACK_S
    dead = put(tmp_path, 9000, 1, ".open.jsonl", modified_s_ago=limit + 1)
    idle = put(tmp_path, 9000, 1, ".open.jsonl", modified_s_ago=limit - 1)

    assert room(tmp_path) == Room(100, {})
    sealed = dead.with_name(dead.name.replace(".open", ""))
    assert left(tmp_path) == {sealed, idle}


def test_an_orphan_may_be_deleted_at_once(tmp_path):
    put(tmp_path, 9000, 100, ".open.jsonl", modified_s_ago=9000)

    assert room(tmp_path) == Room(100, {TOO_MUCH: 100})
    assert left(tmp_path) == set()


def test_many_at_once_count_each_event_once_and_none_fails(tmp_path):
    for age_s in range(300):
        put(tmp_path, age_s, 10)

    with ThreadPoolExecutor(8) as pool:
        rooms = list(pool.map(lambda _: room(tmp_path), range(8)))

    kept = len(left(tmp_path))
    assert kept <= 9
    assert sum(each.expired.get(TOO_MUCH, 0) for each in rooms) == (300 - kept) * 10


def test_a_segment_that_cannot_be_read_is_not_counted_and_those_after_it_go(tmp_path):
    # Nobody can delete it: it is a directory by the time it is to be opened, as a stand-in for a refusal.
    stubborn = put(tmp_path, 3, 0)
    stubborn.unlink()
    orphan = put(tmp_path, 9000, 60, ".open.jsonl", modified_s_ago=9000)
    (tmp_path / orphan.name.replace(".open", "")).mkdir()
    put(tmp_path, 1, 50)

    assert room(tmp_path) == Room(100, {TOO_MUCH: 50})


def test_a_directory_that_cannot_be_listed_is_an_error(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(NotADirectoryError):
        room(tmp_path / "file")


def test_what_was_not_written_for_longer_than_the_limit_of_age_goes_whatever_room_there_is(tmp_path):
    put(tmp_path, 9, 3, modified_s_ago=86401)
    kept = {put(tmp_path, 9, 3, modified_s_ago=86399), put(tmp_path, 9, 3, ".open.jsonl", modified_s_ago=1)}

    assert room(tmp_path) == Room(100, {TOO_OLD: 3})
    assert left(tmp_path) == kept


def test_what_is_too_old_makes_room_for_the_rest(tmp_path):
    put(tmp_path, 9, 50, modified_s_ago=86401)
    kept = put(tmp_path, 99, 50)

    assert room(tmp_path) == Room(100, {TOO_OLD: 50})
    assert left(tmp_path) == {kept}


def test_a_segment_that_goes_is_accounted_for(tmp_path):
    old = put(tmp_path, 9, 3, modified_s_ago=86401)
    large = put(tmp_path, 8, 90)
    put(tmp_path, 7, 10)
    room(tmp_path)

    assert [(each.what, each.segment, each.events, each.reason) for each in read_accounts(tmp_path)] == [
        ("expired", old.stem, 3, TOO_OLD),
        ("expired", large.stem, 90, TOO_MUCH),
    ]


def test_what_is_damaged_is_no_event(tmp_path):
    segment = put(tmp_path, 9, 3, modified_s_ago=86401)
    whole = segment.read_bytes()
    segment.write_bytes(b"\n" + whole + b"damaged\n" + EVENT[:50] + EVENT + b"\0\0\n" + b'{"torn')
    os.utime(segment, (0, 0))

    assert room(tmp_path) == Room(100, {TOO_OLD: 4})


def test_while_others_hold_the_accounts_nobody_waits_and_nothing_goes_that_is_not_written_down(tmp_path):
    old = [put(tmp_path, age_s, 3, modified_s_ago=86401) for age_s in (9, 8)]
    limits = Limits(max_segment_bytes=2500, max_segment_age_s=3600.0, max_bytes=25_000, max_age_s=86400.0)
    retention = Retention(str(tmp_path), limits)
    with LockFile(tmp_path / ".accounts.lock", stale_s=60.0, wait_s=0.0, as_symlink=True):
        assert retention.make_room(now=NOW) == Room(2500, {})
        assert all(path.exists() for path in old)
        assert read_accounts(tmp_path) == []
    assert retention.make_room(now=NOW) == Room(2500, {TOO_OLD: 6})
    assert [each.events for each in read_accounts(tmp_path)] == [3, 3]


def test_one_that_was_accounted_for_when_somebody_was_killed_is_so_once(tmp_path):
    segment = put(tmp_path, 9, 3, modified_s_ago=86401)
    account(tmp_path, "expired", 3, TOO_OLD, segment.stem)

    assert room(tmp_path) == Room(100, {TOO_OLD: 3})
    assert [each.segment for each in read_accounts(tmp_path)] == [segment.stem]


def had(directory: Path, destination: str, *segments: Path) -> None:
    """Have a destination acknowledge all of some segments."""
    place = directory / "shipping" / destination
    place.mkdir(parents=True)
    progress = {path.stem: Progress(path.stat().st_ino, path.stat().st_size) for path in segments}
    Cursor(destination, progress).save(place / "cursor.json", lambda: None)


def test_what_fewer_destinations_lack_goes_first(tmp_path):
    by_none, by_one, by_both = (put(tmp_path, age_s, 30) for age_s in (3, 2, 1))
    had(tmp_path, "a", by_one, by_both)
    had(tmp_path, "b", by_both)

    room(tmp_path, max_bytes=900)
    assert left(tmp_path) == {by_none, by_one, tmp_path / "shipping"}
    room(tmp_path, max_bytes=600)
    assert left(tmp_path) == {by_none, tmp_path / "shipping"}
    room(tmp_path, max_bytes=300)
    assert left(tmp_path) == {tmp_path / "shipping"}


def bury(directory: Path, age_s: float, events: int) -> Path:
    path = write_dead_letters(directory, "sink", [(line(number), "no", "a") for number in range(events)])
    os.utime(path, (NOW - age_s, NOW - age_s))
    return path


def test_dead_letters_have_the_limit_of_age_too(tmp_path):
    put(tmp_path, 1, 1)
    old, young = bury(tmp_path, 86401, 3), bury(tmp_path, 86399, 2)

    assert room(tmp_path, max_bytes=10**6) == Room(100, {}, 3)
    assert (old.exists(), young.exists()) == (False, True)


def test_dead_letters_have_an_eighth_of_the_bytes_and_what_they_take_the_segments_do_not_have(tmp_path):
    gone, kept = bury(tmp_path, 9, 1), bury(tmp_path, 8, 1)
    size = kept.stat().st_size
    limits = Limits(max_segment_bytes=100, max_segment_age_s=3600.0, max_bytes=12 * size, max_age_s=86400.0)
    retention = Retention(str(tmp_path), limits)
    older, newer = (put(tmp_path, age_s, 5 * size // len(EVENT)) for age_s in (2, 1))

    assert retention.make_room(now=NOW) == Room(100, {}, 1)
    assert (gone.exists(), kept.exists()) == (False, True)
    put(tmp_path, 0, 5)
    assert retention.make_room(now=NOW).expired == {TOO_MUCH: 5 * size // len(EVENT)}
    assert (older.exists(), newer.exists(), kept.exists()) == (False, True, True)


def test_dead_letters_that_cannot_be_read_hold_up_no_segment(tmp_path):
    put(tmp_path, 9, 3, modified_s_ago=86401)
    (tmp_path / "dead-letter").symlink_to("dead-letter")

    assert room(tmp_path) == Room(100, {TOO_OLD: 3})


def test_while_another_process_deletes_nothing_is_deleted(tmp_path):
    segment = put(tmp_path, 9, 3, modified_s_ago=86401)
    with LockFile(tmp_path / ".retention.lock", stale_s=60.0, wait_s=0.0):
        assert room(tmp_path) == Room(100, {})
    assert segment.exists()
    assert room(tmp_path) == Room(100, {TOO_OLD: 3})


def test_where_no_lock_can_be_made_room_is_made_all_the_same(tmp_path):
    put(tmp_path, 9, 3, modified_s_ago=86401)
    limits = Limits(max_segment_bytes=100, max_segment_age_s=3600.0, max_bytes=1000, max_age_s=86400.0)
    retention = Retention(str(tmp_path), limits)
    retention._lock = LockFile(tmp_path / "nowhere" / "lock", stale_s=60.0, wait_s=0.0)

    assert retention.make_room(now=NOW) == Room(100, {TOO_OLD: 3})


def test_ages_are_told_by_the_clock_of_the_file_system(tmp_path):
    """A local clock that is days off seals and deletes nothing that is young by the file system's own."""
    young = {put(tmp_path, 9000, 1, suffix) for suffix in (".open.jsonl", ".jsonl")}
    for path in young:
        os.utime(path)
    old = put(tmp_path, 9000, 1)
    os.utime(old, (0, 0))
    limits = Limits(max_segment_bytes=100, max_segment_age_s=3600.0, max_bytes=1000, max_age_s=86400.0)

    assert Retention(str(tmp_path), limits).make_room().expired == {TOO_OLD: 1}
    assert left(tmp_path) == young
