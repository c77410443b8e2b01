"""`tail`: the latest events, and those that come."""

from __future__ import annotations

import re
import sys
from collections import deque
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from ..journal import JournalReader, view_name
from .consoles import is_terminal, stdout
from .eventline import EventLine
from .source import find_source, nothing_recorded, source_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.shell_completion import CompletionItem

    from ..journal import Damage

__all__ = ["command"]

_ESCAPED = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]")


def _complete_schema(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    try:
        source = find_source(ctx.params.get("journal"), ctx.params.get("config"))
        names = sorted({view_name(*key) for key in source.reader.schemas()})
    except Exception:  # completing is no place to complain
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command("tail")
@source_options
@click.option("-f", "--follow", is_flag=True, help="Go on with the events that come, until Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    "count",
    metavar="N",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How many of the latest events to begin with.",
)
@click.option(
    "--schema",
    metavar="GLOB",
    multiple=True,
    shell_complete=_complete_schema,
    help="Only events of schemas whose id or view is like this; several add up.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the lines of the journal as they are: JSON Lines.")
def command(
    journal: Path | None, config: Path | None, follow: bool, count: int, schema: tuple[str, ...], as_json: bool
) -> int:
    """Show the latest events, one a line: time, schema, and what the event says.

    \b
    jupyter telemetry tail                               the last 10
    jupyter telemetry tail -n 100 --schema '*kernel*'    of the last 100 about kernels
    jupyter telemetry tail -f                            as they come
    jupyter telemetry tail -f --json | jq .action        for programs
    """
    source = find_source(journal, config)
    show = _show_json if as_json else _shower()
    shown = 0
    damaged: list[Damage] = []
    for line in _lines(source.reader, _filter(schema), count, damaged.append, follow=follow):
        show(line)
        shown += 1
    if damaged:
        click.echo(f"{len(damaged)} damaged lines were skipped; `jupyter telemetry status` says where", err=True)
    if not shown and not follow:
        if schema and source.reader.latest(1):
            raise click.ClickException("there are no such events; `jupyter telemetry schemas` lists what is recorded")
        if count:
            raise click.ClickException(nothing_recorded(source))
    return 0


def _filter(globs: tuple[str, ...]) -> Callable[[bytes], bool] | None:
    """Return what says whether a line is of one of the schemas; None if all are."""
    if not globs:
        return None
    verdicts: dict[tuple[str, str], bool] = {}

    def matches(line: bytes) -> bool:
        event = orjson.loads(line)
        key = str(event.get("__schema__")), str(event.get("__schema_version__"))
        if key not in verdicts:
            names = (key[0], view_name(*key))
            verdicts[key] = any(fnmatchcase(name, glob) for name in names for glob in globs)
        return verdicts[key]

    return matches


def _lines(
    reader: JournalReader,
    matches: Callable[[bytes], bool] | None,
    count: int,
    damage: Callable[[Damage], None],
    *,
    follow: bool,
) -> Iterator[bytes]:
    """Yield the last `count` lines that match, and then, with `follow`, those that come."""
    if matches is None:
        yield from reader.follow(last=count, damage=damage) if follow else reader.latest(count, damage)
        return
    coming = reader.follow(last=0, damage=damage) if follow else iter(())  # from now on: before the past is read
    past = deque(filter(matches, reader.lines(damage=damage)), count)
    yield from past
    seen = set(past)
    yield from (line for line in filter(matches, coming) if line not in seen)


def _show_json(line: bytes) -> None:
    """Print a line; on a terminal with control characters escaped, which is the same JSON."""
    if is_terminal():
        click.echo(_ESCAPED.sub(_escape, line.decode()), nl=False)
    else:
        sys.stdout.buffer.write(line)
    sys.stdout.flush()


def _escape(found: re.Match[str]) -> str:
    code = found[0].encode("utf-16-be")
    return "".join(f"\\u{code[at]:02x}{code[at + 1]:02x}" for at in range(0, len(code), 2))


def _shower() -> Callable[[bytes], None]:
    console = stdout(cut=False)
    width = console.width if is_terminal() else None

    def show(line: bytes) -> None:
        console.print(EventLine(orjson.loads(line)).text(width), soft_wrap=True)
        sys.stdout.flush()

    return show
