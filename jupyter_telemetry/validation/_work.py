"""How often jsonschema-rs may judge one value of an event.

It judges a value anew for each way through a schema that leads to it. Only where a reference comes back to a subschema
that it stands in, it remembers the answer for each value. Ways multiply: in a chain of twenty definitions of which
each refers to the next one twice there are a million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ._references import DYNAMIC, is_in_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ._location import Path
    from ._references import Node, References

FREE_WAYS = 64
"""Ways to a value that any schema may have."""
WAYS_PER_SUBSCHEMA = 2
"""Ways to a value that a schema may have for each of its subschemas."""
_UNEVALUATED = ("unevaluatedItems", "unevaluatedProperties")
_NAMING = ("items", "prefixItems", "properties")
_AGAIN = 3
"""How often it judges what stands beside unevaluatedProperties or unevaluatedItems."""


class _Ways(NamedTuple):
    """The ways from a subschema: to the value itself, to anything in it, and to what is named or numbered in it."""

    itself: int
    anything: int
    named: Mapping[str | int, int]

    @property
    def most(self) -> int:
        return max(self.itself, self.anything + max(self.named.values(), default=0))


_ONE = _Ways(1, 0, {})


def is_bounded(references: References) -> bool:
    """Say whether jsonschema-rs judges each value a bounded number of times; False if that is not proved."""
    nodes = {id(node.schema): node for node in references.concerned()}
    if any(keyword in node.schema for node in nodes.values() for keyword in DYNAMIC):
        return False
    edges = {key: list(_edges(references, node)) for key, node in nodes.items()}
    cut = _remembered(edges)
    return cut is not None and _are_few(nodes, edges, cut)


def _edges(references: References, node: Node) -> Iterator[tuple[Path, int]]:
    """Give each subschema that a node applies, with the step to it."""
    for step, each in node.applied():
        if isinstance(each, dict):
            yield step, id(each)
    target = references.reached(node, node.ref) if node.ref is not None else None
    if isinstance(target, dict):
        yield ("$ref",), id(target)


def _remembered(edges: Mapping[int, list[tuple[Path, int]]]) -> set[int] | None:
    """Give the subschemas whose answers are remembered where a reference comes back to them.

    None if two refer to each other: which of the references is remembered depends on the order of compilation.
    """
    found = set()
    for component in _components(edges):
        members = set(component)
        targets = {to for key in component for step, to in edges[key] if step == ("$ref",) and to in members}
        if len(targets) > 1:
            return None
        found |= targets
    return found


def _components(edges: Mapping[int, list[tuple[Path, int]]]) -> Iterator[list[int]]:
    """Give the strongly connected components (Tarjan 1972), without Python's stack: chains may be long."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    trail: list[int] = []
    done: set[int] = set()
    for start in edges:
        waiting = [(start, iter(edges[start]))] if start not in index else []
        while waiting:
            key, rest = waiting[-1]
            if key not in index:
                index[key] = low[key] = len(index)
                trail.append(key)
            for _, to in rest:
                if to not in index:
                    waiting.append((to, iter(edges[to])))
                    break
                if to not in done:
                    low[key] = min(low[key], low[to])
            else:
                waiting.pop()
                if waiting:
                    outer = waiting[-1][0]
                    low[outer] = min(low[outer], low[key])
                if low[key] == index[key]:
                    at = trail.index(key)
                    component, trail[at:] = trail[at:], []
                    done.update(component)
                    yield component


def _are_few(nodes: Mapping[int, Node], edges: Mapping[int, list[tuple[Path, int]]], cut: set[int]) -> bool:
    """Count the ways from each subschema, those below it first; stop at the first that has too many."""
    limit = max(FREE_WAYS, WAYS_PER_SUBSCHEMA * len(nodes))
    ways: dict[int, _Ways] = {}
    for component in _components(edges):  # those that others refer to come first
        members = set(component)
        inner = {key: [to for step, to in edges[key] if to in members and to not in cut] for key in component}
        for key in _innermost_first(inner):
            ways[key] = _ways(nodes[key], [(step, ways.get(to, _ONE)) for step, to in edges[key]])
            if ways[key].most > limit:
                return False
    return True


def _innermost_first(edges: Mapping[int, list[int]]) -> Iterator[int]:
    done: set[int] = set()
    for start in edges:
        waiting = [(start, False)]
        while waiting:
            key, leaving = waiting.pop()
            if leaving and key not in done:
                done.add(key)
                yield key
            elif key not in done:
                waiting.append((key, True))
                waiting.extend((each, False) for each in edges[key])


def _ways(node: Node, below: list[tuple[Path, _Ways]]) -> _Ways:
    again = _AGAIN if any(keyword in node.schema for keyword in _UNEVALUATED) else 1
    if len(below) == 1 and again == 1 and is_in_place(below[0][0]):
        return below[0][1]._replace(itself=below[0][1].itself + 1)
    itself, anything, named = 1, 0, dict[str | int, int]()
    for step, ways in below:
        if is_in_place(step):
            itself += again * ways.itself
            anything += again * ways.anything
            for name, count in ways.named.items():
                named[name] = named.get(name, 0) + again * count
        elif step[0] in _NAMING and len(step) == 2:
            named[step[1]] = named.get(step[1], 0) + ways.most
        else:
            anything += ways.most
    return _Ways(itself, anything, named)
