"""Generated trees: what values are, a JSON Schema that says so in some roundabout way, and an event that fits.

What a value is, is decided first; the schema is then written in ways that say that, all of it and nothing else. So
nobody has to read the schema to know what must become of a value.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

CATEGORIES = ("unrestricted", "personal-data", "x", "y", "z")
UNFOLLOWED = "under a keyword that is not followed"
NAMES = ("a", "b", "categories")
FREE_NAMES = ("free", "deep")  # of members that no schema declares: configuration may know them
TEXTS = {"text": "string", "number": "integer", "object": "object", "array": "array"}
NEVER = {"type": "boolean"}  # no event here holds one

FIRST_NUMBER = 730_000_000_000
_MARK = re.compile(r"zq(\d{7})zq|(?<!\d)73000(\d{7})(?!\d)")
_numbers = itertools.count(1)


def begin_anew() -> None:
    """Have the marks of an example be the same each time that it is tried."""
    global _numbers
    _numbers = itertools.count(1)


def mark() -> str:
    """Return a text that stands nowhere else; whatever an action leaves of it does not have it."""
    return f"sec/ret/zq{next(_numbers):07d}zq/x"


def mark_of_a_number() -> int:
    return FIRST_NUMBER + next(_numbers)


def marks_in(text: str) -> set[str]:
    """Return the marks that stand in a text."""
    return {text or number for text, number in _MARK.findall(text)} - {"0000000"}


class Dice:
    """Choices that hypothesis makes, and makes smaller; the first of each is the simplest."""

    def __init__(self, draw):
        self.draw = draw

    def pick(self, choices):
        return choices[self.draw(st.integers(0, len(choices) - 1))] if len(choices) > 1 else choices[0]

    def chance(self, one_in):
        return self.draw(st.integers(0, one_in - 1)) == one_in - 1

    def number(self, least, most):
        return self.draw(st.integers(least, most))

    def some(self, choices, least=0):
        """Return some of `choices`, in their order."""
        found = [each for each in choices if self.chance(2)]
        return found if len(found) >= least else [self.pick(choices)]


@dataclass
class Spec:
    """What a value is; the same for all values at one place."""

    kind: str
    categories: set[str] = field(default_factory=set)
    unfollowed: bool = False
    typed: bool = True
    members: dict[str, Spec] = field(default_factory=dict)
    others: str = ""  # how members under other names are declared: "pattern", "additional", "blanket" or not at all
    other: Spec | None = None
    blanket: set[str] = field(default_factory=set)  # what all members or elements are, whatever else
    recurs: bool = False  # a member "again" is the same once more
    prefix: list[Spec] = field(default_factory=list)
    rest: Spec | None = None

    @property
    def declares(self) -> bool:
        """Whether it says anything of what is inside."""
        return bool(self.members or self.others or self.prefix or self.rest or self.recurs)

    def member(self, name):
        """Return the spec of a member, and whether its name is declared (or only admitted)."""
        if name in self.members:
            return self.members[name], True
        if name == "again" and self.recurs:
            return self, True
        if self.others in ("additional", "blanket") or (self.others == "pattern" and name.startswith("p_")):
            return self.other, False
        return None, False

    def item(self, index):
        return self.prefix[index] if index < len(self.prefix) else self.rest


def draw_spec(dice, depth, kind=None):
    """Make up a spec."""
    kind = kind or dice.pick(("text", "object", "array", "number") if depth else ("text", "number", "object", "array"))
    spec = Spec(kind, set(dice.pick(((), (), ("unrestricted",), ("unrestricted",), ("x",), dice.some(CATEGORIES)))))
    spec.unfollowed = dice.chance(8)
    spec.typed = not dice.chance(5)
    if kind == "object" and depth:
        spec.members = {name: draw_spec(dice, depth - 1) for name in dice.some(NAMES, least=1)}
        spec.others = dice.pick(("", "pattern", "additional", "blanket"))
        spec.recurs = spec.others != "blanket" and dice.chance(4)
        if spec.others == "blanket":
            spec.blanket = set(dice.pick((("unrestricted",), ("x",), ("y", "z"))))
            spec.other = Spec("text")
        elif spec.others:
            spec.other = draw_spec(dice, depth - 1)
    if kind == "array" and depth:
        spec.prefix = [draw_spec(dice, depth - 1) for _ in range(dice.pick((0, 0, 1, 2)))]
        spec.rest = draw_spec(dice, depth - 1) if not spec.prefix or dice.chance(2) else None
        spec.blanket = set(dice.pick((("unrestricted",), ("x",), ("y", "z")))) if dice.chance(3) else set()
        if spec.blanket and spec.rest is None:
            spec.rest = Spec("text")
    return spec


def draw_value(dice, spec, again=True):
    """Make up a value that is as the spec says, with a mark in all that it holds."""
    if spec.kind == "number":
        return mark_of_a_number()
    if spec.kind == "text" or (not spec.typed and dice.chance(3)):
        return mark()
    if spec.kind == "array":
        if not spec.declares:
            return [mark(), {"free": mark()}]
        specs = [*spec.prefix, spec.rest or Spec("text"), spec.rest or Spec("text")][: dice.number(0, 4)]
        return [draw_value(dice, each) for each in specs]
    value = {name: draw_value(dice, each) for name, each in spec.members.items() if not dice.chance(8)}
    if spec.recurs and again:
        value["again"] = draw_value(dice, spec, again=False)
    if spec.others:
        value[("p_" if spec.others == "pattern" else "") + mark()] = draw_value(dice, spec.other)
    if spec.others in ("", "pattern"):
        value.update({mark(): mark(), "free": mark(), "deep": {"free": mark()}})
    return value


class Writer:
    """Writes specs as schemas of one draft. `classifies`: whether what it wrote has a category anywhere."""

    def __init__(self, dice, *, modern):
        self.dice = dice
        self.modern = modern
        self.shelves: dict[str, dict[str, Any]] = {"$defs": {}, "definitions": {}}
        self.classifies = False

    def document(self, spec, schema_id):
        """Return the schema of events; none that is drawn has `must`, which makes one invalid."""
        uri = (
            "https://json-schema.org/draft/2020-12/schema" if self.modern else "http://json-schema.org/draft-07/schema#"
        )
        must = {"type": "integer", "maximum": 3}
        schema = {"$id": schema_id, "version": 1, "$schema": uri, "type": "object", "allOf": self.split(spec)}
        schema["properties"] = {"must": must}
        return {**schema, **{shelf: stored for shelf, stored in self.shelves.items() if stored}}

    def categorised(self, *categories):
        if not categories:
            return {}
        self.classifies = True
        if categories == ("personal-data",) and self.dice.chance(2):
            return {"personal-data": True}
        return {"categories": list(categories)}

    def write(self, spec):
        """Return one schema that says what a spec does."""
        return _joined(self.split(spec))

    def split(self, spec):
        """Return schemas that together say what a spec does."""
        parts: list[dict[str, Any]] = [{} for _ in range(self.dice.number(1, 3))]
        said = [self.dice.some(range(len(parts)), least=1) for _ in spec.categories]
        for index, part in enumerate(parts):
            categories = sorted(
                each for each, where in zip(sorted(spec.categories), said, strict=True) if index in where
            )
            part.update(self.categorised(*categories))
        if spec.typed:
            self.dice.pick(parts)["type"] = TEXTS[spec.kind]
        self._members(spec, parts)
        self._items(spec, parts)
        if spec.unfollowed:
            parts.append(self._unfollowed(spec))
        if spec.recurs:
            name = self._store(None)
            parts.append({"properties": {"again": {"$ref": name}}})
            shelf, key = name[2:].split("/")
            self.shelves[shelf][key] = _joined([self._wrapped(part) for part in parts])
            return [{"$ref": name}]
        parts = [self._wrapped(part) for part in parts]
        return parts if self.dice.chance(2) else [_joined(parts)]

    def _members(self, spec, parts):
        own = len(parts)
        for name, member in spec.members.items():
            first, *more = self.split(member)
            _put(self.dice.pick(parts[:own]), "properties", name, first)
            for schema in more:
                keyword = self.dice.pick(("properties", "patternProperties"))
                _put(self.dice.pick(parts[:own]), keyword, name if keyword == "properties" else f"^{name}$", schema)
        if spec.others == "pattern":
            _put(self.dice.pick(parts[:own]), "patternProperties", "^p_", self.write(spec.other))
        elif spec.others == "additional":
            # It speaks of the names that the same part does not have, wherever else they are declared.
            names = [*spec.members, *(["again"] if spec.recurs else [])]
            parts.append({"properties": dict.fromkeys(names, True), "additionalProperties": self.write(spec.other)})
        elif spec.others == "blanket":
            parts.append({"additionalProperties": self.categorised(*sorted(spec.blanket))})
        elif spec.kind == "object" and self.dice.chance(4):
            parts.append({"additionalProperties": True})

    def _items(self, spec, parts):
        if spec.prefix:
            prefix = [self.write(each) for each in spec.prefix]
            lists, behind = ("prefixItems", "items") if self.modern else ("items", "additionalItems")
            parts.append({lists: prefix, **({behind: self.write(spec.rest)} if spec.rest else {})})
        elif spec.rest:
            for schema in self.split(spec.rest):
                part = {"items": schema}
                if not self.modern and spec.rest.categories and self.dice.chance(3):  # ignored: not what it says
                    beside = {
                        "additionalItems": self.categorised(*self.dice.some(sorted(spec.rest.categories), least=1))
                    }
                    part = {**part, **beside} if self.dice.chance(2) else {**beside, **part}
                parts.append(part)
        if spec.kind == "array" and spec.blanket:
            parts.append({"items": self.categorised(*sorted(spec.blanket))})

    def _unfollowed(self, spec):
        """Return a schema that says a category in a way that is not followed."""
        plain = self.categorised(UNFOLLOWED)
        said = self.dice.pick((plain, {"properties": {"q": plain}}, {"anyOf": [plain, True]}))
        ways = [
            {"not": {**NEVER, **said}},
            {"propertyNames": said},
            {"unevaluatedProperties": said},
            {"unevaluatedItems": said},
            {"contentSchema": said},
            {"x-unknown": {"of": [said]}},
            {"$dynamicRef": self._dynamic(said)},
        ]
        if self.modern:
            ways += [{"additionalItems": said}, {"contains": said, "minContains": 0}]
        else:
            ways += [{"dependentSchemas": {"q": said}}, {"prefixItems": [said]}]
            ways += [{"contains": said}] if spec.kind != "array" else []
        return self.dice.pick(ways)

    def _dynamic(self, said):
        if not self.modern:
            return self._store(said)  # the draft does not know the keyword
        self.shelves["$defs"]["dynamic"] = {"$dynamicAnchor": "dynamic", **said}
        return "#dynamic"

    def _store(self, schema):
        """Put a schema on a shelf, and return the reference to it."""
        shelf = self.shelves[self.dice.pick(("definitions", "$defs"))]
        name = f"d{len(shelf)}"
        shelf[name] = schema
        return f"#/{'$defs' if shelf is self.shelves['$defs'] else 'definitions'}/{name}"

    def _wrapped(self, part):
        """Return a schema that says what `part` does, of the same values, whether or not it holds there."""
        for _ in range(self.dice.pick((0, 1, 1, 2))):
            part = self._wrapped_once(part)
        return part

    def _wrapped_once(self, part):
        unmet = {**NEVER, "allOf": [part]}
        holds = {"not": NEVER}
        ways = [
            lambda: {"allOf": [part, {"description": "…"}]},
            lambda: {"anyOf": [part, NEVER]},
            lambda: {"oneOf": [NEVER, part]},
            lambda: {"anyOf": [unmet, holds]},
            lambda: {"oneOf": [{}, unmet]},
            lambda: {"if": holds, "then": part},
            lambda: {"if": NEVER, "else": part},
            lambda: {"if": NEVER, "then": part, "else": {}},
            lambda: {"if": part},
            lambda: {"dependencies": {self.dice.pick(("a", "q")): part}},
            lambda: {"$ref": self._store(part)},
            lambda: self._beside_a_reference(part),
        ]
        if self.modern:
            ways.append(lambda: {"dependentSchemas": {self.dice.pick(("a", "q")): part}})
        return self.dice.pick(ways)()

    def _beside_a_reference(self, part):
        """Leave the categories beside the `$ref`: a draft that ignores what stands there does not take them away."""
        beside = {keyword: part[keyword] for keyword in ("categories", "personal-data") if keyword in part}
        return {"$ref": self._store({key: said for key, said in part.items() if key not in beside}), **beside}


def _put(part, keyword, name, schema):
    there = part.setdefault(keyword, {})
    there[name] = {"allOf": [there[name], schema]} if name in there else schema


_MAY_STAND_TOGETHER = {"categories", "personal-data", "type", "properties", "patternProperties", "not", "propertyNames"}


def _joined(parts):
    together: dict[str, Any] = {}
    for part in parts:
        if not _MAY_STAND_TOGETHER.issuperset(part) or not together.keys().isdisjoint(part):
            return parts[0] if len(parts) == 1 else {"allOf": parts}
        together.update(part)
    return together
