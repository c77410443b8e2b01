from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_telemetry.analysis.snapshot import LONGEST_LINE, Snapshot
from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal import JournalReader

if TYPE_CHECKING:
    from .journals import Journal


def take(journal: Journal) -> Snapshot:
    return Snapshot(JournalReader(journal.directory).segments())


def content(snapshot: Snapshot) -> bytes:
    return snapshot.read(0, snapshot.size)


def test_it_is_the_segments_one_after_the_other(journal: Journal):
    journal.segment(b"1\n", b"2\n", name="20260101T000000000000Z-00000002")
    journal.segment(b"0\n", name="20260101T000000000000Z-00000001")
    journal.segment(b"3\n", name="20260101T000000000000Z-00000003", is_open=True)

    snapshot = take(journal)

    assert content(snapshot) == b"0\n1\n2\n3\n"
    assert snapshot.size == 8


def test_a_torn_tail_is_not_in_it(journal: Journal):
    journal.segment(b"whole\n", b'{"torn"', name="a")
    journal.segment(b"torn from the first byte", name="b")
    journal.segment(b"", name="c")
    journal.segment(b'{"whole but for its newline": 1}', name="d")
    journal.segment(b"whole\n", b"\0" * 100_000, name="e")

    assert content(take(journal)) == b"whole\nwhole\n"


def test_an_event_behind_a_torn_line_begins_a_line(journal: Journal):
    first, second, third, fourth = (journal.line({"name": name}) for name in ("a", "b", '{"__timestamp__":"', "d"))
    nested = journal.line({"inner": {"__timestamp__": "x"}})
    journal.segment(first, second[:40] + third, b"\0" * 9 + fourth, nested, second[:50])

    assert content(take(journal)) == first + second[:40] + b"\n" + third + b"\0" * 9 + b"\n" + fourth + nested


def test_a_tear_is_looked_for_where_one_can_be(journal: Journal):
    torn, event = journal.line({})[:40], journal.line({"name": "x" * 1_000})
    journal.segment(torn + event, event * 100, torn + event)

    assert content(take(journal)) == torn + event + event * 100 + torn + b"\n" + event


def test_what_is_written_later_is_not_in_it(journal: Journal):
    path = journal.segment(b"1\n", is_open=True)
    snapshot = take(journal)
    with path.open("ab") as file:
        file.write(b"2\n")
    journal.segment(b"3\n")

    assert content(snapshot) == b"1\n"


def test_a_segment_that_is_sealed_meanwhile_is_read_on(journal: Journal):
    path = journal.segment(b"1\n", name="a", is_open=True)
    snapshot = take(journal)
    path.rename(path.with_name("a.jsonl"))

    assert content(snapshot) == b"1\n"


def test_a_segment_that_is_sealed_while_the_snapshot_is_taken_is_in_it(journal: Journal):
    path = journal.segment(b"1\n", name="a", is_open=True)
    segments = JournalReader(journal.directory).segments()
    path.rename(path.with_name("a.jsonl"))

    assert content(Snapshot(segments)) == b"1\n"


def test_a_segment_that_is_removed_meanwhile_reads_as_newlines(journal: Journal):
    journal.segment(b"1\n", name="a")
    path = journal.segment(b"22\n", name="b")
    journal.segment(b"3\n", name="c")
    snapshot = take(journal)
    path.unlink()

    assert content(snapshot) == b"1\n\n\n\n3\n"


def test_a_segment_that_an_erasure_rewrites_meanwhile_reads_as_newlines(journal: Journal):
    path = journal.segment(b"1\n", b"22\n", b"3\n")
    snapshot = take(journal)
    other = path.with_name(".draft")
    other.write_bytes(b"1\n3\n4444\n")
    other.replace(path)

    assert content(snapshot) == b"\n" * 7
    assert content(take(journal)) == b"1\n3\n4444\n"


def test_a_segment_that_is_cut_meanwhile_is_filled_with_newlines(journal: Journal):
    path = journal.segment(b"1\n", b"2\n", b"3\n")
    snapshot = take(journal)
    os.truncate(path, 3)

    assert content(snapshot) == b"1\n2\n\n\n"


def test_a_segment_that_is_removed_before_is_not_in_it(journal: Journal):
    path = journal.segment(b"1\n")
    segments = JournalReader(journal.directory).segments()
    path.unlink()

    assert content(Snapshot(segments)) == b""


def test_a_segment_that_cannot_be_read_is_an_error(journal: Journal):
    path = journal.segment(b"1\n", name="a")
    segments = JournalReader(journal.directory).segments()
    path.unlink()
    path.mkdir()

    with pytest.raises(JournalError, match=r"a\.jsonl cannot be read: Is a directory$"):
        Snapshot(segments)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    segments=st.lists(st.lists(st.binary(max_size=5).map(lambda line: line.replace(b"\n", b"") + b"\n"), max_size=4)),
    position=st.integers(0, 50),
    count=st.integers(-1, 50),
)
def test_any_stretch_of_it_can_be_read(journal: Journal, segments: list[list[bytes]], position: int, count: int):
    for path in journal.directory.iterdir():
        path.unlink()
    for number, lines in enumerate(segments):
        journal.segment(*lines, name=f"{number:03}")
    whole = b"".join(b"".join(lines) for lines in segments)

    assert take(journal).read(position, count) == whole[position : position + max(0, count)]


@pytest.mark.parametrize("length", [LONGEST_LINE - 1, LONGEST_LINE])
def test_lines_of_an_ordinary_length_need_no_more_room(journal: Journal, length: int):
    journal.segment(b"x\n", b"y" * (length - 1) + b"\n", b"z\n", b"y" * (length - 1) + b"\n")

    assert take(journal).longest_line == LONGEST_LINE


@pytest.mark.parametrize("length", [LONGEST_LINE + 1, 3 * LONGEST_LINE, 5 * LONGEST_LINE + 7])
@pytest.mark.parametrize("before", [b"", b"x\n" * 10, b"x\n" * (LONGEST_LINE // 2)])
@pytest.mark.parametrize("behind", [b"", b"x\n", b"x\n" * LONGEST_LINE])
def test_a_longer_line_is_noticed(journal: Journal, length: int, before: bytes, behind: bytes):
    journal.segment(b"x\n")
    journal.segment(before, b"\0" * (length - 1) + b"\n", behind)

    assert length <= take(journal).longest_line <= length + LONGEST_LINE


def test_a_segment_that_shrinks_while_it_is_measured_is_borne(journal: Journal):
    path = journal.segment(b"x" * (3 * LONGEST_LINE), b"\n")
    segments = [segment._replace(size=segment.size + 5) for segment in JournalReader(journal.directory).segments()]
    os.truncate(path, LONGEST_LINE)

    assert Snapshot(segments).size == 0
