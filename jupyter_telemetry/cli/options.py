"""Options of sinks and lakes on the command line: NAME=VALUE, as often as needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["lake_options", "parsed"]


def lake_options(name: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options `lake`, called `name`, and `options`, for `parsed`."""

    def give(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option(
            "--option",
            "options",
            metavar="NAME=VALUE",
            multiple=True,
            help="An option of the lake, such as endpoint=https://minio:9000; several add up.",
        )(function)
        return click.option(name, "lake", metavar="LAKE", help=text)(function)

    return give


def parsed(options: Sequence[str]) -> dict[str, str]:
    """Read options that are written NAME=VALUE."""
    found = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name.isidentifier():
            raise click.UsageError("an --option is written NAME=VALUE, such as password_file=/run/secrets/db")
        found[name] = value
    return found
