"""`report`: a page of plots, or a summary in the terminal."""

from __future__ import annotations

import os
import re
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .consoles import stdout
from .source import find_source, nothing_recorded, source_options

if TYPE_CHECKING:
    from ..analysis.report import Figures
    from .source import Source

__all__ = ["command"]

_UNITS_S = {"h": 3600, "d": 86400, "w": 7 * 86400}


def _since(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    """Work out a moment: `24h`, `7d`, `4w` ago, or a date or time as ISO 8601 has it, local without an offset."""
    if value is None:
        return None
    if ago := re.fullmatch(r"(\d{1,6})([hdw])", value):
        return time.time() - int(ago[1]) * _UNITS_S[ago[2]]
    try:
        return datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter("write 24h, 7d, 4w, or a date such as 2026-11-23") from None


@click.command("report")
@source_options
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("telemetry-report.html"),
    show_default=True,
    help="Where the page is written; - for standard output.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option("--terminal", is_flag=True, help="Show the report here instead of writing a page.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON instead.")
@click.option("--since", metavar="TIME", callback=_since, help="Only what happened since: 24h, 7d, 4w ago, or a date.")
@click.option("--timezone", metavar="ZONE", help="Tell times in this zone (UTC, Europe/Berlin), not this machine's.")
@click.option("--title", default="Telemetry report", show_default=True, help="What stands above the report.")
def command(journal: Path | None, config: Path | None, **options: Any) -> None:
    """Make a page of plots: activity over time, by hour and weekday, fields, kernel lifetimes.

    The page is one file that loads nothing and runs no script: it can be mailed, archived, or put on a server.

    \b
    jupyter telemetry report --open
    jupyter telemetry report --since 7d --output week.html
    jupyter telemetry report --terminal
    jupyter telemetry report --json | jq .kernels.median_s
    """
    source = find_source(journal, config)
    figures = _figures(source, options["timezone"], options["since"])
    if options["as_json"]:
        import orjson

        click.echo(orjson.dumps(figures.as_dict(), option=orjson.OPT_INDENT_2))
    elif options["terminal"]:
        from ..analysis.report import to_terminal

        stdout().print(to_terminal(figures, options["title"]))
    else:
        _write_page(figures, options["title"], options["output"], open_page=options["open_page"])


def _figures(source: Source, zone: str | None, since: float | None) -> Figures:
    from ..analysis import open_journal
    from ..analysis.report import make_figures

    if not source.directory.exists():
        raise click.ClickException(nothing_recorded(source))
    with open_journal(source.directory) as database:
        if not database.sql("SELECT 1 FROM events LIMIT 1").rows():
            raise click.ClickException(nothing_recorded(source))
        return make_figures(database, zone=zone, since=since)


def _write_page(figures: Figures, title: str, output: Path, *, open_page: bool) -> None:
    from ..analysis.report import to_html

    page = to_html(figures, title)
    if str(output) == "-":
        click.echo(page, nl=False)
        return
    try:
        # As private as the journal that it tells of; whoever wants to show it to others can.
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(page)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from error
    click.echo(f"{output.resolve()}: {figures.events:,} events, {len(page) / 1000:,.0f} kB")
    if open_page:
        click.launch(output.resolve().as_uri())
