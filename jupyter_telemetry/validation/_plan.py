"""What one subschema asks of a value, sorted by how it is judged."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from ._drafts import Draft
from ._guards import MAX_LOOKED_AT, looks_around
from ._references import DYNAMIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ._references import Node, References, Scope
    from ._violation import Failure

# The rules about a value alone: a backend judges them. `required` and its kin are judged here: they tell a name.
_ASSERTIONS = (
    *("type", "const", "enum", "format", "contentEncoding", "contentMediaType"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
)
# What a rule means depends on the one beside it: in draft 4 a minimum is exclusive if that says so.
_BESIDE = {"contentMediaType": "contentEncoding"}
_BESIDE_4 = {"maximum": "exclusiveMaximum", "minimum": "exclusiveMinimum"}


class Foreign(Protocol):
    """A metaschema that a `$ref` leads to."""

    def failure(self, value: object) -> Failure | None:
        """Give the failure of a value that says most; None if it is valid."""
        ...


class Backend(Protocol):
    """What a library of JSON Schema is asked for: rules without subschemas, and patterns."""

    def assertion(self, rules: Mapping[str, Any], draft: Draft) -> Callable[[object], bool]:
        """Compile rules that say nothing of what is in a value."""
        ...

    def matcher(self, pattern: str) -> Callable[[str], bool]:
        """Compile a pattern, to be found anywhere in a text; the match raises TimeoutError at its bound."""
        ...

    def metaschema(self, uri: str, draft: Draft) -> Foreign:
        """Compile the metaschema, or the part of one, that `uri` names in a schema of `draft`."""
        ...


class GivenUpError(Exception):
    """A pattern is given up: nothing more is tried for this event, whatever combines the pattern.

    It took too long; or, if `long`, the text is too long for it to be tried.
    """

    def __init__(self, plan: Plan, keyword: str, pattern: str, value: object, *, long: bool = False) -> None:
        super().__init__()
        self.plan = plan
        self.keyword = keyword
        self.pattern = pattern
        self.value = value
        self.long = long


class Plan:
    """One subschema, prepared; any thread may use it."""

    def __init__(self, node: Node, backend: Backend, patterns: Callable[[str], Callable[[str], bool]]) -> None:
        self.node = node
        self.schema = node.schema
        self._backend = backend
        self._patterns = patterns
        self.alone = node.ref is not None and node.draft.ref_stands_alone
        self.under: dict[str, Any] = {}
        for step, each in node.applied():
            if len(step) == 1:
                self.under[str(step[0])] = each
            else:
                self.under.setdefault(str(step[0]), {})[step[1]] = each
        self.references = [
            keyword for keyword in _references_in(node.draft) if isinstance(node.schema.get(keyword), str)
        ]
        self.rules = {} if self.alone else {key: node.schema[key] for key in _ASSERTIONS if key in node.schema}
        self.pattern = None if self.alone else node.schema.get("pattern")
        self.required = () if self.alone else node.schema.get("required", ())
        self.needed = {} if self.alone else dict(_needed(node))
        self.is_simple = not (self.under or self.references or self.required or self.needed)

    @cached_property
    def holds(self) -> Callable[[object], bool] | None:
        """All rules about a value alone; None without any."""
        return self._backend.assertion(self.rules, self.node.draft) if self.rules else None

    @cached_property
    def each_holds(self) -> dict[str, Callable[[object], bool]]:
        """The same rules, one by one."""
        draft = self.node.draft
        pairs = _BESIDE_4 if draft is Draft.DRAFT4 else _BESIDE
        found = {}
        for keyword in self.rules:
            if draft is not Draft.DRAFT4 or keyword not in pairs.values():
                rules = {key: self.rules[key] for key in (keyword, pairs.get(keyword)) if key in self.rules}
                found[keyword] = self._backend.assertion(rules, draft)
        return found

    def finds(self, pattern: str, text: str) -> bool:
        """Say whether a text matches `pattern`. Raises GivenUpError."""
        if len(text) > MAX_LOOKED_AT and looks_around(pattern):
            raise GivenUpError(self, "pattern", pattern, text, long=True)
        try:
            return self._patterns(pattern)(text)
        except TimeoutError:
            raise GivenUpError(self, "pattern", pattern, text) from None

    def named_by_patterns(self, name: str, value: object) -> list[str]:
        """Give the patterns of `patternProperties` that a name in `value` matches. Raises GivenUpError."""
        found = []
        for pattern in self.under.get("patternProperties", ()):
            try:
                if self._patterns(pattern)(name):
                    found.append(pattern)
            except TimeoutError:
                raise GivenUpError(self, "patternProperties", pattern, value) from None
        return found


class Plans:
    """The plans of a schema's subschemas, each made when it is first needed."""

    def __init__(self, references: References, backend: Backend) -> None:
        self.references = references
        self.backend = backend
        self._plans: dict[int, Plan] = {}
        self._patterns: dict[str, Callable[[str], bool]] = {}
        self._foreign: dict[tuple[int, str], Foreign] = {}
        self._targets: dict[tuple[int, str, Scope], Any] = {}
        self.are_dynamic = any(key in node.schema for node in references.nodes.values() for key in DYNAMIC)

    def __getitem__(self, schema: dict[str, Any]) -> Plan:
        try:
            return self._plans[id(schema)]
        except KeyError:
            made = Plan(self.references.node(schema), self.backend, self._pattern)
            return self._plans.setdefault(id(schema), made)

    def foreign(self, plan: Plan, keyword: str) -> Foreign:
        """Give the metaschema that a reference leads to."""
        key = (id(plan.schema), keyword)
        if key not in self._foreign:
            uri = self.references.absolute(plan.node, keyword)
            self._foreign[key] = self.backend.metaschema(uri, plan.node.draft)
        return self._foreign[key]

    def target(self, plan: Plan, keyword: str, scope: Scope) -> Any:
        """Give where a reference leads: a subschema; None for a metaschema."""
        key = (id(plan.schema), keyword, scope)
        if key not in self._targets:
            self._targets[key] = self.references.target(plan.node, keyword, scope)
        return self._targets[key]

    def _pattern(self, pattern: str) -> Callable[[str], bool]:
        if pattern not in self._patterns:
            self._patterns[pattern] = self.backend.matcher(pattern)
        return self._patterns[pattern]


def _references_in(draft: Draft) -> tuple[str, ...]:
    dynamic = {Draft.DRAFT201909: ("$recursiveRef",), Draft.DRAFT202012: ("$dynamicRef",)}
    return ("$ref", *dynamic.get(draft, ()))


def _needed(node: Node) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Give the keywords that say which properties need others, with name → the names that it needs."""
    modern = node.draft in (Draft.DRAFT201909, Draft.DRAFT202012)
    for keyword in ("dependencies", "dependentRequired") if modern else ("dependencies",):
        said = node.schema.get(keyword)
        if isinstance(said, dict):
            lists = {name: each for name, each in said.items() if isinstance(each, list)}
            if lists:
                yield keyword, lists
