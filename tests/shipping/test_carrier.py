"""The way of a batch: what is sent, what is written down before and after, and what stops it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from asyncio import CancelledError

import pytest
from journal.lines import line

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.journal.deadletters import dead_letters
from jupyter_telemetry.lease import Lease
from jupyter_telemetry.shipping import BatchLimits, Refused
from jupyter_telemetry.shipping.carrier import Stopped
from jupyter_telemetry.shipping.reckoning import reckon
from jupyter_telemetry.shipping.retirement import retire
from jupyter_telemetry.shipping.state import read_state

from .scene import (
    REFUSED,
    Destination,
    Killed,
    PlannedSink,
    at_rest,
    bury,
    cursor_of,
    erase_b,
    ids,
    make_carrier,
    place_of,
    put,
    raises,
)

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
