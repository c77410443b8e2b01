"""What the tests of decisions share."""

from __future__ import annotations

import pytest

from jupyter_telemetry.privacy.decisions import DecisionStore

from .decided import MOMENT


@pytest.fixture
def file(tmp_path):
    return tmp_path / "share" / "jupyter" / "telemetry" / "consent.json"


@pytest.fixture
def store(file):
    return DecisionStore(file, clock=lambda: MOMENT)
