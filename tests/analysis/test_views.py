from __future__ import annotations

import json
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.analysis import Column, View, open_journal
from jupyter_telemetry.journal import Damage, JournalHandler, JournalReader

from .journals import METADATA, THING, THING_VIEW, TIMESTAMP, Journal, event_id, schema_of

if TYPE_CHECKING:
    from pathlib import Path

WHEN = datetime(2026, 11, 23, 17, 42, 5, 123456, tzinfo=timezone.utc)

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


def test_a_line_that_is_written_otherwise_is_an_event_too(journal: Journal, ask):
    journal.schema(THING)
    journal.segment(
        b'{ "__schema__" : "https:\\/\\/example.org\\/thing", "__id__": "1", "name": "a", "__schema_version__": 1,'
        b' "__timestamp__":"2026-11-23T18:42:05.123456+01:00" }\n',
        journal.line({"name": "b"}, __timestamp__="2026-11-23T17:42:05Z"),
    )

    rows = ask(f"SELECT __timestamp__, name, __extra__ FROM {THING_VIEW} ORDER BY __id__")

    assert sorted(rows, key=str) == sorted([(WHEN, "a", None), (WHEN.replace(microsecond=0), "b", None)], key=str)
    assert ask("SELECT count(*) FROM events") == [(2,)]


NO_EVENTS = [
    {"__id__": "x"},
    {"__timestamp__": TIMESTAMP, "__schema__": THING["$id"], "__schema_version__": 1},
    {"__timestamp__": TIMESTAMP, "__schema__": THING["$id"], "__schema_version__": 1, "__id__": ""},
    {"__timestamp__": TIMESTAMP, "__schema__": THING["$id"], "__schema_version__": 1, "__id__": 5},
    {"__timestamp__": TIMESTAMP, "__schema__": THING["$id"], "__id__": "x"},
    {"__timestamp__": TIMESTAMP, "__schema__": THING["$id"], "__schema_version__": 1.5, "__id__": "x"},
    {"__timestamp__": TIMESTAMP, "__schema__": None, "__schema_version__": 1, "__id__": "x"},
    {"__timestamp__": "bad", "__schema__": THING["$id"], "__schema_version__": 1, "__id__": "x"},
    {"__timestamp__": 5, "__schema__": THING["$id"], "__schema_version__": 1, "__id__": "x"},
    {"__schema__": THING["$id"], "__schema_version__": 1, "__id__": "x"},
]


@pytest.mark.parametrize("other", NO_EVENTS, ids=str)
def test_what_the_reader_takes_for_damage_is_no_row(journal: Journal, ask, other):
    journal.schema(THING)
    journal.segment(json.dumps(other).encode() + b"\n", orjson.dumps(other) + b"\n", journal.line({"name": "b"}))
    damaged: list[Damage] = []

    assert [event["name"] for event in JournalReader(journal.directory).events(damage=damaged.append)] == ["b"]
    assert [each.line_number for each in damaged] == [1, 2]
    assert ask(f"SELECT name FROM {THING_VIEW}") == ask("SELECT event->>'name' FROM events") == [("b",)]


def test_an_event_within_an_event_is_no_row(journal: Journal, ask):
    inner = json.loads(journal.line({"name": "inner"}))
    journal.schema(THING)
    journal.segment(journal.line({"inner": inner}, {"$id": "outer", "version": 1}))
    journal.segment(json.dumps({"x": "a", "inner": inner}).encode() + b"\n")

    assert ask(f"SELECT name FROM {THING_VIEW}") == []
    assert ask("SELECT __schema__ FROM events") == [("outer",)]


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


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"   ",
        b"garbage",
        b'{"__timestamp__":"2026-11-23T17:4',
        b'{"__timestamp__":"2026-11-2{"__timestamp__":"2026-11-23T17:42:05.123456Z"',
        b"\0" * 5_000,
        b"\0" * 50 + b'{"__schema__":"https://example.org/thing"}',
        b'{"__schema__":"https://example.org/thing","__schema_version__":1,"name":"\xff"}',
        b"[1]",
        b"5",
        b"null",
        b'"text"',
        b"{}",
        b'{"name": "a"}',
        b"[" * 100_000,
        b"[" * 500 + b"]" * 500,
        b"\xef\xbb\xbf{}",
        b"x" * 5_000_000,
        b"\0" * 40_000_000,
    ],
    ids=lambda line: repr(line[:20]),
)
def test_a_damaged_line_is_no_row_and_takes_none_away(journal: Journal, ask, line: bytes):
    journal.schema(THING)
    first, second, third = (journal.line({"name": name}) for name in "abc")
    journal.segment(line + b"\n", first, line + b"\n", second)
    journal.segment(third, line)

    assert ask(f"SELECT name FROM {THING_VIEW} ORDER BY __id__") == [("a",), ("b",), ("c",)]
    assert ask("SELECT event FROM events ORDER BY __id__") == [(f'{{"name":"{name}"}}',) for name in "abc"]


def test_an_event_behind_a_torn_line_is_a_row(journal: Journal, ask):
    journal.schema(THING)
    torn = journal.line({"name": "torn"})
    journal.segment(journal.line({"name": "a"}), torn[:-20] + journal.line({"name": "b"}), torn[:-1])

    assert ask(f"SELECT name FROM {THING_VIEW} ORDER BY __id__") == [("a",), ("b",)]


def test_damaged_lines_can_be_counted(journal: Journal, ask):
    journal.segment(b"garbage\n", journal.line({}), b"\n", b"{torn\n", b"torn")

    assert ask("SELECT count(*) FILTER (line IS NULL), count(line) FROM journal.lines") == [(2, 1)]


def test_an_event_may_be_nested_as_deep_as_can_be_recorded(journal: Journal, ask):
    deep: Any = 1
    for _ in range(130):
        deep = {"d": [deep]} if _ % 2 else [deep]
    journal.events({"name": "deep", "any": deep}, schema=schema_of({"name": {"type": "string"}, "any": {}}))

    assert ask(f'SELECT name, "any", __extra__, __misfits__ FROM {THING_VIEW}') == [
        ("deep", json.dumps(deep, separators=(",", ":")), None, None)
    ]
    assert ask("SELECT event->>'name' FROM events") == [("deep",)]


def test_a_long_event_is_an_event(journal: Journal, ask):
    journal.events({"name": "x" * 3_000_000}, {"name": "short"})

    assert ask(f"SELECT length(name) FROM {THING_VIEW} ORDER BY __id__") == [(3_000_000,), (5,)]


HOSTILE_NAMES = [
    '"; DROP VIEW events; --',
    "'; DROP VIEW events; --",
    'a"b',
    "a'b",
    "a`b",
    "$.a",
    "$",
    "*",
    "a.b",
    "a/b",
    "a~b~0",
    "0",
    "-",
    "[0]",
    "\\",
    "\\u0000",
    "\n",
    "\x01",
    "?",
    "$1",
    ":a",
    "{}",
    "%s",
    "e",
    "line",
    "m",
    "g0",
    "v0",
    "x0",
    "select",
    "é😀\u2028",
    "N",
    "n",
    "k" * 10_000,
]


def test_no_name_of_a_property_means_anything_but_itself(journal: Journal):
    schema = schema_of(
        {
            **{name: {"type": "integer"} for name in HOSTILE_NAMES},
            "nested": {"type": "object", "properties": {name: {"type": "string"} for name in HOSTILE_NAMES}},
        }
    )
    event = {
        **{name: number for number, name in enumerate(HOSTILE_NAMES)},
        "nested": {name: f"{number}" for number, name in enumerate(HOSTILE_NAMES)},
    }
    journal.events(event, dict.fromkeys(HOSTILE_NAMES, "misfit"), schema=schema)

    with open_journal(journal.directory) as database:
        (view,) = database.views()
        keys = {column.name: column.key for column in view.columns if column.key is not None}
        result = database.sql(f"FROM {view.name} ORDER BY __id__")
        first, second = (dict(zip(result.columns, row, strict=True)) for row in result.rows())

    assert {keys[name]: value for name, value in first.items() if name in keys and name != "nested"} == {
        name: number for number, name in enumerate(HOSTILE_NAMES)
    }
    assert list(first["nested"].values()) == [event["nested"][name] for name in sorted(HOSTILE_NAMES)]
    assert (first["__extra__"], first["__misfits__"]) == (None, None)
    assert json.loads(second["__misfits__"]) == dict.fromkeys(HOSTILE_NAMES, "misfit")


@pytest.mark.parametrize(
    "schema_id",
    ['x"; DROP VIEW events; --', "x'; DROP VIEW events; --", "x%_y", "é😀/thing", "a\0b", "\\", "a\nb", "k" * 10_000],
)
def test_no_id_or_version_of_a_schema_means_anything_but_itself(journal: Journal, schema_id: str):
    schema = {**THING, "$id": schema_id, "version": "1'\"\0;"}
    journal.events({"name": "a"}, schema=schema)
    journal.events({"name": "b"}, schema={**schema, "$id": schema_id.replace("%_", "zz") + "!"})

    with open_journal(journal.directory) as database:
        name = next(view.name for view in database.views() if view.schema_id == schema_id)
        assert database.sql(f"SELECT name, __schema__, __schema_version__ FROM {name}").rows() == [
            ("a", schema_id, "1'\"\0;")
        ]


def test_views_that_would_have_one_name_get_a_suffix(journal: Journal):
    schemas = [{**THING, "$id": schema_id} for schema_id in ("a/b", "a.b", "A-B", "c")]
    for schema in schemas:
        journal.events({"name": schema["$id"]}, schema=schema)

    with open_journal(journal.directory) as database:
        found = {
            view.name: (view.schema_id, database.sql(f"SELECT name FROM {view.name}").rows())
            for view in database.views()
        }

    assert found == {
        "a_b_v1_608693": ("A-B", [("A-B",)]),
        "a_b_v1_bd018a": ("a.b", [("a.b",)]),
        "a_b_v1_10c70e": ("a/b", [("a/b",)]),
        "c_v1": ("c", [("c",)]),
    }


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
