from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import duckdb
import orjson
import pytest
from analysis.journals import instant

from jupyter_telemetry.columns.sqltypes import (
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

if TYPE_CHECKING:
    from collections.abc import Iterator

POINT = StructOf((StructField("x", "x", Integer()), StructField("tilde", "a/b~", Text())))
HOSTILE = StructOf((StructField('"; DROP', '"; DROP', Text()), StructField("it's", "it's", Number())))


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def converted(connection: duckdb.DuckDBPyConnection, kind: SqlType, text: str | None) -> tuple[Any, bool]:
    """Return a property's value in a column of this type, and whether it is a misfit."""
    value, misfit, is_of_type = connection.execute(
        f"SELECT to_json({kind.value('j')}), coalesce({kind.misfit('j')}, false), typeof({kind.value('j')})"
        " FROM (SELECT json_extract(line, '/p')::VARCHAR AS j FROM (SELECT ?::JSON AS line))",
        [f'{{"p": {text}}}' if text is not None else "{}"],
    ).fetchall()[0]
    assert is_of_type == typeof(connection, kind)
    return (None if value is None else json.loads(value)), misfit


def typeof(connection: duckdb.DuckDBPyConnection, kind: SqlType) -> str:
    ((found,),) = connection.execute(f"SELECT typeof(NULL::{kind.sql})").fetchall()
    return found


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (Text(), '"a"', "a"),
        (Text(), '""', ""),
        (Text(), r'"\"\\é\u0000\n😀"', '"\\é\0\n😀'),
        (Text(), '"null"', "null"),
        (Text(), '"5"', "5"),
        (Boolean(), "true", True),
        (Boolean(), "false", False),
        (Integer(), "0", 0),
        (Integer(), "-0", 0),
        (Integer(), "1.0", 1),
        (Integer(), "-2e3", -2000),
        (Integer(), "-0.0", 0),
        (Integer(), "9223372036854775807", 2**63 - 1),
        (Integer(), "-9223372036854775808", -(2**63)),
        (Integer(), "9007199254740994.0", 2**53 + 2),
        (Integer(), "1e17", 10**17),
        (Integer(unsigned=True), "18446744073709551615", 2**64 - 1),
        (Integer(unsigned=True), "3.0", 3),
        (Number(), "1.5", 1.5),
        (Number(), "1", 1.0),
        (Number(), "1e300", 1e300),
        (Number(), "5e-324", 5e-324),
        (Number(), "9007199254740992", 2.0**53),
        (Number(), "18446744073709549568", 18446744073709549568.0),
        (Date(), '"2026-02-28"', "2026-02-28"),
        (Date(), '"9999-12-31"', "9999-12-31"),
        (Date(), '"0000-01-01"', "0001-01-01 (BC)"),
        (Json(), '{"b": 1, "a": null}', {"b": 1, "a": None}),
        (Json(), '"a"', "a"),
        (Json(), "123456789012345678901234567890", 123456789012345678901234567890),
        (ListOf(Integer()), "[1, null, 2.0]", [1, None, 2]),
        (ListOf(Json()), '[1, "a", null]', [1, "a", None]),
        (ListOf(ListOf(Integer())), "[[1], [], null]", [[1], [], None]),
        (POINT, '{"x": 1, "a/b~": "y"}', {"x": 1, "tilde": "y"}),
        (POINT, '{"a/b~": "y"}', {"x": None, "tilde": "y"}),
        (POINT, "{}", {"x": None, "tilde": None}),
        (POINT, '{"x": null}', {"x": None, "tilde": None}),
        (HOSTILE, '{"\\"; DROP": "a", "it\'s": 1}', {'"; DROP': "a", "it's": 1.0}),
        (ListOf(POINT), '[{"x": 1}, null]', [{"x": 1, "tilde": None}, None]),
        (StructOf((StructField("p", "p", POINT),)), '{"p": {"x": 1}}', {"p": {"x": 1, "tilde": None}}),
        (MapOf(Integer()), '{"a": 1, "": 2, "a/b~0": null}', {"a": 1, "": 2, "a/b~0": None}),
        (MapOf(Json()), '{"a": {"b": 1}}', {"a": {"b": 1}}),
        (MapOf(ListOf(POINT)), '{"a": [{"x": 1}]}', {"a": [{"x": 1, "tilde": None}]}),
        (MapOf(Text()), "{}", {}),
    ],
)
def test_a_value_that_fits_is_the_same_value(connection, kind: SqlType, text: str, expected: Any):
    assert converted(connection, kind, text) == (expected, False)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Text(), "5"),
        (Text(), "true"),
        (Text(), '{"a": "b"}'),
        (Text(), '["a"]'),
        (Boolean(), "1"),
        (Boolean(), '"true"'),
        (Integer(), "1.5"),
        (Integer(), "-0.5"),
        (Integer(), "9223372036854775808"),
        (Integer(), "-9223372036854775809"),
        (Integer(), "9223372036854775808.0"),
        (Integer(), "123456789012345678901234567890"),
        (Integer(), "1e300"),
        (Integer(), "1e400"),
        (Integer(), '"1"'),
        (Integer(), '" 1"'),
        (Integer(), "true"),
        (Integer(), "[1]"),
        (Integer(unsigned=True), "-1"),
        (Integer(unsigned=True), "-1.0"),
        (Integer(unsigned=True), "18446744073709551616"),
        (Number(), '"1.5"'),
        (Number(), "1e400"),
        (Number(), "-1e400"),
        (Number(), "true"),
        (Number(), '"nan"'),
        (Date(), '"2026-13-45"'),
        (Date(), '"2026-02-29"'),
        (Date(), '"2026-2-1"'),
        (Date(), '"2026-02-28T00:00:00Z"'),
        (Date(), '" 2026-02-28"'),
        (Date(), '"infinity"'),
        (Date(), "20260228"),
        (ListOf(Integer()), "5"),
        (ListOf(Integer()), '{"0": 1}'),
        (ListOf(Json()), '"[1]"'),
        (POINT, '"{}"'),
        (POINT, "[]"),
        (MapOf(Integer()), "[1]"),
        (MapOf(Integer()), '{"a": 1, "a": 2}'),
    ],
)
def test_a_value_that_does_not_fit_is_null_and_a_misfit(connection, kind: SqlType, text: str):
    assert converted(connection, kind, text) == (None, True)


@pytest.mark.parametrize(
    ("kind", "text", "nearest"),
    [
        (Number(), "9007199254740993", 9007199254740992.0),
        (Number(), "18446744073709551615", 2.0**64),
        (Number(), "123456789012345678901234567890", 1.2345678901234568e29),
        (Number(), "1" * 45, float("1" * 45)),
        (ListOf(Integer()), '[1, 1.5, "2"]', [1, None, None]),
        (ListOf(ListOf(Integer())), "[[1.5], 2]", [[None], None]),
        (POINT, '{"x": 1.5, "a/b~": "y"}', {"x": None, "tilde": "y"}),
        (POINT, '{"x": 1, "more": 2}', {"x": 1, "tilde": None}),
        (ListOf(POINT), '[{"x": 1}, {"more": 2}]', [{"x": 1, "tilde": None}, {"x": None, "tilde": None}]),
        (MapOf(Integer()), '{"a": 1, "b": "c"}', {"a": 1, "b": None}),
    ],
)
def test_a_value_that_fits_in_part_is_the_nearest_and_a_misfit(connection, kind: SqlType, text: str, nearest: Any):
    assert converted(connection, kind, text) == (nearest, True)


@pytest.mark.parametrize(
    "kind",
    [Text(), Boolean(), Integer(), Number(), Timestamp(), Date(), Json(), ListOf(Text()), POINT, MapOf(Text())],
)
@pytest.mark.parametrize("text", ["null", None])
def test_null_and_absence_are_null_and_no_misfit(connection, kind: SqlType, text: str | None):
    assert converted(connection, kind, text) == (None, False)


def converted_instant(connection: duckdb.DuckDBPyConnection, text: str) -> tuple[datetime | None, bool]:
    """Return what becomes of a date-time, and whether it is a misfit."""
    value, misfit = connection.execute(
        f"SELECT ({Timestamp().value('j')})::TIMESTAMP, {Timestamp().misfit('j')} FROM (SELECT ?::VARCHAR AS j)",
        [orjson.dumps(text).decode()],
    ).fetchall()[0]
    return value and value.replace(tzinfo=timezone.utc), misfit


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T17:42:05Z",
        "2026-11-23T17:42:05.5Z",
        "2026-11-23T17:42:05.123456Z",
        "2026-11-23T17:42:05+05:30",
        "2026-11-23T17:42:05.25-08:00",
        "2026-11-23T17:42:05-00:00",
        "2026-11-23 17:42:05+23:59",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "1969-12-31T23:59:59.999999Z",
        "1883-11-18T12:00:00Z",
        "2024-02-29T00:00:00-12:00",
    ],
)
def test_an_instant_honours_its_offset(connection, text: str):
    assert converted_instant(connection, text) == (instant(text), False)


@pytest.mark.parametrize("text", ["2026-11-23t17:42:05z", "2026-11-23T17:42:05.123456000Z"])
def test_an_instant_may_be_written_in_lower_case_or_with_idle_digits(connection, text: str):
    value, misfit = converted_instant(connection, text)

    assert value is not None
    assert value.replace(microsecond=0) == datetime(2026, 11, 23, 17, 42, 5, tzinfo=timezone.utc)
    assert misfit is False


def test_an_instant_finer_than_microseconds_is_cut_and_a_misfit(connection):
    expected = datetime(2026, 11, 23, 17, 42, 5, 123456, tzinfo=timezone(timedelta(hours=1)))

    assert converted_instant(connection, "2026-11-23T17:42:05.123456789+01:00") == (expected, True)


@pytest.mark.parametrize(
    "text",
    [
        "2026-13-45T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T17:42:60Z",  # a leap second
        "2026-11-23T17:42:05",  # which zone?
        "2026-11-23T17:42Z",
        "2026-11-23",
        "2026-11-23T17:42:05+24:00",
        "2026-11-23T17:42:05+0530",
        "2026-11-23T17:42:05 Europe/Berlin",
        "infinity",
        "now",
        "",
    ],
)
def test_what_is_no_instant_is_null_and_a_misfit(connection, text: str):
    assert converted_instant(connection, text) == (None, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0001-01-01T00:00:00+00:01", "0001-12-31 (BC) 23:59:00+00"),
        ("9999-12-31T23:59:59-00:01", "10000-01-01 00:00:59+00"),
    ],
)
def test_an_instant_may_lie_outside_of_the_years_of_python(connection, text: str, expected: str):
    row = connection.execute(
        f"SELECT ({Timestamp().value('j')})::VARCHAR, {Timestamp().misfit('j')} FROM (SELECT ?::VARCHAR AS j)",
        [f'"{text}"'],
    ).fetchall()

    assert row == [(expected, False)]


def test_days_are_days(connection):
    ((found,),) = connection.execute(f"SELECT {Date().value('j')} FROM (SELECT '\"2026-11-23\"' AS j)").fetchall()

    assert found == date(2026, 11, 23)


def test_a_struct_of_many_fields_is_no_deeper_than_duckdb_goes(connection):
    kind = StructOf(tuple(StructField(f"f{n}", f"f{n}", Integer()) for n in range(1_500)))

    value, misfit = converted(connection, kind, '{"f1499": 1.5}')

    assert value["f1499"] is None
    assert misfit is True


def test_the_base_has_no_sql():
    with pytest.raises(NotImplementedError):
        SqlType().value("j")
    with pytest.raises(NotImplementedError):
        SqlType().sql  # noqa: B018  # a property
