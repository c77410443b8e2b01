"""`jupyter telemetry …`: look at what is recorded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_NEEDED = ("click", "rich")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 done, 1 nothing found or failed, 2 wrong usage.

    Parameters
    ----------
    arguments: those behind `jupyter telemetry`; by default the process's own.
    """
    try:
        from .program import run

        return run(arguments)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        print(f"Error: {MissingExtra('the command line', 'cli')}", file=sys.stderr)
        return 1
