"""`erase`: take events out of the journal."""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from ..journal.erasure import erase, take_stock
from ..printable import printable
from .elsewhere import elsewhere, told_of_erasures, whom_to_ask
from .governed import find_governed
from .source import nothing_recorded, source_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..journal.erasure import Erasure, Holdings
    from .source import Source

__all__ = ["command", "like_any"]


@click.command("erase")
@source_options
@click.option(
    "--schema",
    metavar="GLOB",
    multiple=True,
    help="Only events of schemas whose id is like this; several add up.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def command(journal: Path | None, config: Path | None, schema: tuple[str, ...], yes: bool, as_json: bool) -> int:
    """Take events out of the journal, for ever, while recording goes on.

    Says first how many events of which schema would go, and asks. What is recorded from then on stays, and so does
    what the configuration says may not be erased. The ids of what is gone are kept, so that other places can be told;
    nothing else of it is.

    \b
    jupyter telemetry erase
    jupyter telemetry erase --schema '*contents_service*'
    jupyter telemetry erase --yes --json

    Exit status 1 if there is nothing to erase, or not all of it could be.
    """
    governed = find_governed(journal, config)
    source, governance = governed.source, governed.governance()
    erases = like_any(schema) if schema else None

    def ground(schema_id: str) -> str:
        return governance.standing(schema_id).setting.not_erasable

    stock = take_stock(source.directory, erases=erases, not_erasable=ground)
    if not stock.erasable and not stock.dead_letters:
        _say_kept(stock.kept, ground)
        _say_damaged(stock.damaged)
        raise click.ClickException(_nothing_to_erase(source, stock, schema))
    if not yes:
        _ask(source, stock, ground)
    done = erase(source.directory, erases=erases, not_erasable=ground)
    if as_json:
        click.echo(orjson.dumps(_as_dict(source, done, ground), option=orjson.OPT_INDENT_2))
    else:
        _say(source, done, ground)
    for each in done.left:
        click.echo(f"Error: {printable(str(each.path))} ({_events(each.events)}) is as it was: {each.reason}", err=True)
    return 1 if done.left else 0


def like_any(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """Return what says of a schema id whether it is like one of the globs."""
    return lambda schema_id: any(fnmatchcase(schema_id, glob) for glob in globs)


def _nothing_to_erase(source: Source, stock: Holdings, globs: tuple[str, ...]) -> str:
    if stock.kept:
        return "nothing was erased"
    if globs:
        return "there are no such events; `jupyter telemetry schemas` lists what is recorded"
    return nothing_recorded(source)


def _ask(source: Source, stock: Holdings, ground: Callable[[str], str]) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on: give --yes to erase without being asked")
    click.echo(f"In {printable(str(source.directory))}, these events would be erased for ever:", err=True)
    for schema_id, events in sorted(stock.erasable.items()):
        click.echo(f"  {events:>9,}  {printable(schema_id)}", err=True)
    _say_letters(stock.dead_letters, "would be erased too")
    _say_kept(stock.kept, ground)
    _say_elsewhere(source)
    if not click.confirm(f"Erase {_events(sum(stock.erasable.values()))}?", err=True):
        raise click.ClickException("nothing was erased")


def _say(source: Source, done: Erasure, ground: Callable[[str], str]) -> None:
    for schema_id, events in sorted(done.erased.items()):
        click.echo(f"{events:>11,}  {printable(schema_id)}")
    click.echo(f"{_events(sum(done.erased.values()))} erased.")
    _say_letters(done.dead_letters, "erased too")
    _say_kept(done.kept, ground)
    _say_damaged(done.damaged)
    _say_elsewhere(source)


def _say_letters(letters: Mapping[str, int], what: str) -> None:
    if count := sum(letters.values()):
        click.echo(f"Dead letters, which a destination had refused, {what}: {count:,}", err=True)


def _say_kept(kept: Mapping[str, int], ground: Callable[[str], str]) -> None:
    for schema_id, events in sorted(kept.items()):
        click.echo(f"Kept: {_events(events)} of {printable(schema_id)}: {printable(ground(schema_id))}", err=True)


def _say_damaged(damaged: int) -> None:
    if damaged:
        click.echo(
            f"Kept: {damaged:,} damaged lines that cannot be read as events; `jupyter telemetry status` says where",
            err=True,
        )


def _say_elsewhere(source: Source) -> None:
    told = told_of_erasures(source)
    for name in elsewhere(source):
        if name in told:
            click.echo(f"Erased later: what {name} has received, when it is told of this", err=True)
        else:
            click.echo(f"Not erased: what {name} has received; ask {whom_to_ask(source)}", err=True)


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count:,} events"


def _as_dict(source: Source, done: Erasure, ground: Callable[[str], str]) -> dict[str, object]:
    return {
        "journal": str(source.directory),
        "erased": done.erased,
        "kept": [
            {"schema": schema_id, "events": events, "ground": ground(schema_id)}
            for schema_id, events in sorted(done.kept.items())
        ],
        "dead_letters": done.dead_letters,
        "segments": done.segments,
        "tombstone": None if done.tombstone is None else str(done.tombstone),
        "damaged": done.damaged,
        "left": [{"path": str(each.path), "events": each.events, "reason": each.reason} for each in done.left],
        "not_reached": [name for name in elsewhere(source) if name not in told_of_erasures(source)],
        "reached_later": [name for name in elsewhere(source) if name in told_of_erasures(source)],
        "contact": (source.configuration and source.configuration.contact) or None,
    }
