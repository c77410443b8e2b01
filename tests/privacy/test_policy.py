"""What an operator allows of each schema: exact ids and globs, categories and properties; and what exceeds that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.privacy.actions import DROP, NULL
from jupyter_telemetry.privacy.paths import Paths
from jupyter_telemetry.privacy.policy import Limits, Policy, Redactions

ID, OTHER = "https://example.org/a/save", "https://example.org/b/open"
A, ALL = "https://example.org/a/*", "https://example.org/*"


def redactions(given):
    return Redactions(given, key=lambda: None, where="where")


def test_a_schema_that_is_not_named_is_not_allowed():
    assert Policy([]).limits(ID) is Policy({}).limits(ID) is Policy([OTHER, "https://example.org/?"]).limits(ID) is None


@pytest.mark.parametrize("allowed", [[ID], [A], {ID: {}}, [OTHER, A]])
def test_what_is_named_is_kept_as_far_as_it_is_unrestricted(allowed):
    assert Policy(allowed).limits(ID) == Limits(by_exact_id=ID in allowed)


def test_an_exact_id_decides_alone_and_globs_are_taken_together():
    allowed = {
        ALL: {"allowed_categories": ["x"], "allowed_properties": ["name"]},
        A: {"allowed_categories": ["y"], "allowed_properties": ["/user/id"]},
        ID: {"allowed_properties": ["/name"]},
    }
    name = Paths([(("name",), None)])
    assert Policy(allowed).limits(ID) == Limits(properties=name)
    del allowed[ID]
    both = Paths([(("name",), None), (("user", "id"), None)])
    assert Policy(allowed).limits(ID) == Limits(frozenset({"unrestricted", "x", "y"}), both, by_exact_id=False)
    assert Policy(allowed).limits(OTHER) == Limits(frozenset({"unrestricted", "x"}), name, by_exact_id=False)


def test_nobody_is_allowed_what_cannot_be_followed():
    assert Policy({ID: {"allowed_categories": ["\0restricted"]}}).limits(ID) == Limits()


def test_only_an_exact_id_admits_a_schema_that_classifies_nothing():
    for allowed, admitted in (([ID], True), ([A], False), ([A, ID], True), ([], False)):
        policy = Policy(allowed)
        assert (policy.admits(ID, classifies=False) is not None) is admitted
        assert (policy.admits(ID, classifies=True) is not None) is bool(allowed)


def test_a_policy_without_allowed_schemas_allows_all_in_the_form_of_its_redactions():
    limits = Policy(None, redactions({"x": "drop", A: {"/name": "null"}})).admits(ID, classifies=False)
    assert limits == Limits(by_category={"x": DROP}, by_path=Paths([(("name",), NULL)]), allows_all=True)
    assert limits.takes_whole(classifies=True)
    assert Policy(None).patterns == []


def test_redactions_of_all_ids_and_globs_that_match_are_taken_together():
    said = redactions(
        {ID: {"/name": "null"}, A: {"/name": "drop", "/x/*": "null"}, OTHER: {"/name": "null"}, "x": "drop"}
    )
    assert said.by_category == {"x": DROP}
    assert said.by_path(ID) == Paths([(("name",), NULL), (("name",), DROP), (("x", "*"), NULL)])
    assert said.by_path("https://example.org/c") == Paths()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({ID: {"/a": "null", "b": "null"}}, f"where['{ID}']: 'b' is no path; write one such as '/user/name'"),
        ({ID: {"b": {"truncate": 3}}}, f"where['{ID}']: 'b' is no path; write one such as '/user/name'"),
        ({ID: {"/a": "nul"}}, f"where['{ID}']['/a']: 'nul' is no action (did you mean 'null'?)"),
        ({"x": {"trunkate": 3}}, "where['x']: 'trunkate' is no action (did you mean 'truncate'?)"),
        ({"x": None}, "where['x']: None is no action"),
    ],
)
def test_redactions_that_cannot_be_meant_are_an_error_that_names_the_place(given, said):
    with pytest.raises(ConfigurationError) as caught:
        redactions(given)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("limits", "classified", "unclassified"),
    [
        (Limits(), False, True),
        (Limits(allows_all=True), True, True),
        (Limits(properties=Paths([(("a",), None)])), False, False),
        (Limits(allows_all=True, refused=frozenset({"x"})), False, True),
        (Limits(allows_all=True, by_category={"x": NULL}), False, True),
        (Limits(allows_all=True, by_path=Paths([(("a",), NULL)])), False, False),
        (Limits(by_path=Paths([(("a",), NULL)])), False, False),
    ],
)
def test_limits_say_whether_they_change_anything(limits, classified, unclassified):
    changes = limits.changes_nothing(classifies=True), limits.changes_nothing(classifies=False)
    assert changes == (classified, unclassified)


def test_ids_and_globs_that_nothing_meets_are_named():
    assert Policy([ID, A, "x", "y*"]).unmet([ID, OTHER]) == ["x", "y*"]
    assert Policy([]).unmet([ID]) == []


@pytest.mark.parametrize(
    ("narrower", "log", "reasons"),
    [
        ([], [], []),
        ([ID], [ID], []),
        ([ID], [ALL], []),
        ([A], [ALL], []),
        ([ALL], [A], [f"{ALL} is not allowed there"]),
        ([ID, OTHER], [A], [f"{OTHER} is not allowed there"]),
        ({ID: {"allowed_categories": ["unrestricted"]}}, [ID], []),
        ({ID: {"allowed_categories": ["x"]}}, [ID], [f"x of {ID} is not allowed there"]),
        ({ID: {"allowed_categories": ["x"]}}, {ID: {"allowed_categories": ["x"]}}, []),
        (
            {ID: {"allowed_categories": ["x", "y"]}},
            {ALL: {"allowed_categories": ["x"]}, A: {"allowed_categories": ["y"]}},
            [],
        ),
        ({ID: {"allowed_properties": ["a"]}}, [ID], []),
    ],
)
def test_what_exceeds_another_policy_is_said(narrower, log, reasons):
    assert Policy(narrower).exceeds(Policy(log)) == reasons


PATTERNS = st.lists(st.sampled_from([ID, OTHER, A, ALL, "*/open", "*"]), max_size=3)


@given(PATTERNS, PATTERNS)
def test_what_exceeds_nothing_allows_no_schema_more(narrower, log):
    if not Policy(narrower).exceeds(Policy(log)):
        for each in (ID, OTHER):
            assert Policy(narrower).limits(each) is None or Policy(log).limits(each) is not None
