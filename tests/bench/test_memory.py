"""What stays allocated."""

from bench import memory


def test_what_stays_is_measured_in_fresh_processes(tmp_path):
    left = memory.leftovers(1000)
    assert left.calls == 1000
    grown = memory.growth(150_000, tmp_path)
    assert (grown.events, grown.written, grown.lost, grown.expired) == (150_000, 150_000, 0, 0)
    assert grown.highest >= grown.at_first > 0
    assert list(tmp_path.iterdir()) == []
