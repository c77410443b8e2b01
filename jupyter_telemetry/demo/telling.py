"""What the demo says before and after it has worked."""

from __future__ import annotations

import shlex
import shutil
import sys
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from ..errors import TelemetryError
from ..printable import printable

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from rich.console import Console

    from ..analysis import Result
    from .questions import Question
    from .user import Expected

__all__ = ["Teller"]

_THEME = "ansi_dark"


class Teller:
    """Says it on a console."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def begin(self, configuration: str, steps: int) -> None:
        """Say what is going to happen, with which configuration."""
        self.console.print(Text("jupyter_telemetry: from a real Jupyter Server to an answered question", "bold"))
        self.console.print(
            f"A Jupyter Server starts with this configuration; a scripted user takes {steps} steps in it, over its "
            "REST API and in real kernels. Beside it, an application of ten lines records events of its own.",
            highlight=False,
            soft_wrap=not self.console.is_terminal,
        )
        self._code(configuration.strip(), "python", "jupyter_server_config.py")

    def events(self, schemas: Counter[str], expected: int, missing: Counter[Expected], log: Path) -> None:
        """Say what is recorded.

        Raises TelemetryError if something is missing.
        """
        if missing:
            listed = "\n".join(
                f"  {count} × {each.action} {each.subject} ({each.schema_id})" for each, count in missing.items()
            )
            raise TelemetryError(
                f"the demo failed: of {expected} events that its script caused, {missing.total()} are not in the "
                f"journal; the server's log is {log}\n{listed}"
            )
        text = Text("✓ ", "bold green")
        text.append(f"{schemas.total()} events are recorded", "bold")
        text.append(f", among them all {expected} that the script must have caused.", "")
        self.console.print(text)

    def question(self, number: int, question: Question, answer: Result) -> None:
        """Show a question, its SQL, and the answer."""
        self.console.print()
        self.console.print(Text(f"Question {number}: {question.text}", "bold"))
        self._code(question.sql, "sql", "SQL")
        table = Table(header_style="dim", box=SIMPLE_HEAD)
        for column, kind in zip(answer.columns, answer.types, strict=True):
            table.add_column(column, justify="left" if kind == "VARCHAR" else "right")
        for row in answer.rows():
            table.add_row(*(Text("" if value is None else printable(str(value))) for value in row))
        self.console.print(table)

    def end(self, journal: Path, report: Path) -> None:
        """Say what is left, and what to do with it."""
        option = f"--journal {shlex.quote(str(journal))}"
        program = _program()
        lines = [
            ("Report", report.resolve().as_uri()),
            ("Journal", str(journal)),
            ("Ask it", f'{program} query {option} "FROM events LIMIT 5"'),
            ("Look", f"{program} tail {option}"),
        ]
        self.console.print(Text("\nYours to look at", "bold"))
        for name, text in lines:  # unbroken, so that they can be copied
            self.console.print(Text.assemble((f"  {name:<9}", "dim"), text), soft_wrap=True)

    def _code(self, code: str, language: str, title: str) -> None:
        shown = Syntax(code, language, theme=_THEME, background_color="default", word_wrap=True)
        self.console.print(Panel(shown, title=title, title_align="left", border_style="dim", expand=False))


def _program() -> str:
    """Say how this program is called from here: in a virtual environment that is not activated, by its path."""
    called = sys.argv[0]
    if called.endswith("jupyter-telemetry") and not shutil.which("jupyter-telemetry"):
        return shlex.quote(called)
    return "jupyter telemetry"
