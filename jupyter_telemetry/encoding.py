"""One event, one line of JSON — and what JSON cannot hold.

orjson writes NaN as null, and a validator lets pass what its schema leaves room for: a set under `{}`, a key that
begins with `__`. The line shows cheaply whether any of that can have happened; only then is the event walked.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from uuid import UUID

import orjson

from .envelope import METADATA_NAMES, RESERVED_PREFIX, Envelope
from .errors import InvalidEvent, invalid_event
from .validation import HIDDEN, Hidden, json_path

if TYPE_CHECKING:
    from collections.abc import Collection

_Path: TypeAlias = "tuple[str | int | Hidden, ...]"

__all__ = ["MAX_DEPTH", "Encoder", "Misfit", "find_misfit", "is_too_deep", "plain"]

MAX_DEPTH = 200  # levels of objects and arrays, the event itself being the first

_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_RESERVED_KEY = b'"' + RESERVED_PREFIX.encode()
_METADATA_COUNT = len(METADATA_NAMES)
_dumps = orjson.dumps


class Misfit(NamedTuple):
    """Where an event holds what JSON, or this package, has no room for; without the value."""

    path: tuple[str | int | Hidden, ...]
    rule: str
    reason: str


_UNKNOWN = Misfit((), "json", "holds a value that JSON cannot hold")


class Encoder:
    """Encode the capsules of one schema.

    Parameters
    ----------
    max_event_bytes: of the line, without its newline.
    admits_null: False if the schema leaves no room for a null in any event; NaN is then not looked for.
    names: the property names that the schema declares; others count as values and are not said.
    """

    __slots__ = ("_admits_null", "_deep_bytes", "_header_bytes", "_max_event_bytes", "_names", "_schema_id")

    def __init__(self, envelope: Envelope, *, max_event_bytes: int, admits_null: bool, names: Collection[str]) -> None:
        self._schema_id = envelope.schema_id
        self._header_bytes = len(orjson.dumps(envelope.seal({}))) - 1  # the same for every event of a schema
        self._deep_bytes = self._header_bytes + 2 * MAX_DEPTH  # a level costs two bytes
        self._max_event_bytes = max_event_bytes
        self._admits_null = admits_null
        self._names = names

    def encode(self, capsule: dict[str, Any], kept: dict[str, Any]) -> bytes:
        """Return the capsule as one line that ends in a newline; `kept` are the event's properties in it.

        Raises InvalidEvent.
        """
        # Nobody raises in the `except`: Python's own error holds the value, and would be the context.
        try:
            line = _dumps(capsule, option=_OPTIONS)
        except (TypeError, RecursionError):  # orjson's own error is a TypeError
            line = b""
        if not line:
            line = self._plain_line(capsule, kept)
        header_bytes, length = self._header_bytes, len(line)
        # From the end: CPython's rfind takes half to three quarters of the time of its find.
        if (
            line.rfind(_RESERVED_KEY, header_bytes) >= 0
            or (self._admits_null and line.rfind(b"null", header_bytes) >= 0 and _holds_no_number(kept))
            or (length > self._deep_bytes and line.count(b"{") + line.count(b"[") > MAX_DEPTH)
            or length > self._max_event_bytes + 1
            or len(capsule) != len(kept) + _METADATA_COUNT
        ):
            self._look_closer(line, kept)
        return line

    def misfit(self, event: object) -> InvalidEvent | None:
        """Return the error for the first thing in an event that JSON, or this package, has no room for."""
        found = find_misfit(event, self._names)
        return self._invalid(found) if found else None

    def _plain_line(self, capsule: dict[str, Any], kept: dict[str, Any]) -> bytes:
        """Encode what orjson refused: subclasses of str as names, and of float."""
        if (error := self.misfit(kept)) is not None:
            raise error
        try:
            return orjson.dumps(plain(capsule), option=_OPTIONS)
        except (TypeError, RecursionError):
            pass
        raise self._invalid(_UNKNOWN)

    def _look_closer(self, line: bytes, kept: dict[str, Any]) -> None:
        if len(line) > self._max_event_bytes + 1:
            reason = f"is longer than max_event_bytes ({self._max_event_bytes}) as JSON"
            raise self._invalid(Misfit((), "size", reason))
        if (error := self.misfit(kept)) is not None:
            raise error

    def _invalid(self, misfit: Misfit) -> InvalidEvent:
        return invalid_event(
            json_path=json_path(misfit.path),
            rule=misfit.rule,
            reason=misfit.reason,
            schema_id=self._schema_id,
        )


def plain(value: Any) -> Any:
    """Copy what find_misfit finds nothing in, with JSON's own types in place of their subclasses, Enums and UUIDs."""
    if isinstance(value, dict):
        return {plain(name): plain(item) for name, item in list(dict.items(value))}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, UUID):
        return str(value)
    # Not str(value), which calls what the subclass says: that need not be the text it holds.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float.__float__(value)
    return int.__int__(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _holds_no_number(value: Any) -> bool:
    """Say whether a NaN, an infinity or an Enum, which may be one, is in what orjson has encoded: perhaps as null."""
    for item in value.values() if isinstance(value, dict) else value:
        kind = type(item)
        if kind is str or kind is int:
            continue
        if kind is float:
            if not math.isfinite(item):
                return True
        elif isinstance(item, Enum) or (isinstance(item, (dict, list, tuple)) and _holds_no_number(item)):
            return True
    return False


def is_too_deep(event: object) -> bool:
    """Say whether an event has more than MAX_DEPTH levels; a circular one has."""
    level = [event]
    for _ in range(MAX_DEPTH):
        # By identity: what is held twice on a level is looked at once.
        level = list({id(item): item for value in level for item in _containers(value)}.values())
        if not level:
            return False
    return True


def _containers(value: Any) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value
    return [item for item in items if isinstance(item, (dict, list, tuple))]


def find_misfit(value: object, names: Collection[str], path: _Path = ()) -> Misfit | None:
    """Walk a value depth first; a name that is not in `names` is hidden in the path."""
    if not isinstance(value, (dict, list, tuple)):
        return _misfit_of_scalar(value, path)
    if len(path) >= MAX_DEPTH:
        return Misfit((), "depth", f"has more than {MAX_DEPTH} levels, or holds itself")
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for step, item in items:
        misfit = isinstance(value, dict) and _misfit_of_name(step, path)
        below = step if isinstance(step, int) or step in names else HIDDEN
        misfit = misfit or find_misfit(item, names, (*path, below))
        if misfit:
            return misfit
    return None


def _misfit_of_name(name: object, path: _Path) -> Misfit | None:
    if not isinstance(name, str):
        return Misfit(path, "json", "has a name that is not a string")
    if name.startswith(RESERVED_PREFIX):
        return Misfit(path, "reserved-name", f"has a name that begins with {RESERVED_PREFIX!r}, as metadata does")
    return _misfit_of_scalar(name, (*path, HIDDEN))


def _misfit_of_scalar(value: object, path: _Path) -> Misfit | None:
    reason = None
    if isinstance(value, Enum):
        if not isinstance(value.value, (str, int, float)):
            return Misfit(path, "json", "is an Enum whose value is neither text nor number")
        value = value.value
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
    elif value is not None and not isinstance(value, UUID):
        reason = "is of a type that JSON does not have"
    return Misfit(path, "json", reason) if reason else None
