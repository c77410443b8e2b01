"""Which categories of data each value of an event belongs to: worked out from its schema, before any event."""

from __future__ import annotations

from functools import cached_property, lru_cache
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
_BRANCHES = _SAME_VALUE - {"allOf"}
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

    @cached_property
    def branches(self) -> bool:
        """Whether some of the schema holds under a condition, or instead of something else."""
        return any(not _BRANCHES.isdisjoint(node.schema) for node in self.references.nodes.values())

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
        self._types = [_types_of(node.schema) for node in nodes.values()]
        self._parts: list[
            _Parts
        ] = []  # one for each subschema: `additionalProperties` counts beside its own names only
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
        self.has_members = any(parts.properties or parts.other_names for parts in self._parts)
        self.has_items = any(parts.prefix or parts.rest is not None for parts in self._parts)

    @property
    def is_opaque(self) -> bool:
        """Whether nothing is declared of what is inside: the value counts as one."""
        return not (self.has_members or self.has_items)

    @property
    def is_never_null(self) -> bool:
        """Whether it is plain that a value here is no null and holds none that is not at a place of its own."""
        structured = {"object"} if self.has_members else set()
        structured |= {"array"} if self.has_items else set()
        # Where a schema branches, a subschema that says so may be one that the value need not obey.
        return not self._classification.branches and any(
            types and types <= {"string", "integer", "number", "boolean"} | structured for types in self._types
        )

    @property
    def has_fixed_names(self) -> bool:
        """Whether all members of an object here are met when a redaction is compiled."""
        return not any(parts.other_names for parts in self._parts)

    @property
    def names(self) -> Iterable[str]:
        """The declared names of an object here."""
        return dict.fromkeys(name for parts in self._parts for name in parts.properties)

    def member(self, name: str) -> Place | None:
        """Return the place of a property; None if the schema does not declare it."""
        return self._place([schema for parts in self._parts for schema in parts.members(name)])

    def item(self, index: int) -> Place | None:
        """Return the place of an array's element; None if the schema does not speak of it."""
        return self._place([schema for parts in self._parts for schema in parts.items(index)])

    @property
    def prefix_length(self) -> int:
        """How many elements have a place of their own; all after them share one."""
        return max((len(parts.prefix) for parts in self._parts), default=0)

    @cached_property
    def classifies(self) -> bool:
        """Whether anything here or below has a category."""
        waiting, seen = [self], {self}
        while waiting:
            place = waiting.pop()
            if place.categories:
                return True
            below = {place._classification.place(place._nodes(schema)) for schema in place._below()} - seen
            seen |= below
            waiting += below
        return False

    def _below(self) -> Iterable[Any]:
        for parts in self._parts:
            yield from (*parts.properties.values(), *parts.patterns.values(), *parts.prefix)
            yield from (parts.additional, parts.rest)

    def _place(self, schemas: list[Any]) -> Place | None:
        return self._classification.place([n for s in schemas for n in self._nodes(s)]) if schemas else None

    def _read(self, node: Node, categories: set[str]) -> Iterable[Node]:
        """File what `node` says of the values below; return the nodes that speak of the same value."""
        if any(keyword in node.schema for keyword in _NOT_FOLLOWED_REFERENCES):
            categories.add(RESTRICTED)
        same = []
        parts = _Parts()
        for step, schema in subschemas(node.schema, node.draft):
            if step[0] in _SAME_VALUE:
                same += self._nodes(schema)
            elif step[0] in _NOT_FOLLOWED:
                if _may_classify(schema):
                    categories.add(RESTRICTED)
            else:
                parts.file(step, schema)
        self._parts.append(parts)
        if node.ref is not None:
            try:
                target = self._references.follow(node, node.ref)
            except UnresolvedError:
                target = None
            if target is None:  # a metaschema, or nowhere
                categories.add(RESTRICTED)
            same += self._nodes(target)
        return same

    def _nodes(self, schema: Any) -> list[Node]:
        return [self._references.node(schema)] if isinstance(schema, dict) else []


class _Parts:
    """What one subschema says of the members and the elements of its value; a boolean is a subschema too."""

    __slots__ = ("additional", "patterns", "prefix", "properties", "rest")

    def __init__(self) -> None:
        self.properties: dict[str, Any] = {}
        self.patterns: dict[str, Any] = {}
        self.additional: Any = None
        self.prefix: list[Any] = []
        self.rest: Any = None

    @property
    def other_names(self) -> bool:
        """Whether names that are not in `properties` are declared: `"additionalProperties": true` declares none."""
        return bool(self.patterns) or isinstance(self.additional, dict)

    def file(self, step: tuple[str | int, ...], schema: Any) -> None:
        """Take in a subschema that stands at `step`."""
        keyword = step[0]
        if keyword == "properties":
            self.properties[str(step[1])] = schema
        elif keyword == "patternProperties":
            self.patterns[str(step[1])] = schema
        elif keyword == "additionalProperties":
            self.additional = schema
        elif keyword in ("prefixItems", "items") and len(step) == 2:
            self.prefix.append(schema)
        elif keyword in ("items", "additionalItems"):
            self.rest = schema

    def members(self, name: str) -> list[Any]:
        """Return the subschemas of the property `name`."""
        found = [self.properties[name]] if name in self.properties else []
        found += [schema for pattern, schema in self.patterns.items() if _matcher(pattern)({name: None})]
        return found or ([self.additional] if isinstance(self.additional, dict) else [])

    def items(self, index: int) -> list[Any]:
        """Return the subschemas of the element at `index`."""
        if index < len(self.prefix):
            return [self.prefix[index]]
        return [] if self.rest in (None, False) else [self.rest]


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


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> Callable[[object], bool]:
    """Match an object's names as validation does: the same engine, bounded in time."""
    return compile_validator({"propertyNames": {"pattern": pattern}}).is_valid
