"""Reading many events, and a tenth of them."""

from bench import reading
from bench.contests import CONTESTS
from bench.interleave import interleave


def test_both_journals_are_read_from_the_first_event_to_the_last(tmp_path, monkeypatch):
    journals = tmp_path / "journals"
    reading.build(journals, 1000)
    assert {path.name for path in journals.iterdir()} == {"100", "1000"}
    monkeypatch.setenv(reading.JOURNALS, str(journals))
    found = interleave(CONTESTS["reading"].makers(), 1, number_of_slices=1, pace=(1, 1), directory=tmp_path)
    assert found.keys() == {"many", "few"}
