"""An event as one line for people: when, of what schema, and what it says."""

from __future__ import annotations

import json
import zlib
from typing import Any

from rich.text import Text

from ..journal import view_name
from ..printable import cut, printable
from ..timestamp import parsed

__all__ = ["EventLine"]

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")
_LONGEST_VALUE = 80  # characters
_DEEPEST = 3


class EventLine:
    """Shows one event, a dict as the journal has it."""

    def __init__(self, event: dict[str, Any]) -> None:
        self._event = event

    def text(self, width: int | None) -> Text:
        """Return the line, cut to a width in cells unless it is None."""
        event = self._event
        name = view_name(str(event.get("__schema__", "")), str(event.get("__schema_version__", "")))
        line = Text()
        line.append(_time(event.get("__timestamp__")), "dim")
        line.append("  ")
        line.append(printable(name), _COLOURS[zlib.crc32(name.encode()) % len(_COLOURS)])
        for key, value in event.items():
            if key.startswith("__") or value is None:
                continue
            line.append("  ")
            line.append(f"{cut(printable(key), 40)}=", "dim")
            line.append(cut(_shown(value), _LONGEST_VALUE))
        if width is not None:
            line.truncate(width, overflow="ellipsis")
        return line


def _time(stamp: object) -> str:
    """Say a time stamp in local time, with milliseconds; what is none, as it is."""
    try:
        moment = parsed(str(stamp)).astimezone()
    except (ValueError, OverflowError):
        return cut(printable(str(stamp)), 26)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}"


def _shown(value: Any, depth: int = 0) -> str:
    """Say a value: a text without quotes unless it needs them, objects and lists in short."""
    if isinstance(value, str):
        text = cut(value, 2 * _LONGEST_VALUE)
        is_plain = text and not any(char in text for char in " =,{}[]\"'")
        return printable(text) if is_plain else f'"{printable(text)}"'
    if isinstance(value, dict):
        if depth == _DEEPEST:
            return "{…}"
        return "{" + ", ".join(f"{printable(key)}={_shown(each, depth + 1)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[…]" if depth == _DEEPEST else "[" + ", ".join(_shown(each, depth + 1) for each in value) + "]"
    return json.dumps(value)
