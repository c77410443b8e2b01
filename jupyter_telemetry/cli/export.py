"""`export`: all events of the journal, for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..journal.export import FORMATS, export
from ..printable import printable
from ..privatefile import replacing
from .consoles import is_terminal
from .elsewhere import told_elsewhere
from .erase import like_any
from .source import find_source, nothing_recorded, source_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..journal import Damage

__all__ = ["command"]

_NO_SUCH = "there are no such events; `jupyter telemetry schemas` lists what is recorded"


@click.command("export")
@source_options
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="jsonl",
    show_default=True,
    help="jsonl: the lines as they were written; csv: for spreadsheets.",
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("-"),
    help="Where the export is written, for you alone to read; by default on standard output.",
)
@click.option(
    "--schema",
    metavar="GLOB",
    multiple=True,
    help="Only events of schemas whose id is like this; several add up.",
)
def command(journal: Path | None, config: Path | None, form: str, output: Path, schema: tuple[str, ...]) -> None:
    """Give out every event that is in the journal.

    csv has the columns of the view `events`: the metadata, and the event's own properties as JSON. Where events go to
    other places too, standard error says for each what is sent there, in which form, and whom to ask.

    \b
    jupyter telemetry export --output events.jsonl
    jupyter telemetry export --format csv --output events.csv
    jupyter telemetry export --schema '*contents_service*' | jq .action
    """
    source = find_source(journal, config)
    wants = like_any(schema) if schema else None
    if next(export(source.reader, "jsonl", wants=wants), None) is None:
        raise click.ClickException(_NO_SUCH if source.reader.latest(1) else nothing_recorded(source))
    damaged: list[Damage] = []
    pieces = export(source.reader, form, wants=wants, damage=damaged.append)
    if str(output) == "-":
        _print(pieces)
    else:
        _write(pieces, output)
    if damaged:
        click.echo(f"{len(damaged)} damaged lines were left out; `jupyter telemetry status` says where", err=True)
    for paragraph in told_elsewhere(source):
        click.echo(paragraph, err=True)


def _print(pieces: Iterable[bytes]) -> None:
    """Write to standard output; on a terminal, without control characters."""
    if is_terminal():
        for piece in pieces:  # each holds whole lines
            click.echo(printable(piece.decode(), keep="\r\n"), nl=False)
    else:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
    sys.stdout.flush()


def _write(pieces: Iterator[bytes], output: Path) -> None:
    try:
        if output.exists() and not output.is_file():  # a device, a pipe
            with output.open("wb") as file:
                file.writelines(pieces)
            return
        with replacing(output) as file:
            file.writelines(pieces)
            size = file.tell()
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from error
    click.echo(f"{printable(str(output.resolve()))}: {size / 1000:,.0f} kB", err=True)
