"""`consent`: what the user decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import orjson

from ..disclosure import in_words
from ..journal import JournalHandler
from ..printable import printable
from .governed import find_governed
from .program import nearest
from .source import source_options
from .told import standing

if TYPE_CHECKING:
    from pathlib import Path

    from .governed import Governed

__all__ = ["command"]


@click.command("consent")
@source_options
@click.argument("decision", required=False, type=click.Choice(["grant", "refuse"]))
@click.argument("subjects", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print how things stand as JSON.")
def command(
    journal: Path | None, config: Path | None, decision: str | None, subjects: tuple[str, ...], as_json: bool
) -> int:
    """Say what you have decided about what is recorded, or decide it.

    \b
    jupyter telemetry consent                   how things stand
    jupyter telemetry consent grant             agree to all that can be decided
    jupyter telemetry consent refuse            refuse it
    jupyter telemetry consent refuse personal-data

    `jupyter telemetry status` shows what it is about. Running servers obey within five seconds.
    """
    governed = find_governed(journal, config)
    if decision is not None:
        _decide(governed, decision == "grant", subjects)
    disclosed = governed.disclosed()
    if as_json:
        click.echo(orjson.dumps(disclosed["switches"], option=orjson.OPT_INDENT_2))
        return 0
    for switch in disclosed["switches"]:
        click.echo(printable(f"{switch['subject']}: {standing(switch)}"))
        for reason in switch["asked_again"]:
            click.echo(printable(f"    {reason}"))
    return 0


def _decide(governed: Governed, granted: bool, subjects: tuple[str, ...]) -> None:
    governance = governed.governance()
    switches = {s.setting.subject: s.setting.mode for s in governance.consent.standings if s.setting.mode != "inform"}
    for subject in subjects:
        if subject not in switches:
            near = nearest(subject, list(switches))
            hint = f"; did you mean {near}?" if near else ""
            raise click.ClickException(
                f"there is no switch {printable(subject)}{hint} (there are: {', '.join(switches) or 'none'})"
            )
    if not switches:
        raise click.ClickException(
            "there is nothing to decide: c.EventLog.consent is inform, whoever operates this server says why "
            "(jupyter telemetry status)"
        )
    choices = dict.fromkeys(subjects or switches, granted)
    shown = in_words(governed.disclosed())
    decided = governed.decisions.decide(choices, statement=governance.statement, shown=shown, by="command line")
    if governed.configuration.keeps_journal:  # other handlers are the servers'
        handler = JournalHandler(governed.source.directory)
        governed.log.add_handler(handler)
        governed.log.record_decisions(decided)
        governed.log.remove_handler(handler)
        handler.close()
