"""What the commands say of destinations that are not the journal in question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..printable import printable

if TYPE_CHECKING:
    from .source import Source

__all__ = ["elsewhere"]


def elsewhere(source: Source) -> list[str]:
    """Name each configured destination beside the journal, with its place if that is known."""
    if source.configuration is None:
        return []
    here = source.directory.resolve()
    return [
        each.name + (f" in {printable(str(each.directory))}" if each.directory else "")
        for each in source.configuration.handlers
        if each.directory is None or each.directory.resolve() != here
    ]
