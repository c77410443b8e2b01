"""What becomes of values where several say something of them: schema, overlay, redactions, handlers, the user."""

from __future__ import annotations

import pytest

from .redacted import ID, SECRET, THINGS, Lines, S, U, kept, recorded

DRAFT_2020 = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


@pytest.mark.parametrize("order", [("items", "additionalItems"), ("additionalItems", "items")])
def test_of_two_keywords_for_one_element_neither_hides_what_the_other_says(order):
    """Draft-07 ignores `additionalItems` beside an `items` that is no list."""
    said = {"items": S, "additionalItems": U}
    schema = {"properties": {"a": {keyword: said[keyword] for keyword in order}}}
    assert kept(schema, {"a": [SECRET]}) == {"a": [None]}
    assert kept(schema, {"a": [SECRET]}, allowed_schemas={ID: {"allowed_categories": ["secret"]}}) == {"a": [SECRET]}


OPAQUE = [{"type": "object"}, {"type": "object", "properties": {"declared": U}}, {}]


@pytest.mark.parametrize("value", OPAQUE)
@pytest.mark.parametrize("path", ["/a/x", "/a/*", "/a/x/y", "/a/*/y"])
def test_an_overlay_counts_inside_a_value_of_which_the_schema_declares_nothing(value, path):
    schema = {"properties": {"a": {**value, **U}}}
    event = {"a": {"x": {"y": SECRET}}}
    assert SECRET not in str(kept(schema, event, classifications={ID: {path: ["secret"]}}))


@pytest.mark.parametrize("value", OPAQUE)
@pytest.mark.parametrize("path", ["/a/x", "/a/*", "/a/x/y", "/a/*/y"])
def test_a_redaction_of_what_an_overlay_says_there_applies_though_the_whole_is_named(value, path):
    schema = {"properties": {"a": value}}
    settings = {
        "allowed_schemas": {ID: {"allowed_properties": ["/a"]}},
        "classifications": {ID: {path: ["secret"]}},
    }
    event = {"a": {"x": {"y": SECRET}, "z": 1}}
    assert kept(schema, event, **settings) == event
    assert SECRET not in str(kept(schema, event, **settings, redactions={"secret": "null"}))


def test_an_overlay_counts_inside_an_array_of_which_the_schema_declares_nothing():
    schema = {"properties": {"a": {"type": "array", **U}}}
    assert kept(schema, {"a": ["x", SECRET]}, classifications={ID: {"/a/1": ["secret"]}}) == {"a": [None, None]}


@pytest.mark.parametrize("settings", [{"redactions": {"secret": {"truncate": 2}}}, {"consent": {"secret": "opt-in"}}])
def test_what_cannot_be_followed_may_be_of_any_category_though_it_is_named(settings):
    """A redaction applies to what is allowed, too."""
    schema = {
        **DRAFT_2020,
        "$defs": {"a": {"$dynamicAnchor": "a", "properties": {"x": S}}},
        "properties": {"a": {"$dynamicRef": "#a"}, "b": U},
    }
    event = {"a": {"x": SECRET}, "b": "kept"}
    allowed = {ID: {"allowed_properties": ["/a"]}}
    assert kept(schema, event, allowed_schemas=allowed) == event
    assert kept(schema, event, allowed_schemas=allowed, **settings) == {"a": None, "b": "kept"}


def test_two_unlike_actions_upon_one_value_make_null_of_it():
    redactions = {"unrestricted": {"generalise": "suffix"}, ID: {"/t": {"generalise": "hour"}}}
    assert kept(THINGS, {"t": "a.ipynb"}, redactions=redactions) == {"t": None}


PARTS = {"generalise": {"parts": 1}}


@pytest.mark.parametrize(
    ("by_path", "by_category", "by_handler", "becomes"),
    [
        (None, None, None, None),  # its category is not allowed
        (PARTS, None, None, "a"),
        (None, PARTS, None, "a"),
        (PARTS, {"truncate": 3}, None, None),  # unlike
        ({"truncate": 3}, PARTS, None, None),
        (PARTS, {"generalise": {"parts": 2}}, None, "a"),
        (PARTS, {"generalise": "suffix"}, None, None),  # unlike
        ({"truncate": 3}, {"truncate": 5}, {"truncate": 2}, "a/"),
        ({"truncate": 3}, "null", None, None),
        ("null", {"truncate": 3}, None, None),
        (PARTS, None, {"truncate": 3}, None),
        (None, {"truncate": 3}, PARTS, None),
        (PARTS, None, "drop", "dropped"),
        ("drop", PARTS, "null", "dropped"),
        (None, "drop", PARTS, "dropped"),
    ],
)
@pytest.mark.parametrize("of_handler", ["category", "path"])
def test_of_several_redactions_the_strictest_counts_wherever_it_stands(
    by_path, by_category, by_handler, of_handler, becomes
):
    by_handler = {"secret": by_handler} if of_handler == "category" else {ID: {"/a": by_handler}}
    redactions = {"secret": by_category, ID: {"/a": by_path}}
    lines = Lines(redactions=_stated(by_handler))
    recorded({"properties": {"a": S}}, {"a": "a/b/c"}, lines, redactions=_stated(redactions))
    assert lines.kept == ({} if becomes == "dropped" else {"a": becomes})


def _stated(redactions):
    return {k: v for k, v in redactions.items() if v is not None and v != {"/a": None}}


def test_a_reference_that_depends_on_who_follows_it_restricts():
    schema = {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "properties": {"a": {**U, "$recursiveRef": "#"}, "b": S},
    }
    assert kept(schema, {"a": {"b": SECRET}}) == {"a": None}


def test_a_reference_into_a_metaschema_restricts():
    schema = {"properties": {"a": {**U, "$ref": "http://json-schema.org/draft-07/schema#"}}}
    assert kept(schema, {"a": {"title": SECRET}}) == {"a": None}


def test_a_category_where_nobody_looks_for_one_classifies():
    schema = {"properties": {"a": {"type": "string"}, "b": {"x-of-a-later-draft": [S]}}}
    assert kept(schema, {"a": SECRET, "b": SECRET}) == {"a": None, "b": None}


def test_a_name_that_the_log_has_a_path_for_is_still_a_value_to_a_handler():
    lines = Lines(redactions={ID: {"/*": {"truncate": 5}}})
    recorded({"properties": {}}, {"z": SECRET}, lines, allowed_schemas={ID: {"allowed_properties": ["/z"]}})
    assert lines.kept == {}


TWO = {"categories": ["x", "y"]}


@pytest.mark.parametrize(("x", "y"), [({"truncate": 3}, "null"), ("null", {"truncate": 3})])
@pytest.mark.parametrize("allowed", [{}, {"allowed_categories": ["x", "y"]}, {"allowed_properties": ["a"]}])
def test_of_two_categories_that_a_value_has_each_is_heeded(x, y, allowed):
    redactions = {"x": x, "y": y}
    assert kept({"properties": {"a": TWO}}, {"a": SECRET}, allowed_schemas={ID: allowed}, redactions=redactions) == {
        "a": None
    }


@pytest.mark.parametrize("redactions", [{"secret": "null"}, {ID: {"/a": "null"}}])
def test_a_null_that_is_stated_gives_way_to_nothing_that_is_said_inside(redactions):
    schema = {"properties": {"a": {**S, "type": "object", "properties": {"b": {"type": "string"}}}}}
    settings = {"classifications": {ID: {"/a/b": ["unrestricted"]}}}
    assert kept(schema, {"a": {"b": "kept"}}, **settings) == {"a": {"b": "kept"}}
    assert kept(schema, {"a": {"b": SECRET}}, **settings, redactions=redactions) == {"a": None}


def test_what_is_named_whole_obeys_what_the_user_refuses_in_it():
    schema = {"properties": {"a": {"type": "object", "properties": {"b": S, "c": {"type": "string"}}}}}
    allowed = {ID: {"allowed_properties": ["/a"]}}
    kept_of_it = kept(
        schema, {"a": {"b": SECRET, "c": "kept"}}, allowed_schemas=allowed, consent={"*": "inform", "secret": "opt-in"}
    )
    assert kept_of_it == {"a": {"b": None, "c": "kept"}}


@pytest.mark.parametrize("redactions", [{"secret": "drop"}, {ID: {"/a": "drop"}}])
def test_an_object_that_one_handler_may_not_have_is_no_frame_for_it(redactions):
    schema = {"properties": {"a": {**S, "type": "object", "properties": {"b": U}}}}
    less = Lines(redactions=redactions)
    recorded(schema, {"a": {"b": "kept"}}, less, allowed_schemas={ID: {"allowed_categories": ["secret"]}})
    assert less.kept == {}
