"""The view of a schema: its columns, typed values, and what stands in none of them."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

from jupyter_telemetry import EventLog
from jupyter_telemetry.analysis import Column, View, open_journal
from jupyter_telemetry.journal import JournalHandler

from .journals import METADATA, THING, THING_VIEW, TIMESTAMP, WHEN, Journal, event_id, schema_of

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = schema_of(
    {
        "text": {"type": "string"},
        "whole": {"type": "integer"},
        "big": {"type": "integer", "minimum": 0, "maximum": 2**64 - 1},
        "real": {"type": "number"},
        "flag": {"type": "boolean"},
        "at": {"type": "string", "format": "date-time"},
        "day": {"type": "string", "format": "date"},
        "time": {"type": "string", "format": "time"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "point": {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": ["number", "null"]}}},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "any": {},
    }
)


def test_the_columns_of_a_view_are_metadata_properties_extra_and_misfits(journal: Journal):
    journal.events({"name": "a", "count": 1})

    with open_journal(journal.directory) as database:
        result = database.sql(f"FROM {THING_VIEW}")

    assert dict(zip(result.columns, result.types, strict=True)) == {
        "__timestamp__": "TIMESTAMP WITH TIME ZONE",
        "__schema__": "VARCHAR",
        "__schema_version__": "VARCHAR",
        "__metadata_version__": "BIGINT",
        "__id__": "VARCHAR",
        "count": "BIGINT",
        "name": "VARCHAR",
        "__extra__": "JSON",
        "__misfits__": "JSON",
    }


def test_columns_stand_in_the_order_of_the_schema_as_it_was_registered(tmp_path: Path):
    properties = {name: {"type": "integer"} for name in ("zeta", "alpha", "mid")}
    with EventLog(handlers=[JournalHandler(tmp_path)], allowed_schemas=[THING["$id"]]) as log:
        log.register_schema({**THING, "properties": properties})
        log.record_event(THING["$id"], 1, {"mid": 1})
    with open_journal(tmp_path) as database:
        columns = database.sql(f"FROM {THING_VIEW}").columns
    assert columns == [*METADATA, *properties, "__extra__", "__misfits__"]


def test_a_row_is_an_event_with_typed_values(journal: Journal, ask):
    event = {
        "text": "a",
        "whole": -5,
        "big": 2**64 - 1,
        "real": 1.5,
        "flag": True,
        "at": "2026-11-23T17:42:05.123456+05:30",
        "day": "2026-02-28",
        "time": "17:42:05+05:30",
        "tags": ["x", "y"],
        "point": {"x": 1, "y": None},
        "counts": {"b": 2, "a": 1},
        "any": [1, "a"],
    }
    journal.events(event, schema=EVERYTHING)

    assert ask(f"FROM {THING_VIEW}") == [
        (
            WHEN,
            THING["$id"],
            "1",
            2,
            event_id(1),
            '[1,"a"]',
            datetime(2026, 11, 23, 12, 12, 5, 123456, tzinfo=timezone.utc),
            2**64 - 1,
            {"b": 2, "a": 1},
            date(2026, 2, 28),
            True,
            {"x": 1, "y": None},
            1.5,
            ["x", "y"],
            "a",
            "17:42:05+05:30",
            -5,
            None,
            None,
        )
    ]


def test_the_types_that_are_told_are_those_that_columns_have(journal: Journal):
    journal.events(schema=EVERYTHING)

    with open_journal(journal.directory) as database:
        told = {column.name: column.type for column in database.views()[0].columns}
        described = {row[0]: row[1] for row in database.sql(f"DESCRIBE {THING_VIEW}").rows()}

    assert told | {"point": "STRUCT(x BIGINT, y DOUBLE)"} == described | {"point": "STRUCT(x BIGINT, y DOUBLE)"}


def test_the_events_view_has_metadata_and_the_rest_in_its_order(journal: Journal, ask):
    journal.schema(THING)
    journal.segment(
        journal.line({"z": 1, "a": {"b": [1.5, None, "é\n"]}, "name": "x"}),
        journal.line({}, {"$id": "never-stored", "version": "2.1"}),
    )

    assert ask("FROM events ORDER BY __id__") == [
        (WHEN, THING["$id"], "1", 2, event_id(1), '{"z":1,"a":{"b":[1.5,null,"é\\n"]},"name":"x"}'),
        (WHEN, "never-stored", "2.1", 2, event_id(2), "{}"),
    ]


def test_events_can_be_asked_for_a_property(journal: Journal, ask):
    journal.events({"name": "a", "count": 5})

    assert ask("SELECT event->>'name', (event->'count')::BIGINT FROM events") == [("a", 5)]


def test_a_view_has_the_events_of_its_schema_and_version_only(journal: Journal, ask):
    two = {**THING, "version": 2}
    ten = {**THING, "version": 10}
    other = {**THING, "$id": THING["$id"] + "s"}
    for schema in (THING, two, ten, other):
        journal.events({"name": f"{schema['$id']} {schema['version']}"}, schema=schema)

    assert ask(f"SELECT name FROM {THING_VIEW}") == [("https://example.org/thing 1",)]
    assert ask("SELECT name FROM example_org_thing_v2") == [("https://example.org/thing 2",)]
    assert ask("SELECT name FROM example_org_thing_v10") == [("https://example.org/thing 10",)]
    assert ask("SELECT name FROM example_org_things_v1") == [("https://example.org/things 1",)]


def test_a_number_and_its_text_are_the_same_version(journal: Journal, ask):
    journal.events({"name": "number"})
    journal.segment(journal.line({"name": "text"}, {**THING, "version": "1"}))

    assert ask(f"SELECT __schema_version__, name FROM {THING_VIEW} ORDER BY __id__") == [
        ("1", "number"),
        ("1", "text"),
    ]


def test_a_misfit_stands_as_it_was_recorded(journal: Journal, ask):
    journal.events(
        {"name": "fine", "count": 1},
        {"name": 5, "count": "sha256:ab"},
        {"name": None, "count": 1.5},
        {"name": "a", "count": 2**64 - 1},
        {"count": None},
    )

    assert ask(f"SELECT name, count, __misfits__ FROM {THING_VIEW} ORDER BY __id__") == [
        ("fine", 1, None),
        (None, None, '{"count":"sha256:ab","name":5}'),
        (None, None, '{"count":1.5}'),
        ("a", None, '{"count":18446744073709551615}'),
        (None, None, None),
    ]


def test_a_misfit_within_a_value_shows_the_whole_value(journal: Journal, ask):
    journal.events({"point": {"x": 1.5, "z": [1]}, "tags": ["a", 1], "at": "2026-13-45T00:00:00Z"}, schema=EVERYTHING)

    ((point, tags, at, misfits),) = ask(f'SELECT point, tags, "at", __misfits__ FROM {THING_VIEW}')

    assert (point, tags, at) == ({"x": None, "y": None}, ["a", None], None)
    assert json.loads(misfits) == {
        "at": "2026-13-45T00:00:00Z",
        "point": {"x": 1.5, "z": [1]},
        "tags": ["a", 1],
    }


def test_what_has_no_column_is_extra(journal: Journal, ask):
    schema = schema_of({"name": {"type": "string"}, "": {"type": "integer"}, "a\0b": {"type": "integer"}})
    journal.events(
        {"name": "a"},
        {"__source__": "s", "more": {"a": None, "b": [1]}, "name": "b", "": 1, "a\0b": 2},
        schema=schema,
    )

    rows = ask(f"SELECT name, __extra__, __misfits__ FROM {THING_VIEW} ORDER BY __id__")

    assert rows == [
        ("a", None, None),
        ("b", '{"__source__":"s","more":{"a":null,"b":[1]},"":1,"a\\u0000b":2}', None),
    ]


def test_a_value_of_any_type_is_json(journal: Journal, ask):
    schema = schema_of({"any": True})
    journal.events(*({"any": value} for value in (1, "a", None, [None], {"b": 1.5}, True)), schema=schema)

    assert ask(f'SELECT "any", __misfits__ FROM {THING_VIEW} ORDER BY __id__') == [
        ("1", None),
        ('"a"', None),
        (None, None),
        ("[null]", None),
        ('{"b":1.5}', None),
        ("true", None),
    ]


def test_views_describe_themselves(journal: Journal):
    journal.events({"name": "a"}, {"name": "b"})
    journal.schema({"$id": "unused", "version": "2.0"})

    with open_journal(journal.directory) as database:
        thing, unused = database.views()

    assert thing == View(
        name=THING_VIEW,
        schema_id="https://example.org/thing",
        version="1",
        title="Thing",
        description="Something happened.",
        columns=(
            Column("__timestamp__", "TIMESTAMP WITH TIME ZONE", "When the event happened.", None),
            Column("__schema__", "VARCHAR", "The id of its schema.", None),
            Column("__schema_version__", "VARCHAR", "The version of its schema.", None),
            Column("__metadata_version__", "BIGINT", "The version of these metadata columns.", None),
            Column(
                "__id__", "VARCHAR", "The event's own id, unique everywhere; its order is that of the events.", None
            ),
            Column("count", "BIGINT", "", "count"),
            Column("name", "VARCHAR", "What it is called.", "name"),
            Column("__extra__", "JSON", "Properties of the event that have no column; ordinarily NULL.", None),
            Column(
                "__misfits__",
                "JSON",
                "Properties whose value is not what their column says; ordinarily NULL.",
                None,
            ),
        ),
        events=2,
    )
    assert (unused.name, unused.title, unused.description, unused.events) == ("unused_v2_0", "", "", 0)
    assert [column.name for column in unused.columns] == [*METADATA, "__extra__", "__misfits__"]


def test_a_schema_of_two_texts_is_one_view(journal: Journal, ask):
    journal.events({"name": "a", "count": 1})
    journal.events(
        {"name": "b", "more": 2}, schema=schema_of({"name": {"type": "string"}, "more": {"type": "integer"}})
    )

    assert ask(f"SELECT name, count, more FROM {THING_VIEW} ORDER BY __id__") == [("a", 1, None), ("b", None, 2)]


def test_timestamps_are_instants(journal: Journal, ask):
    journal.events({})

    assert TIMESTAMP == "2026-11-23T17:42:05.123456Z"
    assert ask("SELECT __timestamp__, __timestamp__ AT TIME ZONE 'America/New_York' FROM events") == [
        (WHEN, datetime(2026, 11, 23, 12, 42, 5, 123456))
    ]
