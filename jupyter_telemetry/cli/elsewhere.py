"""What the commands say of destinations that are not the journal in question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..destination import JOURNAL
from ..printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .configuration import Configuration
    from .source import Source

__all__ = ["elsewhere", "whom_to_ask"]


def elsewhere(source: Source) -> list[str]:
    """Name each configured destination beside the journal, in words; another journal with its place."""
    return [] if source.configuration is None else list(dict.fromkeys(_elsewhere(source, source.configuration)))


def whom_to_ask(source: Source) -> str:
    """Say whom to ask about what other destinations have received."""
    contact = source.configuration.contact if source.configuration else ""
    return printable(contact) or "who runs it"


def _elsewhere(source: Source, configuration: Configuration) -> Iterator[str]:
    here = source.directory.resolve()
    for each in configuration.handlers:
        if each.directory is None:
            named = (each.name,) if each.problem else each.destinations
            # The journal that it may feed is in the list itself.
            yield from (printable(where) for where in named if where != JOURNAL)
        elif each.directory.resolve() != here:
            yield f"{JOURNAL} in {printable(str(each.directory))}"
