"""A destination that nothing is shipped to any more is forgotten, and nothing else is."""

from __future__ import annotations

import pytest
from journal.lines import line

from jupyter_telemetry.errors import ConfigurationError, JournalError
from jupyter_telemetry.journal.cursors import behind
from jupyter_telemetry.journal.deadletters import dead_letters
from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.journal.segment import scan
from jupyter_telemetry.shipping.reckoning import Reckoning
from jupyter_telemetry.shipping.retirement import Retired, retire

from .scene import Destination, PlannedSink, make_carrier, place_of, put


class Other(PlannedSink):
    name = "other"


@pytest.fixture
def journal(tmp_path):
    """One of two events, of which two destinations have had the first segment, and one that it refused."""
    put(tmp_path, line(1), line(2, name="poison"), line(3, __schema__="b"), begun_at=1e9)
    for kind in (PlannedSink, Other):
        carrier = make_carrier(tmp_path, kind(Destination()))
        assert carrier.carry(until_empty=True)
        carrier.hand_back()
    erase(tmp_path, erases=lambda schema: schema == "b", settle_s=0.0)
    put(tmp_path, line(4), line(5), begun_at=2e9)
    return tmp_path


@pytest.mark.parametrize("by", ["name", "directory"])
def test_it_is_forgotten_with_what_was_waiting_and_what_it_was_not_told(journal, by):
    place = place_of(journal)
    name = PlannedSink.name if by == "name" else place.name
    assert retire(journal, name) == Retired(PlannedSink.name, Reckoning(1, 1, 0, 1, 2), 1)
    assert [path.name for path in (journal / "shipping").iterdir()] == [place_of(journal, Other).name]
    assert len(list(dead_letters(journal, place.name))) == 1
    with pytest.raises(ConfigurationError, match="nothing is shipped to 'planned:sink'; known are other"):
        retire(journal, PlannedSink.name)


def test_nothing_is_kept_for_it_any_more(journal):
    newest = scan(journal)[-1].name
    assert behind(journal)[newest] == 2
    retire(journal, "other")
    assert behind(journal)[newest] == 1
    retire(journal, PlannedSink.name)
    assert behind(journal) == {}


def test_one_that_a_shipper_is_at_work_for_is_not_forgotten(journal):
    carrier = make_carrier(journal, PlannedSink(Destination()))
    carrier.carry(until_empty=True)
    with pytest.raises(ConfigurationError, match="a shipper is at work for planned:sink"):
        retire(journal, PlannedSink.name)
    assert (place_of(journal) / "cursor.json").exists()


def test_one_whose_cursor_cannot_be_read_is_forgotten_by_its_directory(journal):
    place = place_of(journal)
    (place / "cursor.json").write_text("{")
    assert retire(journal, place.name) == Retired(place.name, None, 0)
    assert not place.exists()


def test_what_cannot_be_deleted_is_said(journal):
    (place_of(journal) / "kept").mkdir()
    with pytest.raises(JournalError, match="cannot be forgotten"):
        retire(journal, PlannedSink.name)


def test_it_is_sent_all_anew_when_it_is_shipped_to_again(journal):
    retire(journal, PlannedSink.name)
    sink = PlannedSink(Destination())
    assert make_carrier(journal, sink).carry(until_empty=True)
    assert len(sink.destination.lines) == 3
