import pytest

from bench.calls import PERCENTILES, STATES
from bench.carriage import CPU
from bench.contests import ABOVE_THE_FLOOR, SHIPPING
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


@pytest.fixture
def shipped():
    """What might have been measured of shipping."""
    found = Measured()
    for name, contest in SHIPPING.items():
        costs = {contender: (at + 4) * 1e-6 for at, contender in enumerate(contest.contenders)}
        if name.startswith("calls, "):
            costs |= {f"{state}: {part}": (at + 1) * 1e-6 for state in STATES for at, part in enumerate(PERCENTILES)}
        if name.startswith("to "):
            costs |= {f"{contender}: {CPU}": 1e-6 for contender in contest.contenders}
        found.rounds[name] = [[costs], [costs]]
    return found
