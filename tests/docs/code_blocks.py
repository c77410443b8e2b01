"""The code blocks of README and docs, and what a page says is to be done with each.

The language of a block says it, or a comment on the line before the block:

    ```python                 is run, in the page's own namespace, in the order of the page
    ```console                each line `$ command` is run; the lines below it are what it prints
    ```text                   is a drawing
    <!-- prints -->           the block is what the block before it prints
    <!-- file: NAME -->       the block is written to a file of that name
    <!-- in the background until: TEXT -->    a command that goes on; the page waits until it has printed TEXT
    <!-- exit status: N -->   the commands of a console block end so, instead of with 0
    <!-- not run: REASON -->  nothing is done with the block

In what a block prints, each time, id and segment name stands for any other, `…` for any text in a line, and a line
of `…` alone for any lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Block", "blocks_of", "commands_of", "matches"]

_FENCE = re.compile(r"(?P<indent> *)(?P<fence>`{3,})(?P<language>[\w+-]*|\{.*)\s*$")
_MARK = re.compile(r"\s*<!-- (?P<what>[a-z ]+?)(?:: (?P<argument>.+?))? -->\s*$")
_MARKS = {
    "exit status": True,
    "file": True,
    "in the background until": True,
    "not run": True,
    "prints": False,
}
_ANY = (
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?",  # a time
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}",  # an event's id
    r"\d{8}T\d{12}Z-[0-9a-f]{8}",  # a segment's name
)
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_VARIABLE = re.compile("|".join((*_ANY, "…")))


class Block(NamedTuple):
    """A code block of a page.

    line: where its first line of code stands, counted from 1. mark: what the comment before it says, or "".
    argument: what the comment says after the colon.
    """

    language: str
    text: str
    line: int
    mark: str = ""
    argument: str = ""


def blocks_of(page: str) -> Iterator[Block]:
    """Give the code blocks of a page in Markdown; ValueError for one that nobody knows what to do with."""
    lines = page.splitlines()
    index = 0
    while index < len(lines):
        opening = _FENCE.fullmatch(lines[index])
        index += 1
        if opening is None:
            continue
        start = index
        while lines[index].strip() != opening["fence"]:
            index += 1
        text = "".join(line.removeprefix(opening["indent"]) + "\n" for line in lines[start:index])
        mark, argument = _mark(lines[start - 2] if start > 1 else "")
        index += 1
        if opening["language"].startswith("{"):  # a directive of MyST
            continue
        block = Block(opening["language"], text, start + 1, mark, argument)
        _check(block)
        yield block


def _mark(line: str) -> tuple[str, str]:
    found = _MARK.fullmatch(line)
    return (found["what"], found["argument"] or "") if found else ("", "")


def _check(block: Block) -> None:
    if block.mark and (block.mark not in _MARKS or _MARKS[block.mark] != bool(block.argument)):
        raise ValueError(f"line {block.line}: no such mark: {block.mark}: {block.argument}")
    if not block.mark and block.language not in ("console", "python", "text"):
        raise ValueError(f"line {block.line}: say what is done with a block of {block.language or 'no language'}")
    if block.language == "console" and block.mark != "prints" and not block.text.startswith("$ "):
        raise ValueError(f"line {block.line}: a console block begins with `$ ` and a command")


def commands_of(block: Block) -> list[tuple[str, str]]:
    """Split a console block into commands, each with what it prints."""
    found: list[tuple[str, str]] = []
    for line in block.text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif line.startswith("> "):
            found[-1] = (found[-1][0] + line[2:], found[-1][1])
        else:
            found[-1] = (found[-1][0], found[-1][1] + line)
    return found


def matches(expected: str, printed: str) -> bool:
    """Say whether something was printed as a page says."""
    return re.fullmatch(_pattern(_plain(expected)), _plain(printed)) is not None


def _plain(text: str) -> str:
    """Take off colours, blanks at the ends of lines and empty lines at the end."""
    return "".join(line.rstrip() + "\n" for line in _STYLE.sub("", text).rstrip().splitlines())


def _pattern(expected: str) -> str:
    return "".join(
        r"(?:.*\n)*" if line.strip() == "…" else _line_pattern(line) + r"\n" for line in expected.splitlines()
    )


def _line_pattern(line: str) -> str:
    parts, end = [], 0
    for found in _VARIABLE.finditer(line):
        parts.append(re.escape(line[end : found.start()]))
        parts.append(".*" if found[0] == "…" else next(each for each in _ANY if re.fullmatch(each, found[0])))
        end = found.end()
    return "".join((*parts, re.escape(line[end:])))
