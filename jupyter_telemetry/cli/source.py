"""Which journal a command is about: the options --journal and --config, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..convention import default_handlers
from ..destination import journal_directory
from ..errors import ConfigurationError
from ..journal import JournalReader, default_directory
from ..printable import printable
from .configuration import read_configuration

if TYPE_CHECKING:
    from collections.abc import Callable

    from .configuration import Configuration

__all__ = ["Source", "find_source", "nothing_recorded", "source_by", "source_options"]


@dataclass(frozen=True)
class Source:
    """A journal's directory, and how it was found."""

    directory: Path
    found_by: str
    configuration: Configuration | None = None  # None: it was not asked for

    @property
    def reader(self) -> JournalReader:
        """Return a reader of the journal."""
        return JournalReader(self.directory)


def source_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options `journal` and `config`, for `find_source`."""
    directory = click.Path(path_type=Path, file_okay=False)
    file = click.Path(path_type=Path, dir_okay=False, exists=True)
    options = (
        click.option("--journal", metavar="DIR", type=directory, help="The journal's directory."),
        click.option(
            "--config",
            metavar="FILE",
            type=file,
            help="Find the journal as a server started with --config=FILE would.",
        ),
    )
    for option in options:
        function = option(function)
    return function


def find_source(journal: Path | None, config: Path | None) -> Source:
    """Work out which journal is meant: --journal, else the configured one, else the default.

    With --journal alone no configuration is read. Raises ConfigurationError.
    """
    if journal is not None and config is None:
        return Source(journal, "--journal")
    try:
        configuration = read_configuration(config)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error}; give the journal's directory by --journal DIR to read no configuration"
        ) from error
    return source_by(journal, configuration)


def source_by(journal: Path | None, configuration: Configuration) -> Source:
    """Return --journal if it is given, else the configured journal, else the default."""
    if journal is not None:
        return Source(journal, "--journal", configuration)
    if configuration.journals:
        return Source(configuration.journals[0], "the configuration", configuration)
    (handler,) = default_handlers(configuration.shippers)
    return Source(journal_directory(handler) or default_directory(), "default", configuration)


def nothing_recorded(source: Source) -> str:
    """Say that a journal holds no events, and what to do about it."""
    missing = not source.directory.exists()
    what = "there is no journal in" if missing else "no events are recorded in"
    return f"{what} {printable(str(source.directory))}; `jupyter telemetry status` says what to do"
