"""Which categories of data each value of an event belongs to: worked out from its schema, before any event."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from ..validation import UnresolvedError, compile_validator, subschemas
from .paths import Paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..validation import Node, References

__all__ = ["PERSONAL_DATA", "RESTRICTED", "UNRESTRICTED", "Classification", "Overlay", "Place", "with_overlay"]

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
# What no draft takes for schemas: data, and the shelf from which `$ref` takes them.
_NO_SUBSCHEMAS = {"$defs", "definitions", "enum", "const", "default", "examples", "categories"}
_NOT_FOLLOWED_REFERENCES = ("$dynamicRef", "$recursiveRef")


Overlay: TypeAlias = "Paths[frozenset[str]]"
"""Categories by path, for a schema that somebody else owns."""


def with_overlay(overlay: Overlay, categories: frozenset[str]) -> frozenset[str]:
    """Return the categories of a value: those that the overlay gives it, if it speaks of it; else `categories`.

    It knows better than a blanket that the schema throws over all of an event. What cannot be followed stays so.
    """
    if not overlay.here:
        return categories
    return frozenset().union(*overlay.here) | (categories & {RESTRICTED})


class Classification:
    """What a schema, and an overlay on it, say of the values of its events.

    The schema is followed through `$ref` (cycles too), the combinators, `if`/`then`/`else`, properties and items. A
    value has the categories of every branch that speaks of it.
    """

    def __init__(self, references: References, overlay: Overlay | None = None) -> None:
        self.references = references
        self.overlay: Overlay = Paths() if overlay is None else overlay
        self._places: dict[frozenset[int], Place] = {}
        self._meant: dict[int, Node] = {}
        self._matchers: dict[str, Callable[[object], bool]] = {}
        self.root = self.place([references.root])

    @property
    def classifies(self) -> bool:
        """Whether anything is classified at all; if not, nothing is said of what is personal."""
        return bool(self.overlay) or any(
            _categories_of(node.schema) or _classifies_unseen(node) for node in self.references.nodes.values()
        )

    @property
    def all_categories(self) -> frozenset[str]:
        """All categories that the schema, or the overlay, knows."""
        from_schema = (_categories_of(node.schema) for node in self.references.nodes.values())
        return frozenset().union(*from_schema, *self.overlay.all) - {RESTRICTED}

    @cached_property
    def branches(self) -> bool:
        """Whether some of the schema holds under a condition, or instead of something else."""
        return any(not _BRANCHES.isdisjoint(node.schema) for node in self.references.nodes.values())

    def place(self, nodes: Iterable[Node]) -> Place:
        """Return the place that is described by all of `nodes` together."""
        described = {id(node.schema): node for node in map(self._behind_references, nodes)}
        key = frozenset(described)
        if key not in self._places:
            self._places[key] = Place(self, described)
        return self._places[key]

    def matcher(self, pattern: str) -> Callable[[object], bool]:
        """Return what says whether an object's names match a pattern; there are no more than the schema has."""
        if pattern not in self._matchers:
            self._matchers[pattern] = _matcher(pattern)
        return self._matchers[pattern]

    def _behind_references(self, node: Node) -> Node:
        """Return what a `$ref` means that says nothing itself: all that refer to one definition are one place."""
        key = id(node.schema)
        if key not in self._meant:
            self._meant[key] = node  # where it leads nowhere, or back
            if node.ref is not None and len(node.schema) == 1:
                try:
                    target = self.references.follow(node, node.ref)
                except UnresolvedError:
                    target = None
                if isinstance(target, dict):
                    self._meant[key] = self._behind_references(self.references.node(target))
        return self._meant[key]


class Place:
    """All the subschemas that speak of one value of an event: the schema's part in what is known of it."""

    def __init__(self, classification: Classification, nodes: dict[int, Node]) -> None:
        self._classification = classification
        self._references = classification.references
        self._types = [_types_of(node.schema) for node in nodes.values()]
        self._schemas: list[dict[str, Any]] = []
        # One for each subschema: `additionalProperties` counts beside its own names only.
        self._parts: list[_Parts] = []
        categories: set[str] = set()
        waiting, seen = list(nodes.values()), set(nodes)
        while waiting:
            node = waiting.pop()
            self._schemas.append(node.schema)
            categories |= _categories_of(node.schema)
            for other in self._read(node, categories):
                if id(other.schema) not in seen:
                    seen.add(id(other.schema))
                    waiting.append(other)
        self._categories = frozenset(categories)
        self.has_members = any(parts.properties or parts.other_names for parts in self._parts)
        self.has_items = any(parts.prefix or parts.rest for parts in self._parts)

    def categories(self, around: frozenset[str], overlay: Overlay) -> frozenset[str]:
        """Return the categories of a value here; `around` are those of the object or array that it is part of.

        Those count as its own, unless the overlay, as seen from here, speaks of the value.
        """
        return with_overlay(overlay, self._categories | around)

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

    @property
    def others(self) -> Place | None:
        """The place of all members whose names are not declared, but admitted, taken together."""
        schemas = [s for parts in self._parts for s in (*parts.patterns.values(), parts.additional) if s is not None]
        return self._place([schema for schema in schemas if schema is not False])

    @property
    def kinds_of_others(self) -> list[Place]:
        """The places of members whose names are not declared, but admitted: one for each pattern, and for the rest."""
        schemas = [s for parts in self._parts for s in (*parts.patterns.values(), parts.additional)]
        found = [self._place([schema]) for schema in schemas if isinstance(schema, dict)]
        return list(dict.fromkeys(place for place in found if place is not None))

    def may_be(self, *kinds: str) -> bool:
        """Say whether a value here may be of one of some of JSON Schema's types, as far as `type` says."""
        fits = [not types or not types.isdisjoint(kinds) for types in self._types]
        # Where a schema branches, a subschema that says so may be one that the value need not obey.
        return any(fits) if self._classification.branches else all(fits)

    def annotation(self, keyword: str) -> Any:
        """Return what the schema says under a keyword of the value here, such as `title`; None if nothing."""
        return next((schema[keyword] for schema in self._schemas if keyword in schema), None)

    def member(self, name: str) -> Place | None:
        """Return the place of a property; None if the schema does not declare it."""
        matcher = self._classification.matcher
        return self._place([schema for parts in self._parts for schema in parts.members(name, matcher)])

    @cached_property
    def _patterns(self) -> list[Callable[[object], bool]]:
        return [self._classification.matcher(pattern) for parts in self._parts for pattern in parts.patterns]

    def matched(self, name: str) -> tuple[bool, ...]:
        """Say of each pattern whether a name matches it: what `other` needs to know of one that is not declared."""
        named = {name: None}
        return tuple([matches(named) for matches in self._patterns])

    def other(self, matched: tuple[bool, ...]) -> Place | None:
        """Return the place of members whose names are not declared, and match some patterns; None if there is none."""
        each_matched = iter(matched)
        return self._place([schema for parts in self._parts for schema in parts.others(each_matched)])

    def item(self, index: int | None) -> Place | None:
        """Return the place of an array's element; None if the schema does not speak of it.

        Index None is any of the elements that share one place: those which are not in `indexes`.
        """
        return self._place([schema for parts in self._parts for schema in parts.items(index)])

    @property
    def indexes(self) -> Iterable[int]:
        """The indexes of elements that have a place of their own."""
        return range(max((len(parts.prefix) for parts in self._parts), default=0))

    @cached_property
    def classifies(self) -> bool:
        """Whether the schema gives a category to anything here or below."""
        waiting, seen = [self], {self}
        while waiting:
            place = waiting.pop()
            if place._categories:
                return True
            below = {place._classification.place(place._nodes(schema)) for schema in place._below()}
            waiting += below - seen
            seen |= below
        return False

    def _below(self) -> Iterable[Any]:
        for parts in self._parts:
            yield from (*parts.properties.values(), *parts.patterns.values(), *parts.prefix)
            yield from (parts.additional, *parts.rest)

    def _place(self, schemas: list[Any]) -> Place | None:
        if not schemas:
            return None
        return self._classification.place([node for schema in schemas for node in self._nodes(schema)])

    def _read(self, node: Node, categories: set[str]) -> Iterable[Node]:
        """File what `node` says of the values below; return the nodes that speak of the same value."""
        if any(keyword in node.schema for keyword in _NOT_FOLLOWED_REFERENCES) or _classifies_unseen(node):
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
        # Of `items` and `additionalItems`, which a draft ignores beside it: what restricts still counts.
        self.rest: list[Any] = []

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
            self.rest.append(schema)

    def members(self, name: str, matcher: Callable[[str], Callable[[object], bool]]) -> list[Any]:
        """Return the subschemas of the property `name`."""
        found = [self.properties[name]] if name in self.properties else []
        found += [schema for pattern, schema in self.patterns.items() if matcher(pattern)({name: None})]
        return found or self._of_the_rest

    def others(self, matched: Iterator[bool]) -> list[Any]:
        """Return the subschemas of a property that is not declared; its part of `matched` is taken from it."""
        found = [schema for schema, matches in zip(self.patterns.values(), matched) if matches]  # noqa: B905 - as many, and strict costs time
        return found or self._of_the_rest

    @property
    def _of_the_rest(self) -> list[Any]:
        return [self.additional] if isinstance(self.additional, dict) else []

    def items(self, index: int | None) -> list[Any]:
        """Return the subschemas of the element at `index`; None: of one behind all that have their own."""
        if index is not None and index < len(self.prefix):
            return [self.prefix[index]]
        return [schema for schema in self.rest if schema is not False]


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


def _classifies_unseen(node: Node) -> bool:
    """Say whether something is classified under a keyword that the schema's draft does not know."""
    known = _NO_SUBSCHEMAS.union(step[0] for step, _ in subschemas(node.schema, node.draft))
    return any(
        _may_classify(value)
        for keyword, value in node.schema.items()
        if isinstance(value, (dict, list)) and keyword not in known
    )


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
