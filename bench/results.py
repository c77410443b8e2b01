"""bench/results: what the last runs found, as ratios wherever that is possible; no word of the machine's name."""

from __future__ import annotations

import json
import os
import platform
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .contests import SHIPPING
from .memory import Growth
from .rounds import figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rounds import Figure, Measured
    from .rows import Row

__all__ = ["LIBRARIES", "RESULTS", "conditions", "load_growth", "save", "save_growth"]

RESULTS = Path(__file__).resolve().parent / "results"
_LONG = "long.json"  # the run of ten million events, which is not part of every run
_PEERS = ("jupyter_events", "structlog", "python-json-logger", "opentelemetry-sdk", "orjson", "jsonschema-rs", "duckdb")
LIBRARIES = (
    "httpx",
    "opentelemetry-exporter-otlp-proto-http",
    "confluent-kafka",
    "nats-py",
    "psycopg",
    "pyarrow",
    "duckdb",
    "orjson",
)
"""Those of the sinks."""


def conditions(packages: Sequence[str] = _PEERS) -> dict[str, Any]:
    """Say under what it was measured."""
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[2], 1) if hasattr(os, "getloadavg") else None,  # of the last 15 minutes
        "versions": {name: metadata.version(name) for name in packages},
    }


def save(
    measured: Measured, rows: Sequence[Row], about: dict[str, Any], directory: Path = RESULTS, name: str = "latest"
) -> None:
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
            contest: _rounded(figure(measured.above_the_floor(contest)))
            for contest, rounds in measured.rounds.items()
            if {"subject", "floor"} <= rounds[0][0].keys()
        },
        "seconds": {
            contest: {contender: _rounded(figure(measured.seconds(contest, contender))) for contender in rounds[0][0]}
            for contest, rounds in measured.rounds.items()
            if contest in SHIPPING
        },
        "not measured": measured.failures,
    }
    (directory / f"{name}.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    if suite := measured.suite():
        suite.dump(str(directory / f"{name}.raw.json"), replace=True)


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
