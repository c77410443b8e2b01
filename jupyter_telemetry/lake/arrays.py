"""JSON values as Arrow arrays, which of them an array does not hold exactly, and the values of an array.

A null stands for "not there": a null that was recorded is one of those that the array does not hold. The rules are
those by which `columns.sqltypes` makes columns of JSON text: a value that does not fit is null, or the nearest one.
Each array is made at once, and only where it cannot be are the values looked at one by one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import date, datetime, timedelta, timezone
from itertools import accumulate, chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
import pyarrow.compute as pc  # type: ignore[import-untyped]  # the same

from ..columns.sqltypes import Boolean, Date, Integer, Json, ListOf, MapOf, Number, SqlType, StructOf, Text, Timestamp
from ..timestamp import utc_text
from .kinds import INSTANT, arrow_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Column", "instant", "members", "nulls", "restored", "typed"]

_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?"
    r"(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)  # RFC 3339 §5.6
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NONE = type(None)
_INTEGERS = {False: range(-(2**63), 2**63), True: range(2**64)}


class Column(NamedTuple):
    """An array, and the indices of the values that it does not hold exactly."""

    array: Any
    inexact: set[int]


def typed(kind: SqlType, values: list[Any]) -> Column:
    """Make an array of values; None is a value that is not there, and `inexact` says nothing of it."""
    if isinstance(kind, ListOf):
        return _lists(kind, values)
    if isinstance(kind, MapOf):
        return _maps(kind, values)
    if isinstance(kind, StructOf):
        return _structs(kind, values)
    return _MAKERS[type(kind)](kind, values)


def members(key: str, objects: Sequence[dict[str, Any]]) -> tuple[list[Any], bool]:
    """Return a member of each object, None where it is not there, and whether it is in all of them."""
    try:
        return list(map(itemgetter(key), objects)), True
    except KeyError:
        return [each.get(key) for each in objects], False


def restored(kind: SqlType, value: Any) -> Any:
    """Return the JSON value of an array's value, as `to_pylist` gives it."""
    if value is None:
        return None
    if isinstance(kind, ListOf):
        return [restored(kind.item, each) for each in value]
    if isinstance(kind, MapOf):
        return {key: restored(kind.item, each) for key, each in value}
    if isinstance(kind, StructOf):
        fields = ((field, value[field.name]) for field in kind.fields)
        return {field.key: restored(field.type, each) for field, each in fields if each is not None}
    if isinstance(kind, Timestamp):
        return utc_text(value)
    if isinstance(kind, Date):
        return value.isoformat()
    return orjson.loads(value) if isinstance(kind, Json) else value


def instant(text: str) -> datetime | None:
    """Return an instant of RFC 3339 in UTC, cut to microseconds; None for a text that is none."""
    if (found := _INSTANT.fullmatch(text)) is None:
        return None
    *numbers, fraction, sign, hours, minutes = found.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    away = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    microsecond = int((fraction or "")[:6].ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, second, microsecond, timezone.utc)
        return moment + away if sign == "-" else moment - away
    except (ValueError, OverflowError):
        return None


# Scalars


def _texts(_: SqlType, values: list[Any]) -> Column:
    try:
        return Column(pa.array(values, pa.string()), set())
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # another type is among them
        return _plain(values, str, pa.string())


def _booleans(_: SqlType, values: list[Any]) -> Column:
    return _plain(values, bool, pa.bool_())


def _plain(values: list[Any], wanted: type, kind: Any) -> Column:
    inexact = _others(values, wanted)
    return Column(pa.array(_without(values, inexact), kind), inexact)


def _integers(kind: SqlType, values: list[Any]) -> Column:
    room = _INTEGERS[isinstance(kind, Integer) and kind.unsigned]
    if set(map(type, values)) <= {int, _NONE}:
        try:
            return Column(pa.array(values, arrow_type(kind)), set())
        except (OverflowError, pa.ArrowInvalid):
            pass
    whole = [int(each) if type(each) is float and each.is_integer() else each for each in values]
    inexact = {at for at, each in enumerate(whole) if each is not None and (type(each) is not int or each not in room)}
    return Column(pa.array(_without(whole, inexact), arrow_type(kind)), inexact)


def _numbers(_: SqlType, values: list[Any]) -> Column:
    inexact: set[int] = set()
    if not set(map(type, values)) <= {float, _NONE}:
        numbers: list[float | None] = []
        for at, each in enumerate(values):
            number = float(each) if type(each) in (int, float) else None
            if number != each:
                inexact.add(at)
            numbers.append(number)
        values = numbers
    return Column(pa.array(values, pa.float64()), inexact)


def _instants(_: SqlType, values: list[Any]) -> Column:
    inexact = _others(values, str)
    texts = pa.array(_without(values, inexact), pa.string())
    if (array := _as_recorded(texts)) is not None:
        return Column(array, inexact)
    moments = [None if text is None else instant(text) for text in texts.to_pylist()]
    inexact |= {
        at
        for at, (moment, text) in enumerate(zip(moments, values, strict=True))
        if text is not None and (moment is None or utc_text(moment) != text)
    }
    return Column(pa.array(moments, INSTANT), inexact)


def _as_recorded(texts: Any) -> Any:
    """Return instants that are all written in the one form of EventLog; None if they are not."""
    try:
        moments = pc.cast(texts, INSTANT)
    except pa.ArrowInvalid:
        return None
    # Of the forms of ISO 8601 that Arrow reads only this one has so many bytes, and both letters.
    has_length = pc.equal(pc.binary_length(texts), len("2026-11-24T08:15:00.000000Z"))
    has_letters = pc.and_(pc.equal(pc.utf8_slice_codeunits(texts, 10, 11), "T"), pc.ends_with(texts, "Z"))
    has_year = pc.invert(pc.starts_with(texts, "0000"))  # Python has none before 1
    return None if pc.all(pc.and_(pc.and_(has_length, has_letters), has_year)).as_py() is False else moments


def _dates(_: SqlType, values: list[Any]) -> Column:
    inexact = _others(values, str)
    days = [None if at in inexact else _day(text) for at, text in enumerate(values)]
    inexact |= {at for at, (day, text) in enumerate(zip(days, values, strict=True)) if day is None and text is not None}
    return Column(pa.array(days, pa.date32()), inexact)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None and _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _jsons(_: SqlType, values: list[Any]) -> Column:
    return Column(
        pa.array([None if each is None else orjson.dumps(each).decode() for each in values], pa.string()), set()
    )


# What holds others


def _lists(kind: ListOf, values: list[Any]) -> Column:
    inexact = _others(values, list)
    values = _without(values, inexact)
    items = typed(kind.item, list(chain.from_iterable(filter(None, values))))
    offsets = list(accumulate((len(each) if each else 0 for each in values), initial=0))
    array = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), items.array, type=arrow_type(kind), mask=_mask(values)
    )
    return Column(array, inexact | {bisect_right(offsets, at) - 1 for at in items.inexact})


def _maps(kind: MapOf, values: list[Any]) -> Column:
    inexact = _others(values, dict)
    values = _without(values, inexact)
    there = list(filter(None, values))
    items = typed(kind.item, list(chain.from_iterable(each.values() for each in there)))
    keys = pa.array(list(chain.from_iterable(there)), pa.string())
    offsets = list(accumulate((len(each) if each else 0 for each in values), initial=0))
    # A null offset is a null map: from_arrays has no mask in older releases.
    marked = [None if each is None else at for each, at in zip(values, offsets, strict=False)]
    array = pa.MapArray.from_arrays(pa.array([*marked, offsets[-1]], pa.int32()), keys, items.array)
    return Column(array.cast(arrow_type(kind)), inexact | {bisect_right(offsets, at) - 1 for at in items.inexact})


def _structs(kind: StructOf, values: list[Any]) -> Column:
    inexact = _others(values, dict)
    values = _without(values, inexact)
    mask = _mask(values)
    objects = values if mask is None else [each or {} for each in values]
    fields = 0
    arrays = []
    for field in kind.fields:
        found, is_everywhere = members(field.key, objects)
        column = typed(field.type, found)
        lost = nulls(field.key, objects, found, column)
        fields += len(found) if is_everywhere else len(found) - found.count(None) + len(lost)
        inexact |= column.inexact | lost
        arrays.append(column.array)
    if sum(map(len, objects)) != fields:
        keys = {field.key for field in kind.fields}
        inexact |= {at for at, each in enumerate(objects) if not each.keys() <= keys}
    return Column(pa.StructArray.from_arrays(arrays, fields=list(arrow_type(kind)), mask=mask), inexact)


def nulls(key: str, objects: Sequence[dict[str, Any]], found: list[Any], column: Column) -> set[int]:
    """Return where a member, as `members` found it, is null and not just not there."""
    if not column.array.null_count:
        return set()
    return {at for at, (each, member) in enumerate(zip(objects, found, strict=True)) if member is None and key in each}


def _others(values: Iterable[Any], wanted: type) -> set[int]:
    """Return where values are of another type."""
    if set(map(type, values)) <= {wanted, _NONE}:
        return set()
    return {at for at, each in enumerate(values) if each is not None and type(each) is not wanted}


def _without(values: list[Any], indices: set[int]) -> list[Any]:
    return [None if at in indices else each for at, each in enumerate(values)] if indices else values


def _mask(values: list[Any]) -> Any:
    """Return which values are null; None if none is, as older releases want it."""
    return pa.array([each is None for each in values]) if _NONE in set(map(type, values)) else None


_MAKERS: dict[type[SqlType], Callable[[SqlType, list[Any]], Column]] = {
    Json: _jsons,
    Text: _texts,
    Boolean: _booleans,
    Integer: _integers,
    Number: _numbers,
    Timestamp: _instants,
    Date: _dates,
}
