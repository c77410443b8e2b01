from __future__ import annotations

import threading

import pytest

from jupyter_telemetry.journal import Damage, JournalHandler, JournalReader
from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.journal.segment import new_name

from .lines import line, numbers


@pytest.fixture
def stop():
    return threading.Event()


@pytest.fixture
def handler(directory):
    with_close = JournalHandler(directory, max_segment_bytes=1000)
    yield with_close
    with_close.close()


def test_what_is_written_after_the_call_is_yielded_from_all_segments(handler, directory, stop):
    other = JournalHandler(directory)
    handler.write_event(line(1))
    lines = JournalReader(directory).follow(stop=stop, damage=pytest.fail)

    for number in range(2, 40):
        (handler, other)[number % 2].write_event(line(number))
    other.close()
    stop.set()

    assert numbers(lines) == list(range(2, 40))


@pytest.mark.parametrize(("last", "expected"), [(0, [7, 8]), (2, [5, 6, 7, 8]), (None, [1, 2, 3, 4, 5, 6, 7, 8])])
def test_some_or_all_of_what_there_is_may_come_first(handler, directory, stop, last, expected):
    for number in range(1, 7):
        handler.write_event(line(number))

    lines = JournalReader(directory).follow(last=last, stop=stop)
    handler.write_event(line(7))
    handler.write_event(line(8))
    stop.set()

    assert numbers(lines) == expected


def test_it_waits_for_what_comes(handler, directory, stop):
    lines = JournalReader(directory).follow(stop=stop, poll_interval_s=0.01)
    got: list[int] = []

    def read() -> None:
        got.extend(numbers(lines))

    reading = threading.Thread(target=read)
    reading.start()
    for number in range(300):
        handler.write_event(line(number))
    stop.set()
    reading.join()

    assert sorted(got) == list(range(300))


def test_it_may_begin_before_the_journal_does(directory, stop):
    lines = JournalReader(directory).follow(stop=stop)
    handler = JournalHandler(directory)
    handler.write_event(line(1))
    handler.close()
    stop.set()

    assert numbers(lines) == [1]


def test_it_ends_after_the_time_given(handler, directory):
    lines = JournalReader(directory).follow(timeout_s=0.02, poll_interval_s=0.01)
    handler.write_event(line(1))

    assert numbers(lines) == [1]


def test_a_line_is_yielded_when_it_is_whole(directory, stop):
    directory.mkdir()
    path = directory / f"{new_name(0.0)}.open.jsonl"
    path.write_bytes(line(1) + line(2)[:20])
    lines = JournalReader(directory).follow(timeout_s=0.0)
    with path.open("ab") as file:
        file.write(line(2)[20:-1])
    assert list(lines) == []

    lines = JournalReader(directory).follow(stop=stop)
    with path.open("ab") as file:
        file.write(b"\n" + line(3)[:-1])
    stop.set()
    assert list(lines) == [line(2)]


def test_a_damaged_line_is_told_and_following_goes_on(handler, directory, stop):
    damaged: list[Damage] = []
    directory.mkdir()
    path = directory / f"{new_name(0.0)}.open.jsonl"
    path.write_bytes(line(1))
    lines = JournalReader(directory).follow(stop=stop, damage=damaged.append)

    with path.open("ab") as file:
        file.write(b"\n" + b"damaged\n" + line(2)[:30] + line(3))
    stop.set()

    assert list(lines) == [line(3)]
    assert damaged == [
        Damage(path, 3, "not UTF-8 JSON"),
        Damage(path, 4, "torn, with a whole event behind it"),
    ]


def test_a_flood_comes_in_batches_and_whole(handler, directory, stop):
    big = JournalHandler(directory)
    lines = JournalReader(directory).follow(stop=stop)
    for number in range(12):
        big.write_event(line(number, text="x" * 1_000_000))
    big.close()
    stop.set()

    assert numbers(lines) == list(range(12))


def test_what_is_written_after_the_stop_is_left(handler, directory, stop):
    lines = JournalReader(directory).follow(stop=stop)
    handler.write_event(line(1))
    stop.set()

    found = next(lines)
    handler.write_event(line(2))
    assert numbers([found, *lines]) == [1]


def test_a_segment_that_is_deleted_or_a_directory_that_cannot_be_read_does_not_end_it(handler, directory, stop):
    handler.write_event(line(1))
    lines = JournalReader(directory).follow(last=1, stop=stop, poll_interval_s=0.01)
    first = next(lines)
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()
    directory.touch()
    stop.set()

    assert numbers([first, *lines]) == [1]


def test_a_segment_that_goes_between_listing_and_reading_is_gone(directory):
    from jupyter_telemetry.journal.follow import Follower
    from jupyter_telemetry.journal.segment import scan

    directory.mkdir()
    path = directory / f"{new_name(0.0)}.open.jsonl"
    path.write_bytes(line(1))
    listed = scan(directory)
    path.unlink()

    follower = Follower(directory, listed, pytest.fail)
    assert follower._read([listed[0]._replace(size=10_000)]) == []


def test_a_segment_that_is_rewritten_meanwhile_is_neither_told_again_nor_misread(handler, directory, stop):
    handler.write_event(line(1))
    handler.write_event(line(2, __schema__="b"))
    lines = JournalReader(directory).follow(stop=stop, poll_interval_s=0.01, damage=pytest.fail)
    handler.write_event(line(3))
    handler.write_event(line(4, __schema__="b"))
    assert numbers([next(lines), next(lines)]) == [3, 4]

    handler.write_event(line(5, __schema__="b"))
    erase(directory, erases=lambda schema_id: schema_id != "b", settle_s=0.0)
    handler.close()
    handler.write_event(line(6))
    stop.set()

    assert numbers(lines) == [5, 6]


def test_a_sealed_segment_that_is_rewritten_is_not_told_again(handler, directory, stop):
    handler.write_event(line(1))
    handler.write_event(line(2, __schema__="b"))
    handler.close()
    lines = JournalReader(directory).follow(stop=stop, damage=pytest.fail)
    erase(directory, erases=lambda schema_id: schema_id != "b", settle_s=0.0)
    stop.set()

    assert numbers(lines) == []


def test_a_segment_that_is_longer_when_it_is_rewritten_than_it_was_when_it_was_read_is_not_misread(directory, stop):
    handler = JournalHandler(directory)
    handler.write_event(line(1, text="x" * 500))
    lines = JournalReader(directory).follow(stop=stop, poll_interval_s=0.01, damage=pytest.fail)
    handler.write_event(line(2, __schema__="b"))
    assert numbers([next(lines)]) == [2]

    for number in range(3, 20):
        handler.write_event(line(number, __schema__="b"))
    erase(directory, erases=lambda schema_id: schema_id != "b", settle_s=0.0)
    handler.close()
    stop.set()

    assert numbers(lines) == list(range(3, 20))
