"""What became of every event is reckoned up beside: nobody who asks waits, and a large journal is left alone."""

from __future__ import annotations

import shutil
import threading
from itertools import pairwise
from types import SimpleNamespace

import pytest

from jupyter_telemetry.journal.accounts import account
from jupyter_telemetry.server import standings
from jupyter_telemetry.server.standings import LEAST_INTERVAL_S, OUTCOMES, Standings
from jupyter_telemetry.shipping import Shipper
from jupyter_telemetry.shipping.reckoning import EVENTS_AT_ONCE, Reckoning
from tests.cli.conftest import SAVE, record
from tests.shipping.database import DatabaseSink


@pytest.fixture
def clock():
    return SimpleNamespace(now=1000.0)


@pytest.fixture
def found(clock):
    return Standings(lambda: clock.now)


@pytest.fixture
def shipper(tmp_path):
    return shipper_of(tmp_path, "journal")


def shipper_of(tmp_path, name, events=3):
    record(tmp_path / name, SAVE, *({"path": str(number)} for number in range(events)))
    return Shipper(tmp_path / name, DatabaseSink(tmp_path / "events.db"))


def asked(standings, *shippers):
    """Ask, have the reckoning end, and ask again."""
    standings.of(shippers)
    standings.wait()
    return {name: found.events for name, found in standings.of(shippers).items()}


def counts(**told):
    return {**dict.fromkeys(OUTCOMES, 0), **told}


def test_every_kind_of_a_reckoning_has_an_outcome():
    assert set(standings._OUTCOMES) == set(Reckoning._fields)


def test_whoever_asks_first_is_told_nothing_and_then_what_was_found(found, shipper):
    assert found.of([shipper]) == {}
    assert asked(found, shipper) == {"sqlite:events.db": counts(waiting=3)}


def test_all_that_was_recorded_is_in_it(found, shipper, clock):
    assert shipper.ship()
    account(shipper.directory, "lost", 5, "the disk is full")
    assert asked(found, shipper) == {"sqlite:events.db": counts(delivered=3, lost=5)}


def test_it_is_not_reckoned_up_again_at_once(found, shipper, clock):
    first = asked(found, shipper)
    assert shipper.ship()
    clock.now += LEAST_INTERVAL_S - 1.0
    assert asked(found, shipper) == first
    clock.now += 1.0
    assert asked(found, shipper) == {"sqlite:events.db": counts(delivered=3)}


def test_what_takes_long_is_done_seldom(found, shipper, clock, monkeypatch):
    reckoned = []

    def slow(*_):
        reckoned.append(clock.now)
        clock.now += 60.0
        return standings.Standing(counts(), 0.0)

    monkeypatch.setattr(standings, "_standing", slow)
    for _ in range(200):
        asked(found, shipper)
        clock.now += 60.0
    assert [second - first for first, second in pairwise(reckoned)] == [3060.0] * 3


def test_a_long_reckoning_lets_others_work(clock, tmp_path):
    pauses = []
    shipper = shipper_of(tmp_path, "journal", events=2 * EVENTS_AT_ONCE)
    found = Standings(lambda: clock.now, pauses.append)
    assert asked(found, shipper) == {"sqlite:events.db": counts(waiting=2 * EVENTS_AT_ONCE)}
    assert pauses == [standings.PAUSE_S] * 2


def test_of_a_large_journal_nothing_is_told(found, shipper, monkeypatch):
    monkeypatch.setattr(standings, "MOST_BYTES", 10)
    assert asked(found, shipper) == {}


def test_what_cannot_be_reckoned_up_leaves_what_was_found_before(found, shipper, clock):
    first = asked(found, shipper)
    at = found.of([shipper])["sqlite:events.db"].reckoned_at
    clock.now += LEAST_INTERVAL_S
    shipper.place.mkdir(parents=True)
    (shipper.place / "cursor.json").write_text("{")
    assert asked(found, shipper) == first
    assert found.of([shipper])["sqlite:events.db"].reckoned_at == at


def test_a_reckoning_that_fails_is_not_begun_anew_by_each_who_asks(found, shipper, monkeypatch):
    begun = []

    def fail(*_):
        begun.append(1)
        raise RecursionError

    monkeypatch.setattr(standings, "_standing", fail)
    assert [asked(found, shipper) for _ in range(3)] == [{}] * 3
    assert len(begun) == 1


def test_where_no_thread_can_be_started_who_asks_is_told_what_there_is(found, shipper):
    size = threading.stack_size(1 << 46)  # which no machine has room for
    try:
        assert asked(found, shipper) == {}
    finally:
        threading.stack_size(size)
    assert asked(found, shipper) == {"sqlite:events.db": counts(waiting=3)}


def test_a_journal_that_is_not_there_has_no_events(found, shipper):
    shutil.rmtree(shipper.directory)
    assert asked(found, shipper) == {"sqlite:events.db": counts()}


def test_of_two_journals_all_events_of_a_destination_are_told_and_each_journal_counts_once(found, shipper, tmp_path):
    other, again = shipper_of(tmp_path, "other", 4), Shipper(shipper.directory, DatabaseSink(tmp_path / "events.db"))
    assert asked(found, shipper, other, again) == {"sqlite:events.db": counts(waiting=7)}


def test_where_nothing_is_shipped_no_thread_is_started(found):
    assert found.of([]) == {}
    assert found._thread is None
