"""What the oracle says: nothing where all is well, and what is wrong where something is."""

from __future__ import annotations

import orjson
import pytest

from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.shipping import Shipper

from .database import DatabaseSink, events_in
from .oracle.verdict import FEWEST, Evidence, verdict
from .scene import put


def line_of(number, schema="b", **more):
    event = {
        "__timestamp__": "2026-11-23T17:42:05.123456Z",
        "__schema__": schema,
        "__schema_version__": 1,
        "__metadata_version__": 2,
        "__id__": f"01a212d0-966f-731d-8762-{number:012x}",
        "name": f"event {number}",
        **more,
    }
    return orjson.dumps(event) + b"\n"


def ids(*lines):
    return [orjson.loads(line)["__id__"] for line in lines]


@pytest.fixture
def lines():
    """Two of the schema "a", and the others of "b"."""
    return [line_of(number, "a" if number < 2 else "b") for number in range(FEWEST)]


@pytest.fixture
def shipped(lines, tmp_path):
    """Evidence of a journal whose events are all recorded, shipped and told."""
    put(tmp_path / "journal", *lines)
    return ship(tmp_path, lines)


def ship(home, lines):
    shipper = Shipper(home / "journal", DatabaseSink(home / "events.db"))
    assert shipper.ship(30)
    told = {ids(line)[0]: (orjson.loads(line)["__schema__"], line) for line in lines}
    at_rest = [orjson.dumps(event) + b"\n" for event in events_in(home / "events.db")]
    return Evidence(home / "journal", shipper.place, told, at_rest)


def test_where_all_is_well_nothing_is_said(shipped):
    assert verdict(shipped) == []


def test_what_is_told_and_nowhere_is_lost(shipped, lines):
    (event_id,) = ids(lost := line_of(99))
    wrong = verdict(shipped._replace(told={**shipped.told, event_id: ("b", lost)}))
    assert wrong == [f"1 lost without a word: {event_id} (b; nowhere)"]
    for what in ("lost", "unsure"):
        assert verdict(shipped._replace(told={**shipped.told, event_id: (what, lost)})) == []


def test_what_is_told_to_be_lost_is_not_there(shipped, lines):
    (event_id,) = ids(lines[3])
    wrong = verdict(shipped._replace(told={**shipped.told, event_id: ("lost", lines[3])}))
    assert wrong == [f"1 told to be lost, and there: {event_id} (lost; in the journal)"]
    assert verdict(shipped._replace(told={**shipped.told, event_id: ("unsure", lines[3])})) == []


def test_what_is_there_twice_is_said(shipped, lines):
    (event_id,) = ids(lines[3])
    wrong = verdict(shipped._replace(at_rest=[*shipped.at_rest, lines[3]]))
    assert wrong == [f"1 twice: {event_id} (b; in the journal)"]


@pytest.mark.parametrize("keeps_lines", [True, False])
def test_what_is_not_as_it_was_is_said(shipped, lines, keeps_lines):
    (event_id,) = ids(lines[3])
    spaced = lines[3].replace(b",", b", ")
    for other, is_same in ((spaced, not keeps_lines), (line_of(3, name="another"), False)):
        at_rest = [other if line == lines[3] else line for line in shipped.at_rest]
        wrong = verdict(shipped._replace(at_rest=at_rest, keeps_lines=keeps_lines))
        assert wrong == ([] if is_same else [f"1 not as they were recorded: {event_id} (b; in the journal)"])


def test_what_is_erased_is_at_rest_only_where_nothing_can_be_erased(shipped, lines, tmp_path):
    erase(tmp_path / "journal", erases=lambda schema: schema == "a")
    left = ship(tmp_path, lines)
    assert verdict(left) == []
    wrong = verdict(left._replace(at_rest=[*left.at_rest, lines[0]]))
    assert wrong == [f"1 erased and at rest: {ids(lines[0])[0]} (a; on a tombstone)"]
    assert verdict(left._replace(at_rest=[*left.at_rest, lines[0]], erases=False)) == []


def test_what_shows_nothing_is_wrong(tmp_path):
    put(tmp_path / "journal", line := line_of(1))
    few = ship(tmp_path, [line])
    assert verdict(few) == ["only 1 events were recorded"]
    traceback = "Traceback (most recent call last):"
    assert verdict(few._replace(said=f"x\n{traceback}")) == [traceback, "only 1 events were recorded"]


def test_a_destination_without_anything_is_wrong(shipped):
    assert verdict(shipped._replace(at_rest=[]))[-1] == "nothing is at rest"
