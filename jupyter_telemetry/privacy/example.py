"""An example of an event, made up from its schema: to show what becomes of it, before there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .classification import Classification, Place

__all__ = ["example"]

MAX_DEPTH = 6  # levels, where a schema refers to itself
MOST_VALUES = 1000  # and one for each subschema; from there on, objects and arrays are empty

_BY_FORMAT = {
    "date-time": "2026-11-23T17:42:05Z",
    "date": "2026-11-23",
    "time": "17:42:05Z",
    "duration": "PT90S",
    "email": "ada@example.org",
    "hostname": "hub.example.org",
    "ipv4": "192.0.2.17",
    "ipv6": "2001:db8::17",
    "uri": "https://hub.example.org/user/ada",
    "uuid": "9f3a0c9d-1e2f-4a4b-8c5d-6e7f80910a1b",
}
# By a word in a property's name: what a person would expect to stand there.
_BY_NAME = {
    "path": "thesis/chapter-2.ipynb",
    "file": "chapter-2.ipynb",
    "email": "ada@example.org",
    "address": "192.0.2.17",
    "url": "https://hub.example.org/user/ada",
    "user": "ada",
    "id": "9f3a0c9d-1e2f-4a4b-8c5d-6e7f80910a1b",
    "kernel": "python3",
    "name": "Ada",
    "msg": "a message",
    "time": "2026-11-23T17:42:05Z",
}
_BY_TYPE: dict[str, Any] = {"integer": 42, "number": 42, "boolean": True, "null": None}


def example(classification: Classification) -> dict[str, Any]:
    """Return an event as the schema describes it, whole; the same for the same schema. It need not be valid."""
    return _Author(MOST_VALUES + len(classification.references.nodes)).members(classification.root, MAX_DEPTH)


class _Author:
    def __init__(self, room: int) -> None:
        self._room = room

    def members(self, place: Place, depth: int) -> dict[str, Any]:
        members = {name: place.member(name) for name in place.names}
        self._room -= len(members)
        return {name: self._value(name, member, depth - 1) for name, member in members.items() if member is not None}

    def _value(self, name: str, place: Place, depth: int) -> Any:
        for keyword in ("const", "default"):
            if (found := place.annotation(keyword)) is not None:
                return found
        for keyword in ("examples", "enum"):
            listed = place.annotation(keyword)
            if isinstance(listed, list) and listed:
                return listed[0]
        goes_on = depth > 0 and self._room > 0
        if place.has_members and goes_on:
            return self.members(place, depth)
        if place.has_items and goes_on:
            item = place.item(None)
            return [self._value(name, item, depth - 1)] if item is not None else []
        return _plain(name, place)


def _plain(name: str, place: Place) -> Any:
    stated = place.annotation("type")
    kind = next((each for each in stated if each != "null"), "null") if isinstance(stated, list) else stated
    if kind in ("object", "array"):
        return {} if kind == "object" else []
    return _BY_TYPE[kind] if kind in _BY_TYPE else _text(name, place.annotation("format"))


def _text(name: str, form: object) -> str:
    if form in _BY_FORMAT:
        return _BY_FORMAT[str(form)]
    return next((text for word, text in _BY_NAME.items() if word in name.lower()), "some text")
