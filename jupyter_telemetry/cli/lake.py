"""`lake`: what a lake holds, and fewer files for the days that are over."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from ..errors import ConfigurationError
from ..printable import printable
from .options import LAKE_OPTION, options_of, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..lake.lake import Lake

__all__ = ["command"]


def _place(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("lake", metavar="LAKE")(options_of("lake", LAKE_OPTION)(function))


@click.group("lake")
def command() -> None:
    """Look after a lake of Parquet files: a directory, or s3://bucket/prefix.

    \b
    jupyter telemetry lake show /srv/lake
    jupyter telemetry lake compact /srv/lake
    jupyter telemetry lake compact s3://bucket/telemetry --option endpoint=https://minio:9000
    """


@command.command("show")
@_place
def show(lake: str, options: tuple[str, ...]) -> None:
    """Say how many files there are of each schema, and their size."""
    files: Counter[str] = Counter()
    size: Counter[str] = Counter()
    days: dict[str, set[str]] = {}
    for each in _opened(lake, options).files():
        schema, day, _ = each.path.split("/")
        files[schema] += 1
        size[schema] += each.size
        days.setdefault(schema, set()).add(day)
    for schema, count in sorted(files.items()):
        megabytes = size[schema] / 1e6
        name = printable(schema.removeprefix("schema="))
        click.echo(f"{count:>8,} files  {len(days[schema]):>5,} days  {megabytes:>10,.1f} MB  {name}")
    if not files:
        raise click.ClickException(f"there are no events in {printable(lake)}")


@command.command("compact")
@_place
@click.option(
    "--before", metavar="DAY", type=click.DateTime(["%Y-%m-%d"]), help="Only days before this one; YYYY-MM-DD, UTC."
)
def compact(lake: str, options: tuple[str, ...], before: datetime | None) -> None:
    """Make few large files of many small ones, for days that are over.

    Today and the two days before are left alone: they are still written to. It may be killed at any moment, and run
    again; a cron job once a day is enough.
    """
    done = _opened(lake, options).compact(None if before is None else before.date())
    click.echo(f"{done.partitions:,} partitions compacted: {done.before:,} files before, {done.after:,} now")


def _opened(lake: str, options: tuple[str, ...]) -> Lake:
    from ..lake.lake import Lake

    try:
        return Lake(lake, **parsed(options))
    except TypeError:
        raise ConfigurationError("a lake: there is no such option; see its documentation") from None
