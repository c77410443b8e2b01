from __future__ import annotations

import csv
import io
import json

import pytest

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"]


@pytest.fixture
def ask(run, journal):
    def ask(question, *options):
        done = run("query", "--journal", journal, question, *options)
        assert done.status == 0, done.err
        return done.out

    return ask


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("NULL", None),
        ("true", True),
        ("9223372036854775807", 9223372036854775807),
        ("170141183460469231731687303715884105727::HUGEINT", 170141183460469231731687303715884105727),
        ("1.5::DOUBLE", 1.5),
        ("'nan'::DOUBLE", "nan"),
        ("'infinity'::DOUBLE", "inf"),
        ("1.50::DECIMAL(9, 2)", 1.5),
        ("0.1234567890123456789::DECIMAL(38, 19)", "0.1234567890123456789"),
        ("'é\u202e'", "é\u202e"),
        ("'\\x00\\xFF'::BLOB", "AP8="),
        ("DATE '2026-11-23'", "2026-11-23"),
        ("TIME '17:42:05'", "17:42:05"),
        ("TIMESTAMP '2026-11-23 17:42:05'", "2026-11-23T17:42:05"),
        ("TIMESTAMPTZ '2026-11-23 17:42:05Z'", "2026-11-23T17:42:05Z"),
        ("INTERVAL 90 SECONDS", 90.0),
        ("[1, NULL, 3]", [1, None, 3]),
        ("{'a': 1, 'b': [DATE '2026-11-23']}", {"a": 1, "b": ["2026-11-23"]}),
        ("MAP {1: 'a'}", {"1": "a"}),
        ("UUID '0193597b-ee03-7000-8000-000000000001'", "0193597b-ee03-7000-8000-000000000001"),
    ],
)
def test_every_kind_of_value_has_a_form_in_json(ask, sql, value):
    assert json.loads(ask(f"SELECT {sql} AS value", "--json")) == [{"value": value}]


def test_json_is_one_list_and_json_lines_are_one_object_a_line(ask):
    question = "SELECT range AS n FROM range(3)"
    rows = [{"n": 0}, {"n": 1}, {"n": 2}]
    assert json.loads(ask(question, "--format", "json")) == rows
    assert [json.loads(line) for line in ask(question, "--format", "jsonl").splitlines()] == rows


def test_columns_of_the_same_name_are_kept_apart(ask):
    assert json.loads(ask("SELECT 1 AS a, 2 AS a, 3 AS a", "--json")) == [{"a": 1, "a_2": 2, "a_3": 3}]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_is_no_formula_in_csv(ask, text):
    quoted = text.replace("\t", "' || chr(9) || '").replace("\r", "' || chr(13) || '")
    ((cell,),) = list(csv.reader(io.StringIO(ask(f"SELECT '{quoted}' AS a", "--format", "csv"), newline="")))[1:]
    assert cell == f"'{text}"


def test_numbers_are_numbers_in_csv(ask):
    assert ask(
        "SELECT -1 AS a, -1.5::DOUBLE AS b, -2.50::DECIMAL(9,2) AS c, NULL AS d, true AS e", "--format", "csv"
    ) == ("a,b,c,d,e\r\n-1,-1.5,-2.50,,true\r\n")


def test_a_name_of_a_column_is_no_formula_either(ask):
    assert ask('SELECT 1 AS "=x"', "--format", "csv") == "'=x\r\n1\r\n"


def test_lists_and_structs_are_json_in_csv(ask):
    out = ask("SELECT [1, 2] AS a, {'b': 'c'} AS d", "--format", "csv")
    assert list(csv.reader(io.StringIO(out, newline="")))[1] == ["[1, 2]", '{"b": "c"}']


def test_values_in_csv_are_as_they_are_in_a_pipe_and_harmless_on_a_terminal(ask, run_on_terminal, journal):
    question = "SELECT 'a' || chr(27) || '[31m' AS x"
    assert ask(question, "--format", "csv") == "x\r\na\x1b[31m\r\n"
    assert run_on_terminal("query", "--journal", journal, question, "--format", "csv") == "x\r\na\\x1b[31m\r\n"


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("NULL", "NULL"),
        ("[1, 2]", "[1, 2]"),
        ("'nan'::DOUBLE", "nan"),
        ("true", "true"),
        ("TIMESTAMPTZ '2026-11-23 17:42:05Z'", "2026-11-23 17:42:05+00:00"),
        ("DATE '2026-11-23'", "2026-11-23"),
        ("chr(27) || '[31m'", "\\x1b[31m"),
        ("'[red]x[/red]'", "[red]x[/red]"),
        ("repeat('x', 5000)", "x" * 1999 + "…"),
    ],
)
def test_a_table_shows_values_as_people_read_them(ask, sql, shown):
    assert ask(f"SELECT {sql} AS value").splitlines()[2].strip() == shown


def test_a_long_value_is_folded_to_the_terminal(run_on_terminal, journal):
    shown = run_on_terminal("query", "--journal", journal, "SELECT repeat('x', 200) AS value")
    assert shown.count("x" * 70) == 2
