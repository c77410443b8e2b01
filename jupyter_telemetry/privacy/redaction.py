"""What becomes of the values that are not allowed: compiled once per route."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ..envelope import RESERVED_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .classification import Classification, Place
    from .policy import Limits

    Action: TypeAlias = Callable[[Any], Any]

__all__ = ["Redaction", "ReservedName", "compile_redaction"]


class ReservedName(ValueError):
    """An undeclared name that begins as metadata does."""


def _keep(value: Any) -> Any:
    return value


def _null(_: Any) -> None:
    return None


class Redaction(NamedTuple):
    """What is done to the events of one schema.

    redact: from a valid event to what may be kept of it. A declared value that is not allowed becomes null; an
        undeclared one is dropped, name and all. The event is not changed; what is kept of it is shared. Raises
        ReservedName for an undeclared name that begins with `__`.
    keeps_nulls: False if no value that is kept as it is can be a null, or hold one.
    """

    redact: Callable[[dict[str, Any]], dict[str, Any]]
    keeps_nulls: bool


def compile_redaction(classification: Classification, limits: Limits) -> Redaction | None:
    """Work out what becomes of each place of an event; None if all is kept."""
    if limits.keep_whole(classifies=classification.classifies):
        return None
    compiler = _Compiler(limits)
    redact = compiler.event(classification.root)
    return Redaction(redact, compiler.keeps_nulls)


class _Compiler:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._actions: dict[tuple[Place, frozenset[str]], Action] = {}
        self.keeps_nulls = bool(limits.properties)

    def event(self, root: Place) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """Return what is done with an event, which is never null as a whole."""
        return _members(root, dict.fromkeys(self._limits.properties, _keep), self, root.categories)

    def action(self, place: Place, around: frozenset[str]) -> Action:
        """Return what is done with a value; `around` are the categories of what it is part of."""
        key = (place, place.categories | around)
        if key not in self._actions:
            # A schema may refer to itself: the place is known before what is below it is.
            self._actions[key] = lambda value: self._actions[key](value)
            self._actions[key] = self._compiled(*key)
        return self._actions[key]

    def _compiled(self, place: Place, categories: frozenset[str]) -> Action:
        if not categories <= self._limits.categories or not (categories or place.classifies):
            return _null
        if categories and not place.is_never_null:
            self.keeps_nulls = True
        if place.is_opaque:
            return _keep
        # Nothing is said of a value as a whole unless it has a category itself.
        scalar = _keep if categories else _null
        members = _members(place, {}, self, categories) if place.has_members else scalar
        items = _items(place, self, categories) if place.has_items else scalar
        return _keep if scalar is members is items is _keep else _by_kind(members, items, scalar)


def _by_kind(members: Action, items: Action, scalar: Action) -> Action:
    """Return what is done with a value that may be an object, an array or neither."""

    def by_what_it_holds(value: Any) -> Any:
        if isinstance(value, Enum):  # is written as its value
            return by_kind(value.value)
        if isinstance(value, dict):
            return members(value)
        return items(value) if isinstance(value, (list, tuple)) else scalar(value)

    def by_kind(value: Any) -> Any:
        kind = type(value)
        if kind is dict:
            return members(value)
        if kind is list:
            return items(value)
        return by_what_it_holds(value)

    return by_kind


def _members(
    place: Place, actions: dict[str, Action], compiler: _Compiler, categories: frozenset[str]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    if not place.has_fixed_names:
        compiler.keeps_nulls = True  # what is met later cannot be judged now
    for name in place.names:
        member = place.member(name)
        if name not in actions and member is not None:
            actions[name] = compiler.action(member, categories)
    declared = frozenset(actions)
    nulled = [name for name, action in actions.items() if action is _null]
    changed = [(name, action) for name, action in actions.items() if action not in (_keep, _null)]
    look_at_undeclared = _undeclared(place, declared, compiler, categories)

    def members(value: dict[str, Any]) -> dict[str, Any]:
        # What is looked at is the copy: another thread may write to the caller's object meanwhile.
        kept = dict(value)
        if not declared.issuperset(kept):
            look_at_undeclared(kept)
        for name in nulled:
            if name in kept:
                kept[name] = None
        for name, action in changed:
            if name in kept:
                kept[name] = action(kept[name])
        return kept

    return members


def _undeclared(
    place: Place, declared: Collection[str], compiler: _Compiler, categories: frozenset[str]
) -> Callable[[dict[str, Any]], None]:
    def look_at_undeclared(kept: dict[str, Any]) -> None:
        """Drop what no pattern or `additionalProperties` allows; its name is a value too."""
        for name in [name for name in kept if name not in declared]:
            if isinstance(name, str) and name.startswith(RESERVED_PREFIX):
                raise ReservedName
            member = place.member(name) if isinstance(name, str) else None
            action = compiler.action(member, categories) if member is not None else _null
            if action is _null:
                del kept[name]
            elif (found := action(kept[name])) is not None or kept[name] is None:
                kept[name] = found
            else:
                del kept[name]

    return look_at_undeclared


def _items(place: Place, compiler: _Compiler, categories: frozenset[str]) -> Action:
    def action_at(index: int) -> Action:
        item = place.item(index)
        return compiler.action(item, categories) if item is not None else _null

    first = [action_at(index) for index in range(place.prefix_length)]
    rest = action_at(place.prefix_length)
    if rest is _keep and not first:
        return _keep

    def items(value: Any) -> list[Any]:
        return [(first[i] if i < len(first) else rest)(item) for i, item in enumerate(value)]

    return items
