"""The plan of a schema: field by field, what becomes of it, and by which rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .actions import DROP
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

    Objects and arrays stand here only where all in them fares alike, or where nothing is declared of what is in them.
    What stands below a `$ref` that leads back to where it stands is told once.
    """
    judge = Judge(classification, limits)
    walker = _Walker(judge)
    entered = judge.enter(classification.root, judge.root())
    return [*walker.members(classification.root, entered, ()), *walker.undeclared(classification.root, entered, ())]


class _Walker:
    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._inside: set[tuple[Place | None, State]] = set()

    def fields(self, place: Place | None, state: State, steps: tuple[str | int, ...]) -> Iterator[Field]:
        """Yield the field at a place, or those inside it; `state` is the one in front of it."""
        entered = self._judge.enter(place, state)
        action, descends, rule = self._judge.verdict(place, entered)
        key = (place, entered)
        is_frame = descends and place is not None and not place.is_opaque
        if not is_frame or key in self._inside:
            yield _field(place, entered, steps, action, rule)
            return
        self._inside.add(key)
        yield from self.members(place, entered, steps)
        if place is not None and place.has_items:
            for index in (*place.indexes, None):
                item = place.item(index)
                if item is not None:
                    yield from self.fields(item, entered.step(index), (*steps, ANY if index is None else index))
        self._inside.discard(key)

    def members(self, place: Place | None, entered: State, steps: tuple[str | int, ...]) -> Iterator[Field]:
        """Yield the fields of an object's members: those that are declared, those of which a path speaks, others."""
        names = dict.fromkeys((*place.names, *sorted(entered.names)) if place is not None else sorted(entered.names))
        for name in names:
            member = place.member(name) if place is not None else None
            below = entered.step(name)
            if member is not None or self._judge.admits(None, below, names_it=True):
                yield from self.fields(member, below, (*steps, name))
        others = place.others if place is not None else None
        if others is not None:
            below = entered.step(None)
            if self._judge.admits(others, below):
                yield from self.fields(others, below, (*steps, ANY))
            else:
                yield _field(others, self._judge.enter(others, below), (*steps, ANY), DROP, NOT_DECLARED)

    def undeclared(self, place: Place, entered: State, steps: tuple[str | int, ...]) -> Iterator[Field]:
        """Yield the one field that stands for all that the schema does not speak of."""
        if place.others is None:
            below = entered.step(None)
            if self._judge.admits(None, below):
                yield from self.fields(None, below, (*steps, ANY))
            else:
                yield _field(None, below, (*steps, ANY), DROP, NOT_DECLARED)


def _field(place: Place | None, state: State, steps: tuple[str | int, ...], action: Action, rule: str) -> Field:
    def said(keyword: str) -> str:
        return str((place and place.annotation(keyword)) or "")

    categories = tuple(sorted(each for each in state.around if not each.startswith("\0")))
    return Field(path_text(steps), said("title"), said("description"), categories, action, rule)
