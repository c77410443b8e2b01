"""A disk that refuses costs no event but those written meanwhile; they are counted, and said."""

from __future__ import annotations

import errno
import os
import shutil

import pytest
from full_disk import descriptor_replaced, limit_of_file_size

from jupyter_telemetry.journal.reader import JournalReader
from jupyter_telemetry.journal.retention import ORPHAN_SLACK_S
from jupyter_telemetry.journal.segment import seal

from .lines import SCHEMA, content, counts, line, names, numbers, segments


def test_a_full_disk_costs_no_event_but_those_written_meanwhile(make_writer, directory, caplog):
    writer = make_writer()
    writer.write(line(1))

    with descriptor_replaced(writer._segment.fd, "/dev/full", os.O_WRONLY):
        writer.write(line(2))
        writer.write(line(3))
        assert writer.counts() == counts(written=1, lost=2)
    writer.write(line(4))

    assert content(directory) == line(1) + line(4)
    assert writer.counts() == counts(written=2, lost=2)
    assert caplog.messages == [f"journal {directory}: 1 events lost (No space left on device)"]
    assert [record.name for record in caplog.records] == ["jupyter_telemetry.journal"]


def test_losses_are_said_once_a_minute_without_an_events_value(make_writer, directory, clock, caplog):
    writer = make_writer()
    writer.write(line(0))

    with descriptor_replaced(writer._segment.fd, "/dev/full", os.O_WRONLY):
        for second in range(90):
            writer._segment.look_at = float("inf")  # it stands where it stood
            clock.now += 1
            writer.write(line(second, secret="s3cr3t"))
    writer.close()

    assert caplog.messages == [
        f"journal {directory}: 1 events lost (No space left on device)",
        f"journal {directory}: 60 events lost (No space left on device)",
        f"journal {directory}: 29 events lost (No space left on device)",
    ]
    assert "s3cr3t" not in caplog.text


def test_a_line_that_was_written_in_part_is_written_anew_and_nothing_is_glued_to_it(make_writer, directory):
    writer = make_writer()
    size = len(line(1))

    with limit_of_file_size(2 * size + size // 2):
        for number in range(1, 8):
            writer.write(line(number))

    torn = line(1)[: size // 2]
    assert [path.read_bytes()[2 * size :] for path in sorted(directory.glob("*.jsonl"))] == [
        line(3)[: len(torn)],
        line(5)[: len(torn)],
        line(7)[: len(torn)],
        b"",
    ]
    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == [1, 2, 3, 4, 5, 6, 7]
    assert writer.counts() == counts(written=7)
    assert names(directory) == ["sealed", "sealed", "sealed", "open"]


def test_a_line_that_no_file_takes_is_lost_and_costs_one_try_a_second(make_writer, directory, clock, caplog):
    writer = make_writer()
    size = len(line(1))

    with limit_of_file_size(size // 2):
        for number in range(1, 6):
            writer.write(line(number))
        assert len(segments(directory)) == 1
        clock.advance(1.0)
        writer.write(line(6))
        assert len(segments(directory)) == 2
    clock.advance(1.0)
    writer.write(line(7))

    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == [7]
    assert writer.counts() == counts(written=1, lost=6)
    assert caplog.messages == [
        f"journal {directory}: 1 events lost (a line was written in part: the disk is full, or a limit of the "
        "file's size is reached)"
    ]


def test_a_long_line_that_no_file_takes_costs_no_segment_for_each(make_writer, directory, clock):
    writer = make_writer()
    size = len(line(1))
    writer.write(line(1))

    with limit_of_file_size(3 * size):
        writer.write(line(2, text="x" * 10 * size))
        writer.write(line(3))
        clock.advance(1.0)
        writer.write(line(4))

    assert numbers(JournalReader(directory).lines(damage=pytest.fail)) == [1, 4]
    assert writer.counts() == counts(written=2, lost=2)


def test_a_segment_that_fails_is_given_up_for_another_one(make_writer, directory):
    writer = make_writer()
    writer.write(line(1))
    failing = writer._segment.fd

    with descriptor_replaced(failing, os.devnull, os.O_RDONLY):  # EBADF, as good as EIO
        writer.write(line(2))
    writer.write(line(3))

    assert [path.read_bytes() for path in sorted(directory.glob("*.jsonl"))] == [line(1), line(2) + line(3)]
    assert writer.counts() == counts(written=3)


def test_a_segment_that_fails_at_its_first_line_is_followed_by_a_pause(make_writer, directory, clock):
    writer = make_writer()
    writer.write(line(1))
    writer._begin(clock.now)
    failing = writer._segment

    with descriptor_replaced(failing.fd, os.devnull, os.O_RDONLY):
        writer.write(line(2))
        writer.write(line(3))
    clock.advance(1.0)
    writer.write(line(4))

    assert content(directory) == line(1) + line(4)
    assert writer.counts() == counts(written=2, lost=2)


def test_a_thread_whose_segment_another_one_gave_up_writes_to_the_new_one(make_writer, directory):
    writer = make_writer()
    writer.write(line(1))
    given_up = writer._segment
    writer._begin(writer._clock())

    writer._rescue(given_up, line(2), errno.EIO)

    assert content(directory) == line(1) + line(2)
    assert writer.counts() == counts(written=2)


def test_a_line_is_lost_where_the_new_segment_is_on_a_full_disk_too(make_writer, directory):
    writer = make_writer()
    writer.write(line(1))
    given_up = writer._segment
    writer._begin(writer._clock())

    with descriptor_replaced(writer._segment.fd, "/dev/full", os.O_WRONLY):
        writer._rescue(given_up, line(2), errno.EIO)
    with descriptor_replaced(writer._segment.fd, os.devnull, os.O_RDONLY):
        writer._rescue(given_up, line(3), errno.EIO)

    assert writer.counts() == counts(written=1, lost=2)


def test_a_directory_that_cannot_be_made_is_tried_again_once_a_second(make_writer, directory, clock, caplog):
    writer = make_writer()
    directory.touch()  # as if permission were lost, which root would not notice
    writer.write(line(1))
    directory.unlink()
    writer.write(line(2))
    assert not directory.exists()

    clock.advance(1.0)
    writer.write(line(3))

    assert content(directory) == line(3)
    assert writer.counts() == counts(written=1, lost=2)
    assert caplog.messages == [f"journal {directory}: 1 events lost (Not a directory)"]


def test_permission_lost_while_recording_costs_nothing_until_the_next_segment(make_writer, directory, clock):
    size = len(line(1))
    writer = make_writer(max_segment_bytes=2 * size)
    writer.write(line(1))
    moved = directory.with_name("moved")
    directory.rename(moved)
    directory.touch()
    writer.write(line(2))
    writer.write(line(3))
    directory.unlink()
    moved.rename(directory)
    clock.advance(1.0)
    writer.write(line(4))

    assert numbers(JournalReader(directory).lines()) == [1, 2, 4]
    assert writer.counts() == counts(written=3, lost=1)


def test_a_directory_that_is_removed_is_noticed_and_made_again(make_writer, directory, clock, caplog):
    writer = make_writer()
    writer.write_schema(*SCHEMA)
    writer.write(line(1))
    clock.advance(0.5)
    writer.write(line(2))  # looks first, and finds the first line in place
    shutil.rmtree(directory)
    writer.write(line(3))
    clock.advance(0.5)
    writer.write(line(4))

    assert content(directory) == line(4)
    assert len(list((directory / "schemas").iterdir())) == 1
    assert writer.counts() == counts(written=2, lost=2)
    assert caplog.messages == [f"journal {directory}: 2 events lost (their file was deleted)"]


def test_a_directory_that_is_removed_before_the_journal_is_closed_is_noticed(make_writer, directory):
    writer = make_writer()
    writer.write(line(1))
    shutil.rmtree(directory)

    writer.close()

    assert writer.counts() == counts(lost=1)


def test_a_directory_that_is_moved_keeps_its_events(make_writer, directory, clock):
    writer = make_writer()
    writer.write(line(1))
    directory.rename(directory.with_name("moved"))
    clock.advance(0.5)
    writer.write(line(2))

    assert content(directory) == line(2)
    assert content(directory.with_name("moved")) == line(1)
    assert writer.counts() == counts(written=2)


def test_a_writer_that_was_taken_for_dead_begins_another_segment(make_writer, directory, clock):
    writer = make_writer()
    writer.write(line(1))
    seal(str(next(directory.iterdir())))
    clock.advance(0.5)
    writer.write(line(2))

    assert names(directory) == ["sealed", "open"]
    assert writer.counts() == counts(written=2)


def test_events_that_another_writer_expired_are_not_counted_as_lost(make_writer, directory, clock):
    idle = make_writer()
    idle.write(line(1))
    (path,) = directory.iterdir()
    clock.advance(3600 + ORPHAN_SLACK_S + 1)
    os.utime(path, (0, 0))
    size = len(line(1))
    busy = make_writer(max_bytes=2 * size, max_segment_bytes=2 * size)
    for number in range(10):
        busy.write(line(number))
    idle.write(line(2))

    assert not path.exists()
    assert idle.counts()["lost"] == 0


def test_in_the_middle_of_the_swap_another_thread_finds_the_new_segment(make_writer, clock):
    writer = make_writer()
    writer.write(line(1))
    clock.advance(0.5)
    assert writer._can_take(10, clock.now)
    assert writer._can_take(10, clock.now)  # looked a moment ago
