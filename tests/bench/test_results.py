"""What is kept of a run."""

import json

from bench import results
from bench.memory import Growth
from bench.promises import promises


def test_results_are_ratios_and_name_no_machine(measured, tmp_path):
    results.save(measured, promises(measured), results.conditions(), tmp_path)
    found = json.loads((tmp_path / "latest.json").read_text())
    assert found["floors"]["journal"] == {"median": 4.0, "low": 3.8, "high": 4.2}
    assert found["not measured"] == {"0.1.0": "no network"}
    assert "hostname" not in (tmp_path / "latest.raw.json").read_text()
    assert "node" not in found


def test_the_long_run_is_remembered(tmp_path):
    assert results.load_growth(tmp_path) is None
    growth = Growth(10_000_000, 2**25, 2**25, 90.5, 10_000_000, 0, 7)
    results.save_growth(growth, results.conditions(), tmp_path)
    assert results.load_growth(tmp_path) == growth
