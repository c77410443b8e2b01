from __future__ import annotations

import decimal
import sys
import uuid
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pandas
import polars
import pyarrow
import pytest

from jupyter_telemetry.analysis import open_journal
from jupyter_telemetry.errors import MissingExtra

if TYPE_CHECKING:
    from .journals import Journal

AT = datetime(2026, 11, 23, 17, 42, 5, 123456, tzinfo=timezone.utc)
INSTANT = "TIMESTAMPTZ '2026-11-23 18:42:05.123456+01:00'"


@pytest.fixture
def database(journal: Journal):
    with open_journal(journal.directory) as database:
        yield database


@pytest.mark.parametrize(
    ("expression", "kind", "expected"),
    [
        ("'a'", "VARCHAR", "a"),
        ("NULL::VARCHAR", "VARCHAR", None),
        ("5", "INTEGER", 5),
        ("sum(9223372036854775807) + 1", "HUGEINT", 2**63),
        ("1.5::DOUBLE", "DOUBLE", 1.5),
        ("1.50::DECIMAL(5, 2)", "DECIMAL(5,2)", decimal.Decimal("1.50")),
        ("true", "BOOLEAN", True),
        (INSTANT, "TIMESTAMP WITH TIME ZONE", AT),
        ("NULL::TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", None),
        ("TIMESTAMPTZ '10000-01-01 00:00:00+00'", "TIMESTAMP WITH TIME ZONE", "10000-01-01 00:00:00"),
        ("TIMESTAMP '2026-11-23 17:42:05'", "TIMESTAMP", datetime(2026, 11, 23, 17, 42, 5)),
        ("DATE '2026-11-23'", "DATE", date(2026, 11, 23)),
        ("TIME '17:42:05'", "TIME", time(17, 42, 5)),
        ("INTERVAL 90 MINUTE", "INTERVAL", timedelta(minutes=90)),
        ("'{\"a\": 1}'::JSON", "JSON", '{"a": 1}'),
        ("'0193597b-ee03-7000-8000-000000000001'::UUID", "UUID", uuid.UUID("0193597b-ee03-7000-8000-000000000001")),
        ("[1, NULL]", "INTEGER[]", [1, None]),
        (f"[{INSTANT}, NULL]", "TIMESTAMP WITH TIME ZONE[]", [AT, None]),
        (f"array_value({INSTANT})", "TIMESTAMP WITH TIME ZONE[1]", (AT,)),
        ("NULL::TIMESTAMPTZ[]", "TIMESTAMP WITH TIME ZONE[]", None),
        ("{'a': 1}", 'STRUCT("a" INTEGER)', {"a": 1}),
        (
            f"{{'TIMESTAMP WITH TIME ZONE': {INSTANT}, 'b': [{{'c': {INSTANT}}}], 'd': TIMESTAMP '2026-11-23'}}",
            'STRUCT("TIMESTAMP WITH TIME ZONE" TIMESTAMP WITH TIME ZONE, "b" STRUCT("c" TIMESTAMP WITH TIME ZONE)[], '
            '"d" TIMESTAMP)',
            {"TIMESTAMP WITH TIME ZONE": AT, "b": [{"c": AT}], "d": datetime(2026, 11, 23)},
        ),
        ("map(['a'], [1])", "MAP(VARCHAR, INTEGER)", {"a": 1}),
        (
            f"map([{INSTANT}], [{INSTANT}])",
            "MAP(TIMESTAMP WITH TIME ZONE, TIMESTAMP WITH TIME ZONE)",
            {AT: AT},
        ),
        ("'x'::ENUM('x', 'TIMESTAMP WITH TIME ZONE')", "ENUM('x', 'TIMESTAMP WITH TIME ZONE')", "x"),
    ],
)
def test_a_row_has_pythons_own_values(database, expression: str, kind: str, expected: Any):
    result = database.sql(f"SELECT {expression} AS v")

    assert result.columns == ["v"]
    assert [each.replace('"', "") for each in result.types] == [kind.replace('"', "")]  # 1.3 quotes fewer names
    assert result.rows() == [(expected,)]
    assert [type(value) for value in result.rows()[0]] == [type(expected)]


def test_rows_keep_their_order_and_can_be_walked_and_counted(database):
    result = database.sql("SELECT i, -i FROM range(5000) AS t(i) ORDER BY hash(i)")

    assert len(result) == 5000
    assert list(result) == result.rows()
    assert sorted(result) == [(i, -i) for i in range(5000)]
    assert result.rows()[0] != (0, 0) or result.rows()[1] != (1, -1)


def test_a_result_is_asked_once_and_converted_often(database):
    result = database.sql("SELECT random() AS r")

    value = result.rows()[0][0]

    assert result.rows() == [(value,)]
    assert result.pandas()["r"].tolist() == result.polars()["r"].to_list() == result.arrow()["r"].to_pylist() == [value]


QUESTION = f"""
    SELECT {INSTANT} AS at, 5 AS n, 'a' AS text, [1, 2] AS list, {{'at': {INSTANT}}} AS struct,
           TIMESTAMP '2026-11-23' AS naive, NULL::TIMESTAMPTZ AS nothing, map(['a'], [1]) AS map, 1.5 AS decimal
    UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""


def test_a_pandas_frame_has_instants_in_utc(database):
    frame = database.sql(QUESTION).pandas()

    assert list(frame.columns) == ["at", "n", "text", "list", "struct", "naive", "nothing", "map", "decimal"]
    assert frame["at"].tolist() == [pandas.Timestamp(AT), pandas.NaT]
    assert str(frame["at"].dt.tz) == str(frame["nothing"].dt.tz) == "UTC"
    assert frame["naive"].dt.tz is None
    assert frame["n"].tolist()[0] == 5
    assert frame["text"].tolist()[0] == "a"
    assert list(frame["list"][0]) == [1, 2]
    assert frame["struct"][0] == {"at": AT}
    assert frame["map"][0] == {"a": 1}
    assert frame.isna().iloc[1].all()


def test_a_polars_frame_has_its_own_types(database):
    frame = database.sql(QUESTION).polars()

    assert isinstance(frame, polars.DataFrame)
    assert frame.row(0, named=True) == {
        "at": AT,
        "n": 5,
        "text": "a",
        "list": [1, 2],
        "struct": {"at": AT},
        "naive": datetime(2026, 11, 23),
        "nothing": None,
        "map": {"a": 1},
        "decimal": decimal.Decimal("1.5"),
    }
    assert set(frame.row(1)) == {None}
    assert frame["at"].dtype.time_zone in ("UTC", "Etc/UTC")


def test_an_interval_is_a_duration_in_polars(database):
    span = f"{INSTANT} - TIMESTAMPTZ '2026-11-23 00:00:00+00'"

    frame = database.sql(f"SELECT i, [INTERVAL 1 DAY] AS within FROM (VALUES ({span}), (NULL)) AS t(i)").polars()

    assert frame.rows() == [(timedelta(hours=17, minutes=42, seconds=5.123456), ["1 day"]), (None, ["1 day"])]


def test_polars_needs_no_pyarrow(database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    assert database.sql("SELECT 1 AS a").polars().rows() == [(1,)]


def test_an_arrow_table_has_arrows_types(database):
    table = database.sql(QUESTION).arrow()

    assert isinstance(table, pyarrow.Table)
    assert table.schema.field("at").type == pyarrow.timestamp("us", tz="UTC")
    assert table.to_pylist()[0]["at"] == AT
    assert table.to_pylist()[0]["struct"] == {"at": AT}


def test_columns_may_share_a_name(database):
    result = database.sql('SELECT 1 AS a, 2 AS a, 3 AS "A", 4 AS a_2')

    assert result.rows() == [(1, 2, 3, 4)]
    assert list(result.pandas().columns) == result.columns
    assert result.arrow().column_names == result.columns
    assert len(set(result.polars().columns)) == 4
    assert result.polars().row(0) == (1, 2, 3, 4)


def test_columns_may_have_any_name(database):
    result = database.sql('SELECT 1 AS "a"";b", 2 AS "c1", 3 AS "*", 4 AS "#1"')

    assert result.columns == ['a";b', "c1", "*", "#1"]
    assert result.rows() == [(1, 2, 3, 4)]
    assert list(result.pandas().columns) == result.polars().columns == result.arrow().column_names == result.columns
    assert 'a";b' in repr(result)


def test_a_result_without_rows_has_its_columns(database):
    result = database.sql("SELECT __timestamp__, __schema__ FROM events")

    assert (len(result), result.rows()) == (0, [])
    for columns in (result.pandas().columns, result.polars().columns, result.arrow().column_names):
        assert list(columns) == ["__timestamp__", "__schema__"]
    assert str(result.pandas()["__timestamp__"].dtype).endswith(", UTC]")


def test_a_result_shows_itself_as_a_table(database):
    text = repr(database.sql("SELECT 'bread' AS food, 5 AS amount"))

    assert [word for word in ("food", "amount", "bread", "5") if word not in text] == []


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_without_a_library_it_says_what_to_install(database, monkeypatch: pytest.MonkeyPatch, library: str):
    result = database.sql("SELECT 1")
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(MissingExtra) as caught:
        (result.arrow if library == "pyarrow" else getattr(result, library))()

    assert str(caught.value) == f"for a result in {library}: pip install {library}"
    assert caught.value.name == library


def test_pytz_is_not_needed(database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pytz", None)

    assert database.sql(f"SELECT {INSTANT}").rows() == [(AT,)]
    assert database.sql(f"SELECT {INSTANT} AS at").pandas()["at"].tolist() == [pandas.Timestamp(AT)]
