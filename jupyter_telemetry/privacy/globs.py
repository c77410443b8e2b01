"""Schema ids and globs, as the configuration names schemas: what one means beside another, without any id at hand.

Ids are matched by `fnmatch.fnmatchcase`. What is said here of two globs holds for every id there could be; where
that cannot be told, the answer is the careful one, which its caller takes for less privacy.
"""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache

__all__ = ["contains", "is_glob", "may_meet"]

_SPECIAL = re.compile(r"[*?\[]")
_TOKENS = re.compile(r"\[!?\]?[^\]]*\]|.", re.DOTALL)  # a set such as [!a-z] is one token


def is_glob(pattern: str) -> bool:
    """Say whether a pattern means more than the one id that it spells."""
    return _SPECIAL.search(pattern) is not None


def contains(outer: str, inner: str) -> bool:
    """Say whether every id that `inner` matches is matched by `outer`; False where that cannot be told."""
    if not is_glob(inner):
        return fnmatch.fnmatchcase(inner, outer)
    return outer == inner or _covers(tuple(_TOKENS.findall(outer)), tuple(_TOKENS.findall(inner)))


def may_meet(one: str, other: str) -> bool:
    """Say whether some id may be matched by both; True where that cannot be told."""
    if not is_glob(one):
        return fnmatch.fnmatchcase(one, other)
    if not is_glob(other):
        return fnmatch.fnmatchcase(other, one)
    beginnings = _SPECIAL.split(one, maxsplit=1)[0], _SPECIAL.split(other, maxsplit=1)[0]
    return beginnings[0].startswith(beginnings[1]) or beginnings[1].startswith(beginnings[0])


@lru_cache(maxsize=1024)
def _covers(outer: tuple[str, ...], inner: tuple[str, ...]) -> bool:
    """Match the tokens of one glob against another, as if they were the characters of an id."""
    reached = {0}  # how many tokens of `outer` may be used up
    for token in inner:
        reached = _with_empty_stars(outer, reached)
        reached = {at if outer[at] == "*" else at + 1 for at in reached if at < len(outer) and _takes(outer[at], token)}
    return len(outer) in _with_empty_stars(outer, reached)


def _with_empty_stars(outer: tuple[str, ...], reached: set[int]) -> set[int]:
    found = set(reached)
    for at in reached:
        while at < len(outer) and outer[at] == "*":
            at += 1
            found.add(at)
    return found


def _takes(outer: str, inner: str) -> bool:
    """Say whether one token matches all that another one may stand for."""
    if outer in ("*", inner):
        return True
    if inner == "*":
        return False
    if outer == "?":
        return True
    return len(outer) > 1 and len(inner) == 1 and inner != "?" and fnmatch.fnmatchcase(inner, outer)
