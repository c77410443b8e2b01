"""What is erased in a journal is not sent, and is erased where it was sent before."""

from __future__ import annotations

import os
import time

import pytest
from journal.lines import event_id, line

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal.cursors import Cursor
from jupyter_telemetry.journal.deadletters import dead_letters
from jupyter_telemetry.journal.lock import JournalLock
from jupyter_telemetry.journal.tombstones import TombstoneWriter
from jupyter_telemetry.lease import Lease
from jupyter_telemetry.shipping import Unavailable
from jupyter_telemetry.shipping.erasures import untold, untold_ids
from jupyter_telemetry.shipping.state import read_state

from .scene import (
    PlannedSink,
    at_rest,
    bury,
    cursor_of,
    erase_b,
    expire_oldest,
    ids,
    make_carrier,
    place_of,
    put,
    raises,
)


def test_what_is_erased_before_it_is_sent_is_not_sent(journal, carrier, destination):
    put(journal, line(1), line(2, __schema__="b"))
    erase_b(journal)
    assert carrier.carry(until_empty=True)
    assert at_rest(destination) == ids(1)


@pytest.mark.parametrize("fault", ["down", "lost", "part", "odd"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_is_erased_while_it_is_on_its_way_is_not_at_rest_in_the_end(
    journal, sink, carrier, destination, moment, fault
):
    put(journal, line(1), line(2, __schema__="b"), line(3, __schema__="b", name="poison"), line(4))
    sink.faults.append(fault)
    setattr(sink, moment, lambda: erase_b(journal))
    assert carrier.carry(until_empty=True)
    assert (at_rest(destination), list(dead_letters(journal))) == (ids(1, 4), [])


def test_what_was_sent_before_is_erased_there(journal, sink, carrier, destination):
    put(journal, line(1), line(2, __schema__="b"))
    carrier.carry(until_empty=True)
    erase_b(journal)
    assert carrier.carry(until_empty=True)
    assert at_rest(destination) == ids(1)
    assert [call for call in sink.calls if "erase" in call] == ["erase 1"]


def test_while_an_erasure_is_at_work_it_is_not_carried_on_for_what_it_named_may_still_be_sent(
    journal, sink, carrier, destination
):
    put(journal, line(1, __schema__="b"))
    writer = TombstoneWriter(journal, "")
    with JournalLock(journal):
        writer.add(event_id(1).encode())
        writer.commit()
        writer.close()
        assert not carrier.carry(until_empty=True)
        assert at_rest(destination) == ids(1)
    assert carrier.carry(until_empty=True)
    assert at_rest(destination) == []


def test_what_is_deleted_while_it_is_on_its_way_is_expired_and_not_sent(journal, sink, carrier, destination):
    put(journal, line(1))
    sink.faults.append("down")
    sink.before = lambda: expire_oldest(journal)
    assert carrier.carry(until_empty=True)
    assert (at_rest(destination), cursor_of(journal).expired, len(sink.sent)) == ([], 1, 1)


def test_a_destination_that_cannot_erase_is_said_to_keep_it_and_told_once(journal, sink, carrier, destination, caplog):
    sink.erases = False
    put(journal, line(1), line(2, __schema__="b"))
    carrier.carry(until_empty=True)
    erase_b(journal)
    assert carrier.carry(until_empty=True)
    assert carrier.carry(until_empty=True)
    carrier.hand_back()
    assert [call for call in sink.calls if "erase" in call] == ["erase 1"]
    assert read_state(place_of(journal))["unerased"] == 1
    assert "it keeps events that were erased here: what is in it stays: ask its operator" in caplog.text


def test_an_event_that_is_erased_in_two_places_is_told_of_once(journal, sink, carrier):
    sink.erases = False
    put(journal, line(1, __schema__="b", name="poison"), line(2))
    carrier.carry(until_empty=True)
    erase_b(journal)
    assert untold(journal, cursor_of(journal)) == 1
    carrier.carry(until_empty=True)
    carrier.hand_back()
    assert (untold(journal, cursor_of(journal)), read_state(place_of(journal))["unerased"]) == (0, 1)


@pytest.mark.parametrize("error", [OSError("a value"), RuntimeError("a value")], ids=repr)
def test_a_sink_whose_erase_fails_holds_up_no_event_and_is_asked_again(journal, sink, carrier, destination, error):
    put(journal, line(1), line(2, __schema__="b"))
    carrier.carry(until_empty=True)
    erase_b(journal)
    erase_well, sink.erase = sink.erase, lambda _: raises(error)()
    put(journal, line(3), begun_at=2e9)
    assert not carrier.carry(until_empty=True)
    assert at_rest(destination) == ids(1, 2, 3)
    carrier.hand_back()
    assert read_state(place_of(journal))["reason"] == f"the sink failed: {type(error).__name__}"
    sink.erase = erase_well
    assert carrier.carry(until_empty=True)
    assert at_rest(destination) == ids(1, 3)
    assert read_state(place_of(journal))["failing_since"] is None


def test_a_destination_that_asks_not_to_be_told_of_erasures_for_an_hour_gets_events_all_the_same(
    journal, sink, carrier, destination
):
    put(journal, line(1), line(2, __schema__="b"))
    carrier.carry(until_empty=True)
    erase_b(journal)
    asked = []

    def erase_later(ids):
        asked.append(ids)
        raise Unavailable("later", retry_after_s=3600.0)

    sink.erase = erase_later
    waits, carrier._wait = [], lambda wait_s: waits.append(wait_s)
    for number in (3, 4):
        put(journal, line(number), begun_at=2e9 + number)
        assert not carrier.carry(until_empty=True)
    assert (at_rest(destination), asked, any(waits)) == (ids(1, 2, 3, 4), [ids(2)], False)
    carrier.hand_back()
    assert read_state(place_of(journal))["reason"] == "later"
    assert 3500.0 < carrier._eraser._next_at - time.monotonic() < 7300.0


def test_while_an_erasure_takes_longer_than_the_lease_lasts_the_lease_is_kept(journal, sink, destination):
    put(journal, line(1), line(2, __schema__="b"))
    place = place_of(journal)
    carrier = make_carrier(journal, sink, lease=Lease(place / "lease", lease_s=0.2))
    carrier.carry(until_empty=True)
    erase_b(journal)
    erase_well, seen = sink.erase, set()

    def erase_slowly(ids):
        give_up_at = time.monotonic() + 30
        while len(seen) < 8:
            assert time.monotonic() < give_up_at
            seen.add(os.stat(place / "lease", follow_symlinks=False).st_mtime_ns)
            time.sleep(0.005)
        erase_well(ids)

    sink.erase = erase_slowly
    assert carrier.carry(until_empty=True)
    assert at_rest(destination) == ids(1)


def test_one_whose_lease_was_taken_while_it_erased_notes_nothing(journal, sink, carrier, destination):
    put(journal, line(1), line(2, __schema__="b"))
    carrier.carry(until_empty=True)
    erase_b(journal)
    other = make_carrier(journal, PlannedSink(destination))
    erase_well = sink.erase

    def lose_it(ids):
        os.unlink(place_of(journal) / "lease")
        assert other._lease.acquire()
        erase_well(ids)

    sink.erase = lose_it
    assert not carrier.carry(until_empty=True)
    assert cursor_of(journal).tombstones == {}
    assert other.carry(until_empty=True)
    assert len(cursor_of(journal).tombstones) == 1


def test_dead_letters_are_erased_with_the_rest(journal, carrier):
    bury(journal, carrier, 2)
    done = erase_b(journal)
    assert (done.erased, done.dead_letters, list(dead_letters(journal))) == ({"b": 4}, {"b": 2}, [])


# What tombstones say


@pytest.fixture
def cursor():
    return Cursor("sink")


@pytest.fixture
def tombstone(journal):
    writer = TombstoneWriter(journal, "asked for")
    yield writer
    writer.close()


def name(writer, *numbers):
    for number in numbers:
        writer.add(event_id(number).encode())
    writer.commit()


def carry(journal, cursor):
    """Carry all on; return the ids of each step that has some."""
    found = []
    for told, note in untold_ids(journal, cursor):
        note()
        if told:
            found.append(told)
    return found


def test_what_was_erased_is_told_once(journal, cursor, tombstone):
    assert carry(journal, cursor) == []
    name(tombstone, 1, 2)
    assert carry(journal, cursor) == [ids(1, 2)]
    assert carry(journal, cursor) == []
    name(tombstone, 3)
    assert carry(journal, cursor) == [ids(3)]


def test_what_was_taken_out_of_dead_letters_is_told_likewise(journal, cursor, tombstone):
    for destination in ("lake", "kafka"):
        tombstone.add(event_id(1).encode(), destination, "a")
        tombstone.commit()
        assert carry(journal, cursor) == [ids(1)]
        assert carry(journal, cursor) == []


def test_it_is_told_again_until_it_is_noted(journal, cursor, tombstone):
    name(tombstone, 1)
    assert [each for each, _ in untold_ids(journal, cursor)] == [each for each, _ in untold_ids(journal, cursor)]


def test_many_are_told_a_thousand_lines_at_a_time(journal, cursor, tombstone):
    name(tombstone, *range(2500))
    assert [len(each) for each in carry(journal, cursor)] == [999, 1000, 501]


def test_an_id_that_is_being_written_waits(journal, cursor, tombstone):
    name(tombstone, 1)
    with tombstone.path.open("ab") as file:
        file.write(b'"01')
    assert carry(journal, cursor) == [ids(1)]
    with tombstone.path.open("ab") as file:
        file.write(b'2"\n')
    assert carry(journal, cursor) == [["012"]]


@pytest.mark.parametrize("later", [(7,), (7, 8), (7, 8, 9)], ids=str)
def test_what_takes_the_place_of_what_was_rolled_back_is_told(journal, cursor, tombstone, later):
    name(tombstone, 1)
    carry(journal, cursor)
    tombstone.add(event_id(2).encode())
    tombstone.add(event_id(3).encode())
    tombstone._write()
    assert carry(journal, cursor) == [ids(2, 3)]
    tombstone.roll_back()
    name(tombstone, *later)
    assert carry(journal, cursor) == [ids(1, *later)]


def test_tombstones_that_cannot_be_read_are_an_error(journal, cursor, tombstone):
    name(tombstone, 1)
    with tombstone.path.open("ab") as file:
        file.write(b"garbage\n")
    with pytest.raises(JournalError, match="it is not what an erasure writes"):
        carry(journal, cursor)


def test_an_event_that_the_destination_is_yet_to_be_told_of_counts_once(journal, cursor, tombstone):
    name(tombstone, 1, 2)
    tombstone.add(event_id(1).encode(), "lake", "a")
    tombstone.commit()
    assert untold(journal, cursor) == untold(journal, cursor) == 2
    carry(journal, cursor)
    assert untold(journal, cursor) == 0
