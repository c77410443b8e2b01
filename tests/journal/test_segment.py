from __future__ import annotations

import os
import re
import stat
from datetime import datetime, timezone

import pytest

from jupyter_telemetry.journal.segment import HANDOVER, NO_SEGMENT, create_segment, new_name, scan, seal

NAME = "20261123T174205123456Z-5f3a9c01"


@pytest.fixture(params=[0o000, 0o022, 0o277])
def any_umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_a_name_is_the_time_in_utc_and_eight_random_digits():
    begun_at = datetime(2026, 11, 23, 17, 42, 5, 123456, timezone.utc).timestamp()

    name = new_name(begun_at)

    assert re.fullmatch(r"20261123T174205123456Z-[0-9a-f]{8}", name)
    assert name != new_name(begun_at)


def test_a_segment_is_private_whatever_the_umask(tmp_path, any_umask):
    segment = create_segment(str(tmp_path), NAME, 100, 0.0)

    assert stat.S_IMODE(os.stat(segment.path).st_mode) == 0o600
    assert segment.path == str(tmp_path / f"{NAME}.open.jsonl")


def test_a_symlink_planted_at_a_segments_name_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / f"{NAME}.open.jsonl").symlink_to(victim)

    with pytest.raises(FileExistsError):
        create_segment(str(tmp_path), NAME, 100, 0.0)

    assert victim.read_bytes() == b"precious"


def test_a_dangling_symlink_is_not_followed_either(tmp_path):
    (tmp_path / f"{NAME}.open.jsonl").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FileExistsError):
        create_segment(str(tmp_path), NAME, 100, 0.0)

    assert not (tmp_path / "elsewhere").exists()


def test_the_last_reference_closes_and_seals(tmp_path):
    segment = create_segment(str(tmp_path), NAME, 100, 0.0)
    in_a_thread = segment
    fd = segment.fd
    os.write(fd, b"1\n")

    del segment
    os.write(in_a_thread.fd, b"2\n")
    assert [found.sealed for found in scan(tmp_path)] == [False]
    del in_a_thread

    assert (tmp_path / f"{NAME}.jsonl").read_bytes() == b"1\n2\n"
    assert [found.sealed for found in scan(tmp_path)] == [True]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_segment_that_holds_nothing_leaves_no_file(tmp_path):
    create_segment(str(tmp_path), NAME, 100, 0.0)

    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_segment_stays_open_for_its_owner(tmp_path):
    segment = create_segment(str(tmp_path), NAME, 100, 0.0)
    os.write(segment.fd, b"1\n")

    assert segment.abandon()
    assert not segment.abandon()
    del segment

    assert [found.sealed for found in scan(tmp_path)] == [False]


def test_a_descriptor_that_somebody_else_closed_is_no_trouble(tmp_path):
    segment = create_segment(str(tmp_path), NAME, 100, 0.0)
    os.write(segment.fd, b"1\n")
    os.close(segment.fd)

    assert not segment.is_deleted()
    del segment

    assert [found.sealed for found in scan(tmp_path)] == [True]


def test_a_descriptor_that_somebody_else_closed_and_another_file_has_now_is_left_open(tmp_path):
    segment = create_segment(str(tmp_path), NAME, 100, 0.0)
    os.close(segment.fd)
    other = os.open(tmp_path / "other", os.O_WRONLY | os.O_CREAT)
    assert other == segment.fd
    del segment

    os.write(other, b"x")
    os.close(other)


def test_a_segment_knows_whether_it_is_in_place_moved_or_deleted(tmp_path):
    segment = create_segment(str(tmp_path), NAME, 100, 0.0)
    os.write(segment.fd, b"1\n")
    assert (segment.is_in_place(), segment.is_deleted()) == (True, False)

    seal(segment.path)
    assert (segment.is_in_place(), segment.is_deleted()) == (False, False)

    os.unlink(tmp_path / f"{NAME}.jsonl")
    assert (segment.is_in_place(), segment.is_deleted()) == (False, True)

    (tmp_path / f"{NAME}.open.jsonl").touch()
    assert not segment.is_in_place()
    assert NO_SEGMENT.is_deleted()


def test_a_segment_counts_as_in_place_where_nobody_may_look(tmp_path):
    segment = create_segment(str(tmp_path), NAME, 100, 0.0)
    segment.path = str(tmp_path / ("x" * 300))  # ENAMETOOLONG: an error that says nothing about the file

    assert segment.is_in_place()


def test_sealing_again_does_nothing(tmp_path):
    seal(str(tmp_path / f"{NAME}.open.jsonl"))

    assert list(tmp_path.iterdir()) == []


def test_a_scan_lists_regular_jsonl_files_by_name(tmp_path):
    (tmp_path / "b.jsonl").write_bytes(b"12345")
    (tmp_path / f"{NAME}.open.jsonl").touch()
    (tmp_path / ".hidden.jsonl").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "directory.jsonl").mkdir()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "b.jsonl")
    os.mkfifo(tmp_path / "fifo.jsonl")
    os.utime(tmp_path / "b.jsonl", (5.0, 5.0))

    found = scan(tmp_path)

    assert [(each.name, each.sealed, each.size) for each in found] == [(NAME, False, 0), ("b", True, 5)]
    assert found[1].path == tmp_path / "b.jsonl"
    assert found[1].modified_at == 5.0


@pytest.mark.parametrize(
    ("name", "begun_at"),
    [
        (NAME, datetime(2026, 11, 23, 17, 42, 5, 123456, timezone.utc)),
        ("20261399T174205123456Z-5f3a9c01", None),
        ("archive", None),
    ],
)
def test_a_segments_begin_is_read_from_its_name(tmp_path, name, begun_at):
    (tmp_path / f"{name}.jsonl").touch()

    assert scan(tmp_path)[0].begun_at == begun_at


def test_a_directory_that_is_not_there_holds_no_segments(tmp_path):
    assert scan(tmp_path / "none") == []


def test_a_directory_that_is_none_cannot_be_scanned(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(NotADirectoryError):
        scan(tmp_path / "file")


def replaced(tmp_path, *late):
    """Return a segment in whose place an erasure has put another file, and what came to it late."""
    segment = create_segment(str(tmp_path), NAME, 100, 1_795_455_725.0)
    os.write(segment.fd, b"1\n")
    seal(segment.path)
    os.write(segment.fd, HANDOVER)
    os.unlink(tmp_path / f"{NAME}.jsonl")
    for each in late:
        os.write(segment.fd, each)
    return segment


def test_an_erasure_that_dealt_with_a_segment_is_told_from_a_hand_that_deleted_it(tmp_path):
    segment = replaced(tmp_path)
    assert (segment.is_deleted(), segment.is_dealt_with()) == (True, True)
    del segment

    segment = create_segment(str(tmp_path), NAME, 100, 0.0)
    os.write(segment.fd, b"1\n")
    os.unlink(segment.path)
    assert (segment.is_deleted(), segment.is_dealt_with()) == (True, False)

    (tmp_path / f"{NAME}.jsonl").touch()  # where the file server does not let the old one be read
    assert segment.is_dealt_with()


@pytest.mark.parametrize("length", [2, 100, 65_534, 65_535, 65_536, 65_537, 200_000])
def test_what_came_late_becomes_a_segment_however_much_it_is(tmp_path, length):
    late = b"x" * (length - 1) + b"\n"
    del [replaced(tmp_path, late)][0]

    (found,) = scan(tmp_path)
    assert found.path.read_bytes() == late
    assert (found.sealed, found.begun_at.timestamp()) == (True, 1_795_455_725.0)
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [found.path]


def test_of_several_handovers_the_last_one_counts(tmp_path):
    del [replaced(tmp_path, b"2\n", HANDOVER, b"3\n")][0]

    assert [found.path.read_bytes() for found in scan(tmp_path)] == [b"3\n"]


def test_where_nothing_came_late_nothing_is_left(tmp_path):
    del [replaced(tmp_path)][0]

    assert list(tmp_path.iterdir()) == []


def test_what_came_late_is_gone_with_its_directory(tmp_path):
    (tmp_path / "journal").mkdir()
    segment = replaced(tmp_path / "journal", b"2\n")
    (tmp_path / "journal").rmdir()
    del segment

    assert list(tmp_path.iterdir()) == []


def test_the_child_of_a_fork_does_not_keep_what_is_its_parents(tmp_path):
    segment = replaced(tmp_path, b"2\n")
    pid = os.fork()
    if pid == 0:
        del segment
        os._exit(len(list(tmp_path.iterdir())))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    del segment

    assert [found.path.read_bytes() for found in scan(tmp_path)] == [b"2\n"]
