"""Every event of a journal counts once for each destination."""

from __future__ import annotations

import shutil

import pytest
from journal.lines import line

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.shipping.carrier import Stopped
from jupyter_telemetry.shipping.reckoning import EVENTS_AT_ONCE, Reckoning, reckon
from jupyter_telemetry.shipping.retirement import retire

from .scene import Destination, PlannedSink, at_rest, erase_b, expire_oldest, ids, make_carrier, place_of, put


@pytest.fixture
def carrier(journal):
    return make_carrier(journal, PlannedSink(Destination()))


def reckoned(journal):
    return reckon(journal, place_of(journal))


def test_an_empty_journal_is_nothing(journal):
    assert reckoned(journal) == Reckoning(0, 0, 0, 0, 0)


def test_what_no_shipper_has_looked_at_waits(journal):
    put(journal, line(1), line(2), b"damaged\n")
    assert reckoned(journal) == Reckoning(0, 0, 0, 0, 2)


def test_what_became_of_each_event_is_told(journal, carrier):
    put(journal, line(0), line(1, __schema__="b"), begun_at=1e9)
    put(journal, line(2), line(3, __schema__="b", name="poison"), line(4, name="poison"), begun_at=1.1e9)
    carrier.carry(until_empty=True)
    carrier.hand_back()
    put(journal, line(5), line(6, __schema__="b"), line(7), begun_at=1.2e9)
    assert reckoned(journal) == Reckoning(delivered=3, refused=2, expired=0, erased=0, waiting=3)
    erase_b(journal)
    assert reckoned(journal) == Reckoning(delivered=2, refused=1, expired=0, erased=3, waiting=2)
    with pytest.raises(Stopped):
        (other := make_carrier(journal, PlannedSink(Destination(), ["down"]), most_waits=0)).carry(until_empty=True)
    other.hand_back()
    for expired in (0, 0, 2):
        expire_oldest(journal)
        assert reckoned(journal) == Reckoning(2, 1, expired, erased=3, waiting=2 - expired)
    carrier.carry(until_empty=True)
    assert reckoned(journal) == Reckoning(delivered=2, refused=1, expired=2, erased=3, waiting=0)


def remove_letters(journal):
    for path in (journal / "dead-letter").glob("*/*.jsonl"):
        path.unlink()


def test_a_dead_letter_that_somebody_deletes_has_expired_and_was_never_delivered(journal, carrier):
    put(journal, line(0), line(1, __schema__="b", name="poison"), line(2, name="poison"), begun_at=1e9)
    put(journal, line(3), line(4, name="poison"), begun_at=1.1e9)
    carrier.carry(until_empty=True)
    assert reckoned(journal) == Reckoning(delivered=2, refused=3, expired=0, erased=0, waiting=0)
    remove_letters(journal)
    assert reckoned(journal) == Reckoning(delivered=2, refused=0, expired=3, erased=0, waiting=0)
    erase_b(journal)
    assert reckoned(journal) == Reckoning(delivered=2, refused=0, expired=2, erased=1, waiting=0)
    for _ in range(2):
        expire_oldest(journal)
        assert reckoned(journal) == Reckoning(delivered=2, refused=0, expired=2, erased=1, waiting=0)
        carrier.carry(until_empty=True)
        assert reckoned(journal) == Reckoning(delivered=2, refused=0, expired=2, erased=1, waiting=0)


def test_a_dead_letter_that_is_gone_after_its_segment_has_expired(journal, carrier):
    put(journal, line(0), line(1, name="poison"), line(2, name="poison", __schema__="b"))
    carrier.carry(until_empty=True)
    expire_oldest(journal)
    carrier.carry(until_empty=True)
    assert reckoned(journal) == Reckoning(delivered=1, refused=2, expired=0, erased=0, waiting=0)
    erase_b(journal)
    assert reckoned(journal) == Reckoning(delivered=1, refused=1, expired=0, erased=1, waiting=0)
    remove_letters(journal)
    assert reckoned(journal) == Reckoning(delivered=1, refused=0, expired=1, erased=1, waiting=0)
    put(journal, line(3))
    expire_oldest(journal)
    carrier.carry(until_empty=True)
    assert reckoned(journal) == Reckoning(delivered=1, refused=0, expired=2, erased=1, waiting=0)
    (text,) = (place_of(journal) / "refused.jsonl").read_text().splitlines()
    assert text.endswith(',"expired":1,"delivered":0}')
    carrier.hand_back()
    (place_of(journal) / "cursor.json").unlink()
    assert reckoned(journal) == Reckoning(delivered=0, refused=0, expired=3, erased=1, waiting=0)


@pytest.mark.parametrize("looks_between", [False, True])
def test_a_dead_letter_that_is_erased_after_its_segment_has_expired_was_not_delivered(journal, carrier, looks_between):
    another = PlannedSink(Destination())
    another.name, another.is_mended = "another", True
    put(journal, line(0), line(1, __schema__="b", name="poison"), line(2, __schema__="b"), line(3, name="poison"))
    for each in (carrier, make_carrier(journal, another)):
        each.carry(until_empty=True)
        each.hand_back()
    expire_oldest(journal)
    if looks_between:
        carrier.carry(until_empty=True)
    erase_b(journal)
    for _ in range(2):
        assert reckoned(journal) == Reckoning(delivered=2, refused=1, expired=0, erased=1, waiting=0)
        assert reckon(journal, place_of(journal, another)) == Reckoning(4, 0, 0, 0, 0)
        carrier.carry(until_empty=True)
        make_carrier(journal, another).carry(until_empty=True)
    assert at_rest(another.destination) == ids(0, 2, 3)


def test_a_dead_letter_that_a_killed_erasure_has_left_counts_once_when_its_segment_is_gone(journal, carrier, tmp_path):
    put(journal, line(0), line(1), line(2, __schema__="b", name="poison"), begun_at=1e9)
    put(journal, line(3), begun_at=1.1e9)
    carrier.carry(until_empty=True)
    carrier.hand_back()
    shutil.copytree(journal / "dead-letter", aside := tmp_path / "aside")
    erase_b(journal)
    shutil.copytree(aside, journal / "dead-letter", dirs_exist_ok=True)  # it was killed before it took them out
    carrier.carry(until_empty=True)
    carrier.hand_back()
    assert reckoned(journal) == Reckoning(delivered=3, refused=1, expired=0, erased=0, waiting=0)
    expire_oldest(journal)
    carrier.carry(until_empty=True)
    assert reckoned(journal) == Reckoning(delivered=3, refused=1, expired=0, erased=0, waiting=0)


def test_it_pauses_after_so_many_events_wherever_they_stand(journal):
    for number in range(5):
        put(journal, *map(line, range(number * 200, number * 200 + 200)), begun_at=1e9 + number * 1e6)
    pauses = []
    found = reckon(journal, place_of(journal), lambda: pauses.append(1))
    assert (found, len(pauses)) == (Reckoning(0, 0, 0, 0, waiting=1000), 1000 // EVENTS_AT_ONCE)


@pytest.mark.parametrize("is_late", [False, True])
def test_a_segment_that_is_delivered_and_expires_while_it_is_reckoned_up_counts_once(journal, carrier, is_late):
    for number in range(2):
        put(journal, *map(line, range(number * 300, number * 300 + 300)), begun_at=1e9 + number * 1e8)
    if not is_late:
        carrier.carry(until_empty=True)
    pauses = []

    def pause():
        pauses.append(1)
        if len(pauses) == 2:  # the first segment has been read
            carrier.carry(until_empty=True)
            expire_oldest(journal)

    found = reckon(journal, place_of(journal), pause)
    assert found == (Reckoning(300, 0, 0, 0, waiting=300) if is_late else Reckoning(600, 0, 0, 0, 0))
    assert reckoned(journal) == Reckoning(600, 0, 0, 0, 0)


@pytest.mark.parametrize("is_summed_up", [False, True])
@pytest.mark.parametrize("is_forgotten", [False, True])
def test_a_dead_letter_that_was_erased_counts_once_when_all_is_counted_anew(
    journal, carrier, is_summed_up, is_forgotten
):
    put(journal, line(0), line(1, __schema__="b", name="poison"), line(2), line(3, name="poison"), begun_at=1e9)
    put(journal, line(4), begun_at=1.1e9)
    carrier.carry(until_empty=True)
    expire_oldest(journal)
    carrier.carry(until_empty=True)
    if is_summed_up:
        erase_b(journal)
        expire_oldest(journal)
        carrier.carry(until_empty=True)
    carrier.hand_back()
    if is_forgotten:
        retire(journal, PlannedSink.name)
    else:
        (place_of(journal) / "cursor.json").unlink()
    erase_b(journal)
    carrier.carry(until_empty=True)
    found = reckoned(journal)
    assert (sum(found), found.refused, found.erased) == (5, 1, 1)


def test_it_changes_nothing(journal, carrier):
    put(journal, line(0), line(1))
    carrier.carry(until_empty=True)
    expire_oldest(journal)
    before = {path: path.read_bytes() for path in journal.rglob("*.json*")}
    reckoned(journal)
    assert {path: path.read_bytes() for path in journal.rglob("*.json*")} == before


def test_a_journal_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(JournalError):
        reckoned(tmp_path / "file")
