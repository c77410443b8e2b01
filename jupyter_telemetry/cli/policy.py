"""`policy check`: what a configuration keeps of each schema, field by field, and what in it is likely a mistake."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import orjson
from rich.table import Table
from rich.text import Text

from ..destination import destinations
from ..disclosure import AGREED, withheld_paths
from ..journal import view_name
from ..loading import load_file
from ..outlet import Outlet
from ..printable import printable
from ..privacy.plan import plan
from ..route import Counters, Route
from ..schema import EventSchema
from .consoles import is_terminal, stdout
from .governed import find_governed
from .source import source_options

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from ..governance import Governance
    from ..privacy import Classification, Limits
    from ..privacy.plan import Field

__all__ = ["command"]

NOT_YET = " (nothing of it yet: the user here has not agreed)"


class _Kept(NamedTuple):
    """What becomes of one schema's events."""

    schema: EventSchema
    classification: Classification
    limits: Limits | None
    fields: list[Field]
    withheld: set[str]  # paths of which the user has not agreed to; {""}: the whole schema
    narrower: list[_Narrower] = []


class _Narrower(NamedTuple):
    """What becomes of them for a handler with limits of its own, where that differs."""

    handler: str  # which, in words
    fields: list[Field] | None  # None: it gets none of the events
    withheld: set[str]


@click.group("policy")
def command() -> None:
    """Check what a configuration keeps, before it records anything.

    \b
    jupyter telemetry policy check                           what is kept now
    jupyter telemetry policy check --config my_config.py     what would be
    """


@command.command("check")
@source_options
@click.option(
    "--schema",
    "wanted",
    metavar="GLOB|FILE",
    multiple=True,
    help="Only schemas whose id or view is like this; or the file of a schema that nobody has recorded yet.",
)
@click.option(
    "--event",
    "event_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Show what is kept of this event: JSON, with one --schema.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def check(
    journal: Path | None, config: Path | None, wanted: tuple[str, ...], event_file: Path | None, as_json: bool
) -> int:
    """Say of each field whether it is kept, or what becomes of it, and which rule decided.

    Where a handler has narrower limits of its own, the fields of which it gets less follow.

    \b
    jupyter telemetry policy check
    jupyter telemetry policy check --config my_config.py --schema '*contents*'
    jupyter telemetry policy check --schema my-event.yaml --event event.json

    Then what in the configuration is likely a mistake, and what to write instead. Nothing is recorded. Exit status 1
    if there is such a thing.
    """
    governed = find_governed(journal, config)
    governance = governed.governance()
    added = [_read_schema(Path(name)) for name in wanted if Path(name).is_file()]
    schemas = _chosen(governed.schemas, [name for name in wanted if not Path(name).is_file()], added)
    kept = [_kept(schema, governance, governed.handlers) for schema in schemas]
    problems, notes = governed.problems(governance, [*governed.schemas, *added]), governed.notes(governance)
    if event_file is not None:
        for problem in governed.problems_of_key():
            click.echo(printable(f"! {problem}"), err=True)
        return _show_event(kept, event_file, governed.log.max_event_bytes)
    if as_json:
        about = {**_as_dict(kept), "problems": problems, "notes": notes}
        click.echo(orjson.dumps(about, option=orjson.OPT_INDENT_2))
    else:
        _show(kept, is_all=not wanted)
        _show_remarks(problems, notes)
    return 1 if problems else 0


def _read_schema(file: Path) -> EventSchema:
    try:
        return EventSchema(load_file(file))
    except OSError as error:
        raise click.ClickException(f"{printable(str(file))} cannot be read: {error.strerror}") from None


def _chosen(known: Sequence[EventSchema], globs: list[str], added: list[EventSchema]) -> list[EventSchema]:
    if not globs and added:
        return added
    found = [
        schema
        for schema in known
        if not globs
        or any(fnmatchcase(n, glob) for n in (schema.id, view_name(schema.id, schema.version)) for glob in globs)
    ]
    if not found and not added:
        raise click.ClickException("no known schema is called so; `jupyter telemetry schemas` lists what is recorded")
    return found + added


def _kept(schema: EventSchema, governance: Governance, handlers: Iterable[logging.Handler | dict[str, Any]]) -> _Kept:
    classification = governance.classification(schema)
    limits = governance.admitted(schema.id, classifies=classification.classifies)
    if limits is None:
        return _Kept(schema, classification, None, [], set())
    is_on = governance.standing(schema.id).on
    fields = plan(classification, [limits])
    withheld = withheld_paths(classification, [limits], governance) if is_on else {""}
    kept = _Kept(schema, classification, limits, fields, withheld)
    narrower = [_narrower(kept, limits, index, each, governance) for index, each in enumerate(handlers)]
    return kept._replace(narrower=[each for each in narrower if each is not None])


def _narrower(
    kept: _Kept, limits: Limits, index: int, handler: logging.Handler | dict[str, Any], governance: Governance
) -> _Narrower | None:
    """Compare what a handler gets with what the log keeps; None if it is the same."""
    schema, classification = kept.schema, kept.classification
    both = governance.limits_for(handler, schema.id, limits, classifies=classification.classifies)
    if both is None:
        return _Narrower(_named(index, handler), None, set())
    known = {(field.path, field.action) for field in kept.fields}
    fields = [field for field in plan(classification, both) if (field.path, field.action) not in known]
    withheld = kept.withheld if "" in kept.withheld else withheld_paths(classification, both, governance)
    return _Narrower(_named(index, handler), fields, withheld) if fields else None


def _named(index: int, handler: logging.Handler | dict[str, Any]) -> str:
    """Name a handler by where it sends to, by its file if it has one, and by its place in the configuration."""
    settings = handler if isinstance(handler, dict) else {"filename": getattr(handler, "baseFilename", None)}
    file = settings.get("filename")
    where = [*destinations([handler]), *([Path(file).name] if isinstance(file, (str, Path)) else [])]
    return ", ".join([*where, f"EventLog.handlers[{index}]"])


def _show_event(kept: list[_Kept], file: Path, max_event_bytes: int) -> int:
    """Print what is left of an event that takes the road of every event. Raises InvalidEvent."""
    if len(kept) != 1:
        raise click.UsageError(f"--event is one schema's: choose one of these {len(kept)} by --schema")
    schema, classification, limits, *_ = kept[0]
    if limits is None:
        raise click.ClickException(printable(f"{schema.id} is not allowed: nothing is kept of its events"))
    try:
        event = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise click.ClickException(f"{printable(str(file))} is no JSON") from None
    outlet = Outlet(
        schema,
        classification,
        (limits,),
        line_handlers=(),
        record_handlers=(),
        max_event_bytes=max_event_bytes,
        redaction_failed=lambda: click.echo("! A redaction failed on a value, which became null.", err=True),
    )
    route = Route(schema, Counters(), outlet)
    route.validate(event)
    left = route.filter(event)
    route.encode(route.seal(left, None), left)
    text = orjson.dumps(left, option=orjson.OPT_INDENT_2).decode()
    click.echo(printable(text, keep="\n") if is_terminal() else text)
    return 0


def _show(kept: list[_Kept], *, is_all: bool) -> None:
    console = stdout(cut=False)
    denied = [each.schema.id for each in kept if each.limits is None]
    for each in kept:
        if each.limits is None:
            continue
        title = Text(printable(f"{each.schema.id}, version {each.schema.version}"), "bold")
        console.print(title + Text(NOT_YET, "yellow") if "" in each.withheld else title)
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("  field", "what becomes of it", "which rule decided", "categories"):
            table.add_column(name, overflow="fold")
        for field in each.fields:
            style = "" if field.is_kept else "dim"
            form = field.action.text + (AGREED if field.path in each.withheld else "")
            cells = (f"  {field.path}", form, field.rule, ", ".join(field.categories))
            table.add_row(*(Text(printable(cell), style) for cell in cells))
        console.print(table)
        for handler in each.narrower:
            _show_narrower(handler, console)
        console.print()
    if denied:
        what = "Not allowed, so nothing is kept of them" if is_all else "Not allowed, so nothing is kept"
        console.print(Text(printable(f"{what}: {', '.join(denied)}"), "dim"), soft_wrap=True)


def _show_narrower(told: _Narrower, console: Console) -> None:
    if told.fields is None:
        text = f"  For {told.handler}: nothing of them (its allowed_schemas)"
        console.print(Text(printable(text)), soft_wrap=True)
        return
    console.print(Text(printable(f"  For {told.handler}, by its own limits:")), soft_wrap=True)
    for field in told.fields:
        form = field.action.text + (AGREED if field.path in told.withheld else "")
        console.print(Text(printable(f"    {field.path}: {form} ({field.rule})")), soft_wrap=True)


def _show_remarks(problems: list[str], notes: list[str]) -> None:
    console = stdout(cut=False)
    for note in notes:
        console.print(Text(printable(f"· {note}"), "dim"), soft_wrap=True)
    for problem in problems:
        console.print(Text(printable(f"! {problem}"), "yellow"), soft_wrap=True)
    if not problems:
        console.print("Nothing in the configuration looks like a mistake.")


def _as_dict(kept: Iterable[_Kept]) -> dict[str, Any]:
    return {
        "schemas": [
            {
                "schema": each.schema.id,
                "version": each.schema.version,
                "allowed": each.limits is not None,
                "fields": _fields_as_dicts(each.fields, each.withheld),
                "narrower": [
                    {
                        "handler": told.handler,
                        "allowed": told.fields is not None,
                        "fields": _fields_as_dicts(told.fields or [], told.withheld),
                    }
                    for told in each.narrower
                ],
            }
            for each in kept
        ]
    }


def _fields_as_dicts(fields: Iterable[Field], withheld: set[str]) -> list[dict[str, Any]]:
    return [
        {
            "path": field.path,
            "action": field.action.name,
            "form": field.action.text,
            "rule": field.rule,
            "agreed": not withheld & {"", field.path},
            "categories": field.categories,
        }
        for field in fields
    ]
