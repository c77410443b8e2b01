"""Text of SQL: names, literals and JSON pointers, whatever characters they hold."""

from __future__ import annotations

__all__ = ["identifier", "literal", "literals", "pointer"]


def identifier(name: str) -> str:
    """Quote a name."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Write a string constant; a NUL, where the parser would end, is spelled as an expression."""
    parts = ["'" + part.replace("'", "''") + "'" for part in text.split("\0")]
    return parts[0] if len(parts) == 1 else "(" + " || chr(0) || ".join(parts) + ")"


def literals(texts: list[str]) -> str:
    """Write a list of string constants."""
    return "[" + ", ".join(map(literal, texts)) + "]"


def pointer(name: str) -> str:
    """Return the JSON Pointer (RFC 6901) to a property of an object.

    DuckDB's other form, `$.name`, gives some characters a meaning; this one means the name and nothing else.
    """
    return "/" + name.replace("~", "~0").replace("/", "~1")
