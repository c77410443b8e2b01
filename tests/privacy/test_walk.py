"""A schema whose definitions multiply is followed within a budget; what is behind it is not kept, and told so."""

from __future__ import annotations

from itertools import combinations

import pytest

from jupyter_telemetry.privacy import Classification, Policy, Redactions, compile_redaction
from jupyter_telemetry.privacy.plan import plan
from jupyter_telemetry.privacy.redaction import MOST_MIXTURES
from jupyter_telemetry.privacy.walk import MOST_STEPS, STEPS_PER_SUBSCHEMA, Walk
from jupyter_telemetry.schema import EventSchema

ID = "https://example.org/event"
DRAFT_2020 = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
SECRET = "s3cret"
LEVELS = 14
CATEGORIES = ["secret", *(f"c{n}" for n in range(LEVELS))]
U = {"categories": ["unrestricted"]}
LEAF = {"type": "string", "categories": ["secret"]}
TOO_MANY = "the schema leads to it in more ways than can be followed"


def multiplying(keyword="properties"):
    """Return a schema of few lines, with as many different sets of categories at its end as there are of LEVELS."""
    chain = {
        f"d{n}": {
            "type": "object",
            keyword: {
                "a": {"$ref": f"#/$defs/d{n + 1}"},
                "b": {"$ref": f"#/$defs/d{n + 1}", "categories": [f"c{n}"]},
            },
        }
        for n in range(LEVELS)
    }
    properties = {"first": {"$ref": "#/$defs/d0", **U}, "last": {"$ref": f"#/$defs/d{LEVELS}"}}
    return {**DRAFT_2020, "$defs": {**chain, f"d{LEVELS}": LEAF}, "properties": properties}


def judged(schema, redactions=None, **entry):
    """Return what `compile_redaction` and `plan` take."""
    classification = Classification(EventSchema({"$id": ID, "version": 1, "type": "object", **schema}).references)
    policy = Policy({ID: entry}, Redactions(redactions or {}, key=lambda: None, where="w"))
    return classification, [policy.limits(ID)]


def kept(schema, event, **said):
    return compile_redaction(*judged(schema, **said), lambda: None).redact(event)


def nested(steps, value=SECRET):
    """Return the event that has a value at a path."""
    for step in reversed(steps):
        value = {step: value}
    return value


def depth_of(value):
    return 1 + depth_of(next(iter(value.values()))) if isinstance(value, dict) and value else 0


@pytest.mark.parametrize("keyword", ["properties", "patternProperties"])
def test_the_steps_for_a_schema_that_multiplies_are_bounded(keyword):
    classification, limits = judged(multiplying(keyword), allowed_categories=CATEGORIES)
    _, frames = Walk(classification, limits).event()
    most = MOST_STEPS + STEPS_PER_SUBSCHEMA * len(classification.references.nodes)
    # Each has one step, and at most as many more as there are ways out of it; the last ones are not followed.
    assert most / 5 < len(frames) < 2 * most


@pytest.mark.parametrize("way", ["a", "b"])
def test_what_there_is_no_room_to_follow_is_null_though_its_categories_are_allowed(way):
    event = {"first": nested(LEVELS * way), "last": SECRET}
    left = kept(multiplying(), event, allowed_categories=CATEGORIES)
    assert left["last"] == SECRET
    assert SECRET not in str(left["first"])
    assert 5 < depth_of(left["first"]) < LEVELS
    assert left["first"] == nested(depth_of(left["first"]) * way, None)


def test_names_that_only_a_pattern_admits_go_where_there_is_no_room_to_follow():
    event = {"first": nested([*(f"a{n}" for n in range(LEVELS - 1)), f"a{SECRET}"])}
    left = kept(multiplying("patternProperties"), event, allowed_categories=CATEGORIES)
    depth = depth_of(left["first"])
    assert 5 < depth < LEVELS
    assert left["first"] == nested([f"a{n}" for n in range(depth)], {})


def test_the_plan_tells_of_each_value_that_is_not_followed_what_is_done_with_it():
    said = judged(multiplying(), allowed_categories=CATEGORIES)
    redact = compile_redaction(*said, lambda: None).redact
    fields = [field for field in plan(*said) if field.path != "/…"]
    unfollowed = [field for field in fields if field.rule == TOO_MANY]
    assert {field.action.text for field in unfollowed} == {"replaced by null"}
    assert {field.categories for field in unfollowed} == {()}
    assert len(unfollowed) > 100
    for field in unfollowed:
        steps = field.path.split("/")[1:]
        assert redact(nested([*steps, *"a" * (LEVELS + 1 - len(steps))])) == nested(steps, None)


@pytest.mark.parametrize("whole", [{"allowed_properties": ["/first"]}, {"allowed_properties": ["/first", "/last"]}])
def test_what_is_named_whole_is_kept_though_there_is_no_room_to_follow_it(whole):
    event = {"first": nested(LEVELS * "b")}
    assert kept(multiplying(), event, **whole) == event
    assert kept(multiplying(), event, **whole, redactions={"c0": {"truncate": 2}}) != event


def test_paths_of_the_configuration_lead_on_where_the_schema_is_not_followed():
    at = "/first" + LEVELS * "/b"
    event = {"first": nested(LEVELS * "b")}
    path = {ID: {at: "drop"}, "nobody": {"truncate": 1}}
    left = kept(multiplying(), event, redactions=path, allowed_properties=["/first"], allowed_categories=CATEGORIES)
    assert SECRET not in str(left)
    assert 5 < depth_of(left["first"]) < LEVELS


def test_a_schema_that_only_has_many_subschemas_is_followed_in_full():
    names = [f"p{n}" for n in range(MOST_STEPS // 4)]
    schema = {"properties": {name: {"type": "object", "properties": {"v": U}} for name in names}}
    event = {name: {"v": "x"} for name in names}
    assert kept(schema, {**event, "z": SECRET}) == event


def test_a_schema_that_comes_back_to_itself_in_many_states_needs_no_deep_stack():
    ring = {
        f"d{n}": {
            "type": "object",
            "properties": {
                "a": {"$ref": f"#/$defs/d{(n + 1) % 60}"},
                "b": {"$ref": f"#/$defs/d{(n + 1) % 60}", "categories": [f"c{n}"]},
                "v": U,
            },
        }
        for n in range(60)
    }
    schema = {**DRAFT_2020, "$defs": ring, "properties": {"first": {"$ref": "#/$defs/d0"}}}
    said = judged(schema, allowed_categories=[f"c{n}" for n in range(1, 60)])
    event = {"first": {"b": {"v": SECRET}, "a": {"v": "x", "b": {"v": "y"}}}}
    left = {"first": {"b": None, "a": {"v": "x", "b": {"v": "y"}}}}
    assert compile_redaction(*said, lambda: None).redact(event) == left
    assert plan(*said)[-1].path == "/…"


# Names that are met late

LETTERS = "abcdefghijkl"
PATTERNS = {"patternProperties": {letter: {**U, "title": letter} for letter in LETTERS}}
MIXTURES = ["".join(letters) for size in range(1, 13) for letters in combinations(LETTERS, size)]


def test_of_names_that_match_several_patterns_there_is_room_for_so_many_mixtures():
    redact = compile_redaction(*judged(PATTERNS), lambda: None).redact
    first, later = MIXTURES[:MOST_MIXTURES], MIXTURES[MOST_MIXTURES:]
    assert redact(dict.fromkeys(MIXTURES, 1)) == dict.fromkeys(first, 1)
    assert redact({f"{name}-{name}": 1 for name in MIXTURES}) == {f"{name}-{name}": 1 for name in first}
    assert len(later) > MOST_MIXTURES


def test_a_name_counts_for_every_pattern_that_it_matches():
    schema = {"patternProperties": {"a": U, "b": LEAF, "c": {**U, **LEAF}}, "additionalProperties": U}
    event = {"a1": "1", "b1": "2", "ab": "3", "z": "4", "ac": "5", 6: "6"}
    assert kept(schema, event, allowed_properties=["/b"]) == {"a1": "1", "z": "4"}
    schema = {"allOf": [{"patternProperties": {"a": U}}, {"additionalProperties": LEAF}]}
    assert kept(schema, {"a": "1", "b": "2"}, allowed_categories=["secret"]) == {"a": "1", "b": "2"}
    assert kept(schema, {"a": "1", "b": "2"}) == {}
