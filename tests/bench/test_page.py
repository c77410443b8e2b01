"""The page says what was measured, and what is missed."""

from xml.etree import ElementTree

from bench import page, results
from bench.contests import ABOVE_THE_FLOOR
from bench.plot import LABELS
from bench.promises import promises


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
