"""The page says what was measured, and what is missed."""

import json
from xml.etree import ElementTree

import pytest

from bench import memory, page, query, results
from bench.contests import ABOVE_THE_FLOOR, CONTESTS
from bench.interleave import interleave
from bench.plot import LABELS
from bench.promises import promises
from bench.rounds import Measured
from bench.terminal import show


@pytest.fixture
def measured():
    found = Measured()
    for at, name in enumerate(ABOVE_THE_FLOOR):
        found.rounds[name] = [[{"subject": (at + 4) * ratio * 1e-6, "floor": 1e-6}] for ratio in (1.0, 1.1, 0.9)]
    found.failures["0.1.0"] = "no network"
    del found.rounds["0.1.0"]
    return found


def test_every_subject_has_a_label_and_says_what_it_does():
    assert LABELS.keys() == ABOVE_THE_FLOOR.keys() == page._DOES.keys()


def test_the_page_has_every_figure_and_what_is_missed(measured, tmp_path):
    rows = promises(measured)
    about = results.conditions()
    page.write(measured, rows, about, rounds=3, page=tmp_path / "speed.md", plot=tmp_path / "speed.svg")
    text = (tmp_path / "speed.md").read_text()
    for row in rows:
        assert f"| {row.what} | {row.target} | {row.measured} | {row.verdict} |" in text
    assert "## What is missed, and what it would take" in text
    missed = [row for row in rows if row.reached is False]
    assert missed
    assert all(row.needed and row.needed in text for row in missed)
    assert "| jupyter_telemetry 0.1.0 | not measured |  | no network |" in text
    svg = ElementTree.parse(tmp_path / "speed.svg").getroot()
    words = "".join(svg.itertext())
    assert all(label in words for name, label in LABELS.items() if name in measured.rounds)


def test_the_same_figures_give_the_same_plot(measured, tmp_path):
    for name in ("one.svg", "other.svg"):
        page.draw(measured, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_results_are_ratios_and_name_no_machine(measured, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    monkeypatch.setattr(results, "LATEST", tmp_path / "latest.json")
    monkeypatch.setattr(results, "_RAW", tmp_path / "latest.raw.json")
    results.save(measured, promises(measured), results.conditions())
    found = json.loads((tmp_path / "latest.json").read_text())
    assert found["floors"]["journal"] == {"median": 4.0, "low": 3.8, "high": 4.2}
    assert found["not measured"] == {"0.1.0": "no network"}
    assert "hostname" not in (tmp_path / "latest.raw.json").read_text()
    assert "node" not in found


def test_the_tables_are_shown(measured, capsys):
    rows = promises(measured)
    show(rows, [("a subject", "4.00", "8.00")])
    shown = capsys.readouterr().out
    assert "reached" in shown
    assert "a subject" in shown


def test_what_stays_is_measured_in_fresh_processes(tmp_path):
    left = memory.leftovers(1000)
    assert left.calls == 1000
    grown = memory.growth(150_000, tmp_path)
    assert (grown.events, grown.written, grown.lost, grown.expired) == (150_000, 150_000, 0, 0)
    assert grown.highest >= grown.at_first > 0
    assert list(tmp_path.iterdir()) == []


def test_the_journal_and_duckdb_count_the_same_events(tmp_path, monkeypatch):
    journal = tmp_path / "journal"
    query.build(journal, 3000)
    monkeypatch.setenv(query.JOURNAL, str(journal))
    interleave(CONTESTS["query"].makers(), 1, number_of_slices=1, pace=(1, 1), directory=tmp_path)


def test_a_fresh_interpreter_says_how_long_it_took(tmp_path):
    seconds = interleave(CONTESTS["startup"].makers(), 1, number_of_slices=1, pace=(1, 1), directory=tmp_path)
    assert all(0 < each < 600 for each in seconds.values())
