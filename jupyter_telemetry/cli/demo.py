"""`demo`: see it at work."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command("demo")
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Where the journal and the report are left.",
)
@click.option("--open", "open_report", is_flag=True, help="Open the report in the browser.")
def command(output: Path, open_report: bool) -> None:
    """See it at work, in half a minute.

    Starts a Jupyter Server on this machine that nobody else can reach, with a configuration of its own: yours is
    neither read nor changed. A scripted user works in it, an application records events of its own, and the events
    are shown as they come. Then three questions are answered in SQL, and a report is written. All that was started
    is stopped, and what remains is in --output.

    \b
    jupyter telemetry demo
    jupyter telemetry demo --output /tmp/demo --open

    Exit status 0 only if every event that the script must have caused is recorded.
    """
    from ..demo import play
    from .consoles import stdout

    report = play(stdout(), output)
    if open_report:
        click.launch(report.resolve().as_uri())
