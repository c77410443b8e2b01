from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry.columns.naming import distinct_names, has_sql_name


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def test_a_name_that_nobody_else_wants_is_given():
    assert distinct_names({"x": "a", "y": "b"}, taken=["c"]) == {"x": "a", "y": "b"}


def test_all_that_want_one_name_get_a_suffix_in_any_order():
    expected = {"x": f"name_{digest('x')[:6]}", "y": f"Name_{digest('y')[:6]}", "z": "other"}
    wanted = {"x": "name", "y": "Name", "z": "other"}

    assert distinct_names(wanted) == expected
    assert distinct_names(dict(reversed(wanted.items()))) == expected


def test_a_taken_name_gets_a_suffix():
    assert distinct_names({"x": "Events"}, taken=["events"]) == {"x": f"Events_{digest('x')[:6]}"}


def test_a_suffixed_name_that_is_there_already_gets_a_longer_suffix():
    in_the_way = f"a_{digest('x')[:6]}"

    names = distinct_names({"x": "a", "y": "A", "w": in_the_way})

    assert names["x"] == f"a_{digest('x')[:7]}"
    assert names["w"] == in_the_way


@given(st.dictionaries(st.text(max_size=3), st.sampled_from(["a", "A", "b", "events", "É", "é"])))
def test_names_are_distinct_without_regard_to_case(wanted: dict[str, str]):
    names = distinct_names(wanted, taken=["events"])

    assert list(names) == list(wanted)
    assert len({name.lower() for name in names.values()} | {"events"}) == len(wanted) + 1


def test_no_column_has_an_empty_name_or_a_nul_in_it():
    assert [has_sql_name(name) for name in ("", "a\0b", "a b", '"')] == [False, False, True, True]
