"""Write the reference of the command line anew, from what each command says of itself: `python docs/commands.py`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import click

from jupyter_telemetry.cli.program import commands

PAGE = Path(__file__).parent / "reference" / "cli.md"
COLUMNS = "86"  # as tests/docs/test_pages.py has it
HEAD = """\
# The command line

`jupyter telemetry`, or `jupyter-telemetry`: it needs the extra `cli`.

{help}

Colours are left out where the output is no terminal, and with `NO_COLOR`. In a pipe, lines are as long as they are.
What others wrote (a file name, a field) never moves the cursor or changes a colour: control characters are shown as
`\\x1b`.

Exit status: `0` done; `1` nothing found, or it failed, and the reason is on standard error; `2` wrong usage; `130`
stopped with Ctrl-C.
"""


def said_by(*command: str) -> str:
    """Return the console block of a command's --help."""
    arguments = ["jupyter", "telemetry", *command, "--help"]
    environment = {**os.environ, "COLUMNS": COLUMNS, "NO_COLOR": "1"}
    done = subprocess.run(  # noqa: S603  our own program
        arguments, capture_output=True, text=True, check=True, env=environment
    )
    return f"```console\n$ {' '.join(arguments)}\n{done.stdout.rstrip()}\n```"


def main() -> None:
    """Write the page."""
    sections = []
    for name in commands.list_commands(None):
        sections.append(f"## `{name}`\n\n{said_by(name)}\n")
        command = commands.get_command(None, name)
        if isinstance(command, click.Group):
            sections += [f"{said_by(name, each)}\n" for each in command.commands]
    PAGE.write_text(
        "\n".join([HEAD.format(help=said_by()), *sections]), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
