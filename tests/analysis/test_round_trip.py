"""Generated schemas and events: what stands in a view is what was recorded, or is said to be a misfit."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_telemetry.analysis import open_journal

from .journals import THING_VIEW, Journal, instant, schema_of

NAMES = st.one_of(
    st.sampled_from(["a", "A", "b", "order", "x0", "é"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6),
).filter(lambda name: not name.startswith("__"))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=OFFSETS)
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)


def rfc3339(at: datetime) -> str:
    text = at.isoformat()
    return text.replace("+00:00", "Z") if at.minute % 2 else text


@dataclass
class Kind:
    """A schema, its values in Python, what is recorded of a value, and what a column is to show of it."""

    schema: Any
    values: st.SearchStrategy[Any]
    to_json: Callable[[Any], Any]
    expected: Callable[[Any], Any]


def same(value: Any) -> Any:
    return value


def plain(schema: Any, values: st.SearchStrategy[Any], to_json: Any = same, expected: Any = same) -> Kind:
    return Kind(schema, values, to_json, expected)


SCALARS = st.sampled_from(
    [
        plain({"type": "string"}, TEXTS),
        plain({"enum": ["a", "b", ""]}, st.sampled_from(["a", "b", ""])),
        plain({"type": "integer"}, st.integers(-(2**63), 2**63 - 1)),
        plain({"type": "integer", "minimum": 0, "maximum": 2**64 - 1}, st.integers(0, 2**64 - 1)),
        plain({"type": "integer"}, st.integers(-(2**53), 2**53).map(float), expected=int),
        plain({"type": "number"}, DOUBLES),
        plain({"type": "number"}, st.integers(-(2**53), 2**53), expected=float),
        plain({"type": "boolean"}, st.booleans()),
        plain({"type": "string", "format": "date-time"}, INSTANTS, to_json=rfc3339),
        plain({"type": "string", "format": "date"}, st.dates(), to_json=date.isoformat),
        plain({"title": "any"}, st.one_of(TEXTS, st.integers(0, 9), st.booleans(), st.lists(TEXTS))),
        plain({"type": ["string", "integer"]}, st.one_of(TEXTS, st.integers(0, 9))),
    ]
)


def optional(kind: Kind) -> Kind:
    return Kind(
        {"anyOf": [kind.schema, {"type": "null"}]},
        st.none() | kind.values,
        lambda value: None if value is None else kind.to_json(value),
        lambda value: None if value is None else kind.expected(value),
    )


def array(kind: Kind) -> Kind:
    item = optional(kind)
    return Kind(
        {"type": "array", "items": item.schema},
        st.lists(item.values, max_size=3),
        lambda values: [item.to_json(value) for value in values],
        lambda values: [item.expected(value) for value in values],
    )


def mapping(kind: Kind) -> Kind:
    return Kind(
        {"type": "object", "additionalProperties": kind.schema},
        st.dictionaries(TEXTS, kind.values, max_size=3),
        lambda values: {key: kind.to_json(value) for key, value in values.items()},
        lambda values: {key: kind.expected(value) for key, value in values.items()},
    )


def structure(kinds: dict[str, Kind]) -> Kind:
    return Kind(
        {"type": "object", "properties": {name: kind.schema for name, kind in kinds.items()}},
        st.fixed_dictionaries({}, optional={name: optional(kind).values for name, kind in kinds.items()}),
        lambda values: {name: optional(kinds[name]).to_json(value) for name, value in values.items()},
        lambda values: [optional(kinds[name]).expected(values.get(name)) for name in sorted(kinds)],
    )


def differ_in_more_than_case(kinds: dict[str, Kind]) -> bool:
    return len({name.lower() for name in kinds}) == len(kinds)


def structures(kinds: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    return st.dictionaries(NAMES, kinds, min_size=1, max_size=4).filter(differ_in_more_than_case).map(structure)


KINDS = st.recursive(SCALARS, lambda kinds: kinds.map(array) | kinds.map(mapping) | structures(kinds), max_leaves=5)


def alternative(schema: Any) -> Any:
    """Return what a schema says beside null."""
    return next((branch for branch in schema.get("anyOf", []) if branch != {"type": "null"}), schema)


def is_json(schema: Any) -> bool:
    return "enum" not in schema and not isinstance(schema.get("type"), str)


def comparable(value: Any, schema: Any) -> Any:
    """Turn the fields of structs into lists in the order of their properties, for their names may differ."""
    schema = alternative(schema)
    if value is not None and is_json(schema):
        return json.loads(value)
    if isinstance(value, list):
        return [comparable(item, schema["items"]) for item in value]
    if isinstance(value, dict) and "properties" in schema:
        properties = [schema["properties"][name] for name in sorted(schema["properties"])]
        return [comparable(item, inner) for item, inner in zip(value.values(), properties, strict=True)]
    if isinstance(value, dict):
        return {key: comparable(item, schema["additionalProperties"]) for key, item in value.items()}
    return value


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_value_in_a_view_is_the_value_that_was_recorded(data: st.DataObject):
    kinds = data.draw(st.dictionaries(NAMES, KINDS, min_size=1, max_size=5))
    events = data.draw(
        st.lists(
            st.fixed_dictionaries({}, optional={name: optional(kind).values for name, kind in kinds.items()}),
            min_size=1,
            max_size=4,
        )
    )
    schema = schema_of({name: kind.schema for name, kind in kinds.items()})
    recorded = [{name: optional(kinds[name]).to_json(value) for name, value in event.items()} for event in events]
    directory = Path(tempfile.mkdtemp())
    try:
        Journal(directory).events(*recorded, schema=schema)
        with open_journal(directory) as database:
            (view,) = database.views()
            result = database.sql(f"FROM {THING_VIEW} ORDER BY __id__")
            rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows()]
            whole = [json.loads(text) for (text,) in database.sql("SELECT event FROM events ORDER BY __id__")]
    finally:
        shutil.rmtree(directory)

    columns = {column.key: column.name for column in view.columns if column.key is not None}
    assert columns.keys() == kinds.keys()
    assert whole == recorded
    for row, event in zip(rows, events, strict=True):
        assert (row["__extra__"], row["__misfits__"]) == (None, None)
        for name, kind in kinds.items():
            assert comparable(row[columns[name]], kind.schema) == optional(kind).expected(event.get(name))


JSON = st.recursive(
    st.none() | st.booleans() | TEXTS | DOUBLES | st.integers(-(2**63), 2**64 - 1) | INSTANTS.map(rfc3339),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXTS, values, max_size=3),
    max_leaves=6,
)


def holds(shown: Any, recorded: Any, schema: Any) -> bool:
    """Say whether a column shows just what was recorded."""
    schema = alternative(schema)
    if recorded is None or shown is None:
        return recorded is shown
    if is_json(schema):
        return json.loads(shown) == recorded
    if "items" in schema:
        return (
            isinstance(recorded, list)
            and len(shown) == len(recorded)
            and all(holds(*pair, schema["items"]) for pair in zip(shown, recorded, strict=True))
        )
    if "properties" in schema:
        properties = schema["properties"]
        return (
            isinstance(recorded, dict)
            and recorded.keys() <= properties.keys()
            and all(
                holds(value, recorded.get(name), properties[name])
                for name, value in zip(sorted(properties), shown.values(), strict=True)
            )
        )
    if "additionalProperties" in schema:
        return (
            isinstance(recorded, dict)
            and shown.keys() == recorded.keys()
            and all(holds(shown[key], value, schema["additionalProperties"]) for key, value in recorded.items())
        )
    if isinstance(shown, datetime):
        return shown == instant(recorded)
    if isinstance(shown, date):
        return shown.isoformat() == recorded
    return shown == recorded and isinstance(shown, bool) == isinstance(recorded, bool)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_value_that_a_view_does_not_show_exactly_is_a_misfit_or_extra(data: st.DataObject):
    kinds = data.draw(st.dictionaries(NAMES, KINDS, max_size=4))
    names = st.sampled_from(sorted(kinds)) | NAMES if kinds else NAMES
    values = JSON | st.sampled_from(list(kinds.values())).flatmap(recorded_values) if kinds else JSON
    events = data.draw(st.lists(st.dictionaries(names, values, max_size=4), min_size=1, max_size=4))
    schema = schema_of({name: kind.schema for name, kind in kinds.items()})
    directory = Path(tempfile.mkdtemp())
    try:
        Journal(directory).events(*events, schema=schema)
        with open_journal(directory) as database:
            (view,) = database.views()
            result = database.sql(f"FROM {THING_VIEW} ORDER BY __id__")
            rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows()]
    finally:
        shutil.rmtree(directory)

    for row, event in zip(rows, events, strict=True):
        misfits = json.loads(row["__misfits__"] or "{}")
        assert misfits == {key: event[key] for key in misfits}
        assert json.loads(row["__extra__"] or "{}") == {key: event[key] for key in event if key not in kinds}
        for column in view.columns:
            if column.key is not None and column.key not in misfits:
                assert holds(row[column.name], event.get(column.key), kinds[column.key].schema)


def recorded_values(kind: Kind) -> st.SearchStrategy[Any]:
    return kind.values.map(kind.to_json)
