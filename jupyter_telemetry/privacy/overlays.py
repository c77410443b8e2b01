"""What this package knows of schemas that are not its own: Jupyter Server's and JupyterHub's, field by field."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

__all__ = ["shipped"]


@lru_cache(maxsize=1)
def shipped() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the shipped classifications: {schema id: {"/path": {"categories": [...], "reason": "…"}}}.

    The form is that of `c.EventLog.classifications`. The file is read when first asked for; all callers get the same
    object, which is not theirs to change.
    """
    overlays: dict[str, dict[str, dict[str, Any]]] = orjson.loads(
        Path(__file__).with_name("overlays.json").read_bytes()
    )
    return overlays
