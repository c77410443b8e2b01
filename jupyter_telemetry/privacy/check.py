"""What in a policy is likely a mistake: it names what is not there, or leaves unsaid what users must be told."""

from __future__ import annotations

import difflib
import fnmatch
from typing import TYPE_CHECKING, Any

from .classification import PERSONAL_DATA, UNRESTRICTED
from .paths import is_path, parse_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .classification import Classification, Place

__all__ = ["PolicyCheck"]

WELL_KNOWN = {UNRESTRICTED, PERSONAL_DATA}


MOST_PLACES = 1000  # that a path with `*` is followed to, step by step: a schema may multiply them without end


class PolicyCheck:
    """Look for names that lead nowhere, among some schemas.

    Parameters
    ----------
    classifications: what is said of the values of each registered schema, by its id; of several versions, of each.
    if_unknown: what more is said of an id or a glob that none of them is like.

    Each method yields sentences that say what, where, and what to write instead; `where` is the setting.
    """

    def __init__(self, classifications: Mapping[str, Sequence[Classification]], if_unknown: str = "") -> None:
        self._classifications = classifications
        self._if_unknown = if_unknown
        self._categories = WELL_KNOWN.union(
            *(each.all_categories for several in classifications.values() for each in several)
        )

    def allowed_schemas(self, allowed: Mapping[str, Mapping[str, Any]], where: str) -> Iterator[str]:
        """Check ids and globs, and the categories and properties that they allow."""
        for pattern, entry in allowed.items():
            place = f"{where}[{pattern!r}]"
            if (problem := self._pattern(pattern)) is not None:
                yield f"{place}: {problem}"
                continue
            if pattern not in self._classifications and not any(
                each.classifies for met in self._met(pattern) for each in self._classifications[met]
            ):
                yield (
                    f"{place}: none of the schemas that it matches classifies anything, and a glob never admits such a "
                    f"schema; to record one whole, write its exact id: {', '.join(self._met(pattern))}"
                )
            for category in entry.get("allowed_categories", ()):
                yield from self._category(category, f"{place}['allowed_categories']")
            for path in entry.get("allowed_properties", ()):
                yield from self._path(pattern, path, f"{place}['allowed_properties']")

    def redactions(self, redactions: Mapping[str, Any], where: str) -> Iterator[str]:
        """Check categories, ids, globs and paths."""
        for subject, said in redactions.items():
            if not isinstance(said, dict) or not any(is_path(path) for path in said):
                yield from self._category(subject, where)
                continue
            yield from self._paths(subject, said, f"{where}[{subject!r}]")

    def classifications(self, given: Mapping[str, Mapping[str, Any]], where: str) -> Iterator[str]:
        """Check ids, globs and paths."""
        for pattern, entry in given.items():
            yield from self._paths(pattern, entry, f"{where}[{pattern!r}]")

    def consent(self, subjects: Iterable[str], where: str) -> Iterator[str]:
        """Check that each subject is a schema's id, a glob that matches one, or a category."""
        for subject in subjects:
            if subject not in self._categories and self._pattern(subject) is not None:
                near = _did_you_mean(subject, sorted(self._categories.union(self._classifications)))
                yield f"{where}[{subject!r}]: no registered schema and no category is called so{near}"

    def _paths(self, pattern: str, paths: Iterable[str], place: str) -> Iterator[str]:
        if (problem := self._pattern(pattern)) is not None:
            yield f"{place}: {problem}"
            return
        for path in paths:
            yield from self._path(pattern, path, place)

    def _pattern(self, pattern: str) -> str | None:
        if self._met(pattern):
            return None
        what = "matches no registered schema" if any(char in pattern for char in "*?[") else "is not registered"
        return what + (_did_you_mean(pattern, self._classifications) or self._if_unknown)

    def _met(self, pattern: str) -> list[str]:
        return [each for each in self._classifications if each == pattern or fnmatch.fnmatchcase(each, pattern)]

    def _category(self, category: str, where: str) -> Iterator[str]:
        if category not in self._categories:
            yield (
                f"{where}: no registered schema has the category {category!r}"
                f"{_did_you_mean(category, sorted(self._categories))}"
            )

    def _path(self, pattern: str, path: str, where: str) -> Iterator[str]:
        roots = [each.root for met in self._met(pattern) for each in self._classifications[met]]
        if any(_leads_somewhere(root, parse_path(path)) for root in roots):
            return
        names = ["/" + name if is_path(path) else name for root in roots for name in root.names]
        hint = _did_you_mean(path, names)
        if not is_path(path) and any(_leads_somewhere(root, parse_path(f"/{path}")) for root in roots):
            hint = f"; a path begins with a slash: '/{path}'"
        yield f"{where}: {path!r} matches nothing in the schema{hint}"


def _leads_somewhere(root: Place, steps: tuple[str, ...]) -> bool:
    """Say whether a schema speaks of a value at a path."""
    places = [root]
    for step in steps:
        found = {id(each): each for place in places for each in _below(place, step) if each is not None}
        places = list(found.values())[:MOST_PLACES]
    return bool(places)


def _below(place: Place, step: str) -> Iterator[Place | None]:
    if step == "*":
        yield from map(place.member, place.names)
        yield place.others
    else:
        yield place.member(step)
    if place.has_items and (step == "*" or step.isdecimal()):
        yield place.item(None if step == "*" else int(step))
        yield from map(place.item, place.indexes if step == "*" else ())


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
