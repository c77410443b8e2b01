"""Whether a policy may collect more than the one that a user was shown: then they are asked again.

What becomes of a value depends on schemas, on what stands around it, and on what else is said of it; two policies
alone do not tell. So a change asks again unless it is of a kind that leaves less whatever the schemas are:

- an id or a glob, a category of one, or a destination is gone, and nothing else speaks in its place;
- what was kept as it is, or redacted, is redacted by more of the same, or is left out;
- whom to ask is another, or how it is said why.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from .classification import UNRESTRICTED
from .globs import may_meet
from .strictness import KEEP, LEFT_OUT, in_words, is_looser

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["widened"]

_NOTICE = {
    "controller": "who is responsible",
    "purpose": "the purpose",
    "legal_basis": "the legal basis",
    "recipients": "who receives it",
    "retention": "how long it is kept",
}
_NOT_READ = "what you were shown then is not known any more"


def widened(shown: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say in plain words what `now` may collect beyond `shown`, both made by statement(); [] if it is nothing.

    A reason names ids, globs, categories, paths and destinations of the configuration. It never raises: a
    `shown` that cannot be read, by whatever version it was written, is a reason too.
    """
    if shown == now:
        return []
    try:
        if shown["version"] != now["version"] or any(type(shown[name]) is not type(now[name]) for name in now):
            return [_NOT_READ]
        looks = (_schemas, _categories, _paths, _classifications, _destinations, _notice, _consent)
        return list(dict.fromkeys(chain.from_iterable(look(shown, now) for look in looks)))
    except (AttributeError, KeyError, TypeError, ValueError):  # a file that somebody else wrote
        return [_NOT_READ]


def _schemas(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = shown["allowed"], now["allowed"]
    for pattern, entry in after.items():
        if pattern not in before:
            yield f"events of {pattern} are recorded too"
            continue
        for category in sorted({*entry["categories"]} - {*before[pattern]["categories"], UNRESTRICTED}):
            yield f"{category} of {pattern} may be kept"
        if entry["properties"] != before[pattern]["properties"]:
            # Also fewer: where none is named, what is not classified is kept whole.
            yield f"other properties of {pattern} are kept"
    for pattern in before.keys() - after.keys():
        if others := sorted(other for other in after if may_meet(pattern, other)):
            yield f"what is kept of {pattern} follows from {', '.join(others)} now"


def _categories(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = shown["redactions"]["categories"], now["redactions"]["categories"]
    for category in sorted(before.keys() | after.keys()):
        # Where nothing was stated it was kept as it is, if all entries allow it; else one of them left it out.
        unstated = KEEP if _is_allowed(category, shown) else LEFT_OUT
        was, becomes = before.get(category, unstated), after.get(category, KEEP)
        if category not in before and becomes == LEFT_OUT:
            continue
        if is_looser(becomes, was):
            yield f"{category} is {in_words(becomes)}; it was {in_words(was)}"


def _is_allowed(category: str, policy: Mapping[str, Any]) -> bool:
    return category == UNRESTRICTED or all(category in entry["categories"] for entry in policy["allowed"].values())


def _paths(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = _stated(shown), _stated(now)
    for pattern, path in sorted(before.keys() | after.keys()):
        was, becomes = before.get((pattern, path), LEFT_OUT), after.get((pattern, path), KEEP)
        if (pattern, path) not in before and becomes in (LEFT_OUT, "drop"):
            continue
        if is_looser(becomes, was):
            yield f"{path} of {pattern} is {in_words(becomes)}; it was {in_words(was)}, or may have been"


def _stated(policy: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    by_schema = policy["redactions"]["properties"]
    return {(pattern, path): action for pattern, paths in by_schema.items() for path, action in paths.items()}


def _classifications(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = shown["classifications"], now["classifications"]
    for pattern in sorted(before.keys() | after.keys()):
        if before.get(pattern) != after.get(pattern):
            yield f"values of {pattern} are taken for other kinds of data"


def _destinations(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for place in now["destinations"]:
        if place not in shown["destinations"]:
            yield f"events go to {place} too"


def _notice(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name, words in _NOTICE.items():
        if shown["notice"][name] != now["notice"][name]:
            yield f"{words} has changed"


def _consent(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = shown["consent"], now["consent"]
    for subject in sorted(before.keys() ^ after.keys()):
        yield f"{subject} is decided about {'by itself now' if subject in after else 'together with the rest now'}"
    for subject in sorted(before.keys() & after.keys()):
        if before[subject]["legal_basis"] != after[subject]["legal_basis"]:
            yield f"the legal basis of {subject} has changed"
        if after[subject]["not_erasable"] and not before[subject]["not_erasable"]:
            yield f"{subject} cannot be erased any more: {after[subject]['not_erasable']}"
