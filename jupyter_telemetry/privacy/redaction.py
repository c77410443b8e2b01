"""What becomes of the values that are not allowed: compiled once per route."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ..encoding import plain
from ..envelope import RESERVED_PREFIX
from .actions import KEEP
from .generalisation import coarsest
from .walk import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .actions import Action
    from .classification import Classification, Place
    from .judgement import Key, State, Way
    from .policy import Limits
    from .walk import Frame

    Step: TypeAlias = Callable[[Any], Any]

__all__ = ["Redaction", "ReservedName", "compile_redaction"]

MOST_MIXTURES = 1000
"""How many different sets of patterns the names that are met late may match; a kind of value for each."""


class ReservedName(ValueError):
    """An undeclared name that begins as metadata does."""


def _keep(value: Any) -> Any:
    return value


def _null(_: Any) -> None:
    return None


def _drop(_: Any) -> None:
    return None


_ALWAYS = {"null": _null, "drop": _drop}  # the same for every value


class Redaction(NamedTuple):
    """What is done to the events of one schema.

    redact: from a valid event to what may be kept of it. A declared value that is not allowed becomes null, or what
        its action makes of it; an undeclared one is dropped, name and all. The event is not changed; what is kept of
        it is shared. Raises ReservedName for an undeclared name that begins with `__`.
    keeps_nulls: False if no value that is kept as it is can be a null, or hold one.
    time_unit: the coarsest to which a time in the events is rounded: "hour", "day" or "week"; None if none is.
    """

    redact: Callable[[dict[str, Any]], dict[str, Any]]
    keeps_nulls: bool
    time_unit: str | None


def compile_redaction(
    classification: Classification, limits: Sequence[Limits], failed: Callable[[], object]
) -> Redaction | None:
    """Work out what becomes of each place of an event by all of `limits` together; None if all is kept.

    `failed` is called, from any thread, whenever an action fails; the value is null then.
    """
    classifies = classification.classifies
    if all(each.changes_nothing(classifies=classifies) for each in limits):
        return None
    compiler = _Compiler(Walk(classification, limits), failed)
    redact = compiler.event()
    return Redaction(redact, compiler.keeps_nulls, coarsest(compiler.time_units))


class _Compiler:
    def __init__(self, walk: Walk, failed: Callable[[], object]) -> None:
        self._walk = walk
        self._failed = failed
        self._steps: dict[Key, Step] = {}
        self._mixtures_left = MOST_MIXTURES
        self.keeps_nulls = False
        self.time_units: set[str] = set()

    def event(self) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """Return what is done with an event, which is never null as a whole."""
        event, frames = self._walk.event()
        return self._members(event, self._compile(event.ways, frames, {}))

    def _compile(self, ways: Iterable[Way], frames: Mapping[Key, Frame], known: Mapping[Key, Step]) -> _Steps:
        """Compile what is behind some ways; what is inside comes first, as far as nothing refers to itself."""
        steps = _Steps(known)
        waiting = [way.key for way in ways if way.admitted]
        begun: set[Key] = set()
        while waiting:
            key = waiting[-1]
            if key in steps:
                waiting.pop()
            elif key in begun:
                steps.add(waiting.pop(), self._compiled(frames[key], steps))
            else:
                begun.add(key)
                waiting += [way.key for way in frames[key].ways if way.admitted and way.key not in begun]
        # At once: another thread that records an event must not find a step that waits for others. What it has added
        # meanwhile may be lost, and is compiled again.
        self._steps = steps.all
        return steps

    def _compiled(self, frame: Frame, steps: _Steps) -> Step:
        place, verdict, leads_on = frame.place, frame.verdict, frame.state.leads_on
        scalar = self._scalar(verdict.action, place)
        if not verdict.descends:
            return scalar
        is_opaque = place is None or place.is_opaque
        if frame.is_kept_whole or (is_opaque and verdict.action == KEEP and not leads_on):
            self.keeps_nulls = self.keeps_nulls or not is_opaque
            return _keep
        as_one = scalar if verdict.action.takes_containers else _null
        members = self._members(frame, steps) if leads_on or (place and place.has_members) else as_one
        items = self._items(frame, steps) if leads_on or (place and place.has_items) else as_one
        return scalar if scalar is members is items else _by_kind(members, items, scalar)

    def _scalar(self, action: Action, place: Place | None) -> Step:
        if action == KEEP:
            if place is None or not place.is_never_null:
                self.keeps_nulls = True
            return _keep
        if action.name in _ALWAYS:
            return _ALWAYS[action.name]
        if action.time_unit:
            self.time_units.add(action.time_unit)
        return _guarded(action, self._failed)

    def _members(self, frame: Frame, known: _Steps) -> Callable[[dict[str, Any]], dict[str, Any]]:
        # What is not admitted is dropped here: not left to what becomes of names of which no path speaks.
        steps = {str(way.step): known.step(way) or _drop for way in frame.members}
        if frame.place is None or not frame.place.has_fixed_names:  # what is met later cannot be judged now
            self.keeps_nulls = True
            self.time_units |= self._walk.judge.time_units
        declared = frozenset(steps)
        nulled = [name for name, step in steps.items() if step is _null]
        dropped = [name for name, step in steps.items() if step is _drop]
        changed = [(name, step) for name, step in steps.items() if step not in (_keep, _null, _drop)]
        look_at_undeclared = self._undeclared(frame, known, declared)

        def members(value: dict[str, Any]) -> dict[str, Any]:
            # What is looked at is the copy: another thread may write to the caller's object meanwhile.
            kept = dict(value)
            if not declared.issuperset(kept):
                look_at_undeclared(kept)
            for name in nulled:
                if name in kept:
                    kept[name] = None
            for name, step in changed:
                if name in kept:
                    kept[name] = step(kept[name])
            return kept

        def members_without_the_dropped(value: dict[str, Any]) -> dict[str, Any]:
            kept = members(value)
            for name in dropped:
                kept.pop(name, None)
            return kept

        return members_without_the_dropped if dropped else members

    def _undeclared(self, frame: Frame, known: _Steps, declared: frozenset[str]) -> Callable[[dict[str, Any]], None]:
        place = frame.place
        rest = known.step(frame.others[-1])
        if rest is not None:
            self.keeps_nulls = True
        step_of = None if place is None or place.has_fixed_names else self._by_pattern(place, frame.state, rest)

        def look_at_undeclared(kept: dict[str, Any]) -> None:
            """Drop what no pattern or `additionalProperties` allows; its name is a value too."""
            for name in [name for name in kept if name not in declared]:
                if isinstance(name, str) and name.startswith(RESERVED_PREFIX):
                    raise ReservedName
                step = rest if step_of is None or not isinstance(name, str) else step_of(name)
                if step is None or step is _drop:
                    del kept[name]
                else:
                    kept[name] = step(kept[name])

        return look_at_undeclared

    def _by_pattern(self, place: Place, around: State, rest: Step | None) -> Callable[[str], Step | None]:
        """Return what finds the step for a name that is not declared.

        Names are values, so none is kept: only which of the patterns they match, and not more of that than there is
        room for. What is beyond is dropped.
        """
        by_match: dict[tuple[bool, ...], Step | None] = {}

        def step_of(name: str) -> Step | None:
            matched = place.matched(name)
            if matched not in by_match:
                if self._mixtures_left <= 0:
                    return None
                self._mixtures_left -= 1
                kind = place.other(matched)
                by_match[matched] = rest if kind is None else self._late(kind, around)
            return by_match[matched]

        return step_of

    def _late(self, kind: Place, around: State) -> Step | None:
        known = self._steps
        way, frames = self._walk.other(kind, around, known)
        return self._compile([way], frames, known).step(way)

    def _items(self, frame: Frame, steps: _Steps) -> Step:
        by_index = {way.step: steps.step(way) or _null for way in frame.items}
        rest = by_index.pop(None)
        if rest is _keep and not by_index:
            return _keep

        def items(value: Any) -> list[Any]:
            steps = [by_index.get(index, rest) for index in range(len(value))] if by_index else [rest] * len(value)
            return [step(item) for step, item in zip(steps, value, strict=False) if step is not _drop]

        return items


class _Steps:
    """The steps that are compiled, and those that must wait: a schema may refer to itself."""

    def __init__(self, known: Mapping[Key, Step]) -> None:
        self.all = dict(known)
        self._waiting: dict[Key, list[Step]] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self.all

    def add(self, key: Key, step: Step) -> None:
        self.all[key] = step
        if key in self._waiting:
            self._waiting[key].append(step)

    def step(self, way: Way) -> Step | None:
        """Return what is done with the values that a way leads to; None if it admits none."""
        if not way.admitted:
            return None
        if way.key in self.all:
            return self.all[way.key]
        finished = self._waiting.setdefault(way.key, [])
        return lambda value: finished[0](value)


_AS_THEY_ARE = (str, int, float, bool, type(None))


def _guarded(action: Action, failed: Callable[[], object]) -> Step:
    """Return what never raises: a value that an action fails on becomes null."""
    apply = action.apply

    def act(value: Any) -> Any:
        try:
            return apply(value if type(value) in _AS_THEY_ARE else plain(value))
        except (Exception, SystemExit):  # noqa: S110  its text may hold the value
            pass
        # Not in the `except`: whatever raises in there shows the failure, with the value, as its context.
        failed()
        return None

    return act


def _by_kind(members: Step, items: Step, scalar: Step) -> Step:
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
