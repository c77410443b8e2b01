from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal import JournalReader
from jupyter_telemetry.journal.rewriting import rewrite, survey
from jupyter_telemetry.journal.segment import create_segment, scan, seal
from jupyter_telemetry.journal.tombstones import TombstoneWriter, tombstones

from .lines import content, event_id, line, numbers

NAME = "20261123T174205123456Z-5f3a9c01"
A = "https://example.org/a"


@pytest.fixture
def tombstone(tmp_path: Path):
    writer = TombstoneWriter(tmp_path, "a test")
    yield writer
    writer.close()


def nothing() -> None:
    pass


def always(schema_id: str) -> str:
    return "erase"


def sealed_while_written(directory: Path, *lines: bytes):
    """Return a segment that a writer still has, alone in a list, and the file as an erasure finds it."""
    segment = create_segment(str(directory), NAME, 1000, 1_795_455_725.0)
    for each in lines:
        os.write(segment.fd, each)
    (found,) = scan(directory)
    seal(segment.path)
    return [segment], found


def test_a_survey_counts_up_to_where_the_segment_ended_when_it_was_listed(tmp_path):
    held, found = sealed_while_written(tmp_path, line(1), line(2))
    os.write(held[0].fd, line(3))

    assert survey(found, always, nothing).erasable == {A: 2}


def test_what_comes_while_the_segment_is_copied_is_in_the_new_file(tmp_path, tombstone):
    held, found = sealed_while_written(tmp_path, line(1))

    def fate(schema_id: str) -> str:
        os.write(held[0].fd, line(2))
        return "erase"

    assert rewrite(found, fate, tombstone, nothing, nothing) == {A: 1}
    held.clear()

    assert content(tmp_path) == line(2)


def test_what_comes_after_the_handover_is_kept_by_its_process(tmp_path, tombstone):
    held, found = sealed_while_written(tmp_path, line(1))

    rewrite(found, always, tombstone, nothing, lambda: os.write(held[0].fd, line(2)))
    os.write(held[0].fd, line(3))
    assert content(tmp_path) == b""
    held.clear()

    assert content(tmp_path) == line(2) + line(3)
    assert [each.begun_at.timestamp() for each in scan(tmp_path)] == [1_795_455_725.0]
    assert numbers(JournalReader(tmp_path).lines(damage=pytest.fail)) == [2, 3]


def test_what_comes_after_a_torn_end_begins_a_line(tmp_path):
    torn = line(9)[:50]
    held, found = sealed_while_written(tmp_path, line(1), torn)
    late = iter([b"", line(2)])  # before the handover; behind it

    class Late(TombstoneWriter):
        def commit(self) -> None:
            os.write(held[0].fd, next(late, b""))

    rewrite(found, always, Late(tmp_path, ""), nothing, nothing)
    held.clear()

    assert content(tmp_path) == torn + b"\n" + line(2)


def test_a_writer_that_never_stops_is_an_error_and_nothing_has_happened(tmp_path, tombstone):
    held, found = sealed_while_written(tmp_path, line(1))
    identity = found.inode

    with pytest.raises(OSError, match="some other program writes to it"):
        rewrite(found, always, tombstone, lambda: os.write(held[0].fd, line(2)), nothing)

    assert [each.inode for each in scan(tmp_path)] == [identity]
    assert set(numbers(JournalReader(tmp_path).lines(damage=pytest.fail))) == {1, 2}
    assert not list(tmp_path.glob(".*"))


def test_who_has_lost_the_lock_replaces_nothing(tmp_path, tombstone):
    _, found = sealed_while_written(tmp_path, line(1))

    def check() -> None:
        raise JournalError("taken")

    with pytest.raises(JournalError):
        rewrite(found, always, tombstone, nothing, check)

    assert numbers(JournalReader(tmp_path).lines(damage=pytest.fail)) == [1]
    assert not list(tmp_path.glob(".*"))


def test_a_segment_that_is_deleted_at_the_last_moment_does_not_come_back(tmp_path, tombstone):
    _, found = sealed_while_written(tmp_path, line(1), line(2, __schema__="b"))
    sealed = tmp_path / f"{NAME}.jsonl"

    erased = rewrite(found, lambda each: "erase" if each == A else "", tombstone, nothing, sealed.unlink)

    assert erased == {}
    assert list(JournalReader(tmp_path).lines()) == []


def test_the_ids_are_on_the_disk_before_the_events_go(tmp_path, tombstone):
    _, found = sealed_while_written(tmp_path, line(1), line(2))
    seen = []

    rewrite(found, always, tombstone, nothing, lambda: seen.extend(*(each.ids() for each in tombstones(tmp_path))))

    assert seen == [event_id(1), event_id(2)]


def test_the_mark_of_a_handover_is_no_damage_and_does_not_pile_up(tmp_path, tombstone):
    held, found = sealed_while_written(tmp_path, line(1), line(2, __schema__="b"))
    for _ in range(3):
        os.write(held[0].fd, b"\n\n")
    held.clear()
    assert numbers(JournalReader(tmp_path).lines(damage=pytest.fail)) == [1, 2]

    rewrite(found, lambda each: "erase" if each == A else "", tombstone, nothing, nothing)

    assert content(tmp_path) == line(2, __schema__="b")
