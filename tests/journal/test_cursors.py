"""A cursor is put down whole, read back as it was, and says which segments a destination lacks."""

from __future__ import annotations

import json
import os
import re
import stat

import pytest

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal.cursors import Cursor, Progress, Take, behind, cursors
from jupyter_telemetry.lockfile import LockLost

from .lines import line

FULL = Cursor(
    sink="the sink",
    segments={"a": Progress(7, 10, 3, 1, ["x", "y"], 20)},
    in_hand=[Take("a", 7, 10, 20)],
    delivered=1,
    expired=3,
    tombstones={"t.jsonl": (100, "z")},
    accounts=9,
    announced={"b": 4},
    name="5f3a9c01",
    doubts=2,
    settled=["c"],
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "shipping" / "sink" / "cursor.json"


def save(cursor, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    cursor.save(path, lambda: None)


def lost():
    raise LockLost


def test_one_that_is_not_there_is_new(path):
    assert Cursor.load(path, "the sink") == Cursor("the sink")


def test_it_is_read_back_as_it_was_written(path):
    save(FULL, path)
    assert Cursor.load(path, "") == FULL
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["cursor.json"]


def test_it_is_on_the_disk_before_it_has_its_name_and_its_name_before_that_returns(path, monkeypatch):
    save(Cursor("the sink"), path)
    before, synced = path.stat().st_ino, []

    def note(fd, fsync=os.fsync):
        fsync(fd)
        synced.append((os.fstat(fd).st_ino, path.stat().st_ino))

    monkeypatch.setattr(os, "fsync", note)
    save(FULL, path)
    after = path.stat().st_ino
    assert synced == [(after, before), (path.parent.stat().st_ino, after)]


def test_what_it_holds_is_readable_by_any_program(path):
    save(FULL, path)
    assert json.loads(path.read_text()) == {
        "version": 1,
        "sink": "the sink",
        "segments": {
            "a": {"inode": 7, "offset": 10, "delivered": 3, "refused": 1, "anchors": ["x", "y"], "sent": 20},
        },
        "in_hand": [["a", 7, 10, 20]],
        "delivered": 1,
        "expired": 3,
        "tombstones": {"t.jsonl": [100, "z"]},
        "accounts": 9,
        "announced": {"b": 4},
        "name": "5f3a9c01",
        "doubts": 2,
        "settled": ["c"],
    }


def test_who_may_write_it_no_more_changes_nothing(path):
    save(FULL, path)
    with pytest.raises(LockLost):
        Cursor("other").save(path, lost)
    assert Cursor.load(path, "") == FULL
    assert os.listdir(path.parent) == ["cursor.json"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        "{}",
        '{"version":1}',
        '{"version":1,"segments":{"a":{"inode":"x","what":1}},"in_hand":[],"tombstones":{},"sink":"s"}',
        '{"version":1,"segments":{},"in_hand":[[1]],"tombstones":{},"sink":"s"}',
        '{"version":1,"segments":{},"in_hand":[],"tombstones":{"a":3},"sink":"s"}',
        '{"version":1,"segments":{},"in_hand":[],"tombstones":{},"sink":"s","what":1}',
        '{"version":1,"segments":{"a":{"offset":"x"}},"in_hand":[],"tombstones":{},"sink":"s"}',
        '{"version":1,"segments":{"a":{"offset":-1}},"in_hand":[],"tombstones":{},"sink":"s"}',
        '{"version":1,"segments":{"a":{"anchors":[1]}},"in_hand":[],"tombstones":{},"sink":"s"}',
        '{"version":1,"segments":{},"in_hand":[["a",1,2,null]],"tombstones":{},"sink":"s"}',
        '{"version":1,"segments":{},"in_hand":[],"tombstones":{"a":["x",1]},"sink":"s"}',
        '{"version":1,"segments":{},"in_hand":[],"tombstones":{},"sink":7}',
        '{"version":1,"segments":{},"in_hand":[],"tombstones":{},"sink":"s","accounts":"x"}',
        '{"version":1,"segments":{},"in_hand":[],"tombstones":{},"sink":"s","announced":["a"]}',
        '{"version":1,"segments":{},"in_hand":[],"tombstones":{},"sink":"s","settled":3}',
    ],
)
def test_what_is_no_cursor_is_an_error_that_says_what_to_do(path, content):
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(JournalError, match=re.escape(f"{path} is no cursor: delete it")):
        Cursor.load(path, "")


def test_one_of_a_later_version_is_left_to_that(path):
    path.parent.mkdir(parents=True)
    path.write_text('{"version":2}')
    with pytest.raises(JournalError, match="of a later version"):
        Cursor.load(path, "")


def test_one_that_cannot_be_read_is_an_error(path):
    path.mkdir(parents=True)
    with pytest.raises(JournalError, match="cannot be read: Is a directory"):
        Cursor.load(path, "")


def test_all_cursors_of_a_journal_are_found(tmp_path):
    assert list(cursors(tmp_path)) == []
    for name in ("b", "a"):
        save(Cursor(name), tmp_path / "shipping" / name / "cursor.json")
    (tmp_path / "shipping" / "empty").mkdir()
    assert [path.parent.name for path in cursors(tmp_path)] == ["a", "b"]


# Who lacks what


def segment(journal, content, suffix=".jsonl"):
    path = journal / f"20261123T174205123456Z-5f3a9c01{suffix}"
    path.write_bytes(content)
    return path


def lacking(journal, **progress):
    """Return how many destinations lack the one segment, of a destination that has had so much."""
    (path,) = journal.glob("2*")
    name = path.name.partition(".")[0]
    known = Progress(**{"inode": path.stat().st_ino, **progress})
    save(Cursor("a", segments={name: known}), journal / "shipping" / "a" / "cursor.json")
    return behind(journal)[name]


def test_without_destinations_nobody_lacks_anything(tmp_path):
    segment(tmp_path, line(1))
    assert behind(tmp_path) == {}
    assert behind(tmp_path / "absent") == {}


def test_a_segment_lacks_until_all_of_it_was_acknowledged(tmp_path):
    segment(tmp_path, line(1) + line(2))
    size = len(line(1))
    assert [lacking(tmp_path, offset=offset) for offset in (0, size, 2 * size)] == [1, 1, 0]


def test_a_torn_end_is_sent_to_nobody_once_it_is_sealed(tmp_path):
    path = segment(tmp_path, line(1) + b'{"torn', ".open.jsonl")
    assert lacking(tmp_path, offset=len(line(1))) == 1
    path.rename(str(path).replace(".open", ""))
    assert lacking(tmp_path, offset=len(line(1))) == 0


def test_a_segment_that_was_rewritten_may_lack(tmp_path):
    segment(tmp_path, line(1))
    assert lacking(tmp_path, inode=1, offset=1000) == 1


def test_each_destination_counts_and_one_whose_cursor_is_damaged_lacks_all(tmp_path):
    segment(tmp_path, line(1))
    lacking(tmp_path, offset=len(line(1)))
    save(Cursor("b"), tmp_path / "shipping" / "b" / "cursor.json")
    damaged = tmp_path / "shipping" / "c" / "cursor.json"
    damaged.parent.mkdir()
    damaged.write_text("{")
    assert behind(tmp_path) == {"20261123T174205123456Z-5f3a9c01": 2}


def test_a_place_that_cannot_be_read_says_nothing(tmp_path):
    segment(tmp_path, line(1))
    (tmp_path / "shipping").touch()
    assert behind(tmp_path) == {}
