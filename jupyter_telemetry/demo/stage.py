"""What the demo shows while it works: a live table and a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ..journal import JournalReader
from ..printable import cut, printable
from ..timestamp import parsed

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, RenderableType

__all__ = ["Stage"]

MOST_ROWS = 14
POLL_INTERVAL_S = 0.1
_COLOURS = {"contents_service": "cyan", "kernel_actions": "magenta", "batch-done": "green"}


class Stage:
    """Follows a journal and shows its events, beside the steps that cause them. A context manager.

    A thread of its own reads; `step` and `say` are for the thread that acts.
    """

    def __init__(self, console: Console, journal: Path, steps: int) -> None:
        self._console = console
        self._journal = journal
        self._is_live = console.is_terminal
        self._steps = steps
        self._done = 0
        self._rows: deque[tuple[str, str, str, str]] = deque(maxlen=MOST_ROWS)
        self._stop = threading.Event()
        self._reader = threading.Thread(target=self._follow, name="demo-stage", daemon=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._progress.add_task("Start a Jupyter Server", total=steps)
        self._live = Live(console=console, refresh_per_second=8, get_renderable=self._picture, transient=True)

    def __enter__(self) -> Stage:
        self._reader.start()
        if self._is_live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._reader.join()
        if self._is_live:
            self._live.stop()
            self._console.print(self._table())

    def step(self, text: str) -> None:
        """Say what is done next; the step before is done."""
        self._progress.update(self._task, completed=self._done, description=text)
        self._done += 1
        if not self._is_live:
            self._console.print(
                f"[{self._done:>2}/{self._steps}] {text}", markup=False, highlight=False, soft_wrap=True
            )

    def _follow(self) -> None:
        for line in JournalReader(self._journal).follow(stop=self._stop, poll_interval_s=POLL_INTERVAL_S, last=None):
            row = _row(orjson.loads(line))
            self._rows.append(row)
            if not self._is_live:
                time, kind, action, subject = row
                self._console.print(
                    f"        {time}  {kind:<17} {action:<10} {subject}", markup=False, highlight=False, soft_wrap=True
                )

    def _picture(self) -> RenderableType:
        return Group(self._table(), self._progress)

    def _table(self) -> Table:
        table = Table(title="Events as they are recorded", title_justify="left", expand=True, header_style="dim")
        table.add_column("time", no_wrap=True, width=12)
        table.add_column("schema", no_wrap=True, width=18)
        table.add_column("action", no_wrap=True, width=10)
        table.add_column("of what", no_wrap=True, overflow="ellipsis", ratio=1)
        for time, kind, action, subject in list(self._rows):
            table.add_row(time, Text(kind, _COLOURS.get(kind, "")), Text(action, "bold"), Text(subject))
        for _ in range(MOST_ROWS - len(self._rows)):  # or the picture would grow and jump
            table.add_row()
        return table


def _row(event: dict[str, Any]) -> tuple[str, str, str, str]:
    """Say in four words what an event of the demo tells."""
    moment = parsed(event["__timestamp__"]).astimezone()
    parts = event["__schema__"].split("/")
    kind = parts[-2] if parts[-1] == "v1" else parts[-1]
    if "batch" in event:
        action, subject = f"batch {event['batch']}", f"{event['instrument']}, {event['seconds']:.1f} s"
    else:
        action = str(event.get("action"))
        subject = str(event.get("path") if "path" in event else f"kernel {str(event.get('kernel_id'))[:8]}")
        if event.get("source_path"):
            subject = f"{event['source_path']} → {subject}".replace("→ /", "→ ")
    time = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}"
    return time, cut(printable(kind), 18), cut(printable(action), 10), cut(printable(subject), 120)
