"""bench/results: what the last runs found, as ratios wherever that is possible; no word of the machine's name."""

from __future__ import annotations

import json
import os
import platform
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .contests import ABOVE_THE_FLOOR
from .memory import Growth
from .rounds import figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rounds import Figure, Measured
    from .rows import Row

__all__ = ["RESULTS", "conditions", "load_growth", "save", "save_growth"]

RESULTS = Path(__file__).resolve().parent / "results"
_LATEST, _RAW = "latest.json", "latest.raw.json"
_LONG = "long.json"  # the run of ten million events, which is not part of every run
_PEERS = ("jupyter_events", "structlog", "python-json-logger", "opentelemetry-sdk", "orjson", "jsonschema-rs", "duckdb")


def conditions() -> dict[str, Any]:
    """Say under what it was measured."""
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "versions": {name: metadata.version(name) for name in _PEERS},
    }


def save(measured: Measured, rows: Sequence[Row], about: dict[str, Any], directory: Path = RESULTS) -> None:
    """Keep the figures, and all values in pyperf's own form (for `python -m pyperf stats`)."""
    directory.mkdir(exist_ok=True)
    found = {
        **about,
        "promises": [
            {
                "what": row.what,
                "target": row.target,
                "measured": row.found and _rounded(row.found),
                "unit": row.unit.strip(),
                "verdict": row.verdict,
                "beside": row.beside,
            }
            for row in rows
        ],
        "floors": {
            name: _rounded(figure(measured.above_the_floor(name)))
            for name in ABOVE_THE_FLOOR
            if name in measured.rounds
        },
        "not measured": measured.failures,
    }
    (directory / _LATEST).write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    if suite := measured.suite():
        suite.dump(str(directory / _RAW), replace=True)


def save_growth(growth: Growth, about: dict[str, Any], directory: Path = RESULTS) -> None:
    """Keep what the long run found."""
    directory.mkdir(exist_ok=True)
    (directory / _LONG).write_text(json.dumps({**about, "growth": growth._asdict()}, indent=2) + "\n")


def load_growth(directory: Path = RESULTS) -> Growth | None:
    """Return what the last long run found; None if there was none yet."""
    found = directory / _LONG
    return Growth(**json.loads(found.read_text())["growth"]) if found.exists() else None


def _rounded(found: Figure) -> dict[str, float]:
    return {name: float(f"{value:.4g}") for name, value in found._asdict().items()}
