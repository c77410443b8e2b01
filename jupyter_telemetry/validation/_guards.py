"""A bound on the texts that a pattern with look-around is tried on.

The steps of a match are bounded, but a step may be a look over the whole rest of the text: at each of a million
characters, that is a quarter of an hour. Without look-around or back-references a match takes linear time.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from ._drafts import Draft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._location import Path
    from ._references import References

MAX_LOOKED_AT = 4096
"""Characters of a text that a pattern with look-around or a back-reference is tried on: a path's length."""

_LOOKS = re.compile(r"\(\?<?[=!]|\\[1-9]")
_THEN, _ELSE = ("then", "pattern"), ("else",)


def looks_around(pattern: object) -> bool:
    """Say whether a pattern may have look-around or a back-reference."""
    return isinstance(pattern, str) and _LOOKS.search(pattern) is not None


def guarded(references: References, resources: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Give the schema and its resources with each such `pattern` behind an `if`; a copy, if there is any.

    Drafts 4 and 6 have no `if`, and stay without.
    """
    root = references.root.schema
    nodes = [
        node
        for node in references.concerned()
        if looks_around(node.schema.get("pattern")) and node.draft not in (Draft.DRAFT4, Draft.DRAFT6)
    ]
    if not nodes:
        return root, resources
    memo: dict[int, Any] = {}
    root, resources = copy.deepcopy((root, dict(resources)), memo)
    for node in nodes:
        schema = memo[id(node.schema)]
        guard = {"if": {"maxLength": MAX_LOOKED_AT}, "then": {"pattern": schema.pop("pattern")}, "else": False}
        schema["allOf"] = [*schema.get("allOf", ()), guard]
    return root, resources


def without_guard(path: Path, references: References, uri: str) -> tuple[Path, bool]:
    """Give where the rule at `path` stands without its guard, and whether the guard itself was the rule."""
    for tail in (_THEN, _ELSE):
        at = len(path) - len(tail) - 2
        if at >= 0 and path[at] == "allOf" and path[at + 2 :] == tail:
            _, own = references.place(path[: at + 2], uri)
            if own is None:
                return (*path[:at], "pattern"), tail == _ELSE
    return path, False
