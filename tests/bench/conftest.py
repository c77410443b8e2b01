import pytest

from bench.contests import ABOVE_THE_FLOOR
from bench.rounds import Measured


@pytest.fixture
def measured():
    """What might have been measured: 0.1.0 could not be."""
    found = Measured()
    for at, name in enumerate(ABOVE_THE_FLOOR):
        found.rounds[name] = [[{"subject": (at + 4) * ratio * 1e-6, "floor": 1e-6}] for ratio in (1.0, 1.1, 0.9)]
    found.failures["0.1.0"] = "no network"
    del found.rounds["0.1.0"]
    return found
