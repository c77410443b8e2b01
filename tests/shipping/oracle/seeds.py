"""Which plans the tests play, and what they say of one that goes wrong.

JUPYTER_TELEMETRY_ORACLE_SEEDS: how many plans are played, or which: `1000`, or `17,30-40,`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from .destinations import kind_of
from .plan import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["FILES", "check", "plans", "seeds_in"]

FILES = 2  # that share the plans: where tests run beside each other, a file runs as a whole


def plans(file: int) -> Any:
    """Return what gives a test the seeds that are the share of a file: 0 up to FILES, without that."""
    seeds = _asked_for()[file::FILES]
    return pytest.mark.parametrize("seed", [pytest.param(seed, id=f"{kind_of(seed)}-{seed}") for seed in seeds])


def check(seed: int, home: Path) -> None:
    """Play a plan, and fail if anything is wrong in the end."""
    wrong, log = run(seed, home)
    if wrong:
        again = f"`python -m tests.shipping.oracle {seed}` plays this plan again. It was:"
        pytest.fail("\n".join([*wrong, again, *log]), pytrace=False)


def seeds_in(text: str) -> range:
    """Return what a text such as 17 or 30-40 names."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _asked_for() -> Sequence[int]:
    given = os.environ.get("JUPYTER_TELEMETRY_ORACLE_SEEDS", "30")
    if "," in given or "-" in given:
        return [seed for text in given.split(",") if text for seed in seeds_in(text)]
    return range(int(given))
