"""No name means anything but itself, be it hostile, and no two views have one."""

from __future__ import annotations

import json

import pytest

from jupyter_telemetry.analysis import open_journal

from .journals import THING, Journal, schema_of

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
