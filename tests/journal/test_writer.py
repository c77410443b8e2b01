from __future__ import annotations

import logging
import os
import shutil
import signal
import threading
import time

import pytest
from full_disk import descriptor_replaced

from jupyter_telemetry.journal.accounts import read_accounts
from jupyter_telemetry.journal.reader import JournalReader
from jupyter_telemetry.journal.segment import new_name
from jupyter_telemetry.lockfile import LockFile

from .lines import SCHEMA, content, counts, line, names, numbers

# The ordinary way


def test_nothing_is_on_disk_before_the_first_event(make_writer, directory):
    writer = make_writer()
    assert not directory.exists()

    writer.write(line(1))
    assert content(directory) == line(1)
    assert names(directory) == ["open"]


def test_a_segment_that_the_next_line_would_make_too_long_is_sealed(make_writer, directory):
    writer = make_writer(max_segment_bytes=2 * len(line(1)))

    for number in range(1, 6):
        writer.write(line(number))

    assert names(directory) == ["sealed", "sealed", "open"]
    assert numbers(JournalReader(directory).lines()) == [1, 2, 3, 4, 5]
    assert max(segment.size for segment in JournalReader(directory).segments()) == 2 * len(line(1))


def test_a_line_longer_than_a_segment_has_one_to_itself(make_writer, directory):
    writer = make_writer(max_segment_bytes=300)
    long = line(2, text="x" * 1000)

    for each in (line(1), long, line(3)):
        writer.write(each)

    assert [path.read_bytes() for path in sorted(directory.glob("*.jsonl"))] == [line(1), long, line(3)]


def test_nothing_is_written_to_a_segment_that_is_too_old(make_writer, directory, clock):
    writer = make_writer(max_segment_age_s=10.0)
    writer.write(line(1))
    clock.advance(9.9)
    writer.write(line(2))
    assert names(directory) == ["open"]

    clock.advance(0.1)
    writer.write(line(3))

    assert names(directory) == ["sealed", "open"]
    assert sorted(directory.glob("*.jsonl"))[0].read_bytes() == line(1) + line(2)


def test_a_segment_is_too_old_by_the_wall_clock_too_since_the_other_stops_while_a_machine_sleeps(
    directory, make_writer, clock
):
    writer = make_writer(max_segment_age_s=10.0)
    writer._clock = lambda: clock.now / 10  # the clock that sleeps most of the time
    writer.write(line(1))
    clock.advance(11)
    writer.write(line(2))

    assert names(directory) == ["sealed", "open"]


def test_closing_seals_and_closing_again_does_nothing(make_writer, directory):
    writer = make_writer()
    writer.write(line(1))

    writer.close()
    writer.close()

    assert names(directory) == ["sealed"]


def test_a_line_after_closing_begins_another_segment(make_writer, directory, caplog):
    writer = make_writer()
    writer.write(line(1))
    writer.close()

    writer.write(line(2))
    writer.write_schema(*SCHEMA)

    assert writer.counts() == counts(written=2)
    assert caplog.messages == []
    assert names(directory) == ["sealed", "open"]
    assert len(list((directory / "schemas").iterdir())) == 1


def test_counting_does_not_count(make_writer):
    writer = make_writer()
    for number in range(3):
        writer.write(line(number))
        writer.counts()

    assert writer.counts() == writer.counts() == counts(written=3)


def test_threads_that_roll_tiny_segments_lose_and_duplicate_nothing(make_writer, directory, in_threads):
    writer = make_writer(max_segment_bytes=4000)

    in_threads(lambda thread: [writer.write(line(thread * 1000 + number)) for number in range(1000)])

    assert sorted(numbers(JournalReader(directory).lines(damage=pytest.fail))) == list(range(4000))
    assert writer.counts() == counts(written=4000)
    assert names(directory).count("open") == 1


def test_writers_of_one_directory_each_write_segments_of_their_own(make_writer, directory):
    first, second = make_writer(), make_writer()
    first.write(line(1))
    second.write(line(2))
    first.write(line(3))

    assert sorted(path.read_bytes() for path in directory.glob("*.jsonl")) == [line(1) + line(3), line(2)]


def test_a_signal_handler_may_record_while_a_segment_is_begun(make_writer, directory):
    writer = make_writer(max_segment_bytes=2 * len(line(1)))
    for number in range(20_000, 20_010):  # so that whoever traces these files, with a lock of its own, knows them all
        writer.write(line(number))
    recorded = iter(range(10_000, 20_000))
    done = []

    def record(*_):
        number = next(recorded)
        writer.write(line(number))
        done.append(number)
        if len(done) < 200:
            signal.setitimer(signal.ITIMER_REAL, 0.001)

    before = signal.signal(signal.SIGALRM, record)
    signal.setitimer(signal.ITIMER_REAL, 0.0005)
    try:
        for number in range(500):
            writer.write(line(number))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert done
    assert sorted(numbers(JournalReader(directory).lines())) == [*range(500), *done, *range(20_000, 20_010)]
    assert writer.counts() == counts(written=510 + len(done))


# Limits


def test_the_limit_of_bytes_holds_and_what_goes_is_counted_and_said(make_writer, directory, caplog):
    size = len(line(100))
    writer = make_writer(max_segment_bytes=10 * size, max_bytes=100 * size)

    for number in range(100, 600):
        writer.write(line(number))
        assert sum(segment.size for segment in JournalReader(directory).segments()) <= 100 * size

    kept = numbers(JournalReader(directory).lines())
    assert kept == list(range(600 - len(kept), 600))
    assert len(kept) > 70
    assert writer.counts() == counts(written=500, expired=500 - len(kept))
    assert caplog.messages == [
        f"journal {directory}: 10 events deleted, the oldest, because the journal passed its limit of bytes"
    ]


def test_two_writers_share_one_limit(make_writer, directory):
    size = len(line(1000))
    writers = [make_writer(max_segment_bytes=10 * size, max_bytes=100 * size) for _ in range(2)]

    for number in range(1000, 1500):
        writers[number % 2].write(line(number))

    kept = numbers(JournalReader(directory).lines())
    assert len(kept) <= 125
    assert sum(writer.counts()["expired"] for writer in writers) == 500 - len(kept)


def test_a_journal_may_be_written_where_its_directory_cannot_be_listed(make_writer, directory):
    # Root may list everything; a file system that lists nothing is not at hand either. So the directory is gone
    # when it is listed, and there when the segment is made: make_room is asked with a path that is a file.
    writer = make_writer(max_segment_bytes=123)
    directory.touch()

    assert writer._make_room() is None


# Schemas


def test_a_schema_is_stored_before_its_first_event(make_writer, directory):
    writer = make_writer()
    writer.write_schema(*SCHEMA)
    writer.write_schema(*SCHEMA)

    (path,) = (directory / "schemas").iterdir()
    assert path.read_bytes() == SCHEMA[2]
    assert names(directory) == []


def test_a_schema_that_cannot_be_stored_is_stored_with_a_later_event(make_writer, directory, clock, caplog):
    writer = make_writer()
    writer.write(line(1))
    obstacle = directory / "schemas"
    obstacle.touch()
    writer.write_schema(*SCHEMA)
    obstacle.unlink()
    clock.advance(0.5)
    writer.write(line(2))
    assert not obstacle.exists()

    clock.advance(0.5)
    writer.write(line(3))

    assert len(list((directory / "schemas").iterdir())) == 1
    assert writer.counts() == counts(written=3)
    assert caplog.messages == [f"journal {directory}: 1 schemas not stored yet (Not a directory)"]


def test_a_schema_that_was_deleted_is_stored_again_with_the_next_segment(make_writer, directory):
    writer = make_writer(max_segment_bytes=len(line(1)))
    writer.write_schema(*SCHEMA)
    writer.write(line(1))
    shutil.rmtree(directory / "schemas")
    writer.write(line(2))

    assert len(list((directory / "schemas").iterdir())) == 1


def test_a_schema_that_waits_is_stored_at_the_latest_on_closing(make_writer, directory):
    writer = make_writer()
    writer.write(line(1))
    (directory / "schemas").touch()
    writer.write_schema(*SCHEMA)
    (directory / "schemas").unlink()

    writer.close()

    assert len(list((directory / "schemas").iterdir())) == 1


# Time


def test_a_thread_that_waits_for_the_log_holds_nobody_up(make_writer, directory, caplog):
    class Blocking(logging.Handler):
        def emit(self, record):
            blocked.set()
            released.wait()

    blocked, released = threading.Event(), threading.Event()
    writer = make_writer()
    writer.write(line(1))
    log, blocking = logging.getLogger("jupyter_telemetry.journal"), Blocking()
    log.addHandler(blocking)
    thread = threading.Thread(target=writer.lose, args=("a reason",))
    thread.start()
    try:
        assert blocked.wait(10)
        writer.write(line(2))
        writer.lose("another reason")
        assert writer.counts() == counts(written=2, lost=2)
    finally:
        released.set()
        thread.join()
        log.removeHandler(blocking)


def test_writing_goes_on_at_the_speed_of_the_disk_for_longer_than_a_look(directory, make_writer):
    writer = make_writer(max_segment_bytes=50_000)
    writer._clock = time.monotonic
    number = 0
    give_up_at = time.monotonic() + 1.2
    while time.monotonic() < give_up_at and number < 100_000:
        writer.write(line(number))
        number += 1

    assert numbers(JournalReader(directory).lines()) == list(range(number))


# What happens now and then


def test_what_is_too_old_goes_once_an_hour_without_a_new_segment(make_writer, directory, clock):
    writer = make_writer(max_age_s=1000.0, max_segment_age_s=86400.0, sync_interval_s=3600.0)
    writer.write(line(1))
    old = directory / f"{new_name(0)}.jsonl"
    old.write_bytes(line(2))
    os.utime(old, (0, 0))
    clock.advance(3599)
    writer.sync_round()
    assert old.exists()
    clock.advance(1)
    writer.sync_round()

    assert not old.exists()
    assert writer.counts() == counts(written=1, expired=1)
    assert [(each.what, each.segment, each.events) for each in read_accounts(directory)] == [("expired", old.stem, 1)]


def test_what_was_lost_is_accounted_for_once_a_minute_and_on_closing(make_writer, directory, clock):
    writer = make_writer()
    writer.write(line(1))

    def lose(number: int) -> None:
        with descriptor_replaced(writer._segment.fd, "/dev/full", os.O_WRONLY):
            writer.write(line(number))
        clock.advance(0.5)
        writer.write(line(number))

    def told() -> list[int]:
        return [each.events for each in read_accounts(directory)]

    for number in range(1, 11):
        lose(number)
    assert told() == []
    clock.advance(60)
    writer.write(line(11))
    assert told() == [10]
    lose(12)
    assert told() == [10]
    writer.close()
    assert told() == [10, 1]


def test_a_local_directory_that_somebody_planted_meanwhile_is_not_written_to(make_writer, directory, clock, caplog):
    writer = make_writer(is_scratch=True)
    directory.mkdir()
    directory.chmod(0o777)
    writer.write(line(1))
    assert list(directory.iterdir()) == []
    directory.chmod(0o700)
    clock.advance(1.0)
    writer.write(line(2))

    assert content(directory) == line(2)
    assert caplog.messages == [f"journal {directory}: 1 events lost (Operation not permitted)"]


def test_a_directory_that_cannot_be_opened_to_its_group_is_written_all_the_same(make_writer, directory, caplog):
    writer = make_writer(is_open_to_group=True)
    directory.mkdir()
    (directory / "shipping").touch()
    writer.write(line(1))

    assert content(directory) == line(1)
    assert caplog.messages == [f"journal {directory}: 1 the directory not opened to its group (File exists)"]


def lost_by_account(directory):
    return sum(each.events for each in read_accounts(directory) if each.what == "lost")


def test_who_records_waits_for_nobody_who_holds_the_accounts_and_writes_them_down_later(make_writer, directory, clock):
    writer = make_writer()
    writer.write(line(1))
    with LockFile(directory / ".accounts.lock", stale_s=60.0, wait_s=0.0, as_symlink=True) as lock:
        writer.lose("the disk is full", 2)
        for _ in range(3):
            clock.advance(61.0)
            writer.write(line(2))
            lock.check()
        assert lost_by_account(directory) == 0
    clock.advance(2.0)
    writer.write(line(3))
    assert lost_by_account(directory) == 2
    assert writer.counts() == counts(5, 2)


def test_what_was_kept_after_all_is_taken_back_from_what_is_written_down_as_lost(make_writer, directory, clock):
    writer = make_writer()
    writer.lose("no time", 4)
    writer.write(line(1))
    assert lost_by_account(directory) == 4
    writer.losses.find(3, "no time")
    clock.advance(61.0)
    writer.write(line(2))
    assert lost_by_account(directory) == 1
    assert writer.counts() == counts(2, 1)
