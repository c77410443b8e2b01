from __future__ import annotations

from jupyter_telemetry.analysis.report.figures import FieldValues

from .conftest import figures_of
from .journals import COMMAND_VIEW, MONDAY, Recorder


def _commands(recorder, *events):
    for event in events:
        recorder.command(MONDAY, **event)


def _field(journal, name):
    figures = figures_of(journal)
    return next((each for each in (*figures.fields, *figures.constants) if each.name == name), None)


def test_a_field_with_few_values_is_counted_with_its_nulls(recorder, journal):
    _commands(recorder, *[{"command": "run"}] * 5, *[{"command": "save"}] * 2, {}, {})
    expected = (("run", 5), ("save", 2), (None, 2))
    assert _field(journal, "command") == FieldValues(COMMAND_VIEW, "command", expected, 3)


def test_a_field_of_a_nested_object_is_counted(recorder, journal):
    _commands(recorder, *[{"user": {"role": role}} for role in ("student", "student", "teacher")])
    expected = (("student", 2), ("teacher", 1))
    assert _field(journal, "user.role") == FieldValues(COMMAND_VIEW, "user.role", expected, 2)


def test_booleans_and_codes_are_counted(recorder, journal):
    _commands(recorder, *[{"trusted": True, "code": 200}] * 7, *[{"trusted": False, "code": 404}] * 5)
    assert _field(journal, "trusted").values == (("true", 7), ("false", 5))
    assert _field(journal, "code").values == (("200", 7), ("404", 5))


def test_what_measures_is_not_counted(recorder, journal):
    _commands(recorder, *[{"elapsed": 0.5, "command": "a"}] * 9, *[{"elapsed": 1.25, "command": "b"}] * 9)
    assert _field(journal, "elapsed") is None


def test_whole_numbers_of_a_field_for_any_number_are_shown_as_such(recorder, journal):
    _commands(recorder, *[{"elapsed": 200}] * 9, *[{"elapsed": 503}] * 9)
    assert _field(journal, "elapsed").values == (("200", 9), ("503", 9))


def test_ids_are_not_counted(recorder, journal):
    _commands(
        recorder, *[{"session_id": "abc", "user": {"id": "ada"}}] * 9, {"session_id": "def", "user": {"id": "bo"}}
    )
    figures = figures_of(journal)
    assert (figures.fields, figures.constants) == ((), ())


def test_a_field_with_many_values_is_not_counted(recorder, journal):
    _commands(recorder, *[{"command": f"c{number % 30}"} for number in range(120)])
    assert _field(journal, "command") is None


def test_a_field_whose_values_hardly_repeat_is_not_counted(recorder, journal):
    _commands(recorder, *[{"command": f"c{number % 7}"} for number in range(10)])
    assert _field(journal, "command") is None


def test_values_beyond_the_most_frequent_are_counted_together(recorder, journal):
    _commands(recorder, *[{"command": f"c{number}"} for number in range(12) for _ in range(20 - number)])
    field = _field(journal, "command")
    assert [value for value, _ in field.values] == [f"c{number}" for number in range(8)]
    assert (field.distinct, field.rest, field.total) == (12, 12 + 11 + 10 + 9, 174)


def test_a_field_with_one_value_is_a_constant(recorder, journal):
    _commands(recorder, *[{"command": "run"}] * 3)
    figures = figures_of(journal)
    assert figures.fields == ()
    assert figures.constants == (FieldValues(COMMAND_VIEW, "command", (("run", 3),), 1),)


def test_a_value_that_is_very_long_is_cut(recorder, journal):
    _commands(recorder, *[{"command": "a" * 5000}] * 3, {"command": "b"})
    assert _field(journal, "command").values == (("a" * 300, 3), ("b", 1))


def test_names_that_sql_would_take_for_its_own_are_quoted(journal):
    names = ['say "hi"', "select", "a.b", "it's", "drop table x; --"]
    schema = {
        "$id": "https://example.org/odd",
        "version": 1,
        "type": "object",
        "properties": {
            **{name: {"type": "string"} for name in names},
            "in": {"type": "object", "properties": {name: {"type": "string"} for name in names}},
        },
    }
    with Recorder(journal, schema) as recorder:
        for value in ("x", "x", "y"):
            properties = dict.fromkeys(names, value)
            recorder.record(schema, MONDAY, **properties, **{"in": properties})
    fields = {each.name: each.values for each in figures_of(journal).fields}
    expected = (("x", 2), ("y", 1))
    assert fields == {name: expected for each in names for name in (each, f"in.{each}")}


def test_fields_beyond_the_dozen_are_left_out_and_counted(journal):
    schema = {
        "$id": "https://example.org/wide",
        "version": 1,
        "type": "object",
        "properties": {f"f{number:02}": {"type": "string"} for number in range(15)},
    }
    with Recorder(journal, schema) as recorder:
        for value in ("x", "x", "y"):
            recorder.record(schema, MONDAY, **dict.fromkeys(schema["properties"], value))
    figures = figures_of(journal)
    assert ([each.name for each in figures.fields], figures.fields_left_out) == ([f"f{n:02}" for n in range(12)], 3)
