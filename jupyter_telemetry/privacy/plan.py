"""The plan of a schema: field by field, what becomes of it, and by which rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .actions import DROP, NULL
from .judgement import Judge
from .paths import ANY, path_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .actions import Action
    from .classification import Classification, Place
    from .judgement import State
    from .policy import Limits

__all__ = ["Field", "plan"]

NOT_DECLARED = "the schema does not declare it"


class Field(NamedTuple):
    """One value of an event, or all that stand at one place of an array or under any other name.

    path: where, `*` for any name or index: "/files/*/path".
    title, description: as the schema has them, or "".
    categories: what kind of data it is.
    action: what becomes of it; rule: by which rule.
    """

    path: str
    title: str
    description: str
    categories: tuple[str, ...]
    action: Action
    rule: str

    @property
    def is_kept(self) -> bool:
        """Whether anything of the value is left."""
        return self.action.name not in ("null", "drop")


def plan(classification: Classification, limits: Sequence[Limits]) -> list[Field]:
    """Say of every value of a schema's events what becomes of it, by all of `limits` together.

    Objects and arrays stand here only where all in them fares alike, where nothing is said of what is in them, or
    where something is left of what is neither though it stands in the same place. What stands below a `$ref` that
    leads back to where it stands is told once. Of names that only patterns admit, each kind stands here as `*`.
    """
    judge = Judge(classification, limits)
    walker = _Walker(judge)
    entered = judge.enter(classification.root, judge.root())
    told = [*walker.members(classification.root, entered, ()), *walker.dropped(classification.root, entered)]
    return list(dict.fromkeys(told))


class _Walker:
    """Goes the way that a redaction's compiler goes; what is null or dropped without being declared is left out."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._inside: set[tuple[Place | None, State]] = set()

    def fields(self, place: Place | None, state: State, steps: tuple[str | int, ...]) -> Iterator[Field]:
        """Yield the field at a place, or those inside it; `state` is the one in front of it."""
        entered = self._judge.enter(place, state)
        action, descends, rule = self._judge.verdict(place, entered)
        key = (place, entered)
        field = _field(place, entered, steps, action, rule)
        is_opaque = place is None or place.is_opaque
        if not descends or (is_opaque and not entered.leads_on) or key in self._inside:
            yield field
            return
        self._inside.add(key)
        if field.is_kept and _may_be(place, "string", "integer", "number", "boolean"):
            yield field
        if (entered.leads_on or (place is not None and place.has_members)) and _may_be(place, "object"):
            yield from self.members(place, entered, steps)
        if (entered.leads_on or (place is not None and place.has_items)) and _may_be(place, "array"):
            yield from self._items(place, entered, steps)
        self._inside.discard(key)

    def members(self, place: Place | None, entered: State, steps: tuple[str | int, ...]) -> Iterator[Field]:
        """Yield the fields of an object's members: those that are declared, those of which a path speaks, others."""
        names = dict.fromkeys((*place.names, *sorted(entered.names)) if place is not None else sorted(entered.names))
        for name in names:
            member = place.member(name) if place is not None else None
            below = entered.step(name)
            if member is not None or self._judge.admits(None, below, names_it=True):
                yield from self.fields(member, below, (*steps, name))
        below = entered.step(None)
        for kind in place.kinds_of_others if place is not None else ():
            if self._judge.admits(kind, below):
                yield from self.fields(kind, below, (*steps, ANY))
            else:
                yield _field(kind, self._judge.enter(kind, below), (*steps, ANY), DROP, NOT_DECLARED)
        if self._judge.admits(None, below):
            yield from self.fields(None, below, (*steps, ANY))
        elif place is None or place.is_opaque:  # of which paths of the configuration speak, and the schema does not
            yield _field(None, below, (*steps, ANY), DROP, NOT_DECLARED)

    def _items(self, place: Place | None, entered: State, steps: tuple[str | int, ...]) -> Iterator[Field]:
        indexes = {int(name) for name in entered.names if name.isdecimal()}.union(place.indexes if place else ())
        for index in (*sorted(indexes), None):
            item = place.item(index) if place is not None else None
            below = entered.step(index)
            if item is not None or self._judge.admits(None, below, names_it=True):
                yield from self.fields(item, below, (*steps, ANY if index is None else index))
            elif place is None or place.is_opaque:
                yield _field(None, below, (*steps, ANY if index is None else index), NULL, NOT_DECLARED)

    def dropped(self, root: Place, entered: State) -> Iterator[Field]:
        """Yield the one field that stands for all that the schema does not speak of, if that is dropped."""
        below = entered.step(None)
        if not root.is_opaque and not root.kinds_of_others and not self._judge.admits(None, below):
            yield _field(None, below, (ANY,), DROP, NOT_DECLARED)


def _may_be(place: Place | None, *kinds: str) -> bool:
    return place is None or place.may_be(*kinds)


def _field(place: Place | None, state: State, steps: tuple[str | int, ...], action: Action, rule: str) -> Field:
    def said(keyword: str) -> str:
        return str((place and place.annotation(keyword)) or "")

    categories = tuple(sorted(each for each in state.around if not each.startswith("\0")))
    return Field(path_text(steps), said("title"), said("description"), categories, action, rule)
