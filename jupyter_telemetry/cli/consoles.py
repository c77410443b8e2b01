"""Where commands write: a rich console on standard output or error."""

from __future__ import annotations

import sys

from rich.console import Console

__all__ = ["UNBOUNDED", "is_terminal", "stdout"]

UNBOUNDED = 10_000  # columns: a pipe cuts nothing
PAGE = 100  # columns, where something fills a line


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave to `run` what becomes of a pipe that nobody reads; rich would end the process with status 1."""
        raise BrokenPipeError


def stdout(*, cut: bool = True) -> Console:
    """Return a console on standard output; in a pipe it is wide, or with `cut` false as wide as needed."""
    if sys.stdout.isatty():
        return _Console(highlight=False)
    return _Console(highlight=False, width=PAGE if cut else UNBOUNDED)


def is_terminal() -> bool:
    """Say whether standard output is one."""
    return sys.stdout.isatty()
