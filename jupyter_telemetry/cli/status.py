"""`status`: what is recorded, where, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson
from rich.table import Table
from rich.text import Text
from traitlets import TraitError

from ..journal.line import schema_and_version_of
from ..printable import printable
from . import shipped, told
from .configuration import is_of_extension
from .consoles import stdout
from .governed import find_governed
from .source import find_source, source_options

if TYPE_CHECKING:
    from ..journal import Damage
    from .configuration import Configuration, ConfiguredHandler
    from .governed import Governed
    from .source import Source

__all__ = ["command"]

MOST_DAMAGES = 10  # that are listed
UNUSABLE = "NOTHING IS RECORDED: the configuration cannot be used"
GUIDE = "https://events.jupyter.org/jupyter_server/*"


@dataclass
class _Holdings:
    """What a journal holds."""

    segments: int = 0
    open_segments: int = 0
    size: int = 0  # bytes
    events: int = 0
    oldest: str | None = None
    newest: str | None = None
    schemas: int = 0  # of which there are events, each version for itself
    damage: list[Damage] = field(default_factory=list)


@click.command("status")
@source_options
@click.option(
    "--sinks", is_flag=True, help="Say what became of every event for each destination that it is shipped to."
)
@click.option(
    "--forget",
    metavar="NAME",
    help="With --sinks: forget a destination that nothing is shipped to any more.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(journal: Path | None, config: Path | None, sinks: bool, forget: str | None, as_json: bool) -> int:
    """Say what is recorded, in which form, why and where; what the configuration allows, and what to do next.

    \b
    jupyter telemetry status
    jupyter telemetry status --json | jq .events
    jupyter telemetry status --sinks

    Exit status 1 if nothing is recorded, or the configuration cannot be used; with --sinks, if nothing is shipped, or a
    destination does not take what is sent.
    """
    if forget is not None:
        if not sinks or as_json:
            raise click.UsageError("--forget goes with --sinks, and without --json")
        return _forget(find_source(journal, config), forget)
    if sinks:
        return _sinks(find_source(journal, config), as_json=as_json)
    governed = find_governed(journal, config)
    source, configuration = governed.source, governed.configuration
    disclosed = _disclosed(governed)
    holdings = _hold(source)
    advice = _advice(source, configuration, holdings)
    if as_json:
        about = _as_dict(source, configuration, holdings, advice)
        about |= {"unusable": governed.unusable or None, "disclosure": disclosed}
        click.echo(orjson.dumps(about, option=orjson.OPT_INDENT_2))
    else:
        console = stdout(cut=False)
        if governed.unusable:
            console.print(Text(printable(f"{UNUSABLE}: {governed.unusable}"), "bold yellow"), soft_wrap=True)
            console.print("A server that finds it so records nothing until it is mended.\n")
        if disclosed and disclosed["collected"]:
            told.show(disclosed, console)
            console.print()
        console.print(_table(source, configuration, holdings, advice), soft_wrap=False)
    return 0 if holdings.events and not governed.unusable else 1


def _sinks(source: Source, *, as_json: bool) -> int:
    found = shipped.shipped(source.directory)
    if as_json:
        click.echo(orjson.dumps({"journal": str(source.directory), "sinks": found}, option=orjson.OPT_INDENT_2))
    elif found:
        stdout(cut=False).print(shipped.table(found), soft_wrap=True)
    else:
        click.echo(
            f"The journal in {printable(str(source.directory))} was never shipped: c.EventLog.shippers or "
            "`jupyter telemetry ship` says where to",
            err=True,
        )
    is_well = all(not (sink["problem"] or sink["failing_since"]) for sink in found)
    return 0 if found and is_well else 1


def _forget(source: Source, name: str) -> int:
    click.echo(printable(shipped.forgotten(source.directory, name), keep="\n"))
    return 0


def _disclosed(governed: Governed) -> dict[str, Any] | None:
    """Return what is recorded, or would be if the configuration could be used; None if that cannot be told."""
    try:
        disclosed = governed.disclosed()
    except TraitError:
        return None
    if governed.unusable:
        disclosed["recording"] = False
        for each in disclosed["collected"]:
            each["recorded"] = False
        for switch in disclosed["switches"]:
            switch.update(on=False, why="unusable")
    return disclosed


def _hold(source: Source) -> _Holdings:
    """Read the journal once, from beginning to end."""
    reader = source.reader
    found = _Holdings()
    for segment in reader.segments():
        found.segments += 1
        found.open_segments += not segment.sealed
        found.size += segment.size
    first = last = None
    schemas: set[tuple[str, str]] = set()
    for line in reader.lines(damage=found.damage.append):
        first = first or line
        last = line
        found.events += 1
        schemas.add(schema_and_version_of(line))
    if first and last:
        found.oldest, found.newest = (str(orjson.loads(line).get("__timestamp__")) for line in (first, last))
    found.schemas = len(schemas)
    reader.stored_schemas(found.damage.append)  # for those that cannot be read
    return found


def _advice(source: Source, configuration: Configuration, holdings: _Holdings) -> list[str]:
    """Say what the operator should do next; nothing if all is well."""
    advice = [
        f"{each.name}: {each.problem}; correct c.EventLog.handlers." for each in configuration.handlers if each.problem
    ]
    for written, meant in configuration.unknown.items():
        advice.append(f"{written}: there is no such setting, and it does nothing; {meant}")
    if holdings.events:
        return advice
    if not configuration.allowed_schemas:
        advice.append(
            "Nothing is allowed, so nothing is recorded. In jupyter_server_config.py, write which events to keep:\n"
            f'c.EventLog.allowed_schemas = {{"{GUIDE}": {{"allowed_categories": ["personal-data"]}}}}'
        )
    elif not configuration.keeps_journal:
        advice.append(
            "Events are recorded, but into no journal. Add one to the list:\n"
            'c.EventLog.handlers = [{"class": "jupyter_telemetry.journal.JournalHandler"}]'
        )
    else:
        advice.append(
            "Events are allowed, but none has come. Restart Jupyter Server after a change of its configuration, open a "
            "notebook, and see whether its log says anything of EventLog."
        )
    if source.found_by == "--journal" and not source.directory.exists():
        advice.insert(0, f"There is no directory {source.directory}: is it the one that the JournalHandler was given?")
    return advice


def _table(source: Source, configuration: Configuration, holdings: _Holdings, advice: list[str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")

    def row(name: str, *lines: str) -> None:
        table.add_row(name, Text(printable("\n".join(lines), keep="\n")))

    row("Journal", f"{source.directory} ({source.found_by})")
    segments = f"{holdings.segments:,} in {_size(holdings.size)}"
    row("Segments", segments + (f", {holdings.open_segments} open" if holdings.open_segments else ""))
    row("Events", f"{holdings.events:,}" + (f", of {_schemas(holdings.schemas)}" if holdings.events else ""))
    if holdings.events:
        row("Period", f"{holdings.oldest} – {holdings.newest}")
    row("Damage", *(_damages(holdings.damage) or ["none"]))
    row("Configuration", *([_file(file) for file in configuration.files] or ["no file"]))
    row("Allowed", *([_entry(*item) for item in configuration.allowed_schemas.items()] or ["nothing"]))
    default = "the default journal of Jupyter Server" if configuration.given_handlers is None else "none"
    row("Handlers", *([_handler(each) for each in configuration.handlers] or [default]))
    if advice:
        table.add_row("")
        table.add_row(Text("Next", "bold"), Text(printable("\n".join(advice), keep="\n"), "bold"))
    return table


def _schemas(count: int) -> str:
    return "1 schema" if count == 1 else f"{count:,} schemas"


def _file(file: Path) -> str:
    return f"{file}{', where its extension is on' if is_of_extension(file) else ''}"


def _damages(damage: list[Damage]) -> list[str]:
    lines = [_where(each) for each in damage[:MOST_DAMAGES]]
    return lines + ([f"… and {len(damage) - MOST_DAMAGES:,} more"] if len(damage) > MOST_DAMAGES else [])


def _where(damage: Damage) -> str:
    line = f", line {damage.line_number}" if damage.line_number else ""
    return f"{damage.path}{line}: {damage.reason}"


def _entry(schema_id: str, entry: dict[str, list[str]]) -> str:
    return schema_id + "".join(f"; {key.replace('_', ' ')}: {', '.join(names)}" for key, names in entry.items())


def _handler(handler: ConfiguredHandler) -> str:
    about = f" in {handler.directory}" if handler.directory else ""
    return handler.name + about + (f" ({handler.problem})" if handler.problem else "")


def _size(size: int) -> str:
    count = float(size)
    if count < 1000:
        return f"{size} bytes"
    for unit in ("kB", "MB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:,.1f} GB"


def _as_dict(source: Source, configuration: Configuration, holdings: _Holdings, advice: list[str]) -> dict[str, Any]:
    return {
        "journal": str(source.directory),
        "found_by": source.found_by,
        "segments": holdings.segments,
        "open_segments": holdings.open_segments,
        "bytes": holdings.size,
        "events": holdings.events,
        "oldest": holdings.oldest,
        "newest": holdings.newest,
        "schemas": holdings.schemas,
        "damage": [
            {"path": str(each.path), "line": each.line_number, "reason": each.reason} for each in holdings.damage
        ],
        "configuration": [str(file) for file in configuration.files],
        "allowed_schemas": configuration.allowed_schemas,
        "handlers": [
            {
                "class": each.name,
                "directory": None if each.directory is None else str(each.directory),
                "problem": each.problem or None,
            }
            for each in configuration.handlers
        ],
        "advice": advice,
    }
