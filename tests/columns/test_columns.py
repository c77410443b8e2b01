from __future__ import annotations

import pytest
from analysis.journals import schema_of

from jupyter_telemetry.columns.properties import MOST_COLUMNS, PropertyColumn, columns_of
from jupyter_telemetry.columns.sqltypes import Integer, Json, Number, Text


def test_each_property_is_a_column_in_the_order_of_the_schema():
    schema = schema_of({"b": {"type": "string", "description": "the b"}, "a": {"title": "A"}})

    assert columns_of([schema]) == [
        PropertyColumn("b", "b", Text(), "the b"),
        PropertyColumn("a", "a", Json(), "A"),
    ]


def test_two_texts_of_a_schema_give_the_columns_of_both():
    newer = schema_of({"a": {"type": "string"}, "b": {"type": "integer", "description": "new"}, "c": {}})
    older = schema_of({"b": {"type": "number", "description": "old"}, "c": {"type": "string"}, "d": {"title": "D"}})

    assert columns_of([newer, older]) == [
        PropertyColumn("a", "a", Text(), ""),
        PropertyColumn("b", "b", Number(), "new"),
        PropertyColumn("c", "c", Json(), ""),
        PropertyColumn("d", "d", Json(), "D"),
    ]


def test_a_property_that_is_named_as_another_column_gets_a_suffix():
    schema = schema_of({name: {"type": "integer"} for name in ("__ID__", "Name", "name", "plain")})

    names = [column.name for column in columns_of([schema], taken=["__id__"])]

    assert names == ["__ID___822023", "Name_dcd1d5", "name_82a353", "plain"]


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_property_that_sql_has_no_name_for_has_no_column(name: str):
    schema = schema_of({name: {"type": "string"}, "n": {"type": "integer"}})

    assert columns_of([schema]) == [PropertyColumn("n", "n", Integer(), "")]


def test_a_view_has_so_many_columns_and_no_more():
    schema = schema_of({f"p{n}": {"type": "integer"} for n in range(MOST_COLUMNS + 1)})

    assert [column.key for column in columns_of([schema, schema])] == [f"p{n}" for n in range(MOST_COLUMNS)]


def test_a_schema_without_properties_has_no_columns():
    assert columns_of([{"$id": "x", "version": 1}]) == []
