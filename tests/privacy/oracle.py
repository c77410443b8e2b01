"""What must become of a value, by the rules as the documentation states them: looked up for each value of each event.

Nothing here knows the schema, or anything of jupyter_telemetry: it stands on what trees.py has decided before.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from typing import Any

GONE = None  # null, or dropped where its name tells nothing
STRICTNESS = ("generalise", "truncate", "callable", "pseudonymise", "null", "drop")
PSEUDONYM = "a pseudonym"
CALLED = "tests.privacy.operators_own:mask"
FAILS = ("tests.privacy.operators_own:fail", "tests.privacy.operators_own:not_json")


def parsed(path):
    return tuple(path.strip("/").split("/"))


def meets(pattern, path):
    return len(pattern) == len(path) and all(step in ("*", str(at)) for step, at in zip(pattern, path, strict=True))


@dataclass
class Limits:
    """One set of configuration, as its operator wrote it."""

    allowed: dict[str, Any] | None  # None: everything
    redactions: dict[str, Any] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()

    def of(self, schema_id, *, classifies):
        """Return what is said of one schema's events; None: they are not recorded."""
        entries = [{}]
        if self.allowed is not None:
            exact = [self.allowed[schema_id]] if schema_id in self.allowed else []
            entries = exact or [said for glob, said in self.allowed.items() if fnmatch.fnmatchcase(schema_id, glob)]
            if not entries or not (exact or classifies):
                return None
        by_path = [
            (parsed(path), action)
            for subject, said in self.redactions.items()
            if fnmatch.fnmatchcase(schema_id, subject)
            for path, action in said.items()
        ]
        named = [parsed(path) for entry in entries for path in entry.get("allowed_properties", ())]
        return Stated(
            categories={"unrestricted"}.union(*(entry.get("allowed_categories", ()) for entry in entries)),
            named=named,
            by_category={c: said for c, said in self.redactions.items() if "/" not in c},
            by_path=by_path,
            refused=self.refused,
            whole=self.allowed is None or not (classifies or named),
        )


@dataclass
class Stated:
    """Limits, of one schema."""

    categories: set[str]
    named: list[tuple[str, ...]]
    by_category: dict[str, Any]
    by_path: list[tuple[tuple[str, ...], Any]]
    refused: frozenset[str]
    whole: bool

    def names(self, path):
        return any(meets(named, path[: len(named)]) for named in self.named)

    def of_path(self, path):
        return [action for at, action in self.by_path if meets(at, path[: len(at)])]

    def of_categories(self, categories):
        return [action for each, action in self.by_category.items() if each in categories] + (
            ["null"] if categories & self.refused else []
        )

    def verdict(self, categories, unfollowed, path, *, inside):
        """Return (what is to be done with a value, whether it is looked into).

        `inside`: a path speaks of something in it; what is null because nobody allows it gives way to that. A value
        that nobody has classified is nothing itself, but may be the frame of some that are.
        """
        free = self.whole or self.names(path)
        stated = self.of_path(path) + self.of_categories(categories)
        if unfollowed and (not free or self.by_category or self.refused):
            lacks = True
        else:
            unsaid = categories - self.categories - self.by_category.keys() - self.refused
            lacks = bool(unsaid) and not free and not self.of_path(path)
        actions = stated + ["null"] * lacks
        if not actions:
            return ["keep" if free or categories else "null"], True
        if inside:
            return actions, not any(kind_of(each) in ("null", "drop") for each in stated)
        return actions, kind_of(strictest(actions)) not in ("null", "drop")


class Oracle:
    """Says what must be left of an event.

    Parameters
    ----------
    stated: by the log, and by a handler: all of it counts.
    overlay: {path: categories}.
    """

    def __init__(self, stated, overlay):
        self.stated = stated
        self.overlay = [(parsed(path), frozenset(categories)) for path, categories in overlay.items()]
        self.paths = [path for path, _ in self.overlay]
        self.paths += [path for each in stated for path in (*each.named, *(at for at, _ in each.by_path))]

    def event(self, spec, event):
        return self._members(spec, event, (), *self._enter(spec, (), frozenset(), False))

    def _spells(self, stated, path):
        """Say whether the operator wrote a name, for all or in one set of limits: then it is no value for that one."""
        own = [*stated.named, *(at for at, _ in stated.by_path), *(at for at, _ in self.overlay)]
        return any(meets(at[: len(path)], path) and at[len(path) - 1 :][:1] == path[-1:] for at in own)

    def _leads_inside(self, path):
        return any(len(at) > len(path) and meets(at[: len(path)], path) for at in self.paths)

    def _enter(self, spec, path, around, unfollowed, blanket=frozenset()):
        here = [categories for at, categories in self.overlay if meets(at, path)]
        categories = around | blanket | (spec.categories if spec else frozenset())
        return frozenset().union(*here) if here else categories, unfollowed or bool(spec and spec.unfollowed)

    def _value(self, spec, value, path, categories, unfollowed):
        leads_inside = self._leads_inside(path)
        verdicts = [each.verdict(categories, unfollowed, path, inside=leads_inside) for each in self.stated]
        action = strictest([action for actions, _ in verdicts for action in actions])
        is_frame = all(descends for _, descends in verdicts) and (leads_inside or (spec and spec.declares))
        if not isinstance(value, (dict, list)) or not is_frame:
            return applied(action, value)
        look = self._members if isinstance(value, dict) else self._items
        return look(spec, value, path, categories, unfollowed)

    def _members(self, spec, value, path, categories, unfollowed):
        left = {}
        for name, member in value.items():
            below = (*path, name)
            its, declared = spec.member(name) if spec else (None, False)
            entered = self._enter(its, below, categories, unfollowed, spec.blanket if its else frozenset())
            spelled = any(meets(at[: len(below)], below) and at[len(path)] == name for at in self.paths)
            if declared or (its and spelled) or self._admits(its, below, *entered):
                left[name] = self._value(its, member, below, *entered)
        return left

    def _admits(self, spec, path, categories, unfollowed):
        """Say whether a name that the schema does not have may be written."""
        inside = self._leads_inside(path)
        if spec and all(
            each.verdict(categories, unfollowed, path, inside=inside)[0] == ["keep"] for each in self.stated
        ):
            return True
        return all(
            (each.whole or each.names(path))
            and (isinstance(path[-1], int) or self._spells(each, path) or not each.of_path(path))
            and not each.of_categories(categories)
            for each in self.stated
        )

    def _items(self, spec, value, path, categories, unfollowed):
        left = []
        for index, item in enumerate(value):
            below = (*path, index)
            its = spec.item(index) if spec else None
            entered = self._enter(its, below, categories, unfollowed, spec.blanket if its else frozenset())
            if its or self._admits(None, below, *entered):
                left.append(self._value(its, item, below, *entered))
        return left


def kind_of(action):
    if isinstance(action, dict):
        return next(iter(action))
    return action if action in (*STRICTNESS, "keep") else "callable"


def strictest(actions):
    """Return the strictest of some actions; of two of one kind that are unlike, null."""
    stated = [each for each in actions if each != "keep"]
    if not stated:
        return "keep"
    strict = max(stated, key=lambda each: STRICTNESS.index(kind_of(each)))
    if STRICTNESS.index(kind_of(strict)) > STRICTNESS.index("callable"):
        return strict
    alike = [each for index, each in enumerate(stated) if each not in stated[:index]]
    if len(alike) == 1:
        return alike[0]
    if len(set(map(kind_of, alike))) > 1:
        return "null"
    if kind_of(alike[0]) == "truncate":
        return {"truncate": min(each["truncate"] for each in alike)}
    hows = [each["generalise"] for each in alike if isinstance(each, dict)]
    if hows and all(isinstance(how, dict) and "parts" in how for how in hows):
        return {"generalise": {"parts": min(how["parts"] for how in hows)}}
    return "null"


def applied(action, value):
    """Return what an action leaves of a value; GONE if it does not fit."""
    kind = kind_of(action)
    if kind == "keep":
        return value
    if kind == "pseudonymise":
        return PSEUDONYM
    if kind == "callable":
        return "*" if action == CALLED else GONE
    if kind == "truncate":
        return value[: action["truncate"]] if isinstance(value, str) else GONE
    if kind == "generalise":
        return _generalised(action["generalise"], value)
    return GONE


def _generalised(how, value):
    if how == "suffix":
        return "" if isinstance(value, str) else GONE
    if isinstance(how, dict) and "parts" in how:
        return "/".join(value.split("/")[: how["parts"]]) if isinstance(value, str) else GONE
    if isinstance(how, dict) and "bucket" in how:
        return value // how["bucket"] * how["bucket"] if isinstance(value, int) else GONE
    return GONE  # no value here is a time or an address


_PSEUDONYM = re.compile(r"pseudonym:[0-9a-f]{8}:[0-9a-f]{32}")


def pruned(value):
    """Return what is left of a value without nulls, and without what holds nothing else; pseudonyms look alike."""
    if isinstance(value, dict):
        return {name: left for name, each in value.items() if (left := pruned(each)) is not None} or None
    if isinstance(value, list):
        return [left for each in value if (left := pruned(each)) is not None] or None
    return PSEUDONYM if isinstance(value, str) and _PSEUDONYM.fullmatch(value) else value
