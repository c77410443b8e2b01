"""The plan of a schema: field by field, what becomes of it, and by which rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .actions import DROP, KEEP, NULL, Action
from .judgement import Judge
from .paths import ANY, path_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .classification import Classification, Place
    from .judgement import State
    from .policy import Limits

__all__ = ["Field", "plan"]

NOT_DECLARED = "the schema does not declare it"
TOLD_BEFORE = "the schema refers to the same definition there"
TOO_MANY = "the schema refers to itself in more ways than can be listed"
MANY_FIELDS = 500
"""From so many on, what stands at one place of the schema is told once: definitions that refer to others multiply."""
MOST_FIELDS = 1000  # and two for each subschema: one that only has many of its own is told in full


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
    Behind MANY_FIELDS, what was told of a definition elsewhere is not told again; where all the same there are too many
    ways through a schema, a last field, `/…`, says that there are more.
    """
    judge = Judge(classification, limits)
    walker = _Walker(judge, MOST_FIELDS + 2 * len(classification.references.nodes))
    entered = judge.enter(classification.root, judge.root())
    told = [*walker.event(classification.root, entered), *walker.dropped(classification.root, entered)]
    return [*dict.fromkeys(told), *walker.left_out()]


class _Walker:
    """Goes the way that a redaction's compiler goes; what is null or dropped without being declared is left out."""

    def __init__(self, judge: Judge, most: int) -> None:
        self._judge = judge
        self._most = most
        self._met = 0
        self._inside: list[tuple[Place | None, State]] = []
        self._told_at: dict[tuple[Place | None, State], str] = {}

    def event(self, root: Place, entered: State) -> Iterator[Field]:
        """Yield the fields of an event, which is never told as a whole."""
        self._inside.append((root, entered))
        yield from self.members(root, entered, ())
        self._inside.pop()

    def fields(self, place: Place | None, state: State, steps: tuple[str | int, ...]) -> Iterator[Field]:
        """Yield the field at a place, or those inside it; `state` is the one in front of it."""
        self._met += 1
        if self._met > self._most:
            return
        entered = self._judge.enter(place, state)
        action, descends, rule = self._judge.verdict(place, entered)
        key = (place, entered)
        field = _field(place, entered, steps, action, rule)
        is_opaque = place is None or place.is_opaque
        if not descends or (is_opaque and not entered.leads_on) or self._leads_back(key):
            yield field
            return
        if self._met > MANY_FIELDS and key in self._told_at:
            yield field._replace(action=_unlisted(f"as what is in {self._told_at[key]}"), rule=TOLD_BEFORE)
            return
        self._inside.append(key)
        self._told_at.setdefault(key, path_text(steps))
        if field.is_kept and _may_be(place, "string", "integer", "number", "boolean"):
            yield field
        if (entered.leads_on or (place is not None and place.has_members)) and _may_be(place, "object"):
            yield from self.members(place, entered, steps)
        if (entered.leads_on or (place is not None and place.has_items)) and _may_be(place, "array"):
            yield from self._items(place, entered, steps)
        self._inside.pop()

    def _leads_back(self, key: tuple[Place | None, State]) -> bool:
        # The first time that a definition comes back, what is in it is told once more: there it has a path of its own.
        return key in self._inside and len(set(self._inside)) < len(self._inside)

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

    def left_out(self) -> Iterator[Field]:
        """Yield the one field that stands for all that were too many."""
        if self._met > self._most:
            yield Field("/…", "", "", (), _unlisted("there are more fields than are listed here"), TOO_MANY)


def _unlisted(text: str) -> Action:
    # Something may be kept of what is not listed, so it must not look as if nothing were.
    return Action(KEEP.name, text, KEEP.apply)


def _may_be(place: Place | None, *kinds: str) -> bool:
    return place is None or place.may_be(*kinds)


def _field(place: Place | None, state: State, steps: tuple[str | int, ...], action: Action, rule: str) -> Field:
    def said(keyword: str) -> str:
        return str((place and place.annotation(keyword)) or "")

    categories = tuple(sorted(each for each in state.around if not each.startswith("\0")))
    return Field(path_text(steps), said("title"), said("description"), categories, action, rule)
