"""What is kept of an event: by classification, by what is allowed, and nothing else."""

from __future__ import annotations

import copy
import json
import logging
from enum import Enum

import pytest

from jupyter_telemetry import EventLog, InvalidEvent

ID = "https://example.org/event"
SECRET = "s3cret"


def recorded(schema, event, allowed):
    """Record `event` and return the properties of the line that was written."""
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    log = EventLog(handlers=[Lines()], allowed_schemas=allowed)
    log.register_schema({"$id": ID, "version": 1, "type": "object", **schema})
    before = copy.deepcopy(event)
    capsule = log.record_event(ID, 1, event)
    assert event == before
    if capsule is None:
        assert lines == []
        return None
    written = json.loads(lines[0])
    assert written == json.loads(json.dumps(capsule))
    return {name: value for name, value in written.items() if not name.startswith("__")}


def text(*categories, **more):
    return {"type": "string", **({"categories": list(categories)} if categories else {}), **more}


USER = {
    "categories": ["user-identifier"],
    "type": "object",
    "properties": {"email": text("user-identifiable-information"), "id": text()},
}
# The same user, written in other ways; each with the definitions it needs.
WAYS = {
    "nested": (USER, {}),
    "behind $ref": (
        {"$ref": "#/definitions/user", "categories": ["user-identifier"]},
        {"definitions": {"user": {k: v for k, v in USER.items() if k != "categories"}}},
    ),
    "classified behind $ref": ({"$ref": "#/$defs/user"}, {"$defs": {"user": USER}}),
    "allOf": (
        {"categories": ["user-identifier"], "allOf": [{"properties": {n: s}} for n, s in USER["properties"].items()]},
        {},
    ),
    "anyOf": ({"anyOf": [USER, {"type": "string"}]}, {}),
    "oneOf": ({"oneOf": [{"type": "integer"}, USER]}, {}),
    "then": ({"if": {"type": "object"}, "then": USER}, {}),
    "else": ({"if": {"type": "string"}, "else": USER}, {}),
    "dependentSchemas": (
        {"type": "object", "dependentSchemas": {"id": USER}},
        {"$schema": "https://json-schema.org/draft/2020-12/schema"},
    ),
    "dependencies": ({"type": "object", "dependencies": {"id": USER}}, {}),
}
WHOLE = {"id": "i", "email": "e"}
USER_CASES = [
    ({}, None),
    ({"allowed_categories": ["unrestricted"]}, None),
    ({"allowed_categories": ["user-identifier"]}, {"id": "i", "email": None}),
    ({"allowed_categories": ["user-identifiable-information"]}, None),
    ({"allowed_categories": ["user-identifier", "user-identifiable-information"]}, WHOLE),
    ({"allowed_properties": ["user"]}, {**WHOLE, "extra": SECRET}),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("entry", "kept"), USER_CASES)
def test_a_user_is_kept_as_far_as_it_is_classified_and_allowed(way, entry, kept):
    user, more = WAYS[way]
    schema = {**more, "properties": {"action": text("unrestricted"), "user": user}}
    event = {"action": "save", "user": {**WHOLE, "extra": SECRET}, "extra": SECRET}
    assert recorded(schema, event, {ID: entry}) == {"action": "save", "user": kept}


@pytest.mark.parametrize(("entry", "kept"), USER_CASES)
@pytest.mark.parametrize("items", [USER, {"$ref": "#/definitions/user"}])
def test_the_same_holds_in_an_array(items, entry, kept):
    users = {"type": "array", "items": items, "categories": ["user-identifier"]}
    schema = {"definitions": {"user": USER}, "properties": {"user": users}}
    event = {"user": [{**WHOLE, "extra": SECRET}] * 2}
    assert recorded(schema, event, {ID: entry}) == {"user": kept and [kept, kept]}


def test_a_schema_that_classifies_nothing_is_kept_whole_once_its_exact_id_is_allowed():
    event = {"a": SECRET, "undeclared": [1, {"b": SECRET}]}
    assert recorded({"properties": {"a": text()}}, event, [ID]) == event
    assert recorded({"properties": {"a": text()}}, event, {ID: {}}) == event


def test_a_glob_never_admits_it_and_says_so_once(caplog):
    assert recorded({"properties": {"a": text()}}, {"a": SECRET}, ["https://example.org/*"]) is None
    assert [record.getMessage() for record in caplog.records] == [
        f"{ID} classifies none of its properties, so no glob in allowed_schemas admits it: it is not recorded. "
        "To record it whole, add its exact id."
    ]


def test_a_glob_admits_what_is_classified():
    schema = {"properties": {"a": text("unrestricted"), "b": text("x"), "c": text()}}
    event = {"a": "kept", "b": SECRET, "c": SECRET}
    assert recorded(schema, event, ["https://example.org/*"]) == {"a": "kept", "b": None, "c": None}
    allowed = {"https://*": {"allowed_categories": ["x"]}, "*/event": {"allowed_properties": ["c"]}}
    assert recorded(schema, event, allowed) == event


def test_an_exact_id_decides_alone():
    schema = {"properties": {"b": text("x")}}
    allowed = {"https://*": {"allowed_categories": ["x"]}, ID: {}}
    assert recorded(schema, {"b": SECRET}, allowed) == {"b": None}


def test_picked_properties_of_a_schema_that_classifies_nothing_are_all_that_is_kept():
    schema = {"properties": {"a": text(), "b": text()}}
    assert recorded(schema, {"a": "kept", "b": SECRET, SECRET: 1}, {ID: {"allowed_properties": ["a"]}}) == {
        "a": "kept",
        "b": None,
    }


JUPYTER = {"personal-data": True, "properties": {"action": {"enum": ["get", "save"]}, "path": text()}}


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ({}, {"action": None, "path": None}),
        ({"allowed_categories": ["personal-data"]}, {"action": "save", "path": "p"}),
        ({"allowed_properties": ["action"]}, {"action": "save", "path": None}),
    ],
)
def test_personal_data_at_the_top_classifies_all_of_it(entry, kept):
    assert recorded(JUPYTER, {"action": "save", "path": "p"}, {ID: entry}) == kept


def test_personal_data_on_a_property_classifies_that():
    schema = {"properties": {"a": text("unrestricted"), "b": text(**{"personal-data": True})}}
    assert recorded(schema, {"a": "kept", "b": SECRET}, [ID]) == {"a": "kept", "b": None}


@pytest.mark.parametrize("categories", ["x", [1], {}, None, [["x"]]])
def test_categories_that_are_no_list_of_names_restrict(categories):
    schema = {"properties": {"a": text("unrestricted"), "b": {"categories": categories}}}
    kept = recorded(schema, {"a": "kept", "b": SECRET}, {ID: {"allowed_categories": ["y"]}})
    assert kept == {"a": "kept", "b": None}
    whole = {"properties": {"o": {"type": "object", "categories": ["unrestricted"], **schema}}}
    kept = recorded(whole, {"o": {"a": "kept", "b": SECRET}}, {ID: {"allowed_categories": ["y"]}})
    assert kept == {"o": {"a": "kept", "b": None}}


def test_undeclared_names_are_dropped_and_those_of_patterns_with_their_values():
    schema = {
        "properties": {
            "a": {
                "categories": ["unrestricted"],
                "type": "object",
                "patternProperties": {"^n_": {"type": "integer"}, "^s_": text("x")},
                "additionalProperties": text("y"),
            }
        }
    }
    event = {"a": {"n_1": 1, f"s_{SECRET}": SECRET, SECRET: SECRET}, SECRET: SECRET}
    assert recorded(schema, event, [ID]) == {"a": {"n_1": 1}}
    assert recorded(schema, event, {ID: {"allowed_categories": ["x", "y"]}}) == {"a": event["a"]}


def test_elements_have_the_categories_of_their_position():
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"a": {"prefixItems": [text("unrestricted"), text("x")], "items": text("unrestricted")}},
    }
    assert recorded(schema, {"a": ["kept", SECRET, "kept"]}, [ID]) == {"a": ["kept", None, "kept"]}
    del schema["properties"]["a"]["items"]
    assert recorded(schema, {"a": ["kept", SECRET, SECRET]}, [ID]) == {"a": ["kept", None, None]}
    old = {"properties": {"a": {"items": [text("unrestricted")], "additionalItems": text("x")}}}
    assert recorded(old, {"a": ["kept", SECRET]}, [ID]) == {"a": ["kept", None]}


def test_a_value_has_the_categories_of_every_branch():
    schema = {
        "properties": {"a": {"oneOf": [text("unrestricted"), {"type": "string", "maxLength": 0, "categories": ["x"]}]}}
    }
    assert recorded(schema, {"a": SECRET}, [ID]) == {"a": None}
    assert recorded(schema, {"a": "kept"}, {ID: {"allowed_categories": ["x"]}}) == {"a": "kept"}


def test_a_scalar_where_only_members_are_classified_is_not_kept():
    schema = {"properties": {"a": {"type": ["string", "object", "array"], "properties": {"b": text("unrestricted")}}}}
    assert recorded(schema, {"a": SECRET}, [ID]) == {"a": None}
    assert recorded(schema, {"a": [SECRET]}, [ID]) == {"a": None}
    assert recorded(schema, {"a": {"b": "kept", "c": SECRET}}, [ID]) == {"a": {"b": "kept"}}


@pytest.mark.parametrize(
    "keyword", ["not", "contains", "unevaluatedProperties", "unevaluatedItems", "propertyNames", "contentSchema"]
)
@pytest.mark.parametrize(
    "below", [{"categories": ["x"], "const": 7}, {"$ref": "#/$defs/d"}, {"const": 7, "properties": {"q": text("x")}}]
)
def test_what_is_classified_where_the_analysis_does_not_follow_is_restricted(keyword, below):
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {"d": {"const": 7}},
        "properties": {"a": {"type": "string", "categories": ["unrestricted"], keyword: below}},
    }
    assert recorded(schema, {"a": SECRET}, {ID: {"allowed_categories": ["x"]}}) == {"a": None}


def test_a_dynamic_reference_restricts():
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {"d": {"$dynamicAnchor": "d", "type": "string"}},
        "properties": {"a": {"categories": ["unrestricted"], "$dynamicRef": "#d"}},
    }
    assert recorded(schema, {"a": SECRET}, [ID]) == {"a": None}


def test_a_schema_that_refers_to_itself_is_followed():
    node = {
        "type": "object",
        "properties": {
            "name": text("x"),
            "kind": text("unrestricted"),
            "children": {"type": "array", "items": {"$ref": "#/definitions/node"}},
        },
    }
    schema = {"definitions": {"node": node}, "properties": {"tree": {"$ref": "#/definitions/node"}}}
    event = {"tree": {"kind": "k", "name": SECRET, "children": [{"kind": "k", "name": SECRET, "children": []}]}}
    assert recorded(schema, event, [ID]) == {
        "tree": {"kind": "k", "name": None, "children": [{"kind": "k", "name": None, "children": []}]}
    }


@pytest.mark.parametrize("event", [{"a": "x", "__id__": SECRET}, {"a": "x", "b": {"__x": SECRET}}])
def test_a_metadata_name_is_invalid_where_it_would_be_dropped_too(event):
    schema = {
        "properties": {"a": text("unrestricted"), "b": {"type": "object", "properties": {"c": text("unrestricted")}}}
    }
    with pytest.raises(InvalidEvent, match="reserved-name") as caught:
        recorded(schema, event, [ID])
    assert SECRET not in str(caught.value)


def test_no_number_is_written_as_null_where_a_redaction_writes_nulls():
    schema = {
        "properties": {
            "a": {"categories": ["unrestricted"]},
            "n": {"type": "number", "categories": ["unrestricted"]},
            "b": text("x"),
        }
    }
    with pytest.raises(InvalidEvent, match="not a finite number"):
        recorded(schema, {"a": [float("nan")], "b": SECRET}, [ID])
    assert recorded(schema, {"a": None, "b": SECRET}, [ID]) == {"a": None, "b": None}
    kept = {"a": [1.5], "n": 2.5}
    assert recorded(schema, {**kept, "b": SECRET}, [ID]) == {**kept, "b": None}


U, S = {"categories": ["unrestricted"]}, {"categories": ["secret"]}
DRAFT_2020 = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


@pytest.mark.parametrize(
    ("schema", "event", "kept"),
    [
        ({"properties": {"a": U}, "allOf": [{"additionalProperties": S}]}, {"a": SECRET}, {"a": None}),
        ({"properties": {"a": U}, "dependencies": {"a": {"additionalProperties": S}}}, {"a": SECRET}, {"a": None}),
        ({"properties": {"l": {"allOf": [{"items": [U]}, {"items": S}]}}}, {"l": [SECRET]}, {"l": [None]}),
        (
            {**DRAFT_2020, "properties": {"l": {"allOf": [{"prefixItems": [U]}, {"items": S}]}}},
            {"l": [SECRET]},
            {"l": [None]},
        ),
        (
            {"properties": {"l": {"allOf": [{"items": [U, U]}, {"items": [S], "additionalItems": S}]}}},
            {"l": [SECRET, SECRET]},
            {"l": [None, None]},
        ),
        (
            {"properties": {"q": S}, "patternProperties": {"^s_": True}, "additionalProperties": U},
            {"s_x": SECRET, "other": "kept"},
            {"other": "kept"},
        ),
        ({"properties": {"q": U}, "additionalProperties": True}, {"q": "kept", SECRET: SECRET}, {"q": "kept"}),
        ({**U, "properties": {"q": {}}, "additionalProperties": True}, {"q": "kept", SECRET: SECRET}, {"q": "kept"}),
    ],
)
def test_what_restricts_need_not_stand_beside_what_declares(schema, event, kept):
    assert recorded(schema, event, [ID]) == kept


class Holding(Enum):
    OBJECT = {"secret": SECRET}
    ARRAY = (SECRET,)


@pytest.mark.parametrize(
    ("part", "value"), [({"properties": {"secret": S}}, Holding.OBJECT), ({"items": S}, Holding.ARRAY)]
)
def test_what_an_enum_holds_is_not_kept_for_that(part, value):
    log = EventLog(allowed_schemas=[ID], on_invalid="log")
    log.register_schema({"$id": ID, "version": 1, "properties": {"o": {**U, **part}}})
    assert SECRET not in str(log.record_event(ID, 1, {"o": value}))


def test_the_category_of_what_cannot_be_followed_cannot_be_allowed():
    schema = {"properties": {"a": {"categories": 7}, "b": U}}
    allowed = {ID: {"allowed_categories": ["\0restricted"]}}
    assert recorded(schema, {"a": SECRET, "b": "kept"}, allowed) == {"a": None, "b": "kept"}


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_no_number_is_written_as_null_where_another_branch_lets_it_through(keyword):
    branches = [{"properties": {"a": {"type": "string", **U}}}, {"properties": {"a": {"not": {"type": "string"}, **U}}}]
    schema = {keyword: branches, "properties": {"s": {"type": "string", **S}}}
    with pytest.raises(InvalidEvent, match="not a finite number"):
        recorded(schema, {"a": float("nan"), "s": SECRET}, [ID])
    assert recorded(schema, {"a": "kept", "s": SECRET}, [ID]) == {"a": "kept", "s": None}


@pytest.mark.parametrize("part", [{"additionalProperties": U}, {"patternProperties": {"x": U}}])
def test_no_number_is_written_as_null_under_a_name_that_is_met_late(part):
    schema = {"properties": {"o": {"type": "object", **part}, "s": {"type": "string", **S}}}
    with pytest.raises(InvalidEvent, match="not a finite number"):
        recorded(schema, {"o": {"x": float("nan")}, "s": SECRET}, [ID])


def test_a_name_that_is_only_admitted_stays_where_its_value_stays_as_it_is():
    members = {"type": "object", "properties": {"kind": text("unrestricted")}}
    schema = {"properties": {"people": {"type": "object", "additionalProperties": members}}}
    event = {"people": {SECRET: {"kind": "kept"}}}
    assert recorded(schema, event, [ID]) == {"people": {}}
    members["categories"] = ["unrestricted"]
    assert recorded(schema, {"people": {"x": {"kind": "kept", SECRET: 1}}}, [ID]) == {"people": {"x": {"kind": "kept"}}}
