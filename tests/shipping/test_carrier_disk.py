"""What a shipper does where the journal's own disk refuses, or a line of it is damaged."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from itertools import pairwise

import pytest
from full_disk import limit_of_file_size
from journal.lines import line

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal.deadletters import dead_letters
from jupyter_telemetry.shipping import Shipper
from jupyter_telemetry.shipping.backoff import Backoff
from jupyter_telemetry.shipping.carrier import Stopped
from jupyter_telemetry.shipping.state import read_state

from .scene import (
    PlannedSink,
    at_rest,
    cursor_of,
    ids,
    make_carrier,
    place_of,
    put,
)


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
