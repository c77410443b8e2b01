"""Which categories of data each value of an event belongs to: worked out from its schema, before any event."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..validation import UnresolvedError, compile_validator, subschemas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..validation import Node, References

__all__ = ["PERSONAL_DATA", "RESTRICTED", "UNRESTRICTED", "Classification", "Place"]

UNRESTRICTED = "unrestricted"
PERSONAL_DATA = "personal-data"
RESTRICTED = "\0restricted"
"""The category of what the analysis cannot follow: no configuration can allow it."""

_SAME_VALUE = {"allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "dependencies"}
_NOT_FOLLOWED = {
    "not",
    "contains",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
    "propertyNames",
}
_NOT_FOLLOWED_REFERENCES = ("$dynamicRef", "$recursiveRef")


class Classification:
    """What a schema says of the values of its events.

    It is followed through `$ref` (cycles too), the combinators, `if`/`then`/`else`, properties and items. A value
    has the categories of every branch that speaks of it.
    """

    def __init__(self, references: References) -> None:
        self.references = references
        self._places: dict[frozenset[int], Place] = {}
        self.root = self.place([references.root])

    @property
    def classifies(self) -> bool:
        """Whether the schema classifies anything at all; if not, it says nothing of what is personal."""
        return any(_categories_of(node.schema) for node in self.references.nodes.values())

    def place(self, nodes: Iterable[Node]) -> Place:
        """Return the place that is described by all of `nodes` together."""
        described = {id(node.schema): node for node in nodes}
        key = frozenset(described)
        if key not in self._places:
            self._places[key] = Place(self, described)
        return self._places[key]


class Place:
    """A place in an event, and all the subschemas that speak of the value there.

    `categories` are its own; those of the object or array around it come on top (see redaction).
    """

    def __init__(self, classification: Classification, nodes: dict[int, Node]) -> None:
        self._classification = classification
        self._references = classification.references
        self._properties: dict[str, list[Node]] = {}
        self._patterns: dict[str, list[Node]] = {}
        self._additional: list[Node] = []
        self._prefix: list[list[Node]] = []
        self._items: list[Node] = []
        self._has_rest = False  # speaks of the elements after the prefix
        self._types = [_types_of(node.schema) for node in nodes.values()]
        self.has_members = False  # declares what an object here consists of
        self.has_items = False
        categories: set[str] = set()
        waiting, seen = list(nodes.values()), set(nodes)
        while waiting:
            node = waiting.pop()
            categories |= _categories_of(node.schema)
            for other in self._read(node, categories):
                if id(other.schema) not in seen:
                    seen.add(id(other.schema))
                    waiting.append(other)
        self.categories = frozenset(categories)

    @property
    def is_opaque(self) -> bool:
        """Whether nothing is declared of what is inside: the value counts as one."""
        return not (self.has_members or self.has_items)

    @property
    def is_never_null(self) -> bool:
        """Whether it is plain that a value here is no null and holds none that is not at a place of its own."""
        structured = {"object"} if self.has_members and self.has_fixed_names else set()
        structured |= {"array"} if self.has_items else set()
        return any(types and types <= {"string", "integer", "number", "boolean"} | structured for types in self._types)

    @property
    def has_fixed_names(self) -> bool:
        """Whether all members of an object here are met when a redaction is compiled."""
        return not (self._patterns or self._additional)

    @property
    def names(self) -> Iterable[str]:
        """The declared names of an object here."""
        return self._properties

    def member(self, name: str) -> Place | None:
        """Return the place of a property; None if the schema does not declare it."""
        nodes = [*self._properties.get(name, ())]
        for pattern, below in self._patterns.items():
            if _matcher(pattern)(name):
                nodes += below
        if not nodes and name not in self._properties:
            nodes = self._additional
        return self._classification.place(nodes) if nodes or name in self._properties else None

    def item(self, index: int) -> Place | None:
        """Return the place of an array's element; None if the schema does not speak of it."""
        if index < len(self._prefix):
            return self._classification.place(self._prefix[index])
        return self._classification.place(self._items) if self._has_rest else None

    @property
    def prefix_length(self) -> int:
        """How many elements have a place of their own; all after them share one."""
        return len(self._prefix)

    @cached_property
    def classifies(self) -> bool:
        """Whether anything here or below has a category."""
        waiting, seen = [self], {self}
        while waiting:
            place = waiting.pop()
            if place.categories:
                return True
            below = set(place._below()) - seen
            seen |= below
            waiting += below
        return False

    def _below(self) -> Iterable[Place]:
        groups = [*self._properties.values(), *self._patterns.values(), *self._prefix]
        for nodes in [*groups, self._additional, self._items]:
            yield self._classification.place(nodes)

    def _read(self, node: Node, categories: set[str]) -> Iterable[Node]:
        """File what `node` says of the values below; return the nodes that speak of the same value."""
        if any(keyword in node.schema for keyword in _NOT_FOLLOWED_REFERENCES):
            categories.add(RESTRICTED)
        same = []
        for step, schema in subschemas(node.schema, node.draft):
            keyword = step[0]
            if keyword in _SAME_VALUE:
                same += self._nodes(schema)
            elif keyword in _NOT_FOLLOWED:
                if _may_classify(schema):
                    categories.add(RESTRICTED)
            else:
                self._file(step, schema)
        if node.ref is not None:
            try:
                target = self._references.follow(node, node.ref)
            except UnresolvedError:
                target = None
            if target is None:  # a metaschema, or nowhere
                categories.add(RESTRICTED)
            same += self._nodes(target)
        return same

    def _file(self, step: tuple[str | int, ...], schema: Any) -> None:
        keyword, nodes = step[0], self._nodes(schema)
        if keyword == "properties":
            self.has_members = True
            self._properties.setdefault(str(step[1]), []).extend(nodes)
        elif keyword == "patternProperties":
            self.has_members = True
            self._patterns.setdefault(str(step[1]), []).extend(nodes)
        elif keyword == "additionalProperties":
            self.has_members = True
            self._additional += nodes
        elif keyword in ("prefixItems", "items") and len(step) == 2:
            self.has_items = True
            index = int(step[1])
            self._prefix += [[] for _ in range(index + 1 - len(self._prefix))]
            self._prefix[index] += nodes
        elif keyword in ("items", "additionalItems"):
            self.has_items = True
            self._has_rest = self._has_rest or schema is not False
            self._items += nodes

    def _nodes(self, schema: Any) -> list[Node]:
        return [self._references.node(schema)] if isinstance(schema, dict) else []


def _categories_of(schema: dict[str, Any]) -> set[str]:
    stated = schema.get("categories", [])
    names = [stated] if isinstance(stated, str) else stated
    is_list_of_names = isinstance(names, list) and all(isinstance(name, str) for name in names)
    categories = set(names) if is_list_of_names else {RESTRICTED}
    if schema.get("personal-data") not in (None, False):
        categories.add(PERSONAL_DATA)
    return categories


def _types_of(schema: dict[str, Any]) -> set[str]:
    types = schema.get("type", ())
    return {types} if isinstance(types, str) else set(types)


def _may_classify(schema: Any) -> bool:
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            if "$ref" in each or any(k in each for k in _NOT_FOLLOWED_REFERENCES) or _categories_of(each):
                return True
            waiting += each.values()
    return False


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Match as validation does: the same engine, bounded in time."""
    is_valid = compile_validator({"propertyNames": {"pattern": pattern}}).is_valid
    return lambda name: is_valid({name: None})
