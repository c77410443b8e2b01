"""The types of a lake's columns: which type of Arrow stands for one of SQL, and how a file says which it was.

The types themselves, and how a schema gives them to properties, are those of `analysis`: a question to a journal and
one to a lake find the same columns.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it has no types

from ..columns.sqltypes import (
    Boolean,
    Date,
    Integer,
    Json,
    ListOf,
    MapOf,
    Number,
    SqlType,
    StructField,
    StructOf,
    Text,
    Timestamp,
)

__all__ = ["INSTANT", "arrow_type", "described", "kind_of"]

INSTANT = pa.timestamp("us", "UTC")

_SCALARS: dict[str, tuple[SqlType, Any]] = {
    "json": (Json(), pa.string()),
    "text": (Text(), pa.string()),
    "boolean": (Boolean(), pa.bool_()),
    "integer": (Integer(), pa.int64()),
    "unsigned": (Integer(unsigned=True), pa.uint64()),
    "number": (Number(), pa.float64()),
    "timestamp": (Timestamp(), INSTANT),
    "date": (Date(), pa.date32()),
}
_WORDS = {kind: word for word, (kind, _) in _SCALARS.items()}


def arrow_type(kind: SqlType) -> Any:
    """Return the Arrow type of a column. JSON is text, which every engine reads."""
    if isinstance(kind, ListOf):
        return pa.list_(pa.field("element", arrow_type(kind.item)))  # so Parquet calls it
    if isinstance(kind, MapOf):
        return pa.map_(pa.string(), arrow_type(kind.item))
    if isinstance(kind, StructOf):
        return pa.struct([pa.field(field.name, arrow_type(field.type)) for field in kind.fields])
    return _SCALARS[_WORDS[kind]][1]


def described(kind: SqlType) -> Any:
    """Describe a type in JSON, for `kind_of`."""
    if isinstance(kind, ListOf):
        return {"list": described(kind.item)}
    if isinstance(kind, MapOf):
        return {"map": described(kind.item)}
    if isinstance(kind, StructOf):
        return {"struct": [[field.name, field.key, described(field.type)] for field in kind.fields]}
    return _WORDS[kind]


def kind_of(description: Any) -> SqlType:
    """Return the type that is described so. Raises KeyError, TypeError, ValueError for what describes none."""
    if isinstance(description, str):
        return _SCALARS[description][0]
    ((word, inner),) = description.items()
    if word == "struct":
        return StructOf(tuple(StructField(name, key, kind_of(each)) for name, key, each in inner))
    return {"list": ListOf, "map": MapOf}[word](kind_of(inner))
