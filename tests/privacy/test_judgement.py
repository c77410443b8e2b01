"""What becomes of one value, and why, as seen on the way to it."""

from __future__ import annotations

import pytest

from jupyter_telemetry.privacy import Classification, Limits, Policy, Redactions
from jupyter_telemetry.privacy.actions import KEEP, NULL
from jupyter_telemetry.privacy.judgement import Judge
from jupyter_telemetry.schema import EventSchema

ID = "https://example.org/event"
U, S = {"categories": ["unrestricted"]}, {"categories": ["secret"]}
SCHEMA = {
    "properties": {
        "open": U,
        "secret": S,
        "both": {"categories": ["secret", "y"]},
        "unclear": {**S, "not": S},
        "frame": {"properties": {"x": S}},
        "bare": {},
        "user": {**S, "properties": {"name": {}}},
    }
}


def limits(allowed=None, redactions=None, refused=()):
    said = Redactions(redactions or {}, key=lambda: None, where="w")
    found = Policy([ID] if allowed is None else {ID: allowed}, said).limits(ID)
    return Limits(**{**vars(found), "refused": frozenset(refused)})


def verdict(path, *several, schema=SCHEMA):
    """Return (action, whether what is inside is judged on its own, rule)."""
    references = EventSchema({"$id": ID, "version": 1, "type": "object", **schema}).references
    classification = Classification(references)
    judge = Judge(classification, several)
    place, state = classification.root, judge.enter(classification.root, judge.root())
    for step in path:
        place = place and place.member(step)
        state = judge.enter(place, state.step(step))
    action, descends, rule = judge.verdict(place, state)
    return action.text, descends, rule


REFUSED = "without consent: secret"
UNCLEAR = "the schema says it in a way that cannot be followed"


@pytest.mark.parametrize(
    ("path", "said", "found"),
    [
        (["open"], {}, ("kept as it is", True, "allowed: unrestricted")),
        (["secret"], {}, ("replaced by null", False, "not allowed: secret")),
        (["both"], {"allowed": {"allowed_categories": ["y"]}}, ("replaced by null", False, "not allowed: secret")),
        (["both"], {"allowed": {"allowed_categories": ["y", "secret"]}}, ("kept as it is", True, "allowed: secret, y")),
        (["secret"], {"redactions": {"secret": {"truncate": 2}}}, ("cut to 2 characters", True, "redactions: secret")),
        (
            ["both"],
            {"redactions": {"secret": {"truncate": 2}, "y": {"truncate": 1}}},
            ("cut to 1 character", True, "redactions: y"),
        ),
        (["both"], {"redactions": {"y": {"truncate": 1}}}, ("replaced by null", False, "not allowed: secret")),
        (
            ["secret"],
            {"redactions": {"secret": {"truncate": 2}, ID: {"/secret": {"truncate": 3}}}},
            ("cut to 2 characters", True, "redactions: secret"),
        ),
        (
            ["secret"],
            {"redactions": {"secret": {"truncate": 3}, ID: {"/secret": {"truncate": 2}}}},
            ("cut to 2 characters", True, "redactions, by its path"),
        ),
        (
            ["both"],
            {"redactions": {"secret": {"generalise": "suffix"}, "y": {"generalise": "hour"}}},
            ("replaced by null", False, "redactions: secret"),
        ),
        (
            ["open"],
            {"redactions": {"unrestricted": {"generalise": "suffix"}, ID: {"/open": {"generalise": "hour"}}}},
            ("replaced by null", False, "redactions, by its path"),
        ),
        (
            ["secret"],
            {"allowed": {"allowed_properties": ["secret"]}},
            ("kept as it is", True, "allowed_properties names it"),
        ),
        (
            ["user", "name"],
            {"allowed": {"allowed_properties": ["/user"]}},
            ("kept as it is", True, "allowed_properties names it"),
        ),
        (
            ["user", "name"],
            {"redactions": {ID: {"/user": "drop"}}},
            ("left out, name and all", False, "redactions, by its path"),
        ),
        (
            ["secret"],
            {"allowed": {"allowed_properties": ["secret"]}, "refused": ["secret"]},
            ("replaced by null", False, REFUSED),
        ),
        (
            ["secret"],
            {"redactions": {"secret": "drop"}, "refused": ["secret"]},
            ("left out, name and all", False, "redactions: secret"),
        ),
        (["unclear"], {"allowed": {"allowed_categories": ["secret"]}}, ("replaced by null", False, UNCLEAR)),
        (
            ["unclear"],
            {"allowed": {"allowed_properties": ["unclear"]}},
            ("kept as it is", True, "allowed_properties names it"),
        ),
        (
            ["unclear"],
            {"allowed": {"allowed_properties": ["unclear"]}, "refused": ["other"]},
            ("replaced by null", False, UNCLEAR),
        ),
        (["frame"], {}, ("replaced by null", True, "nobody has classified it")),
        (["bare"], {}, ("replaced by null", False, "nobody has classified it")),
        (
            ["bare"],
            {"allowed": {"allowed_properties": ["/bare/x"]}},
            ("replaced by null", True, "nobody has classified it"),
        ),
        (
            ["bare", "x"],
            {"allowed": {"allowed_properties": ["/bare/x"]}},
            ("kept as it is", True, "allowed_properties names it"),
        ),
    ],
)
def test_a_value_is_judged_and_the_rule_is_said(path, said, found):
    assert verdict(path, limits(**said)) == found


WHOLE = {"properties": {"a": {}}}


def test_a_schema_that_classifies_nothing_is_kept_but_for_what_paths_say():
    kept = "nothing is classified, and the schema is allowed by its exact id"
    assert verdict(["a"], limits(), schema=WHOLE) == ("kept as it is", True, kept)
    assert verdict(["a"], limits(redactions={ID: {"/a": "null"}, "secret": "drop"}), schema=WHOLE) == (
        "replaced by null",
        False,
        "redactions, by its path",
    )


def test_where_everything_is_allowed_that_is_said():
    assert verdict(["secret"], Limits(allows_all=True)) == ("kept as it is", True, "everything is allowed here")


def test_of_several_sets_of_limits_the_strictest_counts_with_its_rule():
    loose, strict = limits({"allowed_categories": ["secret"]}), limits()
    assert verdict(["secret"], loose, strict) == verdict(["secret"], strict, loose) == verdict(["secret"], strict)
    cut = limits(redactions={"secret": {"truncate": 2}})
    assert verdict(["secret"], loose, cut) == ("cut to 2 characters", True, "redactions: secret")
    unlike = (
        limits(redactions={"secret": {"generalise": "suffix"}}),
        limits(redactions={"secret": {"generalise": "hour"}}),
    )
    text, _, rule = verdict(["secret"], *unlike)
    assert (text, rule) == ("replaced by null", "redactions, by its path")


def test_equal_actions_do_the_same():
    assert (KEEP.name, NULL.name) == ("keep", "null")
