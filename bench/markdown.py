"""What both pages have: tables, what was promised, what is missed, under what it was measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rows import Row

__all__ = ["DOCS", "conditions", "missed", "promised", "summary", "table"]

DOCS = Path(__file__).resolve().parent.parent / "docs"


def summary(rows: Sequence[Row]) -> str:
    """Say how many figures are reached."""
    reached = sum(row.reached is True for row in rows)
    return f"{reached} of {len(rows)} figures are reached in this run."


def promised(rows: Sequence[Row]) -> str:
    """Set each figure against what was promised."""
    head = ["what", "to reach", "measured", "", "beside"]
    return table(head, [[row.what, row.target, row.measured, row.verdict, row.beside] for row in rows])


def table(head: list[str], body: list[list[str]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def missed(rows: Sequence[Row]) -> str:
    """Say what is missed, by how much, and why; nothing if nothing is."""
    those = [row for row in rows if row.reached is False]
    if not those:
        return ""
    said = [
        f"- **{_plain(row)}**: {row.measured} instead of {row.target}, {row.by_how_much} off. {row.needed}"
        for row in those
    ]
    return "## What is missed, and what it would take\n\n" + "\n".join(said) + "\n"


def _plain(row: Row) -> str:
    return row.what.removeprefix("– ")


def conditions(about: dict[str, Any]) -> str:
    """Say when, where and with what it was measured."""
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    load = f" with a load of {about['load']}, of other work too" if about.get("load") else ""
    where = f"{about['python']}, {about['system']}, {about['processors']} processors{load}"
    return f"{about['date']}, {where}; {versions}"
