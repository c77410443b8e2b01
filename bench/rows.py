"""A row of the table: what was promised, what was measured, and whether that is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .rounds import Figure

__all__ = ["Row"]


@dataclass(frozen=True)
class Row:
    """A promise.

    found: None if it was not measured. limit: the figure is to be at most that, or at least.
    unit: with a space before it, where it is a word. beside: what else was seen; or why it was not measured.
    needed: what it would take, if it is missed.
    """

    what: str
    found: Figure | None
    limit: float
    unit: str
    at_most: bool = True
    beside: str = ""
    needed: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the median is as promised; None if it was not measured."""
        if self.found is None:
            return None
        return self.found.median <= self.limit if self.at_most else self.found.median >= self.limit

    @property
    def target(self) -> str:
        """What was promised."""
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}{self.unit}"

    @property
    def measured(self) -> str:
        """What was found: the median, and between what half of the rounds lie."""
        if self.found is None:
            return "–"
        median, space, spread = str(self.found).partition(" ")
        return f"{median}{self.unit}{space}{spread}"

    @property
    def verdict(self) -> str:
        """What to say of it; whether the promise lies within the spread, too."""
        if self.found is None:
            return "not measured"
        is_close = self.found.low < self.limit < self.found.high
        return ("reached" if self.reached else "missed") + (", narrowly" if is_close else "")

    @property
    def by_how_much(self) -> str:
        """How far from the promise it is, of what was promised."""
        if self.found is None:
            return ""
        return f"{abs(self.found.median / self.limit - 1):.0%}"
