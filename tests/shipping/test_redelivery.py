"""Dead letters are sent again when it is asked for: what is taken goes, what is not stays, and nothing is twice."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest
from journal.lines import event_id, line

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal.deadletters import dead_letters, write_dead_letters
from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.shipping import BatchLimits, Receipt, Shipper
from jupyter_telemetry.shipping.carrier import Stopped
from jupyter_telemetry.shipping.reckoning import Reckoning, reckon

from .database import DatabaseSink, events_in
from .scene import REFUSED, Destination, Killed, PlannedSink, expire_oldest, make_carrier, place_of, put

TESTS = Path(__file__).parents[1]


@pytest.fixture
def mended(destination):
    sink = PlannedSink(destination)
    sink.is_mended = True
    return sink


@pytest.fixture
def bury(journal, destination):
    """Have a destination refuse so many of the events of a new segment, and take one."""

    def bury_some(count, limits=None, **properties):
        poison = [line(number, name="poison", **properties) for number in range(1, count + 1)]
        put(journal, line(0), *poison)
        carrier = make_carrier(journal, PlannedSink(destination), limits=limits)
        assert carrier.carry(until_empty=True)
        carrier.hand_back()

    return bury_some


def letters(journal):
    return [orjson.loads(letter.event)["number"] for letter in dead_letters(journal)]


def ask(journal):
    return make_carrier(journal, PlannedSink(Destination())).redelivery.ask()


def send_again(journal, sink, **settings):
    ask(journal)
    carrier = make_carrier(journal, sink, **settings)
    try:
        return carrier.carry(until_empty=True)
    finally:
        carrier.hand_back()


def reckoned(journal):
    return reckon(journal, place_of(journal))


def test_while_nobody_asks_none_is_sent_again(journal, bury, mended):
    bury(2)
    assert make_carrier(journal, mended).carry(until_empty=True)
    assert (letters(journal), mended.sent) == ([1, 2], [])


def test_where_there_are_none_nothing_is_asked_for(journal):
    journal.mkdir()
    assert not ask(journal)
    assert list(journal.iterdir()) == []


def test_what_is_taken_is_delivered_and_no_dead_letter_any_more(journal, bury, mended, destination):
    bury(7)
    assert send_again(journal, mended)
    assert (letters(journal), len(destination.lines), not list(place_of(journal).glob("again"))) == ([], 8, True)
    assert reckoned(journal) == Reckoning(delivered=8, refused=0, expired=0, erased=0, waiting=0)
    assert all(batch.sent_before and batch.schemas for batch in mended.sent)
    assert [len(batch) for batch in mended.sent] == [4, 3]  # they were two files


def test_so_it_is_when_their_segment_is_gone(journal, bury, mended):
    bury(2)
    expire_oldest(journal)
    (carrier := make_carrier(journal, PlannedSink(mended.destination))).carry(until_empty=True)
    carrier.hand_back()
    assert send_again(journal, mended)
    assert reckoned(journal) == Reckoning(delivered=3, refused=0, expired=0, erased=0, waiting=0)


def test_what_is_refused_again_stays_with_the_new_reason_and_is_not_sent_a_third_time(
    journal, bury, destination, caplog
):
    bury(7)
    before = list(dead_letters(journal))

    class Picky(PlannedSink):
        def send(self, batch):
            self.sent.append(batch)
            refused = {n: "an odd number" for n, event in enumerate(batch.events) if event["number"] % 2}
            self.destination.take(batch.part([n for n in range(len(batch)) if n not in refused]))
            return Receipt(refused)

    sink = Picky(destination, limits=BatchLimits(2, 10**6, 0.0))
    assert send_again(journal, sink)
    after = list(dead_letters(journal))
    assert letters(journal) == [1, 3, 5, 7]
    assert {letter.reason for letter in before} == {REFUSED}
    assert {letter.reason for letter in after} == {"an odd number"}
    assert all(letter.refused_at > before[-1].refused_at for letter in after)
    assert {letter.segment for letter in after} == {before[0].segment}
    assert [len(batch) for batch in sink.sent] == [2, 2, 2, 1]
    assert reckoned(journal) == Reckoning(delivered=4, refused=4, expired=0, erased=0, waiting=0)
    assert "dead letters that were sent again are refused again: an odd number" in caplog.text


def test_however_many_are_refused_again_nothing_waits_for_them(journal, bury, destination):
    bury(40, BatchLimits(100, 10**6, 0.0))
    put(journal, line(99), begun_at=2e9)
    assert send_again(journal, PlannedSink(destination), most_waits=0)
    assert (len(letters(journal)), event_id(99) in destination.lines) == (40, True)


def test_new_events_wait_for_no_more_than_one_batch_of_them(journal, bury, mended, destination):
    bury(23, BatchLimits(100, 10**6, 0.0))
    ask(journal)
    mended.before = lambda: put(journal, line(50 + len(mended.sent)), begun_at=2e9 + len(mended.sent))
    mended.after = lambda: len(mended.sent) == 6 and setattr(mended, "before", lambda: None)
    assert make_carrier(journal, mended).carry(until_empty=True)
    assert letters(journal) == []
    numbers = [[event["number"] for event in batch.events] for batch in mended.sent]
    assert numbers[:4] == [[1, 2, 3, 4, 5], [51], [52], [53]]
    assert numbers[-4:] == [[6, 7, 8, 9, 10], [11, 12, 13, 14, 15], [16, 17, 18, 19, 20], [21, 22, 23]]


def test_what_is_refused_again_is_sent_again_when_it_is_asked_for_again(journal, bury, mended, destination):
    bury(3)
    carrier = make_carrier(journal, PlannedSink(destination))
    for sends in (1, 2):
        ask(journal)
        assert carrier.carry(until_empty=True)
        assert len(carrier._sink.sent) == sends
    assert letters(journal) == [1, 2, 3]


def test_while_the_destination_is_down_it_is_still_asked_for(journal, bury, mended, destination):
    bury(2)
    down = PlannedSink(destination, ["down"] * 9)
    with pytest.raises(Stopped):
        send_again(journal, down, most_waits=3)
    assert letters(journal) == [1, 2]
    assert make_carrier(journal, mended).carry(until_empty=True)
    assert letters(journal) == []


def test_who_is_asked_to_stop_stops_between_two_batches_and_what_was_taken_is_taken(journal, bury, mended):
    bury(7)
    ask(journal)
    carrier = make_carrier(journal, mended)
    wait = carrier._wait

    def stop_when_some_were_sent(wait_s):
        if mended.sent:
            raise Stopped
        wait(wait_s)

    carrier._wait = stop_when_some_were_sent
    with pytest.raises(Stopped):
        carrier.carry(until_empty=True)
    carrier.hand_back()
    assert (letters(journal), len(mended.sent)) == ([5, 6, 7], 1)
    assert make_carrier(journal, mended).carry(until_empty=True)
    assert letters(journal) == []


@pytest.mark.parametrize("where", ["before", "after"])
def test_who_is_killed_loses_and_doubles_nothing(journal, bury, mended, destination, where):
    bury(7)
    seen = []

    def die():
        seen.append(1)
        if len(seen) == 2:
            raise Killed

    setattr(mended, where, die)
    ask(journal)
    with pytest.raises(Killed):
        make_carrier(journal, mended).carry(until_empty=True)
    assert sum(reckoned(journal)) == 8
    os.unlink(place_of(journal) / "lease")
    again = PlannedSink(destination)
    again.is_mended = True
    assert make_carrier(journal, again).carry(until_empty=True)
    assert (letters(journal), len(destination.lines)) == ([], 8)
    assert reckoned(journal) == Reckoning(delivered=8, refused=0, expired=0, erased=0, waiting=0)


def test_one_who_was_killed_before_the_letters_went_is_followed_by_one_who_takes_them_away(journal, bury, mended):
    bury(3)
    kept = [(path, path.read_bytes()) for path in (journal / "dead-letter").glob("*/*.jsonl")]
    assert send_again(journal, mended)
    for path, content in kept:
        path.write_bytes(content)
    place = place_of(journal)
    segment = next(dead_letters(journal)).segment
    with (place / "refused.jsonl").open("ab") as file:
        file.writelines(orjson.dumps([segment, event_id(n), True]) + b"\n" for n in (1, 2, 3))
    assert reckoned(journal) == Reckoning(delivered=4, refused=0, expired=0, erased=0, waiting=0)
    sent = len(mended.sent)
    assert send_again(journal, mended)
    assert (letters(journal), len(mended.sent)) == ([], sent)


def test_what_is_erased_while_it_is_on_its_way_is_not_at_rest_in_the_end(journal, bury, destination, mended):
    bury(3, __schema__="b")
    mended.before = lambda: erase(journal, erases=lambda schema: schema == "b", settle_s=0.0)
    assert send_again(journal, mended)
    assert (letters(journal), list(destination.lines)) == ([], [event_id(0)])
    assert reckoned(journal) == Reckoning(delivered=1, refused=0, expired=0, erased=3, waiting=0)


def test_the_shipper_that_is_at_work_sends_them(journal, bury, mended, destination):
    bury(2)
    shipper = Shipper(journal, mended, poll_interval_s=0.01)
    shipper.start()
    try:
        other = Shipper(journal, PlannedSink(destination))
        while not (shipper.place / "lease").is_symlink():
            time.sleep(0.01)
        assert other.send_dead_letters_again()
        assert not other.ship()
        give_up_at = time.monotonic() + 30
        while other.is_to_send_dead_letters_again:
            assert time.monotonic() < give_up_at
            time.sleep(0.01)
    finally:
        shipper.stop(10)
    assert (letters(journal), len(destination.lines)) == ([], 3)


def test_a_journal_that_cannot_be_written_is_an_error(journal, bury):
    bury(1)
    place = place_of(journal)
    os.rename(place, place.with_name("away"))
    place.touch()
    with pytest.raises(JournalError, match="cannot be written"):
        Shipper(journal, PlannedSink(Destination())).send_dead_letters_again()


PROGRAM = """
import sys
from pathlib import Path
from shipping.database import DatabaseSink
from jupyter_telemetry.shipping import Shipper

class Slow(DatabaseSink):
    def send(self, batch):
        print("sends", flush=True)
        receipt = super().send(batch)
        print("sent", flush=True)
        return receipt

shipper = Shipper(sys.argv[1], Slow(Path(sys.argv[2])), batch_events=50)
shipper.send_dead_letters_again()
assert shipper.ship()
"""


def test_signal_9_at_any_moment_loses_and_doubles_nothing(journal, tmp_path):
    database = tmp_path / "events.db"
    (tmp_path / "events.mended").touch()
    sink = DatabaseSink(database)
    shipper = Shipper(journal, sink)
    journal.mkdir()
    lines = [line(number, name="refuse me") for number in range(2000)]
    for start in range(0, 2000, 500):
        write_dead_letters(
            journal, shipper.place.name, [(each, "no", "a segment") for each in lines[start : start + 500]]
        )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    for kill_at in (1, 2, 4, 7, 12, 20, None):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, journal, database], stdout=subprocess.PIPE, env=environment
        )
        for _ in range(kill_at or 0):
            process.stdout.readline()
        if kill_at:
            process.kill()
        process.communicate(timeout=60)
        there = {letter.event_id for letter in dead_letters(journal)}
        arrived = [event["__id__"] for event in events_in(database)]
        assert len(arrived) == len(set(arrived))
        assert there | set(arrived) == {event_id(number) for number in range(2000)}
    assert (there, len(arrived), process.returncode) == (set(), 2000, 0)
    found = reckon(journal, shipper.place)
    assert (found.delivered, found.refused, found.expired) == (2000, 0, 0)
