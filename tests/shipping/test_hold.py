"""What was refused before is forgotten when it is on its way again, whoever has found out when."""

from __future__ import annotations

import pytest
from journal.lines import line

from jupyter_telemetry.journal.deadletters import dead_letters
from jupyter_telemetry.shipping.reckoning import Reckoning, reckon

from .scene import at_rest, erase_b, ids, place_of, put


@pytest.mark.parametrize("is_letter_gone", [False, True])
@pytest.mark.parametrize("has_looked", [False, True])
def test_an_event_that_was_refused_and_is_taken_later_is_no_dead_letter(
    journal, sink, carrier, destination, has_looked, is_letter_gone
):
    journal.mkdir()
    if has_looked:  # for dead letters, since what is there before a cursor is may have been sent before
        put(journal, line(0), begun_at=1e9)
    carrier.carry(until_empty=True)
    put(journal, line(1, __schema__="b"), line(2, name="poison"), line(3, __schema__="b"), begun_at=1.1e9)
    carrier.carry(until_empty=True)
    (letter,) = dead_letters(journal)
    if is_letter_gone:
        letter.path.unlink()
    erase_b(journal)  # the segment is another file now, and what was refused comes again
    sink.is_mended = True
    carrier.carry(until_empty=True)
    assert at_rest(destination) == ids(*[0] * has_looked, 2)
    assert list(dead_letters(journal)) == []
    assert reckon(journal, place_of(journal)) == Reckoning(1 + has_looked, 0, 0, erased=2, waiting=0)
