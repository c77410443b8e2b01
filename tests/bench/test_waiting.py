"""The memory of a shipper."""

from bench import reading
from bench.waiting import shipper_memory


def test_memory_is_watched_in_a_fresh_process_that_ships(tmp_path):
    reading.build(tmp_path, 1000)
    found = shipper_memory("http", tmp_path / "1000", 1000)
    assert (found.destination, found.waiting, found.shipped) == ("http", 1000, 1000)
    assert found.highest >= found.alone > 0
