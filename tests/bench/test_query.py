"""The same question to both."""

from bench import query
from bench.contests import CONTESTS
from bench.interleave import interleave


def test_a_lake_and_duckdb_count_the_same_events(tmp_path, monkeypatch):
    query.build_lake(tmp_path, 3000)
    monkeypatch.setenv(query.LAKE, str(tmp_path / "lake"))
    interleave(CONTESTS["lake query"].makers(), 1, number_of_slices=1, pace=(1, 1), directory=tmp_path)


def test_the_journal_and_duckdb_count_the_same_events(tmp_path, monkeypatch):
    journal = tmp_path / "journal"
    query.build(journal, 3000)
    monkeypatch.setenv(query.JOURNAL, str(journal))
    interleave(CONTESTS["query"].makers(), 1, number_of_slices=1, pace=(1, 1), directory=tmp_path)
