"""Show what others wrote: no control character reaches a terminal or a page, and no formula a spreadsheet."""

from __future__ import annotations

import unicodedata

__all__ = ["cut", "disarmed", "printable"]

# Format characters that scripts and emoji need: ZERO WIDTH NON-JOINER and JOINER.
_HARMLESS = "\u200c\u200d"
# Cc: terminal escapes. Cf: text turned around (U+202E), hidden (U+200B), tagged. Cs: half characters. Zl, Zp: new
# lines that not everybody takes for such. Co, Cn: whatever a font makes of them.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets know these too


def printable(text: str, *, keep: str = "") -> str:
    """Return the text with control, format and unassigned characters written as `\\x1b`, `\\u202e`.

    `keep` names characters to leave as they are, such as a newline.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in keep or char in _HARMLESS or unicodedata.category(char) not in _UNSAFE else escape(char)
        for char in text
    )


def escape(char: str) -> str:
    """Write one character as Python does in a string."""
    code = ord(char)
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char)
    if named:
        return named
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cut(text: str, most: int) -> str:
    """Return the text, or its beginning and an ellipsis where it has more than `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def disarmed(text: str) -> str:
    """Keep a spreadsheet from running a text as a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
