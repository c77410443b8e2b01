"""The columns that a schema gives: one for each property of its events.

A property's type is a promise about most values, not all: an event may have been recorded under another text of the
schema, and a redaction may have put a text in a number's place. What a column does not hold is kept as a misfit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .inference import SchemaTypes, either
from .naming import distinct_names, has_sql_name
from .sqltypes import Json, SqlType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["PropertyColumn", "columns_of"]

MOST_COLUMNS = 500  # of a view; further properties stay in __extra__


@dataclass(frozen=True)
class PropertyColumn:
    """A property of a schema's events, as a column."""

    name: str
    key: str  # the property's name
    type: SqlType
    description: str


def columns_of(schemas: Sequence[dict[str, Any]], taken: Iterable[str] = ()) -> list[PropertyColumn]:
    """Return the columns for the events of one schema, in the order of its properties.

    Several texts of one schema give the properties of all of them; where they disagree the type is JSON. `taken`
    are names that no column gets. A property that SQL has no name for has no column.
    """
    types: dict[str, SqlType | None] = {}
    descriptions: dict[str, str] = {}
    for schema in schemas:
        inferred = SchemaTypes(schema)
        for key, stated in inferred.properties().items():
            if has_sql_name(key) and (key in types or len(types) < MOST_COLUMNS):
                found = inferred.type_of(stated)
                types[key] = either([types[key], found]) if key in types else found
                descriptions[key] = descriptions.get(key) or inferred.description_of(stated)
    names = distinct_names({key: key for key in types}, taken)
    return [PropertyColumn(names[key], key, found or Json(), descriptions[key]) for key, found in types.items()]
