"""What a shipper ships, and where to: a journal, a destination in memory, the sink of that, and who carries."""

from __future__ import annotations

import pytest

from .scene import Destination, PlannedSink, make_carrier


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal"


@pytest.fixture
def destination():
    return Destination()


@pytest.fixture
def sink(destination):
    return PlannedSink(destination)


@pytest.fixture
def carrier(journal, sink):
    return make_carrier(journal, sink)
