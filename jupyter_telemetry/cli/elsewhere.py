"""What the commands say of destinations that are not the journal in question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import TraitError

from ..convention import default_handlers
from ..destination import JOURNAL
from ..disclosure import sent
from ..dispatch import carried_beside, shipped
from ..printable import printable
from .governed import Governed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..dispatch import CarriedTo
    from .configuration import Configuration
    from .source import Source

__all__ = ["elsewhere", "told_elsewhere", "told_of_erasures", "whom_to_ask"]


def elsewhere(source: Source) -> list[str]:
    """Name each configured destination beside the journal, in words; another journal with its place."""
    if source.configuration is None:
        return []
    return list(dict.fromkeys(name for name, _ in _elsewhere(source, source.configuration)))


def told_elsewhere(source: Source) -> Iterator[str]:
    """Say of each destination beside the journal what it has received, as far as that is known, and whom to ask.

    Known is what the configuration sends there as it is now.
    """
    if source.configuration is None:
        return
    governed = Governed(source, source.configuration)
    told = dict.fromkeys(
        f"Not in it: what {name} has received; ask {whom_to_ask(source)}. {_received(governed, handler)}"
        for name, handler in _elsewhere(source, source.configuration)
    )
    if told and governed.unusable:
        yield f"Nothing is recorded or sent now: the configuration cannot be used: {printable(governed.unusable)}"
    yield from told


def told_of_erasures(source: Source) -> set[str]:
    """Name those of `elsewhere` to which erasures of this journal are carried."""
    if source.configuration is None:
        return set()
    return {printable(place.where) for _, place in _carried(source.configuration) if place.erases}


def whom_to_ask(source: Source) -> str:
    """Say whom to ask about what other destinations have received."""
    contact = source.configuration.contact if source.configuration else ""
    return printable(contact) or "who runs it"


def _elsewhere(source: Source, configuration: Configuration) -> Iterator[tuple[str, Any]]:
    """Yield each such destination, and the handler in the configuration by which events come there."""
    here = source.directory.resolve()
    for each in configuration.handlers:
        if each.directory is None:
            named = (each.name,) if each.problem else each.destinations
            # The journal that it may feed is in the list itself.
            yield from ((printable(where), each.given) for where in named if where != JOURNAL)
        elif each.directory.resolve() != here:
            yield f"{JOURNAL} in {printable(str(each.directory))}", each.given
    for handler, place in _carried(configuration):
        yield printable(place.where), handler


def _carried(configuration: Configuration) -> Iterator[tuple[Any, CarriedTo]]:
    """Yield where journals are carried to, with the handler that keeps each."""
    given = configuration.given_handlers
    handlers = default_handlers(configuration.shippers) if given is None else given
    carried = shipped(configuration.shippers, handlers)
    for handler in handlers:
        places = [*carried.get(id(handler), ()), *carried_beside(configuration.shippers, handler)]
        yield from ((handler, place) for place in places)


def _received(governed: Governed, handler: Any) -> str:
    try:
        told = [] if handler is None else sent(handler, governed.governance(), governed.schemas)
    except TraitError:
        return "What it got cannot be told from a configuration that cannot be used."
    if not told:
        return "By the configuration as it is now, nothing is sent there."
    return "\n  ".join(["By the configuration as it is now, that is", *map(_of_schema, told)])


def _of_schema(told: Mapping[str, Any]) -> str:
    """Write on one line in which form which fields are sent."""
    forms = "; ".join(f"{each['form']}: {', '.join(each['paths'])}" for each in told["forms"])
    now = "" if told["recorded"] else ", not recorded now"
    return printable(f"{told['title']} ({told['schema']}, version {told['version']}{now}): {forms}")
