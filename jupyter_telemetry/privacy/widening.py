"""Whether a policy collects more than the one that a user was shown: then they are asked again.

What becomes of a value, by its category: what is stated for that category; else it is kept if that is allowed; else
it is left out. Two policies are compared by that, for every id and glob that either names and every category that
either speaks of. So a redaction of what was left out before is more, and one of what was kept is less. What cannot be
told from the two policies alone counts as more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .classification import UNRESTRICTED
from .globs import contains, is_glob, may_meet
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
_WHOLE = ("null", "drop")  # what becomes of an object by these becomes of all inside it


def widened(shown: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say in plain words what `now` collects beyond `shown`, both made by statement(); [] if it is nothing.

    A reason names ids, globs, categories, paths and destinations of the configuration. It never raises: a
    `shown` that cannot be read, by whatever version it was written, is a reason too.
    """
    if shown == now:
        return []
    try:
        if shown["version"] != now["version"] or any(type(shown[name]) is not type(now[name]) for name in now):
            return [_NOT_READ]
        return list(
            dict.fromkeys(
                [
                    *_more_schemas(shown, now),
                    *_looser_for_categories(shown, now),
                    *_looser_for_paths(shown, now),
                    *_other_classes(shown, now),
                    *_more_places(shown, now),
                    *_other_notice(shown, now),
                ]
            )
        )
    except (AttributeError, KeyError, TypeError, ValueError):  # a file that somebody else wrote
        return [_NOT_READ]


_NOT_READ = "what you were shown then is not known any more"


class _Limits(NamedTuple):
    categories: frozenset[str]
    properties: frozenset[str]
    by_exact_id: bool


def _limits(policy: Mapping[str, Any], pattern: str) -> _Limits | None:
    """Return what is kept of all events whose id matches `pattern`, of which no exact id decides otherwise."""
    allowed = policy["allowed"]
    if pattern in allowed and not is_glob(pattern):
        entry = allowed[pattern]
        return _Limits(frozenset(entry["categories"]), frozenset(entry["properties"]), True)
    met = [entry for glob, entry in allowed.items() if is_glob(glob) and contains(glob, pattern)]
    if not met:
        return None
    return _Limits(
        frozenset().union(*(entry["categories"] for entry in met)),
        frozenset().union(*(entry["properties"] for entry in met)),
        False,
    )


def _pairs(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, _Limits | None, _Limits]]:
    """Yield the ids and globs to compare, with their limits.

    An id is met by its own entry, or by globs alone; each glob of `now` within those of `shown`, and each exact id
    of either by itself: that is every id there could be.
    """
    exact_before = [pattern for pattern in shown["allowed"] if not is_glob(pattern)]
    for pattern in dict.fromkeys([*now["allowed"], *exact_before]):
        limits = _limits(now, pattern)
        if limits is not None:
            yield pattern, _limits(shown, pattern), limits


def _more_schemas(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for pattern, before, limits in _pairs(shown, now):
        if before is None:
            yield f"events of {pattern} are recorded too"
            continue
        for name in sorted(limits.properties):
            if not _is_kept(name, before):
                yield f"{name} of {pattern} is kept, whatever it is"
        if limits.by_exact_id and not _is_classified(pattern, shown):
            # A schema that classifies nothing is recorded if its exact id is named, and not by a glob; it is kept
            # whole, unless single properties are named.
            if not before.by_exact_id:
                yield f"{pattern} is recorded also if it says nothing of what is personal"
            elif before.properties and not limits.properties:
                yield f"{pattern} is not limited to single properties any more"


def _is_classified(schema_id: str, policy: Mapping[str, Any]) -> bool:
    return any(contains(pattern, schema_id) and paths for pattern, paths in policy["classifications"].items())


# What becomes of a value


def _looser_for_categories(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    stated_before, stated = shown["redactions"]["categories"], now["redactions"]["categories"]
    for pattern, before, limits in _pairs(shown, now):
        if before is None:
            continue
        for category in sorted({*stated_before, *stated, *before.categories, *limits.categories}):
            was = stated_before.get(category, _unstated(category, before))
            becomes = stated.get(category, _unstated(category, limits))
            if is_looser(becomes, was):
                yield f"{category} of {pattern} is {in_words(becomes)}; it was {in_words(was)}"
            # What is kept by its name is kept whatever its categories are, unless they are spoken of.
            elif limits.properties and is_looser(stated.get(category, KEEP), stated_before.get(category, KEEP)):
                yield f"{category} of {pattern} is {in_words(stated.get(category, KEEP))}; it was {in_words(was)}"
    for category in sorted(stated_before.keys() - stated):
        # It may stand where another rule speaks of it, which is then the only one.
        was = stated_before[category]
        others = [*stated.values(), *(action for _, _, action in _stated(now))]
        if now["allowed"] and any(is_looser(action, was) for action in others):
            yield f"{category} is not spoken of any more; it was {in_words(was)}"


def _unstated(category: str, limits: _Limits) -> str:
    return KEEP if category in limits.categories or category == UNRESTRICTED else LEFT_OUT


def _looser_for_paths(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for pattern, path, was in _stated(shown):
        for allowed in now["allowed"]:
            if may_meet(pattern, allowed):
                others = [*_covering(now, pattern, path), *_covering(now, allowed, path)]
                if all(is_looser(action, was) for action in others):
                    becomes = in_words(others[0]) if others else "not spoken of"
                    yield f"{path} of {pattern} is {becomes}; it was {in_words(was)}"
    for pattern, path, becomes in _stated(now):
        # It may have been left out before, for all that can be told here.
        if is_looser(becomes, LEFT_OUT) and not _covering(shown, pattern, path):
            for allowed, before, _ in _pairs(shown, now):
                if before is not None and may_meet(pattern, allowed) and not _is_kept(path, before):
                    yield f"{path} of {pattern} is {in_words(becomes)}; it may have been left out before"


def _stated(policy: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for pattern, paths in policy["redactions"]["properties"].items():
        for path, action in paths.items():
            yield pattern, path, action


def _covering(policy: Mapping[str, Any], pattern: str, path: str) -> list[Any]:
    """Return the actions that are stated for all events of `pattern`, for what stands at `path`."""
    steps = _steps(path)
    return [
        action
        for other, at, action in _stated(policy)
        if contains(other, pattern)
        and _reaches(_steps(at), steps)
        and (len(_steps(at)) == len(steps) or action in _WHOLE)
    ]


def _is_kept(path: str, limits: _Limits) -> bool:
    """Say whether a property is kept by its name, or inside one that is."""
    return any(_reaches(_steps(each), _steps(path)) for each in limits.properties)


def _steps(path: str) -> tuple[str, ...]:
    return tuple((path[1:] if path.startswith("/") else path).split("/"))


def _reaches(outer: tuple[str, ...], inner: tuple[str, ...]) -> bool:
    """Say whether one path is another, or leads to it; `*` stands for any step."""
    return len(outer) <= len(inner) and all(step in ("*", other) for step, other in zip(outer, inner, strict=False))


# All else that a user was told


def _other_classes(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = shown["classifications"], now["classifications"]
    for pattern in sorted({*before, *after}):
        paths_before, paths = before.get(pattern, {}), after.get(pattern, {})
        for path in sorted({*paths_before, *paths}):
            was, becomes = paths_before.get(path), paths.get(path)
            # What belongs to more categories is kept in fewer cases.
            if was != becomes and not (was and becomes and set(was) <= set(becomes)):
                yield f"{path} of {pattern} is taken for another kind of data"


def _more_places(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for place in now["destinations"]:
        if place not in shown["destinations"]:
            yield f"events go to {place} too"


def _other_notice(shown: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name, words in _NOTICE.items():
        if shown["notice"][name] != now["notice"][name]:
            yield f"{words} has changed"
    for subject in sorted({*shown["consent"], *now["consent"]}):
        before, after = _setting(shown, subject), _setting(now, subject)
        if before.get("legal_basis") != after.get("legal_basis"):
            yield f"the legal basis of {subject} has changed"
        if (ground := after.get("not_erasable")) and not before.get("not_erasable"):
            yield f"{subject} cannot be erased any more: {ground}"


def _setting(policy: Mapping[str, Any], subject: str) -> Mapping[str, str]:
    settings: Mapping[str, Mapping[str, str]] = policy["consent"]
    met = [each for each in settings if each == subject or contains(each, subject)]
    return settings[max(met, key=lambda each: (each == subject, len(each)))] if met else {}
