"""What becomes of the value at each place of an event, and by which rule: the one answer for all who ask.

A redaction is compiled from it, and what users and operators are told is read from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from .actions import KEEP, NULL, strictest
from .classification import RESTRICTED, with_overlay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .actions import Action
    from .classification import Classification, Overlay, Place
    from .paths import Paths
    from .policy import Limits

    Key: TypeAlias = tuple[Place | None, "State"]
    """A value as it was met: its place, and the state in which it was entered."""

__all__ = ["UNFOLLOWED", "Judge", "State", "Verdict", "Way"]

KEPT_WHOLE = "nothing is classified, and the schema is allowed by its exact id"
ALLOWS_ALL = "everything is allowed here"
NAMED = "allowed_properties names it"
NOT_CLASSIFIED = "nobody has classified it"
NOT_FOLLOWED = "the schema says it in a way that cannot be followed"
TOO_MANY_WAYS = "the schema leads to it in more ways than can be followed"
BY_PATH = "redactions, by its path"

_MULTIPLIED = "\0multiplied"
UNFOLLOWED = frozenset({RESTRICTED, _MULTIPLIED})
"""The categories of what there is no room to follow."""

_AS_A_WHOLE = ("null", "drop")  # what is done to an object or an array whatever is in it


class Stance(NamedTuple):
    """What one set of limits has said on the way to a place."""

    kept: bool  # allowed_properties names the value, or one that it is part of
    allowed: Paths[None]
    redacted: Paths[Action]
    in_force: frozenset[Action]  # what redactions by path say of the value, or of one that it is part of


class State(NamedTuple):
    """What is known of a place from the way to it."""

    around: frozenset[str]  # categories
    stances: tuple[Stance, ...]  # one for each set of limits
    overlay: Overlay  # it speaks of values that the schema does not declare, too

    def step(self, name: str | int | None) -> State:
        """Go to a member or an element; None is any that no path names."""
        return State(
            self.around,
            tuple(
                Stance(kept, allowed.step(name), redacted.step(name), in_force)
                for kept, allowed, redacted, in_force in self.stances
            ),
            self.overlay.step(name),
        )

    @property
    def names(self) -> set[str]:
        """The names and indexes of which a path speaks next."""
        return self.overlay.names.union(
            *(stance.allowed.names | stance.redacted.names for stance in self.stances),
        )

    @property
    def leads_on(self) -> bool:
        """Whether a path speaks of values inside."""
        return self.overlay.leads_on or any(
            stance.allowed.leads_on or stance.redacted.leads_on for stance in self.stances
        )


class Way(NamedTuple):
    """The way from an object or array to a member or an element of it, or to all that are alike.

    step: a name or an index; None for any that is not told apart.
    place: None if the schema does not declare it.
    state: what is known in front of the value; entered: what is known of the value itself.
    admitted: False if the value is left out, with its name; in an array it becomes null.
    """

    step: str | int | None
    place: Place | None
    state: State
    entered: State
    admitted: bool

    @property
    def key(self) -> Key:
        """What tells the value from others, whatever way leads to it."""
        return (self.place, self.entered)


class Verdict(NamedTuple):
    """What becomes of a value.

    action: what is done with one that is no object and no array, or with an opaque one.
    descends: an object or array is a frame, each value in it has a verdict of its own; else the action is done
        with it as a whole.
    rule: which rule decided, in words.
    """

    action: Action
    descends: bool
    rule: str


class Judge:
    """Judge all values of one schema's events, by several sets of limits: of their verdicts the strictest counts."""

    def __init__(self, classification: Classification, limits: Sequence[Limits]) -> None:
        self._limits = tuple(limits)
        self._overlay = classification.overlay
        self._categories = classification.all_categories
        classifies = classification.classifies
        self._whole = tuple(each.takes_whole(classifies=classifies) for each in limits)

    def root(self) -> State:
        """Return the state in front of an event."""
        return State(
            frozenset(),
            tuple(Stance(False, each.properties, each.by_path, frozenset()) for each in self._limits),
            self._overlay,
        )

    @property
    def time_units(self) -> set[str]:
        """The units to which times in any event of the schema may be rounded."""
        actions = {action for each in self._limits for action in each.by_path.all}
        actions |= {
            action for each in self._limits for name, action in each.by_category.items() if name in self._categories
        }
        return {action.time_unit for action in actions if action.time_unit}

    def enter(self, place: Place | None, state: State) -> State:
        """Take in what is said of the value at a place; None is one that the schema does not declare."""
        return State(
            with_overlay(state.overlay, state.around)
            if place is None
            else place.categories(state.around, state.overlay),
            tuple(
                Stance(kept or bool(allowed.here), allowed, redacted, in_force | redacted.here)
                for kept, allowed, redacted, in_force in state.stances
            ),
            state.overlay,
        )

    def verdict(self, place: Place | None, state: State) -> Verdict:
        """Judge the value at a place that was entered."""
        verdicts = [
            self._by(limits, whole, stance, place, state.around, state.leads_on)
            for limits, whole, stance in zip(self._limits, self._whole, state.stances, strict=True)
        ]
        action = strictest(verdict.action for verdict in verdicts)
        rule = next((verdict.rule for verdict in verdicts if verdict.action == action), BY_PATH)
        return Verdict(action, all(verdict.descends for verdict in verdicts), rule)

    def members(self, place: Place | None, entered: State) -> Iterator[Way]:
        """Yield the ways to those members of an object whose names are known: the schema has them, or a path does."""
        for name in dict.fromkeys((*(place.names if place is not None else ()), *sorted(entered.names))):
            yield self._known(name, place.member(name) if place is not None else None, entered)

    def items(self, place: Place | None, entered: State) -> Iterator[Way]:
        """Yield the ways to an array's elements: to each that the schema or a path tells apart, then to the rest."""
        indexes = {int(name) for name in entered.names if name.isdecimal()}.union(place.indexes if place else ())
        for index in (*sorted(indexes), None):
            yield self._known(index, place.item(index) if place is not None else None, entered)

    def others(self, place: Place | None, entered: State) -> Iterator[Way]:
        """Yield the ways to all other members of an object: of each kind that a pattern admits, then of none."""
        for kind in (*(place.kinds_of_others if place is not None else ()), None):
            yield self.other(kind, entered)

    def other(self, kind: Place | None, entered: State) -> Way:
        """Return the way to members whose names are not known, but fit what the schema says of `kind`."""
        below = entered.step(None)
        inside = self.enter(kind, below)
        return Way(None, kind, below, inside, self.admits(kind, inside))

    def _known(self, step: str | int | None, place: Place | None, entered: State) -> Way:
        below = entered.step(step)
        inside = self.enter(place, below)
        if place is not None:
            return Way(step, place, below, inside, True)
        is_index = not isinstance(step, str)
        named = [is_index or step in {*each.redacted.names, *each.allowed.names} for each in entered.stances]
        return Way(step, None, below, inside, self.admits(None, inside, named))

    def admits(self, member: Place | None, entered: State, named: Sequence[bool] | None = None) -> bool:
        """Say whether a member whose name is not declared, only admitted, stays; it was entered.

        A name is a value too: it stays only where the value stays as it is, or where all names do. One that a path of
        a set of limits has (`named`, for each set) tells nothing to it, and neither does an index: it stays whatever
        becomes of the value by its path.
        """
        if member is not None and self.verdict(member, entered).action == KEEP:
            return True
        return all(
            (whole or stance.kept) and (is_named or not stance.in_force) and not _said_of(entered.around, limits)
            for limits, whole, stance, is_named in zip(
                self._limits, self._whole, entered.stances, named or [False] * len(self._limits), strict=True
            )
        )

    def keeps_all_inside(self, state: State) -> bool:
        """Say whether nothing inside the value that was entered can be but kept."""
        return all(
            (whole or stance.kept)
            and not stance.in_force
            and not stance.redacted.leads_on
            and not limits.by_category
            and not limits.refused
            for limits, whole, stance in zip(self._limits, self._whole, state.stances, strict=True)
        )

    def _by(
        self, limits: Limits, whole: bool, stance: Stance, place: Place | None, categories: frozenset[str], inside: bool
    ) -> Verdict:
        """Judge by one set of limits; `inside` says whether a path speaks of something in the value."""
        said = [*((action, BY_PATH) for action in stance.in_force), *_said_of(categories, limits)]
        lacking = self._lacking(limits, whole, stance, categories)
        # What is null because nobody allows it gives way to what is said of values in it; a stated null does not.
        descends = all(action.name not in _AS_A_WHOLE for action, _ in said) and (inside or not lacking)
        if lacking:
            said.append((NULL, lacking))
        if said:
            action = strictest(action for action, _ in said)
            rule = next((rule for each, rule in said if each == action), said[0][1])
            return Verdict(action, descends and (inside or action.name not in _AS_A_WHOLE), rule)
        if whole:
            return Verdict(KEEP, True, ALLOWS_ALL if limits.allows_all else KEPT_WHOLE)
        if stance.kept:
            return Verdict(KEEP, True, NAMED)
        if categories:
            return Verdict(KEEP, True, f"allowed: {_listed(categories)}")
        return Verdict(NULL, inside or (place is not None and place.classifies), NOT_CLASSIFIED)

    def _lacking(self, limits: Limits, whole: bool, stance: Stance, categories: frozenset[str]) -> str:
        """Say why a classified value may not be kept though no redaction speaks of it; "" if it may, or one does."""
        is_kept = whole or stance.kept
        # What cannot be followed may be of any category, one that must not be written as it is too.
        if RESTRICTED in categories and (not is_kept or limits.by_category or limits.refused):
            return TOO_MANY_WAYS if _MULTIPLIED in categories else NOT_FOLLOWED
        if is_kept or stance.in_force:
            return ""
        unsaid = categories - limits.categories - limits.by_category.keys() - limits.refused
        return f"not allowed: {_listed(unsaid)}" if unsaid else ""


def _said_of(categories: frozenset[str], limits: Limits) -> list[tuple[Action, str]]:
    """Return what redactions, and the user, say of values of some categories; with the rule."""
    said = [
        (limits.by_category[each], f"redactions: {each}") for each in sorted(categories & limits.by_category.keys())
    ]
    return said + [(NULL, f"without consent: {each}") for each in sorted(categories & limits.refused)]


def _listed(categories: Iterable[str]) -> str:
    return ", ".join(sorted(categories - {RESTRICTED} if isinstance(categories, frozenset) else categories))
