"""The answer to a question, as rows or as a frame of whichever library is installed."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..columns.sqltext import identifier
from ..errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas
    import polars
    import pyarrow  # type: ignore[import-untyped]  # it has no types

__all__ = ["Result"]

Convert = Callable[[Any], Any]
Fetch = Callable[[str, Callable[[Any], Any]], Any]

_INSTANT = "TIMESTAMP WITH TIME ZONE"
_SPAN = "INTERVAL"
_QUOTED = r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'"  # names of fields, values of enums


class Result:
    """The rows that are the answer to a question; `columns` are their names, `types` their SQL types.

    The question was asked once; the answer can be converted any number of times until the journal is closed.
    Instants are in UTC.
    """

    def __init__(self, fetch: Fetch, columns: Sequence[str], types: Sequence[Any], count: int) -> None:
        # `fetch` takes what to select from the rows, whose columns it knows as c1, c2, …, and what to make of the
        # relation; `types` are DuckDB's objects, which must not outlive its module.
        self._fetch = fetch
        self._count = count
        self._converts = [_aware(kind) for kind in types]
        self.columns = list(columns)
        self.types = [str(kind) for kind in types]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows())

    def __repr__(self) -> str:
        named = (f"c{at} AS {identifier(name)}" for at, name in enumerate(self.columns, 1))
        text: str = self._fetch(", ".join(named), str)
        return text

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the rows with Python's own values: a LIST is a list, a STRUCT and a MAP are dicts, JSON is text."""
        rows: list[tuple[Any, ...]] = self._fetch(self._without_zones(), lambda relation: relation.fetchall())
        if any(self._converts):
            return [tuple(map(_apply, self._converts, row)) for row in rows]
        return rows

    def pandas(self) -> pandas.DataFrame:
        """Return a pandas DataFrame, where lists, structs and maps are objects.

        Raises MissingExtra where pandas is not installed.
        """
        _require("pandas")
        frame: Any = self._fetch(self._without_zones(), lambda relation: relation.df())
        for name, kind, convert in zip(list(frame.columns), self.types, self._converts, strict=True):
            if kind == _INSTANT:
                frame[name] = frame[name].dt.tz_localize("UTC")
            elif convert is not None:
                frame[name] = frame[name].map(convert, na_action="ignore")
        frame.columns = self.columns
        result: pandas.DataFrame = frame
        return result

    def polars(self) -> polars.DataFrame:
        """Return a polars DataFrame; of columns that share a name all but the first get a number.

        Its durations know no months: a month of an INTERVAL becomes 30 days. An INTERVAL inside of another value
        becomes text.

        Raises MissingExtra where polars is not installed.
        """
        library = _require("polars")
        frame: polars.DataFrame = self._fetch(self._without_spans(), library.DataFrame)
        spans = [f"c{at}" for at, kind in enumerate(self.types, 1) if kind == _SPAN]
        frame = frame.with_columns(library.col(spans).cast(library.Duration("us"))) if spans else frame
        frame.columns = _numbered(self.columns)
        return frame

    def arrow(self) -> pyarrow.Table:
        """Return an Arrow table.

        Raises MissingExtra where pyarrow is not installed.
        """
        _require("pyarrow")
        table: pyarrow.Table = self._fetch("*", lambda relation: relation.to_arrow_table())
        return table.rename_columns(self.columns)

    def _without_zones(self) -> str:
        """Select instants as UTC without a zone: for zones DuckDB needs pytz, which few have nowadays."""
        changed = [_replaced(kind, _INSTANT, "TIMESTAMP") for kind in self.types]
        return ", ".join(
            f"c{at}" if kind == plain else f"c{at}::{plain} AS c{at}"
            for at, (kind, plain) in enumerate(zip(self.types, changed, strict=True), 1)
        )

    def _without_spans(self) -> str:
        """Select intervals, which polars cannot import, as microseconds."""
        selected = []
        for at, kind in enumerate(self.types, 1):
            plain = _replaced(kind, _SPAN, "VARCHAR")
            value = f"epoch_us(c{at})" if kind == _SPAN else f"c{at}" if kind == plain else f"c{at}::{plain}"
            selected.append(f"{value} AS c{at}")
        return ", ".join(selected)


class _MissingLibrary(MissingExtra):
    """A library that is not installed, and that is the caller's choice."""

    def __init__(self, library: str) -> None:
        ImportError.__init__(self, f"for a result in {library}: pip install {library}", name=library)


def _require(library: str) -> Any:
    try:
        return importlib.import_module(library)
    except ImportError:
        raise _MissingLibrary(library) from None


def _replaced(kind: str, part: str, by: str) -> str:
    """Replace a type within a type, wherever it does not stand in quotes."""
    return re.sub(rf"{_QUOTED}|\b{part}\b", lambda found: by if found[0] == part else found[0], kind)


def _numbered(names: list[str]) -> list[str]:
    """Give a name that stood before already the next number that is free."""
    result: list[str] = []
    for name in names:
        number, numbered = 1, name
        while numbered in result or (number > 1 and numbered in names):
            number += 1
            numbered = f"{name}_{number}"
        result.append(numbered)
    return result


def _apply(convert: Convert | None, value: Any) -> Any:
    return value if convert is None or value is None else convert(value)


def _aware(kind: Any) -> Convert | None:
    """Return what puts UTC into the instants within a value of this type; None if it holds none."""
    if str(kind) == _INSTANT:
        return _in_utc
    if kind.id in ("list", "array"):
        item = _aware(kind.children[0][1])
        return item and (lambda values: type(values)(_apply(item, value) for value in values))  # an ARRAY is a tuple
    if kind.id == "struct":
        fields = {name: convert for name, field in kind.children if (convert := _aware(field))}
        return (
            (lambda struct: {name: _apply(fields.get(name), value) for name, value in struct.items()})
            if fields
            else None
        )
    if kind.id == "map":
        key, value = (_aware(child) for _, child in kind.children)
        return (lambda pairs: {_apply(key, k): _apply(value, v) for k, v in pairs.items()}) if key or value else None
    return None


def _in_utc(value: Any) -> Any:
    # Years that Python has no room for come as text.
    return value.replace(tzinfo=timezone.utc) if isinstance(value, datetime) else value
