"""`schemas`: what is recorded, and what questions may be about."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ..printable import cut, printable
from .consoles import stdout
from .source import find_source, nothing_recorded, source_options

if TYPE_CHECKING:
    from ..analysis import View

__all__ = ["command"]


@click.command("schemas")
@source_options
@click.option("--columns", is_flag=True, help="List the columns of each view, with their types, too.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def command(journal: Path | None, config: Path | None, columns: bool, as_json: bool) -> None:
    """List the recorded schemas: the name of their view, events, id and version.

    \b
    jupyter telemetry schemas
    jupyter telemetry schemas --columns
    jupyter telemetry schemas --json | jq -r .[].name
    """
    from ..analysis import open_journal

    source = find_source(journal, config)
    if not source.directory.is_dir():
        raise click.ClickException(nothing_recorded(source))
    with open_journal(source.directory) as database:
        views = database.views()
    if not views:
        raise click.ClickException(nothing_recorded(source))
    if as_json:
        click.echo(orjson.dumps([asdict(view) for view in views], option=orjson.OPT_INDENT_2))
        return
    console = stdout(cut=False)
    if columns:
        for view in views:
            console.print(_view(view))
    else:
        console.print(_list(views))


def _list(views: list[View]) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="bold", show_edge=False)
    table.add_column("view", overflow="fold")
    table.add_column("events", justify="right")
    table.add_column("schema id", overflow="fold")
    table.add_column("version", overflow="fold")
    table.add_column("columns", justify="right")
    for view in views:
        own = sum(column.key is not None for column in view.columns)
        texts = (view.name, f"{view.events:,}", view.schema_id, view.version, str(own))
        table.add_row(*(Text(cut(printable(text), 300)) for text in texts))
    return table


def _view(view: View) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="dim", show_edge=False, title_justify="left", caption_justify="left")
    table.title = Text(f"{printable(view.name)}  ", "bold not italic")
    table.title.append(f"{view.events:,} events", "not bold dim")
    for name in ("column", "type", "what it says"):
        table.add_column(name, overflow="fold")
    for column in view.columns:
        description = " ".join(column.description.strip().partition("\n\n")[0].split())
        texts = (column.name, column.type, cut(description, 160))
        table.add_row(*(Text(printable(text), "" if column.key else "dim") for text in texts))
    return table
