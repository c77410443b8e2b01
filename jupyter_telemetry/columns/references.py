"""Find what a `$ref` means within one schema document; nothing is ever fetched."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

__all__ = ["References"]

_MOST_SUBSCHEMAS = 20_000


class References:
    """The places of a schema that a reference can name: by JSON Pointer, `$id`, `$anchor` (or `id: "#name"`)."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._base = _text(root.get("$id"))
        self._documents: dict[str, Any] = {"": root, urldefrag(self._base).url: root}
        self._anchors: dict[str, Any] = {}
        self._index(root)

    def target(self, reference: object) -> Any:
        """Return the subschema that a `$ref` of this document names; None if it is not in it."""
        if not isinstance(reference, str):
            return None
        document, fragment = urldefrag(_joined(self._base, reference))
        if fragment and not fragment.startswith("/"):
            return self._anchors.get(fragment)
        found = self._documents.get(document)
        for step in fragment.split("/")[1:]:
            found = _member(found, unquote(step).replace("~1", "/").replace("~0", "~"))
        return found

    def _index(self, root: dict[str, Any]) -> None:
        waiting: list[Any] = [root]
        seen = 0
        while waiting and seen < _MOST_SUBSCHEMAS:
            seen += 1
            found = waiting.pop()
            if isinstance(found, dict):
                self._name(found)
            members = found.values() if isinstance(found, dict) else found
            waiting.extend(member for member in members if isinstance(member, (dict, list)))

    def _name(self, schema: dict[str, Any]) -> None:
        own = urldefrag(_joined(self._base, _text(schema.get("$id"))))
        if own.fragment:  # draft-07 §8.2.3
            self._anchors.setdefault(own.fragment, schema)
        else:
            self._documents.setdefault(own.url, schema)
        if anchor := _text(schema.get("$anchor")):
            self._anchors.setdefault(anchor, schema)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference)
    except ValueError:  # such as a port or an IPv6 address that is none
        return reference


def _member(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    return None
