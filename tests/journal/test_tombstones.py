from __future__ import annotations

import json
import os
import re

import pytest

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal.tombstones import Erased, TombstoneWriter, erased_from, tombstones


@pytest.fixture
def writer(tmp_path):
    made = TombstoneWriter(tmp_path, "asked for")
    yield made
    made.close()


def test_what_was_written_is_read_back(tmp_path, writer):
    writer.add(b"1")
    writer.add('ü"\n'.encode())
    writer.commit()
    writer.add(b"3")
    writer.commit()

    (tombstone,) = tombstones(tmp_path)
    assert (tombstone.path, tombstone.reason) == (writer.path, "asked for")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", tombstone.erased_at)
    assert list(tombstone.ids()) == ["1", 'ü"\n', "3"]


def test_what_was_taken_out_of_dead_letters_counts_for_their_destination_alone(tmp_path, writer):
    writer.add(b"1")
    writer.add(b"2", "lake", "a")
    writer.add(b"3", "kafka", "b")
    writer.commit()

    (tombstone,) = tombstones(tmp_path)
    assert list(tombstone.named()) == [("1", "", ""), ("2", "lake", "a"), ("3", "kafka", "b")]
    assert list(tombstone.ids()) == ["1", "2", "3"]
    assert erased_from(tmp_path, "http") == Erased({"1"}, {})
    assert erased_from(tmp_path, "lake") == (found := Erased({"1"}, {"2": "a"}))
    assert found.ids == {"1", "2"}


@pytest.mark.parametrize(
    "text", ["1", "[]", '["1"]', '["1","lake"]', '["1","lake",3]', '["1","lake","a",4]', "{}", "null"]
)
def test_a_line_that_names_nobody_is_an_error(tmp_path, writer, text):
    writer.add(b"1")
    writer.commit()
    with writer.path.open("a") as file:
        file.write(text + "\n")
    with pytest.raises(JournalError, match="it is not what an erasure writes"):
        erased_from(tmp_path, "")


def test_it_is_a_file_of_json_lines_below_the_journal(tmp_path, writer):
    writer.add(b"1")
    writer.commit()

    head, *ids = map(json.loads, writer.path.read_text().splitlines())
    assert list(head) == ["erased_at", "reason", "version"]
    assert (head["version"], ids) == (1, ["1"])
    assert re.fullmatch(r"tombstones/\d{8}T\d{12}Z-[0-9a-f]{8}\.jsonl", str(writer.path.relative_to(tmp_path)))


def test_where_nothing_is_erased_there_is_none(tmp_path, writer):
    writer.commit()
    writer.roll_back()

    assert writer.path is None
    assert list(tombstones(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_rolled_back_was_never_there(tmp_path, writer):
    writer.add(b"1")
    writer.commit()
    for _ in range(30_000):
        writer.add(b"x" * 36)
    writer.roll_back()
    writer.add(b"2")
    writer.commit()

    (tombstone,) = tombstones(tmp_path)
    assert list(tombstone.ids()) == ["1", "2"]


def test_what_is_rolled_back_before_any_was_committed_leaves_no_file(tmp_path, writer):
    for _ in range(30_000):
        writer.add(b"x" * 36)
    assert writer.path is not None
    writer.roll_back()

    assert writer.path is None
    assert list(tombstones(tmp_path)) == []

    writer.add(b"1")
    writer.commit()
    (tombstone,) = tombstones(tmp_path)
    assert list(tombstone.ids()) == ["1"]


def test_the_oldest_comes_first(tmp_path):
    for number in (b"1", b"2", b"3"):
        writer = TombstoneWriter(tmp_path, number.decode())
        writer.add(number)
        writer.commit()
        writer.close()

    assert [(each.reason, *each.ids()) for each in tombstones(tmp_path)] == [("1", "1"), ("2", "2"), ("3", "3")]


def test_what_a_killed_erasure_wrote_in_part_is_skipped(tmp_path, writer):
    writer.add(b"1")
    writer.commit()
    with writer.path.open("ab") as file:
        file.write(b'"tor')
    (tmp_path / "tombstones" / "20261123T174205123456Z-5f3a9c01.jsonl").write_bytes(b'{"erased_at"')
    (tmp_path / "tombstones" / "notes.txt").touch()

    assert [list(each.ids()) for each in tombstones(tmp_path)] == [["1"]]


@pytest.mark.parametrize("content", [b"garbage\n", b"[]\n", b'{"erased_at":"x"}\n'])
def test_what_is_none_is_an_error(tmp_path, content):
    (tmp_path / "tombstones").mkdir()
    (tmp_path / "tombstones" / "a.jsonl").write_bytes(content)

    with pytest.raises(JournalError, match="it is not what an erasure writes"):
        list(tombstones(tmp_path))


def test_ids_that_are_none_are_an_error(tmp_path, writer):
    writer.add(b"1")
    writer.commit()
    with writer.path.open("ab") as file:
        file.write(b"garbage\n")
    (tombstone,) = tombstones(tmp_path)

    with pytest.raises(JournalError, match="it is not what an erasure writes"):
        list(tombstone.ids())


def test_a_place_that_cannot_be_listed_is_an_error(tmp_path):
    (tmp_path / "tombstones").touch()

    with pytest.raises(JournalError, match=re.escape(os.strerror(20))):
        list(tombstones(tmp_path))


def test_what_root_makes_in_somebodys_journal_is_theirs(tmp_path, writer):
    owner = (1234, 1234) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    os.chown(tmp_path, *owner)
    writer.add(b"1")
    writer.commit()

    for path in (writer.path, writer.path.parent):
        assert (path.stat().st_uid, path.stat().st_gid) == owner
