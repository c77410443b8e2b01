"""What becomes of values where several say something of them: schema, overlay, redactions, handlers, the user."""

from __future__ import annotations

import json
import logging

import pytest

from jupyter_telemetry import EventLog

ID = "https://example.org/event"
SECRET = "s3cret"
U, S = {"categories": ["unrestricted"]}, {"categories": ["secret"]}
DRAFT_2020 = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


class Lines(logging.Handler):
    """Keeps the lines that it gets; `limits` are its own."""

    def __init__(self, **limits):
        super().__init__()
        self.records = []
        if limits:
            self.event_limits = limits

    def emit(self, record):
        self.records.append(record)

    @property
    def kept(self):
        """The properties of the one event that it got, without the metadata."""
        (record,) = self.records
        written = json.loads(record.getMessage())
        assert written == json.loads(json.dumps(record.event))
        return {name: value for name, value in written.items() if not name.startswith("__")}


def recorded(schema, event, *handlers, allowed_schemas=(ID,), consent="inform", **settings):
    """Record one event, and return the log and its capsule."""
    log = EventLog(handlers=list(handlers), allowed_schemas=allowed_schemas, consent=consent, **settings)
    log.register_schema({"$id": ID, "version": 1, "type": "object", **schema})
    return log, log.record_event(ID, 1, event)


def kept(schema, event, **settings):
    """Return what is kept of an event."""
    lines = Lines()
    recorded(schema, event, lines, **settings)
    return lines.kept


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
