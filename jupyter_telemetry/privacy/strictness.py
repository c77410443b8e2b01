"""Which of two actions, as the configuration writes them, leaves less of a value; and what they do, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["KEEP", "LEFT_OUT", "in_words", "is_looser"]

KEEP = "keep"
LEFT_OUT = "null"  # what becomes of a value that is neither allowed nor spoken of
_KEPT, _GENERALISED, _TRUNCATED, _CALLED, _PSEUDONYM, _NULL, _DROPPED = range(7)
_BY_NAME = {KEEP: _KEPT, "pseudonymise": _PSEUDONYM, "null": _NULL, "drop": _DROPPED}
_TIMES = ("hour", "day", "week")


def is_looser(now: object, before: object) -> bool:
    """Say whether `now` may leave more of a value than `before` did; of two that cannot be compared: yes.

    Two of one kind can be compared, and each with what keeps all or nothing. Which of two kinds counts in a conflict
    (see actions) says nothing of which leaves more: a time that is cut to 40 characters is whole, rounded it is not.
    """
    if now == before:
        return False
    rank, rank_before = _rank(now), _rank(before)
    if rank_before == _KEPT and rank is not None:
        return False
    if rank is None or rank_before is None or _NULL in (rank, rank_before) or _DROPPED in (rank, rank_before):
        return rank is None or (rank < _NULL if rank_before is None else rank < rank_before)
    return rank != rank_before or not _is_as_strict(now, before)


def in_words(action: object) -> str:
    """Say what becomes of a value."""
    if isinstance(action, Mapping) and len(action) == 1:
        kind, how = next(iter(action.items()))
        if kind == "truncate":
            return f"cut to {how} characters"
        if kind == "generalise":
            unit = " ".join(f"{name} {size}" for name, size in how.items()) if isinstance(how, Mapping) else how
            return f"made coarser ({unit})"
    known = {
        KEEP: "kept as it is",
        "null": "left out",
        "drop": "left out with its name",
        "pseudonymise": "replaced by a pseudonym",
    }
    return known.get(action, f"changed by {action}") if isinstance(action, str) else "changed in some other way"


def _rank(action: object) -> int | None:
    """Return the place in the order of strictness; None for what this version does not know."""
    if isinstance(action, str):
        return _BY_NAME.get(action, _CALLED)  # what has no name here is the import path of a function
    if isinstance(action, Mapping) and len(action) == 1:
        return {"generalise": _GENERALISED, "truncate": _TRUNCATED}.get(next(iter(action)))
    return None


def _is_as_strict(now: Any, before: Any) -> bool:
    """Compare two different actions of one rank."""
    if not isinstance(now, Mapping):
        return False  # two functions
    ((kind, how),) = now.items()
    ((_, how_before),) = before.items()
    if kind == "truncate":
        return bool(_is_number(how) and _is_number(how_before) and how <= how_before)
    if how in _TIMES and how_before in _TIMES:
        return _TIMES.index(how) >= _TIMES.index(how_before)
    parts, parts_before = _size(how, "parts"), _size(how_before, "parts")
    if parts and parts_before:
        return bool(parts <= parts_before)
    bucket, bucket_before = _size(how, "bucket"), _size(how_before, "bucket")
    return bool(bucket and bucket_before and bucket % bucket_before == 0)


def _size(how: Any, name: str) -> Any:
    size = how.get(name) if isinstance(how, Mapping) and len(how) == 1 else None
    return size if _is_number(size) else None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
