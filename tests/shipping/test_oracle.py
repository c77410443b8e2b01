"""Every event whose call returned is at rest once, as it was, or counted: whatever was killed, cut, filled or erased.

JUPYTER_TELEMETRY_ORACLE_SEEDS: how many plans are played, or which: `1000`, or `17,23`.
"""

from __future__ import annotations

import os

import pytest

from .oracle import DESTINATIONS, run

GIVEN = os.environ.get("JUPYTER_TELEMETRY_ORACLE_SEEDS", "30")
SEEDS = [int(each) for each in GIVEN.split(",") if each] if "," in GIVEN else range(int(GIVEN))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", DESTINATIONS)
def test_every_event_whose_call_returned_is_at_rest_once_or_counted(kind, seed, tmp_path):
    print(f"JUPYTER_TELEMETRY_ORACLE_SEEDS={seed}, plays this plan again")
    assert run(seed, kind, tmp_path) == []
