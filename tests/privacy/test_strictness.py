"""Which of two actions leaves less of a value, and what they do in words."""

from __future__ import annotations

import copy

import pytest

from jupyter_telemetry.privacy.strictness import in_words, is_looser


@pytest.mark.parametrize(
    ("one", "looser"),
    [
        ("drop", "null"),
        ("null", "pseudonymise"),
        ("null", {"of a later version": 8}),
        ("pseudonymise", "keep"),
        ({"truncate": 1}, {"truncate": 2}),
        ({"generalise": "week"}, {"generalise": "day"}),
        ({"generalise": "day"}, {"generalise": "hour"}),
        ({"generalise": "hour"}, "keep"),
        ({"generalise": {"parts": 1}}, {"generalise": {"parts": 2}}),
        ({"generalise": {"bucket": 20}}, {"generalise": {"bucket": 10}}),
    ],
)
def test_the_order_of_strictness(one, looser):
    assert is_looser(looser, one)
    assert not is_looser(one, looser)
    assert not is_looser(one, copy.deepcopy(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("package.one", "package.two"),
        ("pseudonymise", "package.function"),
        ("package.function", {"truncate": 1}),
        ({"truncate": 40}, {"generalise": "week"}),
        ({"generalise": "hour"}, {"generalise": "suffix"}),
        ({"generalise": {"bucket": 10}}, {"generalise": {"bucket": 15}}),
        ({"generalise": {"bucket": 10}}, {"generalise": {"parts": 10}}),
        ({"generalise": {"bucket": 10}}, {"generalise": {"bucket": 0}}),
        ({"truncate": 8}, {"truncate": "8"}),
        ({"truncate": 8}, {"of a later version": 8}),
        ({"of a later version": 8}, {"of a later version": 9}),
        (["what"], "keep"),
    ],
)
def test_of_two_that_cannot_be_compared_either_is_looser(one, other):
    assert is_looser(one, other)
    assert is_looser(other, one)


def test_whatever_it_was_leaving_it_out_is_not_looser():
    assert not is_looser("null", {"of a later version": 8})
    assert not is_looser("drop", None)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("keep", "kept as it is"),
        ("null", "left out"),
        ("drop", "left out with its name"),
        ("pseudonymise", "replaced by a pseudonym"),
        ({"truncate": 8}, "cut to 8 characters"),
        ({"generalise": "hour"}, "made coarser (hour)"),
        ({"generalise": {"parts": 2}}, "made coarser (parts 2)"),
        ("package.module:function", "changed by package.module:function"),
        ({"later": 1}, "changed in some other way"),
        (None, "changed in some other way"),
    ],
)
def test_actions_in_words(action, words):
    assert in_words(action) == words
