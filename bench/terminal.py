"""What the run looks like on a terminal: with rich where it is installed, else plain."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rows import Row

__all__ = ["Progress", "show"]


class Progress:
    """One line that says what is measured now."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._start = time.monotonic()

    def __call__(self, what: str) -> None:
        self._done += 1
        text = f"[{self._done}/{self._steps}] {time.monotonic() - self._start:4.0f} s  {what}"
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def show(rows: Sequence[Row], floors: Sequence[tuple[str, str, str]]) -> None:
    """Print the promises, and what an event costs each subject: (subject, floors, µs)."""
    head = ("what", "to reach", "measured", "", "beside")
    _table("Promises", head, [(row.what, row.target, row.measured, row.verdict, row.beside) for row in rows])
    _table("What an event costs", ("subject", "floors", "µs here"), floors)


def _table(title: str, head: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    if not body:
        return
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        _plain_table(title, head, body)
        return
    table = Table(*head, title=title, title_justify="left", show_lines=False)
    for line in body:
        table.add_row(*(Text(cell, style=_STYLES.get(cell.partition(",")[0], "")) for cell in line))
    Console().print(table)


_STYLES = {"reached": "green", "missed": "bold red", "not measured": "yellow"}


def _plain_table(title: str, head: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    widths = [max(len(line[at]) for line in (head, *body)) for at in range(len(head))]
    print(title)
    for line in (head, *body):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print()
