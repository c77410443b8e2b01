"""The group of commands, and how each of them ends."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from ..errors import TelemetryError
from ..printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["commands", "run"]

NAME = "jupyter telemetry"
COMPLETE = "_JUPYTER_TELEMETRY_COMPLETE"
DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

# Each stands in the module of its name; in the order of --help.
_COMMANDS = {
    "demo": "See it at work: a real server, a scripted user, questions, a report.",
    "status": "Say what is recorded, where, and what to do next.",
    "consent": "Say what you have decided about what is recorded, or decide it.",
    "policy": "Check what a configuration keeps, field by field, before it records anything.",
    "tail": "Show the latest events, or events as they come.",
    "query": "Ask a question in SQL.",
    "schemas": "List the schemas and views that questions may be about.",
    "report": "Make a page of plots, or a summary in the terminal.",
    "ship": "Carry what journals hold to a destination.",
    "lake": "Look after a lake: its files, fewer of them.",
    "export": "Give out every event, as JSON Lines or CSV.",
    "erase": "Take events out of the journal, for ever.",
    "completion": "Print the tab completion for a shell.",
}


class _Commands(click.Group):
    """A group whose commands are imported when they are needed: `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f".{cmd_name}", __package__).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, Any, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if near := nearest(args[0], list(_COMMANDS)):
                raise click.UsageError(f"there is no command {args[0]}; did you mean {near}?", ctx) from error
            raise


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="jupyter_telemetry")
def commands() -> None:
    """Look at the events that Jupyter and other applications record.

    The journal is found by the configuration of Jupyter Server (c.EventLog.handlers); without one it stands below
    Jupyter's data directory. Every command takes --journal DIR instead.

    \b
    New here?             jupyter telemetry demo
    What is recorded?     jupyter telemetry status
    Watch it              jupyter telemetry tail -f
    Ask                   jupyter telemetry query "SELECT __schema__, count(*) FROM events GROUP BY ALL"
    Show it to others     jupyter telemetry report --open

    Exit status: 0 done; 1 nothing found, or it failed; 2 wrong usage.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and turn what it raises into a message and an exit status."""
    for stream in (sys.stdout, sys.stderr):  # a narrow encoding is no reason to fail
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = commands.main(arguments, prog_name=NAME, complete_var=COMPLETE, standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except TelemetryError as error:
        click.echo(f"Error: {printable(str(error), keep=chr(10))}", err=True)
        return FAILED
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return status if isinstance(status, int) else DONE


def nearest(name: str, known: list[str]) -> str | None:
    """Return the known name that is most like another."""
    import difflib

    return next(iter(difflib.get_close_matches(name, known, 1, 0.5)), None)
