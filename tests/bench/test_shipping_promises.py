"""Every promise about shipping has its row."""

import pytest

from bench.contests import CONTESTS, SHIPPING
from bench.destinations import DESTINATIONS
from bench.rounds import Measured
from bench.shipping_promises import shipping_promises
from bench.size import Size, lake_size
from bench.waiting import Memory


def _row_of(name, costs):
    measured = Measured()
    measured.rounds[name] = [[costs], [costs]]
    return shipping_promises(measured)


def test_every_promise_has_its_row(shipped):
    memory = Memory("http", 1_000_000, 1000, 50_000_000, 80_000_000)
    size = Size(1_000_000, 20_000_000, 400_000_000)
    rows = shipping_promises(shipped, memories=[memory], sizes=[size], events_read=1_000_000)
    targets = [row.target for row in rows]
    assert targets[:2] == ["≤ 4.5 × the floor", "≤ 10 µs"]
    assert targets.count("≤ 1.1 × the time") == 10  # three percentiles at three levels, and reading
    assert targets.count("≤ 100 MB") == 1
    assert targets[-1] == "≤ 1.3 × the time"
    assert sum("events into" in row.what for row in rows) == len(DESTINATIONS)
    assert all(row.found is not None for row in rows)
    by_target = {row.target: row for row in rows}
    assert by_target["≤ 100 MB"].found.median == pytest.approx(30)
    assert (by_target["≤ 60 bytes"].found.median, by_target["≤ 60 bytes"].beside) == (20, "400 bytes in the journal")


def test_a_lake_is_as_large_as_its_files(tmp_path):
    size = lake_size(tmp_path, 500)
    assert size.events == 500
    files = (tmp_path / "lake").rglob("*.parquet")
    assert size.lake == sum(len(each.read_bytes()) for each in files)
    assert size.journal == sum(len(each.read_bytes()) for each in (tmp_path / "journal").glob("*.jsonl"))


def test_either_events_a_second_or_the_ratio_is_enough():
    slow = {"shipper": 1e-3, "loop": 0.8e-3, "shipper: CPU": 1e-4, "loop: CPU": 1e-5}
    (row,) = _row_of("to http", slow)
    assert (row.target, row.verdict) == ("≥ 0.7 × as many", "reached")
    quick = {"shipper": 1e-5, "loop": 1e-6, "shipper: CPU": 1e-5, "loop: CPU": 1e-6}
    (row,) = _row_of("to http", quick)
    assert (row.target, row.verdict) == ("≥ 50000/s", "reached")
    neither = {"shipper": 1e-3, "loop": 0.1e-3, "shipper: CPU": 1e-4, "loop: CPU": 1e-5}
    (row,) = _row_of("to http", neither)
    assert (row.target, row.verdict) == ("≥ 0.7 × as many", "missed")


def test_what_could_not_be_measured_is_said():
    measured = Measured()
    measured.failures["to kafka"] = "no library"
    (row,) = shipping_promises(measured)
    assert (row.verdict, row.beside) == ("not measured", "no library")


def test_every_contest_is_part_of_one_run():
    assert SHIPPING.items() <= CONTESTS.items()
