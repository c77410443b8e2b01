"""Which fields have few values, and how often each occurs."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ...columns.sqltext import identifier
from .figures import FieldValues

if TYPE_CHECKING:
    from ..database import JournalDatabase
    from ..views import View

__all__ = ["FieldTally", "tally_fields"]

MOST_FIELDS = 12  # that are shown
MOST_VALUES = 8  # of a field that are shown
FEW_TEXTS = 24  # different ones, at the most, for a field to be counted
FEW_NUMBERS = 8
LONGEST_VALUE = 300  # characters; what is alike up to there counts as the same
SAMPLE = 20_000  # events
MOST_VIEWS = 50  # that are looked at, the most frequent first

_TEXT, _NUMBERS = "VARCHAR", ("BIGINT", "UBIGINT", "HUGEINT", "INTEGER", "DOUBLE", "DECIMAL")
_IS_ID = re.compile(r"(?:^|[^a-z])(?:id|uuid|guid|hash|token)$|[a-z](?:Id|ID)$", re.ASCII)


class FieldTally(NamedTuple):
    """Fields with several values, how many more there would be, and those with one."""

    shown: tuple[FieldValues, ...]
    left_out: int
    constants: tuple[FieldValues, ...]


class _Field(NamedTuple):
    name: str
    expression: str
    type: str

    @property
    def is_number(self) -> bool:
        return self.type.startswith(_NUMBERS)

    @property
    def few(self) -> int:
        return FEW_NUMBERS if self.is_number else FEW_TEXTS

    @property
    def may_be_counted(self) -> bool:
        return (self.type in (_TEXT, "BOOLEAN") or self.is_number) and not _IS_ID.search(self.name)


def tally_fields(journal: JournalDatabase, views: list[View], is_in_period: str) -> FieldTally:
    """Count the values of the fields that have few, of the views in this order.

    Names of ids are not counted: even a few of them say nothing.
    """
    several: list[FieldValues] = []
    constants: list[FieldValues] = []
    for view in views[:MOST_VIEWS]:
        for field in _tally(journal, view, is_in_period):
            (several if field.distinct > 1 else constants).append(field)
    return FieldTally(tuple(several[:MOST_FIELDS]), max(0, len(several) - MOST_FIELDS), tuple(constants[:MOST_FIELDS]))


def _tally(journal: JournalDatabase, view: View, is_in_period: str) -> list[FieldValues]:
    fields = [field for field in _fields(journal, view) if field.may_be_counted]
    source = f"FROM {identifier(view.name)} WHERE {is_in_period}"
    fields = _with_few_values(journal, fields, source)
    if not fields:
        return []
    columns = ", ".join(
        f"left({field.expression}::VARCHAR, {LONGEST_VALUE}) AS v{at}" for at, field in enumerate(fields)
    )
    names = [f"v{at}" for at in range(len(fields))]
    rows = journal.sql(
        f"""
        SELECT {" + ".join(f"{at} * (1 - grouping({name}))" for at, name in enumerate(names))} AS field,
               coalesce({", ".join(names)}) AS value, count(*) AS events
        FROM (SELECT {columns} {source})
        GROUP BY GROUPING SETS ({", ".join(f"({name})" for name in names)})
        QUALIFY row_number() OVER (PARTITION BY field ORDER BY events DESC, value) <= {FEW_TEXTS + 2}
        ORDER BY field, events DESC, value
        """  # noqa: S608 - names are quoted
    ).rows()
    found: dict[int, list[tuple[str | None, int]]] = defaultdict(list)
    for at, value, events in rows:
        found[at].append((value, events))
    return [each for at, field in enumerate(fields) if (each := _values(view, field, found[at])) is not None]


def _fields(journal: JournalDatabase, view: View) -> list[_Field]:
    """List the properties that a view has columns for, and those one level below."""
    found: list[_Field] = []
    for column in view.columns:
        if column.key is None:
            continue
        name = identifier(column.name)
        if not column.type.startswith("STRUCT"):
            found.append(_Field(column.name, name, column.type))
            continue
        below = journal.sql(f"SELECT unnest({name}) FROM {identifier(view.name)} LIMIT 0")  # noqa: S608 - quoted
        found += [
            _Field(f"{column.name}.{part}", f"{name}.{identifier(part)}", kind)
            for part, kind in zip(below.columns, below.types, strict=True)
        ]
    return [field._replace(type=_TEXT) if field.type.startswith("ENUM") else field for field in found]


def _with_few_values(journal: JournalDatabase, fields: list[_Field], source: str) -> list[_Field]:
    """Leave out what has many values among the first events already."""
    if not fields:
        return []
    columns = ", ".join(f"{field.expression} AS v{at}" for at, field in enumerate(fields))
    counts = ", ".join(f"approx_count_distinct(v{at})" for at in range(len(fields)))
    question = f"SELECT {counts} FROM (SELECT {columns} {source} LIMIT {SAMPLE})"  # noqa: S608 - names are quoted
    (row,) = journal.sql(question).rows()
    return [field for field, count in zip(fields, row, strict=True) if count <= 2 * field.few]  # the count is rough


def _values(view: View, field: _Field, values: list[tuple[str | None, int]]) -> FieldValues | None:
    """Return a field's values; None if there are too many, hardly any occurs twice, or they measure something."""
    if field.is_number:
        values = [(value and value.removesuffix(".0"), events) for value, events in values]
    given = [(value, events) for value, events in values if value is not None]
    measures = field.is_number and any("." in value or "e" in value for value, _ in given)
    often = 4 if field.is_number else 2
    rare = len(given) > 2 and sum(events for _, events in given) < often * len(given)
    if not given or len(given) > field.few or rare or measures:
        return None
    rest = sum(events for _, events in values[MOST_VALUES:])
    return FieldValues(view.name, field.name, tuple(values[:MOST_VALUES]), len(values), rest)
