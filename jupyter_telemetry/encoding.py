"""One event, one line of JSON — and what JSON cannot hold.

orjson writes NaN as null, and a validator lets pass what its schema leaves room for: a set under `{}`, a key that
begins with `__`. The line shows cheaply whether any of that can have happened; only then is the event walked.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson

from .envelope import METADATA_NAMES, RESERVED_PREFIX, Envelope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["MAX_DEPTH", "Encoder", "Misfit", "find_misfit", "is_too_deep"]

MAX_DEPTH = 200  # levels of objects and arrays, the event itself being the first

_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_RESERVED_KEY = b'"' + RESERVED_PREFIX.encode()


class Misfit(NamedTuple):
    """Where an event holds what JSON, or this package, has no room for; without the value."""

    json_path: str
    rule: str
    reason: str


class Encoder:
    """Encode the capsules of one schema.

    Parameters
    ----------
    max_event_bytes: of the line, without its newline.
    admits_null: False if the schema leaves no room for a null in any event; NaN is then not looked for.
    names: the property names that the schema declares; others count as values and are not said.
    """

    __slots__ = ("_admits_null", "_header_bytes", "_max_event_bytes", "_names")

    def __init__(
        self, envelope: Envelope, *, max_event_bytes: int, admits_null: bool, names: Collection[str]
    ) -> None:
        self._header_bytes = len(orjson.dumps(envelope.seal({}))) - 1  # the same for every event of a schema
        self._max_event_bytes = max_event_bytes
        self._admits_null = admits_null
        self._names = names

    def encode(self, capsule: dict[str, Any], event: dict[str, Any]) -> bytes | Misfit:
        """Return the capsule as one line that ends in a newline, or why `event` does not fit into one."""
        try:
            line = orjson.dumps(capsule, option=_OPTIONS)
        except (TypeError, RecursionError):  # orjson's own error is a TypeError
            return self.diagnose(event) or Misfit("$", "json", "holds a value that JSON cannot hold")
        if len(line) > self._max_event_bytes + 1:
            return Misfit("$", "size", f"is longer than max_event_bytes ({self._max_event_bytes}) as JSON")
        if (
            len(capsule) != len(event) + len(METADATA_NAMES)
            or self._is_doubtful(line)
            or (self._admits_null and b"null" in line and _holds_no_number(event))
        ):
            return self.diagnose(event) or line
        return line

    def diagnose(self, event: object) -> Misfit | None:
        """Find the first thing in an event that JSON, or this package, has no room for."""
        return find_misfit(event, self._names)

    def _is_doubtful(self, line: bytes) -> bool:
        return (
            line.find(_RESERVED_KEY, self._header_bytes) >= 0
            # A level costs two bytes, and most lines are shorter than that.
            or (len(line) > 2 * MAX_DEPTH and line.count(b"{") + line.count(b"[") > MAX_DEPTH)
        )


def _holds_no_number(value: Any) -> bool:
    """Say whether a NaN or an infinity is anywhere in what orjson has encoded: it has written null for it."""
    for item in value.values() if isinstance(value, dict) else value:
        kind = type(item)
        if kind is str or kind is int:
            continue
        if kind is float:
            if not math.isfinite(item):
                return True
        elif isinstance(item, (dict, list, tuple)) and _holds_no_number(item):
            return True
    return False


def is_too_deep(event: object) -> bool:
    """Say whether an event has more than MAX_DEPTH levels; a circular one has."""
    level = [event]
    for _ in range(MAX_DEPTH + 1):
        # By identity: what is held twice on a level is looked at once.
        level = list({id(item): item for value in level for item in _containers(value)}.values())
        if not level:
            return False
    return True


def _containers(value: Any) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value
    return [item for item in items if isinstance(item, (dict, list, tuple))]


def find_misfit(value: object, names: Collection[str], path: str = "$", depth: int = 1) -> Misfit | None:
    """Walk a value depth first; the path names only what is in `names`, the rest is `*`."""
    if isinstance(value, (dict, list, tuple)):
        if depth > MAX_DEPTH:
            return Misfit("$", "depth", f"has more than {MAX_DEPTH} levels, or holds itself")
        return _misfit_in_object(value, names, path, depth) if isinstance(value, dict) else next(
            filter(None, (find_misfit(item, names, f"{path}[{i}]", depth + 1) for i, item in enumerate(value))), None
        )
    return _misfit_of_scalar(value, path)


def _misfit_in_object(
    value: dict[Any, Any], names: Collection[str], path: str, depth: int
) -> Misfit | None:
    for name, item in value.items():
        if not isinstance(name, str):
            return Misfit(f"{path}.*", "json", "has a name that is not a string")
        if name.startswith(RESERVED_PREFIX):
            return Misfit(f"{path}.*", "reserved-name", f"has a name that begins with {RESERVED_PREFIX!r}, as metadata does")
        misfit = _misfit_of_scalar(name, f"{path}.*") or find_misfit(
            item, names, path + json_path_step(name, names), depth + 1
        )
        if misfit is not None:
            return misfit
    return None


def _misfit_of_scalar(value: object, path: str) -> Misfit | None:
    reason = None
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            reason = "has a lone surrogate, which UTF-8 cannot hold"
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            reason = "is an integer past 64 bits"
    elif isinstance(value, float):
        if not math.isfinite(value):
            reason = "is not a finite number"
    elif value is not None and not isinstance(value, (Enum, UUID)):
        reason = "is of a type that JSON does not have"
    return Misfit(path, "json", reason) if reason else None


def json_path_step(name: str, names: Collection[str]) -> str:
    """Write one step of a JSONPath (RFC 9535): `.name`, `['odd name']`, or `.*` for an undeclared name."""
    if name not in names:
        return ".*"
    return f".{name}" if name.isidentifier() else f"[{name!r}]"
