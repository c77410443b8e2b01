"""Dead letters are kept as they stood in the journal, found, taken back, and erased."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat
import threading
from collections import Counter

import pytest

from jupyter_telemetry.journal.deadletters import (
    dead_letters,
    erase_dead_letters,
    expire_dead_letters,
    remove_dead_letters,
    size_of_dead_letters,
    survey_dead_letters,
    sweep_dead_letters,
    take_back_dead_letters,
    write_dead_letters,
)
from jupyter_telemetry.journal.erasure import Erasure, Holdings, Left, erase, take_stock
from jupyter_telemetry.journal.tombstones import TombstoneWriter, tombstones
from jupyter_telemetry.lockfile import LockFile, LockLost

from .lines import event_id, line

NOW = 1_795_455_725.0


def nothing():
    pass


def lost():
    raise LockLost


def bury(journal, *lines, destination="sink"):
    return write_dead_letters(journal, destination, [(each, "too bad", "a segment") for each in lines])


def found(journal, destination=None):
    return [json.loads(letter.event)["number"] for letter in dead_letters(journal, destination)]


def only_b(schema_id):
    return "erase" if schema_id == "b" else ""


def unreadable(path, error):
    pytest.fail(f"{path}: {error}")


def all_b(schema_id, event_id):
    return schema_id == "b"


def of_b(number):
    return line(number, __schema__="b")


def test_one_is_kept_as_it_stood_with_the_reason(tmp_path):
    text = line(1, text='"event": ü\u2028', event={"event": 1})
    path = write_dead_letters(tmp_path, "sink", [(text, 'no column "event":{', "a"), (line(2), "too large", "b")])
    first, second = dead_letters(tmp_path)
    assert (first.path, first.reason, first.segment, first.event, first.event_id) == (
        path,
        'no column "event":{',
        "a",
        text.rstrip(b"\n"),
        event_id(1),
    )
    assert (second.reason, second.event) == ("too large", line(2).rstrip(b"\n"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first.refused_at)
    assert path.parent == tmp_path / "dead-letter" / "sink"
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent, path.parent.parent)] == [
        0o600,
        0o700,
        0o700,
    ]


def test_they_are_found_by_destination_the_oldest_first(tmp_path):
    assert found(tmp_path) == []
    for number in (1, 2):
        bury(tmp_path, line(number), destination="b")
    bury(tmp_path, line(3), line(4), destination="a")
    assert (found(tmp_path), found(tmp_path, "b"), found(tmp_path, "absent")) == ([3, 4, 1, 2], [1, 2], [])


def test_what_no_shipper_writes_is_no_dead_letter(tmp_path):
    path = bury(tmp_path, line(1))
    event = line(2).decode().strip()
    with path.open("a") as file:
        file.write(f'{{"refused_at":"t","reason":"r","segment":["a"],"event":{event}}}\n')
        file.write(f'{{"refused_at":"t","reason":"r","segment":"a","event" : {event}}}\n')
    assert found(tmp_path) == [1]


def test_what_is_none_is_passed_over(tmp_path):
    path = bury(tmp_path, line(1))
    with path.open("ab") as file:
        file.write(b'garbage\n[]\n{"event":{}}\n{"event":{"__id__":"x","__schema__":"y"}}\n')
    (path.parent / ".draft.jsonl").write_bytes(path.read_bytes())
    (path.parent / "notes.txt").write_bytes(path.read_bytes())
    (path.parent.parent / "file").touch()
    assert found(tmp_path) == [1]


def test_who_may_write_no_more_keeps_nothing(tmp_path):
    with pytest.raises(LockLost):
        write_dead_letters(tmp_path, "sink", [(line(1), "", "")], lost)
    assert os.listdir(tmp_path / "dead-letter" / "sink") == []


# Taken back


def test_what_is_on_its_way_again_is_taken_back_and_nothing_else(tmp_path):
    bury(tmp_path, line(1), line(2))
    gone = bury(tmp_path, line(3))
    other = bury(tmp_path, line(1), destination="other")
    remove_dead_letters(tmp_path, "sink", {event_id(1), event_id(3)}, nothing)
    assert (found(tmp_path, "sink"), gone.exists(), other.exists()) == ([2], False, True)


def test_who_may_take_nothing_back_any_more_does_not(tmp_path):
    bury(tmp_path, line(1), line(2))
    for ids in ({event_id(1)}, {event_id(1), event_id(2)}):
        with pytest.raises(LockLost):
            remove_dead_letters(tmp_path, "sink", ids, lost)
    assert found(tmp_path) == [1, 2]


# Expired


def of_ages(journal, *ages):
    """Bury an event for each age, in seconds before 2026-11-23."""
    for number, age_s in enumerate(ages):
        path = bury(journal, line(number), destination="ab"[number % 2])
        os.utime(path, (NOW - age_s, NOW - age_s))
    return path.stat().st_size


def test_the_oldest_go_of_all_destinations_until_few_enough_are_left(tmp_path):
    size = of_ages(tmp_path, 4, 3, 2, 1)
    assert size_of_dead_letters(tmp_path) == 4 * size
    assert expire_dead_letters(tmp_path, 4 * size, NOW - 100) == (None, 0)
    assert expire_dead_letters(tmp_path, 2 * size, NOW - 100)[1] == 2
    assert (sorted(found(tmp_path)), size_of_dead_letters(tmp_path)) == ([2, 3], 2 * size)


def test_what_is_too_old_goes_however_little_it_is(tmp_path):
    of_ages(tmp_path, 101, 99)
    assert expire_dead_letters(tmp_path, 10**9, NOW - 100)[1] == 1
    assert found(tmp_path) == [1]
    assert [path.name for path in (tmp_path / "dead-letter").iterdir() if path.name.startswith(".")] == []


def test_while_somebody_rewrites_them_none_expires_and_who_was_killed_holds_up_nothing(tmp_path):
    of_ages(tmp_path, 101)
    with LockFile(tmp_path / "dead-letter" / ".lock", stale_s=60.0, wait_s=0.0):
        lock, gone = expire_dead_letters(tmp_path, 0, 0.0)
        assert gone == 0
        lock._since -= 61.0  # the watch that it keeps
        assert expire_dead_letters(tmp_path, 0, 0.0, lock) == (lock, 1)


# Erased


def test_they_are_surveyed_by_file_and_schema(tmp_path):
    bury(tmp_path, line(1))
    path = bury(tmp_path, of_b(2), line(3), of_b(4))
    assert survey_dead_letters(tmp_path, only_b, unreadable) == {path: Counter({"b": 2})}
    assert survey_dead_letters(tmp_path / "absent", only_b, unreadable) == {}


def test_ids_are_named_on_the_disk_before_the_events_go(tmp_path):
    path = bury(tmp_path, of_b(1), line(2), of_b(3))
    writer = TombstoneWriter(tmp_path, "asked for")
    seen = []

    def check():
        seen.append([list(each.ids()) for each in tombstones(tmp_path)])
        assert found(tmp_path) == [1, 2, 3]

    assert erase_dead_letters(path, all_b, writer, check) == Counter({"b": 2})
    writer.close()
    assert seen == [[[event_id(1), event_id(3)]]]
    assert (found(tmp_path), os.listdir(path.parent)) == ([2], [path.name])


def test_an_erasure_that_is_stopped_has_done_nothing_to_the_file(tmp_path):
    path = bury(tmp_path, of_b(1), line(2))
    before = path.read_bytes()
    writer = TombstoneWriter(tmp_path, "asked for")
    with pytest.raises(LockLost):
        erase_dead_letters(path, all_b, writer, lost)
    writer.close()
    assert (path.read_bytes(), os.listdir(path.parent)) == (before, [path.name])


def test_a_file_of_which_nothing_is_left_is_gone_and_what_nobody_can_read_with_it(tmp_path):
    path = bury(tmp_path, of_b(1))
    with path.open("ab") as file:
        file.write(b"who knows whose\n")
    writer = TombstoneWriter(tmp_path, "asked for")
    erase_dead_letters(path, all_b, writer, nothing)
    writer.close()
    assert os.listdir(path.parent) == []


def test_what_was_written_a_moment_ago_is_not_taken_back_while_others_rewrite_it(tmp_path):
    path = bury(tmp_path, of_b(1), line(2))
    taking = threading.Thread(target=take_back_dead_letters, args=(path, nothing))
    seen = []

    def begin_to_take_it_back():
        if not seen:
            taking.start()
            taking.join(0.2)
        seen.append(path.exists())

    writer = TombstoneWriter(tmp_path, "")
    erase_dead_letters(path, all_b, writer, begin_to_take_it_back)
    writer.close()
    taking.join()
    assert (all(seen), path.exists()) == (True, False)


def test_drafts_that_killed_shippers_left_are_removed(tmp_path):
    sweep_dead_letters(tmp_path)
    path = bury(tmp_path, line(1))
    draft = path.with_name(f".{path.name}.01234567.tmp")
    draft.write_bytes(path.read_bytes())
    sweep_dead_letters(tmp_path)
    assert os.listdir(path.parent) == [path.name]


def test_a_shipper_that_takes_over_in_the_middle_of_an_erasure_removes_none_of_its_drafts(tmp_path):
    path = bury(tmp_path, of_b(1), line(2))

    def take_over():
        with contextlib.suppress(TimeoutError):
            sweep_dead_letters(tmp_path, "sink")

    tombstone = TombstoneWriter(tmp_path, "")
    assert erase_dead_letters(path, all_b, tombstone, take_over) == Counter({"b": 1})
    tombstone.close()
    assert found(tmp_path) == [2]


def test_nothing_but_drafts_is_removed_and_nothing_behind_a_symlink(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".x.jsonl.01234567.tmp").touch()
    path = bury(tmp_path, line(1))
    (path.parent / ".profile").touch()
    (tmp_path / "dead-letter" / "planted").symlink_to(home)
    sweep_dead_letters(tmp_path)
    assert os.listdir(home) == [".x.jsonl.01234567.tmp"]
    assert sorted(os.listdir(path.parent)) == [".profile", path.name]


def test_an_erasure_of_a_journal_takes_its_dead_letters_too(tmp_path):
    bury(tmp_path, of_b(1), line(2))
    bury(tmp_path, of_b(1), destination="other")
    erases = {"erases": lambda schema: schema == "b"}
    assert take_stock(tmp_path, **erases) == Holdings({}, {}, 0, {"b": 2})
    done = erase(tmp_path, settle_s=0.0, **erases)
    assert done == Erasure({}, {}, 0, done.tombstone, 0, (), {"b": 2})
    assert found(tmp_path) == [2]
    (tombstone,) = tombstones(tmp_path)
    assert list(tombstone.named()) == [(event_id(1), each, "a segment") for each in ("other", "sink")]
    assert erase(tmp_path, settle_s=0.0, **erases) == Erasure({}, {}, 0, None, 0, ())


def test_what_is_recorded_and_refused_during_an_erasure_stays_and_what_is_erased_goes_wherever_it_is(tmp_path):
    (tmp_path / "20261123T174205123456Z-5f3a9c01.open.jsonl").write_bytes(of_b(1))
    bury(tmp_path, of_b(0))

    def seal_own():
        bury(tmp_path, of_b(1), of_b(2))

    done = erase(tmp_path, seal_own=seal_own, settle_s=0.0)
    assert (done.erased, done.dead_letters, found(tmp_path)) == ({"b": 1}, {"b": 2}, [2])
    (tombstone,) = tombstones(tmp_path)
    assert [each[:2] for each in tombstone.named()] == [(event_id(1), ""), (event_id(0), "sink"), (event_id(1), "sink")]


def test_what_may_not_be_erased_stays_a_dead_letter(tmp_path):
    bury(tmp_path, of_b(1))
    assert erase(tmp_path, settle_s=0.0, not_erasable=lambda _: "the law").dead_letters == {}
    assert found(tmp_path) == [1]


def test_dead_letters_that_cannot_be_read_are_told(tmp_path):
    bury(tmp_path, of_b(1), destination="other")
    bury(tmp_path, of_b(2))
    (bad := tmp_path / "dead-letter" / "sink" / "a.jsonl").mkdir()
    (left,) = erase(tmp_path, settle_s=0.0).left
    assert left == Left(bad, 0, "Is a directory")
    assert found(tmp_path, "other") == []
    bad.rmdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dead-letter").rename(tmp_path / "away")
    (tmp_path / "dead-letter").symlink_to("loop")
    (left,) = erase(tmp_path, settle_s=0.0).left
    assert left == Left(tmp_path / "dead-letter", 0, os.strerror(errno.ELOOP))


def test_what_root_keeps_in_somebodys_journal_is_theirs(tmp_path):
    owner = (1234, 1234) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    os.chown(tmp_path, *owner)
    path = bury(tmp_path, of_b(1), line(2))
    erase(tmp_path, erases=lambda schema: schema == "b", settle_s=0.0)
    for each in (path, path.parent, path.parent.parent):
        assert (each.stat().st_uid, each.stat().st_gid) == owner
