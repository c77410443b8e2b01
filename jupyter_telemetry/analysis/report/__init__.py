"""A report of what a journal holds: figures, and two forms of them.

tally (with fields and kernels) asks the journal → figures, plain data on a timeaxis → charts, their geometry →
page, the HTML form, or terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import MissingExtra
from .figures import Figures
from .page import to_html
from .tally import make_figures

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Figures", "make_figures", "to_html", "to_terminal"]


def to_terminal(figures: Figures, title: str = "Telemetry report") -> RenderableType:
    """Return the report as something that rich can print.

    Raises MissingExtra without rich.
    """
    try:
        from . import terminal
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "rich":
            raise
        raise MissingExtra("the report in a terminal", "cli") from None
    return terminal.to_terminal(figures, title)
