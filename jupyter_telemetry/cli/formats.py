"""The rows of an answer, for people and for programs."""

from __future__ import annotations

import base64
import csv
import json
import math
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ..printable import cut, disarmed, printable
from .consoles import is_terminal, stdout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..analysis import Result

__all__ = ["FORMATS", "write"]

LONGEST_CELL = 2000  # characters, of a table
_NUMBERS = ("BIGINT", "INTEGER", "DOUBLE", "FLOAT", "DECIMAL", "HUGEINT", "SMALLINT", "TINYINT", "U")


def write(answer: Result, form: str, limit: int) -> None:
    """Write an answer to standard output in one of FORMATS; a table has `limit` rows, or all if that is 0."""
    FORMATS[form](answer, limit)


def _table(answer: Result, limit: int) -> None:
    table = Table(box=SIMPLE_HEAD, header_style="bold", show_edge=False)
    for name, kind in zip(answer.columns, answer.types, strict=True):
        table.add_column(
            Text(printable(name)), justify="right" if kind.startswith(_NUMBERS) else "left", overflow="fold"
        )
    shown = answer.rows() if not limit else answer.rows()[:limit]
    for row in shown:
        table.add_row(*map(_cell, row))
    stdout(cut=False).print(table)
    if len(shown) < len(answer):
        click.echo(f"… {len(answer) - len(shown):,} more rows; --limit 0 shows all", err=True)


def _cell(value: Any) -> Text:
    if value is None:
        return Text("NULL", "dim")
    text = value if isinstance(value, str) else _said(value)
    return Text(cut(printable(text, keep="\n"), LONGEST_CELL))


def _said(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (dict, list, tuple, bytes, bool)):
        return json.dumps(_plain(value), ensure_ascii=False)
    return str(value)


def _json(answer: Result, _: int) -> None:
    click.echo("[", nl=False)
    for number, row in enumerate(_objects(answer)):
        click.echo((",\n " if number else "\n ") + row, nl=False)
    click.echo("\n]" if len(answer) else "]")


def _json_lines(answer: Result, _: int) -> None:
    for row in _objects(answer):
        click.echo(row)


def _objects(answer: Result) -> Iterator[str]:
    """Yield each row as a JSON object; columns of the same name get a number, for an object has no two."""
    names = _distinct(answer.columns)
    for row in answer.rows():
        # ASCII: what a terminal would obey is escaped, and so is half a character.
        yield json.dumps(dict(zip(names, map(_plain, row), strict=True)))


def _distinct(names: list[str]) -> list[str]:
    used: list[str] = []
    for name in names:
        number, free = 1, name
        while free in used:
            number += 1
            free = f"{name}_{number}"
        used.append(free)
    return used


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; numbers that JSON has not, and what it knows nothing of, as text."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime, date, time)):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal) and Decimal(repr(float(value))) == value:
        return float(value)
    return str(value)


def _csv(answer: Result, _: int) -> None:
    """Write RFC 4180; on a terminal, without control characters."""
    writer = csv.writer(sys.stdout)
    shown = printable if is_terminal() else str
    writer.writerow([shown(disarmed(name)) for name in answer.columns])
    for row in answer.rows():
        writer.writerow([shown(_field(value)) for value in row])


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return str(value)
    plain = _plain(value)
    return disarmed(plain if isinstance(plain, str) else json.dumps(plain))


FORMATS: dict[str, Callable[[Result, int], None]] = {
    "table": _table,
    "json": _json,
    "jsonl": _json_lines,
    "csv": _csv,
}
