from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry.journal.line import Damage
from jupyter_telemetry.journal.segment import SegmentFile, scan
from jupyter_telemetry.journal.text import CHUNK_BYTES, SMALL_BYTES, SegmentText, ordered_lines

from .lines import event_id, line, numbers


@pytest.fixture
def segment(tmp_path):
    """Make a segment with this content."""

    def make(content: bytes) -> SegmentFile:
        (tmp_path / "a.open.jsonl").write_bytes(content)
        return scan(tmp_path)[0]

    return make


def ordered(text: SegmentText, after: bytes = b"") -> tuple[list[int], list[tuple[int, str]]]:
    """Return the numbers of the events in order, and what was damaged."""
    damaged: list[Damage] = []
    found = list(ordered_lines(text, after, damaged.append))
    assert [each for each, _ in found] == [event_id(number).encode() for number in numbers(dict(found).values())]
    return numbers(each for _, each in found), [(each.line_number, each.reason) for each in damaged]


@pytest.mark.parametrize(
    "lines",
    [
        [b"a\n", b"\n", b"b\n"],
        [b"x" * CHUNK_BYTES + b"\n", b"y\n"],
        [b"x" * (CHUNK_BYTES - 1) + b"\n", b"y\n"],
        [b"x" * (3 * CHUNK_BYTES + 7) + b"\n", b"y" * SMALL_BYTES + b"\n", b"z\n"],
    ],
    ids=["short", "a chunk", "a chunk with its newline", "several chunks"],
)
@pytest.mark.parametrize("tail", [b"", b"torn"])
def test_whole_lines_are_found_however_long(segment, lines, tail):
    with SegmentText(segment(b"".join(lines) + tail)) as text:
        found = list(text.lines())
        assert text.whole_end() == sum(map(len, lines))
        assert [text.line_number(offset) for offset, _ in found] == list(range(1, len(lines) + 1))
        assert list(text.lines(found[1][0])) == found[1:]

    assert [each for _, each in found] == lines
    assert [offset for offset, _ in found] == [sum(map(len, lines[:n])) for n in range(len(lines))]


def test_a_file_without_a_whole_line_has_none(segment):
    for content in (b"", b"torn", b"x" * 2 * SMALL_BYTES):
        with SegmentText(segment(content)) as text:
            assert list(text.lines()) == []
            assert text.whole_end() == 0
            assert text.last_id() == b""


def test_the_last_id_is_that_of_the_last_whole_line(segment):
    with SegmentText(segment(line(1) + line(2) + line(3)[:-1])) as text:
        assert text.last_id() == event_id(2).encode()
    with SegmentText(segment(line(1) + line(2, text="x" * 100_000))) as text:
        assert text.last_id() == b""


@pytest.mark.parametrize("many", [1, 3000], ids=["small", "large"])
def test_a_segment_that_is_sealed_or_deleted_meanwhile_is_read_on(segment, tmp_path, many):
    listed = segment(line(1) * many)
    os.rename(listed.path, tmp_path / "a.jsonl")

    with SegmentText(listed) as text:
        os.unlink(tmp_path / "a.jsonl")
        assert len(list(text.lines())) == many
    assert text.path == tmp_path / "a.jsonl"
    with pytest.raises(FileNotFoundError):
        SegmentText(listed)


def test_what_is_appended_later_is_not_read(segment):
    listed = segment(line(1))
    with SegmentText(listed) as text:
        with listed.path.open("ab") as file:
            file.write(line(2))
        assert numbers(each for _, each in text.lines()) == [1]
    with SegmentText(listed, upto=listed.size) as text:
        assert numbers(each for _, each in text.lines()) == [1]


def test_a_symlink_is_not_followed(segment, tmp_path):
    listed = segment(line(1))
    listed.path.rename(tmp_path / "elsewhere")
    listed.path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic links"):
        SegmentText(listed)


@given(st.data())
def test_lines_come_in_order_whatever_order_they_stand_in(tmp_path_factory, data):
    standing = data.draw(st.lists(st.integers(0, 30)))
    after = data.draw(st.none() | st.integers(0, 30))
    path = tmp_path_factory.mktemp("segments") / "a.jsonl"
    path.write_bytes(b"".join(map(line, standing)))

    text = SegmentText(scan(path.parent)[0])

    found = [each for _, each in ordered_lines(text, b"" if after is None else event_id(after).encode(), pytest.fail)]
    assert numbers(found) == sorted(number for number in standing if after is None or number > after)


def test_damage_is_told_by_line_and_skipped(segment):
    content = line(1) + b"\xff\n" + b"\n" + line(3) + line(2)[:50] + line(4) + bytes(30) + line(2) + line(5)[:-1]

    assert ordered(SegmentText(segment(content))) == (
        [1, 2, 3, 4],
        [
            (2, "not UTF-8 JSON"),
            (5, "torn, with a whole event behind it"),
            (6, "torn, with a whole event behind it"),
        ],
    )


def test_a_file_that_can_no_longer_be_read_is_told_and_ends_there(segment, tmp_path):
    listed = segment(line(1) * 3000)
    text = SegmentText(listed)
    directory = os.open(tmp_path, os.O_RDONLY)
    os.dup2(directory, text._fd)  # read() of a directory is an error: EISDIR, as good as EIO
    os.close(directory)

    assert ordered(text) == ([], [(0, "Is a directory")])


def test_a_file_that_is_cut_short_while_it_is_read_ends_there(segment):
    listed = segment(line(1) * 3000)
    lines = ordered_lines(SegmentText(listed), b"", pytest.fail)
    next(lines)
    os.truncate(listed.path, 0)

    assert len(list(lines)) < 3000


def test_a_file_that_another_program_rewrites_while_it_is_read_is_told(segment):
    listed = segment(line(1) * 10_000)
    damaged = []
    lines = ordered_lines(SegmentText(listed), b"", damaged.append)
    next(lines)
    listed.path.write_bytes(b"something else\n" * 1_000_000)

    assert len(list(lines)) < 10_000
    assert damaged == [Damage(listed.path, 0, "changed while it was read")]
