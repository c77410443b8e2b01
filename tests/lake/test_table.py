"""A table of events gives each back exactly, whatever is in it."""

from __future__ import annotations

import json

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_telemetry.lake.table import REST, Layout, events_of, table_of

from .odd import ODD_SCHEMA, VALUES, odd_events, sealed

LAYOUT = Layout.of_schemas([ODD_SCHEMA])


def through_a_file(table):
    """Write a table and read it back."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return pq.read_table(pa.BufferReader(sink.getvalue()))


def told(value):
    """Tell apart what Python takes for equal and JSON does not: true and 1; but not 1 and 1.0."""
    return json.dumps(_with_plain_numbers(value), sort_keys=True)


def _with_plain_numbers(value):
    if isinstance(value, dict):
        return {key: _with_plain_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_plain_numbers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_each_event_comes_back_as_it_was():
    batch = sealed(odd_events())
    table = through_a_file(table_of(batch.events, LAYOUT))
    assert [told(each) for each in events_of(table)] == [told(each) for each in batch.events]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from([*ODD_SCHEMA["properties"], "more", "Text"]), st.sampled_from(VALUES)),
        max_size=12,
    )
)
def test_each_event_comes_back_whatever_else_is_in_the_batch(events):
    batch = sealed([{}, *events])
    assert [told(each) for each in events_of(table_of(batch.events, LAYOUT))] == [told(each) for each in batch.events]


INSTANTS = [  # that Arrow reads, and writes in another way
    "0000-01-01T00:00:00.000000Z",
    "2026-11-23 17:42:05.123456Z",
    "2026-11-23T17:42:05.12345+01",
    "2026-11-23T17:42:05.1+01:00",
]


@pytest.mark.parametrize("value", [*VALUES, *INSTANTS], ids=repr)
def test_each_value_comes_back_where_all_are_alike(value):
    batch = sealed([dict.fromkeys(ODD_SCHEMA["properties"], value)] * 2)
    assert [told(each) for each in events_of(table_of(batch.events, LAYOUT))] == [told(each) for each in batch.events]


def test_an_ordinary_event_leaves_no_rest():
    event = {
        "text": "x", "yes": True, "whole": 1, "large": 2**64 - 1, "number": 1.5, "at": "2026-11-23T17:42:05.123456Z",
        "on": "2026-11-23", "any": [1, {"x": None}], "texts": ["a"], "table": [[1], []], "names": {"a": 1.5},
        "who": {"id": "i", "since": "2026-11-23T17:42:05.000000Z", "tags": []}, "people": [{"id": "a"}, {}],
        "schema": "s", "Day": "d", "a b.c": 7,
    }  # fmt: skip
    table = table_of(sealed([event, {}]).events, LAYOUT)
    assert table.column(REST).to_pylist() == [None, None]


def test_columns_do_not_have_the_names_of_partitions():
    names = [each.name.lower() for each in LAYOUT.columns]
    assert "schema" not in names
    assert "day" not in names
    assert len(set(names)) == len(names) == len(ODD_SCHEMA["properties"])


def test_a_later_text_of_a_schema_adds_columns_and_changes_none():
    later = {**ODD_SCHEMA, "properties": {"new": {"type": "integer"}, "text": {"type": "integer"}}}
    layout = Layout.of_schemas([ODD_SCHEMA, later])
    assert layout.columns[: len(LAYOUT.columns)] == LAYOUT.columns
    assert [each.name for each in layout.columns[len(LAYOUT.columns) :]] == ["new"]


@pytest.mark.parametrize("version", [1, "1", "1.0", 0, "01", "", -3])
def test_a_version_comes_back_as_what_it_was(version):
    batch = sealed([{}], {**ODD_SCHEMA, "version": version})
    (event,) = events_of(table_of(batch.events, LAYOUT))
    assert event["__schema_version__"] == version
    assert type(event["__schema_version__"]) is type(version)


def test_metadata_that_later_versions_add_comes_back():
    (event,) = sealed([{}]).events
    event = {**event, "__source__": "s", "__subject__": None, "__timestamp__": "2026-11-23T18:42:05+01:00"}
    assert list(events_of(table_of([event], LAYOUT))) == [event]


def test_a_file_says_itself_what_its_columns_are():
    assert Layout.of_file(table_of(sealed([{}]).events, LAYOUT).schema).columns == LAYOUT.columns
    with pytest.raises(ValueError, match="no file of a lake"):
        Layout.of_file(pa.table({"a": [1]}).schema)


def test_orjson_reads_what_is_in_the_rest():
    rest = table_of(sealed(odd_events()).events, LAYOUT).column(REST).to_pylist()
    assert all(isinstance(orjson.loads(text), dict) for text in rest if text is not None)
