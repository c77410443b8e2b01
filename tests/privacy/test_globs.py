"""What globs mean beside each other, held against all short ids there are."""

from __future__ import annotations

import fnmatch
import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_telemetry.privacy.globs import contains, is_glob, may_meet

IDS = ["".join(each) for length in range(5) for each in itertools.product("ab]", repeat=length)]
globs = st.lists(st.sampled_from(["a", "b", "]", "*", "?", "[a]", "[ab]", "[!a]", "[]]", "["]), max_size=5).map("".join)


def matched(glob):
    return {each for each in IDS if fnmatch.fnmatchcase(each, glob)}


@given(globs, globs)
@example("a?b", "a*b")
@example("a*a]b", "a[aa]b")
@example("[!b]", "*")
@example("*", "")
def test_what_is_said_to_contain_another_does(outer, inner):
    if contains(outer, inner):
        assert matched(inner) <= matched(outer)


@given(globs, globs)
def test_what_is_said_to_be_apart_is_apart(one, other):
    assert may_meet(one, other) == may_meet(other, one)
    if not may_meet(one, other):
        assert not matched(one) & matched(other)


@given(globs)
def test_a_glob_contains_itself_and_all_that_it_matches(glob):
    assert all(contains(glob, each) and may_meet(glob, each) for each in matched(glob))
    assert contains("*", glob)
    assert not is_glob(glob) or contains(glob, glob)


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("https://x/*", "https://x/y/*", True),
        ("https://x/*", "https://x/*/v1", True),
        ("https://*/v1", "https://x/*/v1", True),
        ("**", "*", True),
        ("*", "**", True),
        ("a?", "a[bc]", True),
        ("a[bc]", "a[bc]", True),
        ("a*?", "a?", True),
        ("https://x/y/*", "https://x/*", False),
        ("a?", "a*", False),
        ("a*?", "a*", False),
        ("a[bc]", "a?", False),
    ],
)
def test_what_operators_write(outer, inner, expected):
    assert contains(outer, inner) is expected


def test_the_name_of_one_id_is_no_glob():
    assert not is_glob("https://events.jupyter.org/jupyter_server/contents_service/v1")
    assert all(is_glob(each) for each in ("*", "a?", "a[bc]"))
