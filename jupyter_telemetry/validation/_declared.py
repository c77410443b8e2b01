"""Which names on the way to a place in an event the schema itself declares: any other name is a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._location import HIDDEN, json_path
from ._references import beside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._location import Path
    from ._references import Node, References

_INTO_ITEMS = frozenset(("additionalItems", "contains", "items", "prefixItems", "unevaluatedItems"))
_INTO_ANY_NAME = frozenset(("additionalProperties", "patternProperties", "unevaluatedProperties"))


def shown_path(references: References, path: Path) -> str:
    """Write the JSON path of a place in an event; `*` stands for each name that no `properties` there has."""
    steps: list[Any] = []
    here = _all_at([references.root], references)
    for step in path:
        declared = isinstance(step, int) or any(
            under == ("properties", step) for node in here for under, _ in node.applied()
        )
        steps.append(step if declared else HIDDEN)
        here = _all_at(_one_step(here, step, references), references)
    return json_path(steps)


def _one_step(here: Iterable[Node], step: str | int, references: References) -> list[Node]:
    found = []
    for node in here:
        for under, each in node.applied():
            if isinstance(each, dict) and _leads(under, step):
                found.append(references.node(each))
    return found


def _leads(under: Path, step: str | int) -> bool:
    if isinstance(step, int):
        return under[0] in _INTO_ITEMS
    return under[0] in _INTO_ANY_NAME or under == ("properties", step)


def _all_at(nodes: list[Node], references: References) -> list[Node]:
    """Add to `nodes` all that apply to the same value as they do."""
    seen: dict[int, Node] = {}
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if id(node.schema) not in seen:
            seen[id(node.schema)] = node
            waiting.extend(references.node(each) for each in beside(references, node) if isinstance(each, dict))
    return list(seen.values())
