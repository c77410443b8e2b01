"""The way of a batch: what is sent, what is written down before and after, and what stops it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from asyncio import CancelledError
from itertools import pairwise

import pytest
from full_disk import limit_of_file_size
from journal.lines import event_id, line

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.journal.cursors import Cursor
from jupyter_telemetry.journal.deadletters import dead_letters
from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.journal.lock import JournalLock
from jupyter_telemetry.journal.tombstones import TombstoneWriter
from jupyter_telemetry.lease import Lease
from jupyter_telemetry.shipping import BatchLimits, Refused, Shipper, Unavailable
from jupyter_telemetry.shipping.backoff import Backoff
from jupyter_telemetry.shipping.carrier import Stopped
from jupyter_telemetry.shipping.reckoning import reckon
from jupyter_telemetry.shipping.retirement import retire
from jupyter_telemetry.shipping.state import read_state

from .scene import REFUSED, Destination, PlannedSink, expire_oldest, make_carrier, place_of, put


class Killed(BaseException):
    pass


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal"


@pytest.fixture
def destination():
    return Destination()


@pytest.fixture
def sink(destination):
    return PlannedSink(destination)


@pytest.fixture
def carrier(journal, sink):
    return make_carrier(journal, sink)


def cursor_of(journal):
    return Cursor.load(place_of(journal) / "cursor.json", "")


def at_rest(destination):
    return sorted(destination.lines)


def ids(*numbers):
    return [event_id(number) for number in numbers]


def raises(error):
    def fail():
        raise error

    return fail


def erase_b(journal):
    return erase(journal, erases=lambda schema: schema == "b", settle_s=0.0)


def bury(journal, carrier, count=1):
    """Have a destination refuse the first events of a new segment."""
    put(journal, *(line(n, name="poison" if n < count else "good", __schema__="b") for n in range(count + 2)))
    assert carrier.carry(until_empty=True)


# What is sent


def test_a_journal_that_is_not_there_is_shipped(carrier, sink, journal):
    assert carrier.carry(until_empty=True)
    assert (sink.calls, journal.exists()) == ([], False)


def test_of_a_journal_that_nobody_can_look_for_it_is_said(tmp_path, sink):
    carrier = make_carrier(tmp_path / ("x" * 300), sink)
    assert not carrier.carry(until_empty=True)
    assert carrier._state.reason == "the journal's own directory: File name too long"


def test_all_is_sent_in_batches_and_nothing_again(carrier, sink, journal, destination):
    put(journal, *map(line, range(12)))
    assert carrier.carry(until_empty=True)
    assert carrier.carry(until_empty=True)
    carrier.hand_back()
    assert sink.calls == ["open", "send 5", "send 5", "send 2", "close"]
    assert list(destination.lines.values()) == list(map(line, range(12)))


def test_what_comes_after_the_first_look_was_not_sent_before_and_of_what_was_there_nobody_knows(journal, carrier, sink):
    put(journal, line(1))
    carrier.carry(until_empty=True)
    put(journal, line(2), begun_at=2e9)
    carrier.carry(until_empty=True)
    assert [batch.sent_before for batch in sink.sent] == [True, False]


def test_batches_know_their_schemas_and_the_journals_name(carrier, sink, journal):
    handler = JournalHandler(journal)
    schema = {"$id": "https://example.org/a", "version": 1}
    handler.write_schema("https://example.org/a", 1, json.dumps(schema).encode())
    handler.write_event(line(1))
    handler.close()
    carrier.carry(until_empty=True)
    (batch,) = sink.sent
    assert batch.schemas("https://example.org/a", "1") == schema
    assert batch.schemas("https://example.org/a", "2") is None
    assert batch.journal == (journal / "name").read_text()


def test_what_waits_for_a_batch_to_fill_is_sent_when_it_is_full_or_old(journal, sink):
    limits = BatchLimits(10, 10**6, 3600.0)
    carrier = make_carrier(journal, sink, limits=limits)
    path = put(journal, *map(line, range(9)), suffix=".open.jsonl")
    assert not carrier.carry(until_empty=False)
    assert sink.calls == []
    with path.open("ab") as file:
        file.writelines(map(line, range(9, 25)))
    assert not carrier.carry(until_empty=False)
    assert sink.calls == ["open", "send 10", "send 10"]
    carrier._since -= 3601.0
    assert carrier.carry(until_empty=False)
    assert sink.calls[2:] == ["send 10", "send 5"]


def test_two_destinations_have_cursors_of_their_own(journal, destination, sink, carrier):
    put(journal, line(1))
    other = PlannedSink(Destination())
    other.name = "other"
    assert carrier.carry(until_empty=True)
    assert make_carrier(journal, other).carry(until_empty=True)
    assert at_rest(destination) == at_rest(other.destination) == ids(1)
    assert place_of(journal, sink) != place_of(journal, other)


# Who dies


def test_what_was_in_hand_when_a_shipper_died_is_sent_again_as_it_was(journal, sink, carrier, destination):
    put(journal, *map(line, range(3)), begun_at=2e9)
    sink.after = raises(Killed)
    with pytest.raises(Killed):
        carrier.carry(until_empty=True)
    put(journal, *map(line, range(3, 9)), begun_at=1e9)
    os.unlink(place_of(journal) / "lease")
    again = PlannedSink(destination)
    assert make_carrier(journal, again, limits=BatchLimits(2, 10, 0.0)).carry(until_empty=True)
    assert again.sent[0].lines == sink.sent[0].lines
    assert [batch.sent_before for batch in again.sent] == [True] + [False] * 6


def test_what_was_sent_and_not_acknowledged_is_said_to_be_however_it_comes_again(journal, sink, carrier, destination):
    put(journal, *(line(n, __schema__="b" if n == 1 else "a") for n in range(5)), begun_at=2e9)
    sink.after = raises(Killed)
    with pytest.raises(Killed):
        carrier.carry(until_empty=True)
    os.unlink(place_of(journal) / "lease")
    erase_b(journal)
    put(journal, *map(line, range(10, 13)), begun_at=1e9)
    again = PlannedSink(destination)
    assert make_carrier(journal, again, limits=BatchLimits(3, 10**6, 0.0)).carry(until_empty=True)
    assert [(len(batch), batch.sent_before) for batch in again.sent] == [(3, False), (3, True), (1, True)]
    assert at_rest(destination) == ids(0, 2, 3, 4, 10, 11, 12)


def test_a_shipper_that_dies_between_the_dead_letter_and_the_cursor_leaves_one_dead_letter(journal, sink, destination):
    put(journal, line(1, name="poison"), line(2))
    place = place_of(journal)

    class Mortal(Lease):
        def check(self):
            super().check()
            if list((journal / "dead-letter").glob("*/2*.jsonl")):
                raise Killed

    with pytest.raises(Killed):
        make_carrier(journal, sink, lease=Mortal(place / "lease")).carry(until_empty=True)
    assert [letter.event_id for letter in dead_letters(journal)] == ids(1)
    os.unlink(place / "lease")
    assert make_carrier(journal, PlannedSink(destination)).carry(until_empty=True)
    assert [letter.event_id for letter in dead_letters(journal)] == ids(1)


def test_a_shipper_whose_lease_was_taken_writes_nothing_more(journal, sink, carrier, destination):
    put(journal, line(1), line(2, name="poison"))
    other = make_carrier(journal, PlannedSink(destination))
    seen = []

    def lose_it():
        os.unlink(place_of(journal) / "lease")
        assert other.carry(until_empty=True)
        seen.append((cursor_of(journal), list(dead_letters(journal))))

    sink.after = lose_it
    assert not carrier.carry(until_empty=True)
    assert seen == [(cursor_of(journal), list(dead_letters(journal)))]
    assert not carrier.carry(until_empty=True)
    other.hand_back()
    assert carrier.carry(until_empty=True)
    assert len(sink.sent) == 1


@pytest.mark.parametrize("error", [SystemExit, CancelledError])
def test_after_an_error_that_is_no_exception_the_sink_is_opened_anew(journal, sink, carrier, error):
    put(journal, line(1))
    sink.before = raises(error)
    with pytest.raises(error):
        carrier.carry(until_empty=True)
    assert not sink.is_open
    sink.before = lambda: None
    assert carrier.carry(until_empty=True)


def test_what_killed_shippers_left_unfinished_is_removed(journal, sink, carrier):
    bury(journal, carrier)
    carrier.hand_back()
    left = [place_of(journal) / ".cursor.json.1.tmp", next(dead_letters(journal)).path.with_name(".x.jsonl.1.tmp")]
    for path in left:
        path.touch()
    (kept := place_of(journal) / ".profile").touch()
    carrier.carry(until_empty=True)
    assert not any(path.exists() for path in left)
    assert kept.exists()


@pytest.mark.parametrize("is_mended", [False, True])
@pytest.mark.parametrize(
    "lose",
    [
        lambda journal: (place_of(journal) / "cursor.json").unlink(),
        lambda journal: shutil.rmtree(place_of(journal)),
        lambda journal: retire(journal, PlannedSink.name),
    ],
    ids=["the cursor", "all of it", "forgotten"],
)
def test_when_the_cursor_is_lost_all_comes_again_and_is_said_to(journal, sink, carrier, destination, lose, is_mended):
    put(journal, line(1), line(2, name="poison"))
    carrier.carry(until_empty=True)
    carrier.hand_back()
    lose(journal)
    sink.sent.clear()
    sink.is_mended = is_mended
    carrier.carry(until_empty=True)
    assert [batch.sent_before for batch in sink.sent] == [True]
    assert [letter.event_id for letter in dead_letters(journal)] == ([] if is_mended else ids(2))
    assert reckon(journal, place_of(journal)).delivered == (2 if is_mended else 1)


def test_a_cursor_that_cannot_be_read_is_an_error(journal, carrier):
    put(journal, line(1))
    place_of(journal).mkdir(parents=True)
    (place_of(journal) / "cursor.json").write_text("{")
    with pytest.raises(JournalError, match="is no cursor"):
        carrier.carry(until_empty=True)


def test_who_is_asked_to_stop_hands_back_what_is_in_hand(journal, destination):
    put(journal, line(1))
    carrier = make_carrier(journal, PlannedSink(destination, ["down"] * 9), most_waits=3)
    with pytest.raises(Stopped):
        carrier.carry(until_empty=True)
    carrier.hand_back()
    assert len(cursor_of(journal).in_hand) == 1
    assert read_state(place_of(journal))["failures"] == 4
    assert make_carrier(journal, PlannedSink(destination)).carry(until_empty=True)
    assert at_rest(destination) == ids(1)


# What is refused


def test_what_is_refused_becomes_a_dead_letter_and_the_rest_goes_on(journal, carrier, destination):
    put(journal, line(1), line(2, name="poison", text="ü"), line(3))
    assert carrier.carry(until_empty=True)
    assert at_rest(destination) == ids(1, 3)
    (letter,) = dead_letters(journal)
    assert (letter.reason, letter.event + b"\n") == (REFUSED, line(2, name="poison", text="ü"))
    (progress,) = cursor_of(journal).segments.values()
    assert (progress.delivered, progress.refused) == (2, 1)


def test_what_is_refused_no_more_is_no_dead_letter_any_more(journal, sink, carrier, destination):
    bury(journal, carrier)
    carrier.hand_back()
    (place_of(journal) / "cursor.json").unlink()

    class Kind(PlannedSink):
        def send(self, batch):
            self.destination.take(batch)
            return super().send(batch.part([], sent_before=True))

    assert make_carrier(journal, Kind(destination)).carry(until_empty=True)
    assert (list(dead_letters(journal)), at_rest(destination)) == ([], ids(0, 1, 2))


def poison(count):
    return [line(number, name="poison") for number in range(count)]


def test_a_destination_that_refuses_everything_is_waited_for_and_said_to_and_nothing_is_a_dead_letter(
    journal, destination, caplog
):
    put(journal, *map(line, range(20)))

    class Misled(PlannedSink):
        def send(self, batch):
            raise Refused("there is no such path")

    limits = BatchLimits(10, 10**6, 0.0)
    misled = make_carrier(journal, Misled(destination), limits=limits)
    with pytest.raises(Stopped):
        misled.carry(until_empty=True)
    misled.hand_back()
    reason = "the destination refuses every event: there is no such path"
    assert (list(dead_letters(journal)), cursor_of(journal).doubts) == ([], 21)
    assert read_state(place_of(journal))["reason"] == reason
    assert caplog.messages == [f"shipping to {place_of(journal).name} waits: {reason}"]
    assert make_carrier(journal, PlannedSink(destination), limits=limits).carry(until_empty=True)
    assert (len(destination.lines), cursor_of(journal).doubts) == (20, 0)


def test_events_that_are_refused_for_long_enough_hold_up_nobody_for_ever_however_many_they_are(journal, destination):
    put(journal, *poison(9), line(9))
    limits = BatchLimits(9, 10**6, 0.0)
    for _ in range(3):  # it is counted over restarts
        carrier = make_carrier(journal, PlannedSink(destination), limits=limits, most_waits=15)
        with contextlib.suppress(Stopped):
            carrier.carry(until_empty=True)
        carrier.hand_back()
    assert (len(list(dead_letters(journal))), at_rest(destination)) == (9, ids(9))


def test_a_few_that_are_refused_at_the_end_of_a_journal_are_dead_letters_at_once(journal, destination):
    put(journal, *poison(3))
    assert make_carrier(journal, PlannedSink(destination), most_waits=0).carry(until_empty=True)
    assert len(list(dead_letters(journal))) == 3


# What is erased


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
    assert 3500.0 < carrier._erase_at - time.monotonic() < 7300.0


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


# What the disk does


def test_what_is_behind_a_damaged_line_is_waited_for_and_sent_when_nobody_mends_it(journal, sink, destination):
    path = put(journal, line(1), b"damaged\n", line(2), suffix=".open.jsonl")
    carrier = make_carrier(journal, sink, most_waits=3)
    assert carrier.carry(until_empty=False)
    with pytest.raises(Stopped):
        carrier.carry(until_empty=True)
    assert at_rest(destination) == ids(1)
    carrier.hand_back()
    os.rename(path, str(path).replace(".open", ""))
    assert make_carrier(journal, sink).carry(until_empty=True)
    assert at_rest(destination) == ids(1, 2)


def test_a_disk_that_refuses_the_cursor_is_said_and_nothing_is_sent(journal, sink, carrier, destination):
    put(journal, line(1))
    place = place_of(journal)
    place.mkdir(parents=True)
    (place / "cursor.json").mkdir()
    with pytest.raises(JournalError, match="cannot be read: Is a directory"):
        carrier.carry(until_empty=True)
    assert sink.calls == []


def test_a_lease_that_cannot_be_made_is_said(journal, sink, carrier):
    put(journal, line(1))
    (journal / "shipping").touch()
    assert not carrier.carry(until_empty=True)
    assert sink.calls == []
    (journal / "shipping").unlink()
    assert carrier.carry(until_empty=True)


@pytest.mark.parametrize("name", ["good", "poison"])
def test_what_a_full_disk_does_not_note_after_it_was_sent_is_not_sent_over_and_over(journal, destination, name):
    """The cursor cannot be written after the acknowledgement, or the dead letter."""
    put(journal, line(1, name=name), line(2))
    sink = PlannedSink(destination)
    carrier = make_carrier(journal, sink, backoff=Backoff(1000.0, 3000.0, lambda: 1.0))
    with contextlib.ExitStack() as full:
        sink.after = lambda: full.enter_context(limit_of_file_size(8))
        for sends in (1, 2, 3):
            for _ in range(5):
                assert not carrier.carry(until_empty=True)
            assert len(sink.sent) == min(sends, 1)
            assert 0 < carrier._idle_until - time.monotonic() <= min(1000.0 * 2 ** (sends - 1), 3000.0)
            carrier._idle_until = 0.0
    sink.after = lambda: None
    assert read_state(place_of(journal)) == {}
    assert carrier.carry(until_empty=True)
    assert at_rest(destination) == (ids(1, 2) if name == "good" else ids(2))
    assert [letter.event_id for letter in dead_letters(journal)] == ([] if name == "good" else ids(1))
    assert all(batch.sent_before for batch in sink.sent)
    assert carrier._disk_backoff.failures == 0


def test_a_disk_that_takes_the_cursor_and_no_dead_letter_has_a_batch_sent_again_less_and_less_often(
    journal, sink, destination
):
    put(journal, *(line(number, name="poison") for number in range(3)), line(4))
    (journal / "dead-letter").touch()
    carrier = make_carrier(journal, sink, backoff=Backoff(1000.0, 9000.0, lambda: 1.0))
    for sends in (1, 2, 3, 4):
        for _ in range(5):
            assert not carrier.carry(until_empty=True)
        assert len(sink.sent) == sends
        assert carrier._idle_until - time.monotonic() > 1000.0 * 2 ** (sends - 1) - 100.0
        carrier._idle_until = 0.0
    (journal / "dead-letter").unlink()
    assert carrier.carry(until_empty=True)
    assert (len(list(dead_letters(journal))), at_rest(destination)) == (3, ids(4))


def test_the_cursor_is_on_the_disk_before_a_batch_is_sent(journal, sink, carrier):
    put(journal, line(1))
    seen = []
    sink.before = lambda: seen.append(json.loads((place_of(journal) / "cursor.json").read_text())["in_hand"])
    carrier.carry(until_empty=True)
    (path,) = journal.glob("*.jsonl")
    assert seen == [[[path.stem, path.stat().st_ino, 0, len(line(1))]]]


def test_an_acknowledgement_is_on_the_disk_before_the_next_batch_is_sent(journal, sink, carrier):
    put(journal, *map(line, range(12)))
    seen = []
    sink.before = lambda: seen.append(cursor_of(journal))
    carrier.carry(until_empty=True)
    (path,) = journal.glob("*.jsonl")
    ends = [sum(len(line(number)) for number in range(count)) for count in (0, 5, 10, 12)]
    assert [found.segments[path.stem].offset for found in seen] == ends[:3]
    assert [(take.start, take.end) for found in seen for take in found.in_hand] == list(pairwise(ends))
    assert cursor_of(journal).segments[path.stem].offset == ends[3]


def test_who_is_asked_to_stop_between_two_batches_writes_down_what_is_acknowledged(journal, sink):
    put(journal, *map(line, range(12)))
    stop = threading.Event()
    sink.after = stop.set
    assert not Shipper(journal, sink).ship(stop=stop)
    (path,) = journal.glob("*.jsonl")
    found = cursor_of(journal)
    assert (found.segments[path.stem].delivered, found.in_hand) == (5, [])
