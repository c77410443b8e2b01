"""Options of sinks and lakes on the command line: NAME=VALUE, as often as needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LAKE_OPTION", "options_of", "parsed"]

LAKE_OPTION = "endpoint=https://minio:9000"
"""An example."""


def options_of(what: str, example: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the parameter `options`, for `parsed`."""
    text = f"An option of the {what}, such as {example}; several add up."
    return click.option("--option", "options", metavar="NAME=VALUE", multiple=True, help=text)


def parsed(options: Sequence[str]) -> dict[str, str]:
    """Read options that are written NAME=VALUE."""
    found = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name.isidentifier():
            raise click.UsageError("an --option is written NAME=VALUE, such as password_file=/run/secrets/db")
        found[name] = value
    return found
