"""Where something stands in a JSON document, as a JSONPath (RFC 9535) that people can read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Path: TypeAlias = "tuple[str | int, ...]"

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_NUMERIC = re.compile(r"\+?[0-9]{1,20}\Z")
_ESCAPED = {ord("\\"): "\\\\", ord("'"): "\\'"}


class Hidden:
    """A name that is a value: it is written as `*`."""


HIDDEN: Final = Hidden()


def json_path(steps: Iterable[str | int | Hidden]) -> str:
    """Write a path: `$.files[3].name`, an odd name quoted (`$['a b']`), a hidden one as `*`."""
    return "$" + "".join(_step(step) for step in steps)


def spelled(document: object, path: Iterable[str | int]) -> Path:
    """Give `path` with its names as `document` spells them: jsonschema-rs makes a number of "007"."""
    steps: list[str | int] = []
    for step in path:
        if isinstance(document, dict):
            step = step if isinstance(step, str) else _numeric_name(document, step)
            document = document.get(step)
        elif isinstance(document, list | tuple) and isinstance(step, int) and step < len(document):
            document = document[step]
        else:
            # Off the document: no index, so that no name is shown for one.
            step, document = str(step), None
        steps.append(step)
    return tuple(steps)


def _numeric_name(document: dict[str, object], number: int) -> str:
    if str(number) in document:
        return str(number)
    meant = (name for name in document if _NUMERIC.match(name) and int(name) == number)
    return next(meant, str(number))


def _step(step: str | int | Hidden) -> str:
    if isinstance(step, Hidden):
        return ".*"
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.match(step) else f"[{quoted(step)}]"


def quoted(text: str) -> str:
    """Put `text` between single quotes, in printable characters only."""
    written = text.translate(_ESCAPED)
    if not written.isprintable():
        written = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in written)
    return f"'{written}'"
