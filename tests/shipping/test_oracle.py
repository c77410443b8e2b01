"""Every event whose call returned is at rest once, as it was, or counted: whatever was killed, cut, filled or erased.

JUPYTER_TELEMETRY_ORACLE_SEEDS: how many plans are played, or which: `1000`, or `17,30-40,`.
"""

from __future__ import annotations

import os

import pytest

from .oracle.__main__ import seeds_in
from .oracle.destinations import kind_of
from .oracle.plan import run

GIVEN = os.environ.get("JUPYTER_TELEMETRY_ORACLE_SEEDS", "30")
NAMED = [seed for text in GIVEN.split(",") if text for seed in seeds_in(text)]
SEEDS = NAMED if "," in GIVEN or "-" in GIVEN else range(int(GIVEN))


@pytest.mark.parametrize("seed", [pytest.param(seed, id=f"{kind_of(seed)}-{seed}") for seed in SEEDS])
def test_every_event_whose_call_returned_is_at_rest_once_or_counted(seed, tmp_path):
    wrong, log = run(seed, tmp_path)
    if wrong:
        again = f"`python -m tests.shipping.oracle {seed}` plays this plan again. It was:"
        pytest.fail("\n".join([*wrong, again, *log]), pytrace=False)
