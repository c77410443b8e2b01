"""`completion`: tab completion for a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .program import COMPLETE, commands

__all__ = ["command"]


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the tab completion of jupyter-telemetry for SHELL.

    The shell completes `jupyter-telemetry …`, which is the same program as `jupyter telemetry …`.

    \b
    bash    eval "$(jupyter-telemetry completion bash)"     in ~/.bashrc
    zsh     eval "$(jupyter-telemetry completion zsh)"      in ~/.zshrc
    fish    jupyter-telemetry completion fish > ~/.config/fish/completions/jupyter-telemetry.fish
    """
    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover - click has had these three since 8.0
        raise click.ClickException(f"click has no completion for {shell}")
    click.echo(kind(commands, {}, "jupyter-telemetry", COMPLETE).source())
