from __future__ import annotations

import json
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal import JournalHandler, JournalReader
from jupyter_telemetry.journal.accounts import read_accounts
from jupyter_telemetry.journal.erasure import Erasure, Holdings, Left, erase, take_stock
from jupyter_telemetry.journal.segment import new_name, seal
from jupyter_telemetry.journal.tombstones import tombstones

from .lines import content, event_id, line, names, numbers

A, B = "https://example.org/a", "https://example.org/b"


@pytest.fixture
def handler(directory):
    with_close = JournalHandler(directory)
    yield with_close
    with_close.close()


def of(schema_id: str, number: int, **properties: object) -> bytes:
    return line(number, __schema__=schema_id, **properties)


def put(directory: Path, *lines: bytes, suffix: str = ".jsonl", age_s: float = 100.0) -> Path:
    """Put a segment into a journal, that was written to some time ago."""
    directory.mkdir(exist_ok=True)
    path = directory / (new_name(time.time() - age_s) + suffix)
    path.write_bytes(b"".join(lines))
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


def erase_now(directory: Path, **settings: object) -> Erasure:
    return erase(directory, **{"settle_s": 0.0, **settings})


def unchanged(path: Path) -> tuple[int, ...]:
    """Return what tells a file from another one, or from itself after a change."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def only(schema_id: str):
    return lambda found: found == schema_id


def ids_on_tombstones(directory: Path) -> list[str]:
    return [each for tombstone in tombstones(directory) for each in tombstone.ids()]


# What goes and what stays


def test_everything_goes_and_no_segment_is_left(directory):
    put(directory, line(1), line(2))
    put(directory, line(3))

    done = erase_now(directory)

    assert list(JournalReader(directory).lines()) == []
    assert done == Erasure({A: 3}, {}, 2, done.tombstone, 0, ())
    assert ids_on_tombstones(directory) == [event_id(1), event_id(2), event_id(3)]
    assert sorted(path.name for path in directory.iterdir()) == ["accounts.jsonl", "tombstones"]
    assert [(each.what, each.events) for each in read_accounts(directory)] == [("erased", 2), ("erased", 1)]


def test_only_the_schemas_that_are_asked_for_go_and_the_rest_stays_to_the_byte(directory):
    path = put(directory, of(A, 1), of(B, 2), of(A, 3), of(B, 4, text="ü\u2028"))
    untouched = put(directory, of(B, 5))
    before = unchanged(untouched)

    done = erase_now(directory, erases=only(A))

    assert path.read_bytes() == of(B, 2) + of(B, 4, text="ü\u2028")
    assert unchanged(untouched) == before
    assert done == Erasure({A: 2}, {}, 1, done.tombstone, 0, ())


def test_what_may_not_be_erased_is_kept_and_counted(directory):
    path = put(directory, of(A, 1), of(B, 2))

    done = erase_now(directory, not_erasable=lambda schema_id: "the law" if schema_id == B else "")

    assert path.read_bytes() == of(B, 2)
    assert (done.erased, done.kept) == ({A: 1}, {B: 1})
    assert ids_on_tombstones(directory) == [event_id(1)]


def test_what_may_not_be_erased_counts_only_where_it_was_asked_for(directory):
    put(directory, of(A, 1), of(B, 2))

    assert erase_now(directory, erases=only(A), not_erasable=lambda _: "the law").kept == {A: 1}


def test_where_there_is_nothing_to_erase_nothing_is_touched(directory):
    path = put(directory, of(B, 2), suffix=".open.jsonl")
    before = unchanged(path)

    assert erase_now(directory, erases=only(A)) == Erasure({}, {}, 0, None, 0, ())
    assert unchanged(path) == before
    assert list(directory.iterdir()) == [path]


def test_a_journal_that_is_not_there_has_nothing_to_erase(directory):
    assert erase(directory) == Erasure({}, {}, 0, None, 0, ())
    assert take_stock(directory) == Holdings({}, {}, 0)
    assert not directory.exists()


def test_a_journal_that_cannot_be_read_is_an_error(directory):
    directory.touch()

    with pytest.raises(JournalError):
        erase(directory)


def test_taking_stock_counts_what_would_go_and_changes_nothing(directory):
    put(directory, of(A, 1), of(B, 2), of("c", 3), b"torn\n")
    before = content(directory)

    stock = take_stock(directory, erases=lambda each: each != "c", not_erasable=lambda each: "why" * (each == B))

    assert stock == Holdings({A: 1}, {B: 1}, 1)
    assert content(directory) == before
    assert len(list(directory.iterdir())) == 1


def test_erasing_again_finds_nothing(directory):
    put(directory, of(A, 1), of(B, 2))
    erase_now(directory, erases=only(A))

    assert erase_now(directory, erases=only(A)) == Erasure({}, {}, 0, None, 0, ())


def test_what_says_not_of_which_schema_it_is_is_no_event(directory):
    put(directory, b'{"__id__":"1","__schema__":7}\n{"__id__":"2"}\n')

    done = erase_now(directory)
    assert (done.erased, done.damaged) == ({}, 2)


# Damage


def test_a_line_that_is_no_event_is_kept_and_counted(directory):
    damaged = [b"garbage\n", b"[]\n", b"\0\0\0\n", b'{"__id__":"1","__schema__":7}\n{"__id__":"2"}\n']
    path = put(directory, damaged[0], line(1), damaged[1], line(2), *damaged[2:])

    assert erase_now(directory).damaged == 5
    assert path.read_bytes() == b"".join(damaged)


def test_a_torn_end_stays_torn_and_is_counted(directory):
    torn = line(3)[:40]
    path = put(directory, line(1), of(B, 2), torn)

    done = erase_now(directory, erases=only(A))

    assert (done.erased, done.damaged) == ({A: 1}, 1)
    assert path.read_bytes() == of(B, 2) + torn
    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == [2]


def test_an_event_behind_something_torn_goes_without_it(directory):
    path = put(directory, line(3)[:40] + line(1), line(3)[:30] + of(B, 2))

    done = erase_now(directory, erases=only(A))

    assert (done.erased, done.damaged) == ({A: 1}, 2)
    assert path.read_bytes() == line(3)[:40] + b"\n" + line(3)[:30] + of(B, 2)


def test_a_file_that_no_journal_wrote_is_left_and_said(directory):
    put(directory, line(1))
    foreign = directory / "archive.jsonl"
    foreign.write_bytes(line(2))
    harmless = directory / "other.jsonl"
    harmless.write_bytes(of(B, 3))
    (directory / "notes.txt").write_text("mine")

    done = erase_now(directory, erases=only(A))

    assert (done.erased, done.segments) == ({A: 1}, 1)
    assert [(each.path, each.events) for each in done.left] == [(foreign, 1)]
    assert foreign.read_bytes() == line(2)
    assert harmless.read_bytes() == of(B, 3)


def test_a_long_line_and_a_long_segment_are_no_obstacle(directory):
    long = [of((A, B)[number % 2], number, text="x" * 300_000) for number in range(20)]
    path = put(directory, *long)

    assert erase_now(directory, erases=only(A)).erased == {A: 10}
    assert path.read_bytes() == b"".join(long[1::2])


# Files


def test_what_it_writes_is_private_and_a_segment_keeps_its_mode_and_times(directory):
    path = put(directory, of(A, 1), of(B, 2))
    path.chmod(0o640)
    modified_at = path.stat().st_mtime_ns
    before = os.umask(0)
    try:
        done = erase_now(directory, erases=only(A))
    finally:
        os.umask(before)

    modes = {each: stat.S_IMODE(each.stat().st_mode) for each in (path, done.tombstone, done.tombstone.parent)}
    assert modes == {path: 0o640, done.tombstone: 0o600, done.tombstone.parent: 0o700}
    assert path.stat().st_mtime_ns == modified_at


def test_what_killed_erasures_left_is_removed(directory):
    path = put(directory, line(1))
    draft = directory / f".{path.stem}.1234abcd.draft"
    draft.write_bytes(b"secret")

    erase_now(directory)

    assert not draft.exists()


def test_what_a_writer_keeps_at_the_moment_is_removed_only_when_it_is_old(directory):
    put(directory, line(1))
    old, new = directory / ".old.late", directory / ".new.late"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))

    erase_now(directory)

    assert (old.exists(), new.exists()) == (False, True)


def test_a_symlink_is_no_segment(directory, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(line(1))
    directory.mkdir()
    (directory / (new_name(0.0) + ".jsonl")).symlink_to(victim)

    assert erase_now(directory).erased == {}
    assert victim.read_bytes() == line(1)


# While others record


def test_the_own_segment_is_sealed_and_recording_goes_on(handler, directory):
    handler.write_event(line(1))
    handler.write_event(of(B, 2))

    done = erase_now(directory, erases=only(A), seal_own=handler.seal)
    handler.write_event(line(3))

    assert done.erased == {A: 1}
    assert numbers(JournalReader(directory).lines()) == [2, 3]
    assert handler.counts() == {"written": 3, "lost": 0, "expired": 0}


def test_a_writer_whose_segment_was_erased_loses_nothing_and_says_so(make_writer, directory, clock):
    writer = make_writer()
    for number in (1, 2):
        writer.write(line(number))

    erase_now(directory)
    clock.advance(0.5)
    writer.write(line(3))

    assert content(directory) == line(3)
    assert writer.counts() == {"written": 3, "lost": 0, "expired": 0}


def test_a_writer_that_ends_after_its_segment_was_erased_loses_nothing(make_writer, directory, caplog):
    writer = make_writer()
    writer.write(line(1))

    erase_now(directory)
    writer.close()

    assert writer.counts() == {"written": 1, "lost": 0, "expired": 0}
    assert caplog.messages == []


def test_what_is_written_before_the_writer_notices_is_kept(make_writer, directory, clock):
    writer = make_writer()
    writer.write(line(1))

    done = erase_now(directory)
    writer.write(line(2))  # it has looked a moment ago
    writer.write(line(3))
    clock.advance(0.5)
    writer.write(line(4))

    assert done.erased == {A: 1}
    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == [2, 3, 4]
    assert writer.counts() == {"written": 4, "lost": 0, "expired": 0}


def test_a_thread_that_is_stopped_in_the_middle_of_a_write_loses_nothing_however_late_it_wakes(
    make_writer, directory, clock
):
    writer = make_writer()
    writer.write(line(1))
    stopped = writer._segment  # as a thread has it that has looked, and not written yet

    erase_now(directory)
    clock.advance(0.5)
    writer.write(line(2))
    os.write(stopped.fd, line(3))
    del stopped

    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == [2, 3]
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.glob("*.jsonl")} == {0o600}


def test_a_segment_that_an_erasure_has_sealed_and_was_killed_then_keeps_all(make_writer, directory, clock):
    writer = make_writer()
    writer.write(line(1))
    (path,) = directory.glob("*.jsonl")
    seal(str(path))
    sealed = path.with_name(path.name.replace(".open", ""))
    with sealed.open("ab") as file:
        file.write(b"\n\n")
    writer.write(line(2))
    clock.advance(0.5)
    writer.write(line(3))

    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == [1, 2, 3]
    assert erase_now(directory).erased == {A: 3}
    assert ids_on_tombstones(directory) == [event_id(1), event_id(2), event_id(3)]


def test_a_segment_that_was_deleted_by_hand_is_lost_as_before(make_writer, directory, clock):
    writer = make_writer()
    writer.write(line(1))
    next(directory.glob("*.jsonl")).unlink()
    clock.advance(0.5)
    writer.write(line(2))

    assert writer.counts() == {"written": 1, "lost": 1, "expired": 0}


def test_what_a_killed_writer_left_open_is_erased(directory):
    put(directory, line(1), line(2), suffix=".open.jsonl")

    assert erase_now(directory).erased == {A: 2}
    assert list(JournalReader(directory).lines()) == []


def test_what_is_recorded_after_the_erasure_was_asked_for_stays(handler, directory):
    handler.write_event(line(1))

    def seal_own() -> None:
        handler.write_event(line(2))
        handler.seal()

    assert erase_now(directory, seal_own=seal_own).erased == {A: 1}
    assert numbers(JournalReader(directory).lines()) == [2]


def test_it_waits_until_every_writer_must_have_noticed(directory):
    recorded = []
    is_over = threading.Event()
    handler = JournalHandler(directory)
    handler.write_event(line(0))

    def record() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            handler.write_event(line(number))
            recorded.append(number)
            time.sleep(0.001)

    thread = threading.Thread(target=record)
    thread.start()
    try:
        done = erase(directory)
        (during,) = (path for path in directory.glob("*.jsonl") if path.name.endswith(".open.jsonl"))
    finally:
        is_over.set()
        thread.join()
        handler.close()

    assert done.erased[A] >= 1
    kept = numbers(JournalReader(directory).lines(damage=pytest.fail))
    assert kept == list(range(done.erased[A], len(recorded) + 1))
    assert handler.counts() == {"written": len(recorded) + 1, "lost": 0, "expired": 0}
    assert during.name.endswith(".open.jsonl")


def test_retention_may_delete_a_segment_meanwhile(directory):
    gone = put(directory, line(1))

    def touch_deletes(schema_id: str) -> bool:
        calls.append(schema_id)
        if len(calls) == 1:
            gone.unlink()
        return True

    calls: list[str] = []
    assert erase_now(directory, erases=touch_deletes) == Erasure({}, {}, 0, None, 0, ())
    assert not gone.exists()


def test_two_at_once_erase_each_what_it_was_asked_for(directory, in_threads):
    for number in range(0, 100, 2):
        put(directory, of(A, number), of(B, number + 1), of("c", 1000 + number))

    done = [None, None]

    def one(thread: int) -> None:
        done[thread] = erase_now(directory, erases=only((A, B)[thread]))

    in_threads(one, 2)

    assert [each.erased for each in done] == [{A: 50}, {B: 50}]
    assert {json.loads(each)["__schema__"] for each in JournalReader(directory).lines()} == {"c"}
    assert len(ids_on_tombstones(directory)) == 100
    assert not list(directory.glob(".*"))
    assert set(names(directory)) == {"sealed"}


def test_a_segment_that_cannot_be_rewritten_is_left_and_said(directory, tmp_path):
    path = put(directory, line(1))
    other = put(directory, of(B, 2))
    before = unchanged(path)
    (directory / "tombstones").touch()  # as a disk that refuses

    done = erase_now(directory)

    assert done == Erasure({}, {}, 0, None, 0, (Left(path, 1, "Not a directory"), Left(other, 1, "Not a directory")))
    assert unchanged(path) == before
    assert not list(directory.glob(".*"))
