"""The plan of a schema: field by field, what becomes of it, and by which rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .actions import DROP, KEEP, NULL, Action
from .paths import ANY, path_text
from .walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .classification import Classification, Place
    from .judgement import Key, State, Way
    from .policy import Limits
    from .walk import Frame

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
    walker = _Walker(Walk(classification, limits), MOST_FIELDS + 2 * len(classification.references.nodes))
    return [*dict.fromkeys(walker.event()), *walker.left_out()]


class _Walker:
    """Tells what a walk finds; what is null or dropped without being declared is left out."""

    def __init__(self, walk: Walk, most: int) -> None:
        self._walk = walk
        self._event, self._frames = walk.event()
        self._most = most
        self._met = 0
        self._inside: list[Key] = []
        self._told_at: dict[Key, str] = {}

    def event(self) -> Iterator[Field]:
        """Yield the fields of an event, which is never told as a whole."""
        self._inside.append((self._event.place, self._event.state))
        yield from self._members(self._event, ())
        self._inside.pop()
        yield from self._dropped()

    def _fields(self, way: Way, above: tuple[str | int, ...]) -> Iterator[Field]:
        """Yield the field that a way leads to, or those inside it; `above` are the steps to where the way begins."""
        self._met += 1
        if self._met > self._most:
            return
        place, entered = key = way.key
        steps, frame = (*above, _text(way.step)), self._frame(key)
        action, descends, rule = frame.verdict
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
        if _may_be(place, "object"):
            yield from self._members(frame, steps)
        if _may_be(place, "array"):
            yield from self._items(frame, steps)
        self._inside.pop()

    def _frame(self, key: Key) -> Frame:
        frame = self._frames.get(key)
        return self._walk.frame(*key) if frame is None or frame.is_kept_whole else frame

    def _leads_back(self, key: tuple[Place | None, State]) -> bool:
        # The first time that a definition comes back, what is in it is told once more: there it has a path of its own.
        return key in self._inside and len(set(self._inside)) < len(self._inside)

    def _members(self, frame: Frame, steps: tuple[str | int, ...]) -> Iterator[Field]:
        """Yield the fields of an object's members: those that are declared, those of which a path speaks, others."""
        place = frame.place
        for way in frame.members:
            if way.admitted:
                yield from self._fields(way, steps)
        for way in frame.others:
            if way.admitted:
                yield from self._fields(way, steps)
            elif way.place is not None:
                yield _field(way.place, way.entered, (*steps, ANY), DROP, NOT_DECLARED)
            elif place is None or place.is_opaque:  # of which paths of the configuration speak, and the schema does not
                yield _field(None, way.state, (*steps, ANY), DROP, NOT_DECLARED)

    def _items(self, frame: Frame, steps: tuple[str | int, ...]) -> Iterator[Field]:
        for way in frame.items:
            if way.admitted:
                yield from self._fields(way, steps)
            elif frame.place is None or frame.place.is_opaque:
                yield _field(None, way.state, (*steps, _text(way.step)), NULL, NOT_DECLARED)

    def _dropped(self) -> Iterator[Field]:
        """Yield the one field that stands for all that the schema does not speak of, if that is dropped."""
        first, *more = self._event.others
        if self._event.place and not self._event.place.is_opaque and not more and not first.admitted:
            yield _field(None, first.state, (ANY,), DROP, NOT_DECLARED)

    def left_out(self) -> Iterator[Field]:
        """Yield the one field that stands for all that were too many."""
        if self._met > self._most:
            yield Field("/…", "", "", (), _unlisted("there are more fields than are listed here"), TOO_MANY)


def _unlisted(text: str) -> Action:
    # Something may be kept of what is not listed, so it must not look as if nothing were.
    return Action(KEEP.name, text, KEEP.apply)


def _text(step: str | int | None) -> str | int:
    return ANY if step is None else step


def _may_be(place: Place | None, *kinds: str) -> bool:
    return place is None or place.may_be(*kinds)


def _field(place: Place | None, state: State, steps: tuple[str | int, ...], action: Action, rule: str) -> Field:
    def said(keyword: str) -> str:
        return str((place and place.annotation(keyword)) or "")

    categories = tuple(sorted(each for each in state.around if not each.startswith("\0")))
    return Field(path_text(steps), said("title"), said("description"), categories, action, rule)
