"""Whole shippers, and the loops beside them."""

import pytest

from bench.carriage import CPU, batches
from bench.contests import CONTESTS
from bench.destinations import DESTINATIONS
from bench.interleave import interleave
from jupyter_telemetry.shipping import BatchLimits


@pytest.mark.parametrize("name", DESTINATIONS)
def test_a_shipper_and_the_loop_beside_it_bring_every_event_to_rest(name, tmp_path):
    makers = CONTESTS[f"to {name}"].makers()
    found = interleave(makers, 200, number_of_slices=2, pace=(1, 1000), directory=tmp_path)
    assert found.keys() == {"shipper", "loop", f"shipper: {CPU}", f"loop: {CPU}"}
    assert all(0 < each < 60 for each in found.values())


@pytest.mark.parametrize("name", DESTINATIONS)
def test_a_destination_says_what_it_is_and_whom_it_is_for(name):
    assert all(DESTINATIONS[name])


def test_batches_are_as_a_sink_likes_them():
    made = batches(BatchLimits(events=10, size=10**6), 25)
    assert [len(batch) for batch in made] == [10, 10, 5]
    assert len({event_id for batch in made for event_id in batch.ids}) == 25
