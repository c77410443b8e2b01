"""`query`: a question in SQL."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..printable import printable
from .formats import FORMATS, write
from .options import LAKE_OPTION, options_of, parsed
from .source import find_source, nothing_recorded, source_options

if TYPE_CHECKING:
    from ..analysis import JournalDatabase

__all__ = ["command"]


@click.command("query")
@click.argument("sql")
@source_options
@click.option(
    "--from",
    "lake",
    metavar="LAKE",
    help="Ask a lake: a directory, or s3://bucket/prefix; with --journal or --config, both as one.",
)
@options_of("lake", LAKE_OPTION)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="table",
    show_default=True,
    help="table for people; json, jsonl for programs; csv for spreadsheets (see below).",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="How many rows a table shows; 0 for all. Other formats have all rows.",
)
def command(
    sql: str,
    journal: Path | None,
    config: Path | None,
    lake: str | None,
    options: tuple[str, ...],
    form: str,
    as_json: bool,
    limit: int,
) -> None:
    """Ask a question in SQL (DuckDB's); - reads it from standard input.

    Every recorded schema is a view with typed columns, and `events` has all events, their properties as JSON in the
    column `event`. Every view also has the columns __timestamp__, __schema__, __schema_version__ and __id__.
    `jupyter telemetry schemas --columns` lists views and columns. SQL reaches the journal only: no file, no network.

    \b
    jupyter telemetry query "SELECT __schema__, count(*) FROM events GROUP BY ALL"
    jupyter telemetry query "SELECT action, count(*) FROM jupyter_server_contents_service_v1 GROUP BY ALL"
    jupyter telemetry query "SELECT event->>'$.action', __timestamp__ FROM events LIMIT 3" --json
    jupyter telemetry query - --format csv < question.sql > answer.csv
    jupyter telemetry query --from /srv/lake "SELECT count(*) FROM events"

    In csv a text that a spreadsheet would take for a formula gets an apostrophe in front; json has values exactly.
    """
    question = sys.stdin.read() if sql == "-" else sql
    if not question.strip():
        raise click.UsageError("the question is empty")
    database, nothing = _opened(journal, config, lake, options)
    with database:
        answer = database.sql(question)
        write(answer, "json" if as_json else form, limit)
        if not len(answer) and _is_empty(database):
            raise click.ClickException(nothing)


def _opened(
    journal: Path | None, config: Path | None, lake: str | None, options: tuple[str, ...]
) -> tuple[JournalDatabase, str]:
    """Open what is asked; return it, and what is to be said where it holds no event."""
    from ..analysis import open_journal, open_lake

    if lake is not None and journal is None and config is None:
        return open_lake(lake, **parsed(options)), f"there are no events in {printable(lake)}"
    source = find_source(journal, config)
    if not source.directory.is_dir():
        raise click.ClickException(nothing_recorded(source))
    if lake is not None:
        return open_lake(lake, journal=source.directory, **parsed(options)), nothing_recorded(source)
    return open_journal(source.directory), nothing_recorded(source)


def _is_empty(database: JournalDatabase) -> bool:
    return not len(database.sql("SELECT 1 FROM events LIMIT 1"))
