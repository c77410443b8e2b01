"""Paths into an event, as RFC 6901 writes them, and what is said along them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry.privacy.paths import Paths, is_path, parse_path, path_text


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("/user/name", ("user", "name")),
        ("/files/*/path", ("files", "*", "path")),
        ("/a~1b/c~0d/~01", ("a/b", "c~d", "~1")),
        ("/", ("",)),
        ("/a/", ("a", "")),
        ("/ä/0", ("ä", "0")),
        ("name", ("name",)),
        ("user.name", ("user.name",)),
        ("a~1b", ("a~1b",)),  # the bare name of a property at the top is taken as it is
    ],
)
def test_a_path_has_steps(text, steps):
    assert parse_path(text) == steps
    assert is_path(text) is text.startswith("/")


@given(st.lists(st.text(), min_size=1).map(tuple))
def test_what_is_written_is_read(steps):
    assert parse_path(path_text(steps)) == steps


def test_an_index_is_written_as_a_number():
    assert path_text(("files", 0, "a/b", "c~d")) == "/files/0/a~1b/c~0d"


SAID = Paths([(("a",), 1), (("a", "b"), 2), (("*", "b"), 3), (("l", "0"), 4), (("l", "*"), 5), ((), 6)])


def test_a_step_leads_to_what_is_said_there():
    assert SAID.here == {6}
    assert (SAID.step("a").here, SAID.step("x").here, SAID.step(None).here) == ({1}, frozenset(), frozenset())
    assert (SAID.step("a").step("b").here, SAID.step("x").step("b").here) == ({2, 3}, {3})
    assert (SAID.step("l").step(0).here, SAID.step("l").step(7).here, SAID.step("l").step(None).here) == (
        {4, 5},
        {5},
        {5},
    )
    assert SAID.step("a").step("b").step("c") == Paths()


def test_a_name_that_is_a_star_is_any():
    assert SAID.step("l").step("*").here == {5}


def test_it_says_what_it_speaks_of():
    assert (SAID.names, SAID.step("a").names, SAID.step("l").names) == ({"a", "l"}, {"b"}, {"b", "0"})
    assert (SAID.leads_on, SAID.step("a").leads_on, SAID.step("l").step(0).leads_on) == (True, True, False)
    assert SAID.all == {1, 2, 3, 4, 5, 6}
    assert (bool(SAID), bool(SAID.step("l").step(0)), bool(Paths())) == (True, True, False)
    assert not Paths().step("a")


def test_two_that_say_the_same_are_equal():
    again = Paths([((), 6), (("l", "*"), 5), (("l", "0"), 4), (("*", "b"), 3), (("a", "b"), 2), (("a",), 1)])
    assert (again, hash(again)) == (SAID, hash(SAID))
    assert SAID.step("a") != SAID
    assert SAID != "SAID"
    assert repr(SAID.step("a")) == "<Paths ['', '/b', '/b']>"
