"""What redactions make of values: by category and by path, of times, elements and subclasses."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from enum import Enum
from uuid import UUID

import pytest

from jupyter_telemetry.privacy import floor_time

from . import operators_own
from .redacted import ID, SECRET, THINGS, Lines, S, U, kept, recorded

TIME = {"type": "string", "format": "date-time", "categories": ["when"]}
MOMENTS = {
    "declared": {"at": TIME},
    "under any name": {"x": {"type": "object", "additionalProperties": {**U, "properties": {"at": TIME}}}},
    "under a pattern": {"x": {"type": "object", "patternProperties": {".": {**U, "properties": {"at": TIME}}}}},
    "under two patterns": {
        "x": {"type": "object", "patternProperties": {"a": U, "b": {"properties": {"at": TIME}}}},
    },
    "in an array": {"x": {"type": "array", "items": {"properties": {"at": TIME}}}},
}
EXACT = "2026-11-23T17:42:05.123456Z"
WHEN = {"at": EXACT}
EVENTS = {
    "declared": WHEN,
    "under any name": {"x": {"b": WHEN}},
    "under a pattern": {"x": {"b": WHEN}},
    "under two patterns": {"x": {"ab": WHEN}},
    "in an array": {"x": [WHEN]},
}


@pytest.mark.parametrize("where", MOMENTS)
@pytest.mark.parametrize(("unit", "begin"), [("hour", "2026-11-23T17:00:00Z"), ("week", "2026-11-23T00:00:00Z")])
def test_a_rounded_time_takes_all_with_it_that_would_tell_it(where, unit, begin):
    lines = Lines()
    settings = {"redactions": {"when": {"generalise": unit}}}
    now = now_utc()
    recorded({"properties": MOMENTS[where]}, EVENTS[where], lines, **settings)
    (record,) = lines.records
    assert lines.kept == json.loads(json.dumps(EVENTS[where]).replace(EXACT, begin))
    # The moment of the call may be in the next hour, not in this test's.
    rounded = {datetime_of(floor_time(round(moment.timestamp() * 1e6), unit)) for moment in (now, now_utc())}
    assert datetime.fromisoformat(record.event["__timestamp__"][:-1] + "+00:00") in rounded
    assert datetime_of((UUID(record.event["__id__"]).int >> 80) * 1000) in rounded
    assert datetime_of(round(record.created * 1e6)) in rounded
    assert record.msecs == 0


def now_utc():
    return datetime.now(timezone.utc)


def datetime_of(moment_us):
    return datetime.fromtimestamp(moment_us / 1e6, timezone.utc)


TRUNCATED = {"truncate": 3}


@pytest.mark.parametrize(
    ("path", "of_the_event"),
    [
        ("/a", {"a": {"declared": SECRET[:3]}}),
        ("/a/*", {"a": {"declared": SECRET[:3]}}),
        (f"/a/{SECRET}", {"a": {"declared": SECRET, SECRET: SECRET[:3]}}),
        ("/b", {"b": None}),  # nothing is declared of what is in it, so it counts as one value
        ("/b/*", {"b": [SECRET[:3]]}),
        ("/b/0", {"b": [SECRET[:3]]}),
    ],
)
@pytest.mark.parametrize("allowed", [{}, {"allowed_properties": ["a", "b"]}])
def test_a_name_that_is_not_declared_stays_only_where_its_value_does_or_a_path_names_it(path, of_the_event, allowed):
    schema = {"properties": {"a": {"type": "object", "properties": {"declared": {"type": "string"}}}}}
    event = {"a": {"declared": SECRET, SECRET: SECRET}, "b": [SECRET]}
    kept_of_it = kept(schema, event, allowed_schemas={ID: allowed}, redactions={ID: {path: TRUNCATED}})
    assert kept_of_it == {**event, **of_the_event}


# Redactions by path, in schemas that classify nothing and in those that do


def by_path(**paths):
    return {"redactions": {ID: {"/" + path.replace("__", "/"): action for path, action in paths.items()}}}


PLAIN = {"properties": {"a": {"type": "string"}, "o": {"type": "object"}, "l": {"type": "array"}}}


@pytest.mark.parametrize(
    ("paths", "left"),
    [
        ({"a": "null"}, {"a": None}),
        ({"a": "drop"}, {}),
        ({"a": {"truncate": 2}}, {"a": SECRET[:2]}),
        ({"o": "null"}, {"o": None}),
        ({"o__x": "drop"}, {"o": {"y": ["k"]}}),
        ({"o__y": {"truncate": 1}}, {"o": {"x": SECRET, "y": None}}),  # an action that fits no array
        ({"o__y__0": "null"}, {"o": {"x": SECRET, "y": [None]}}),
        ({"l__0": "drop"}, {"l": ["b", {"x": SECRET}]}),
        ({"l__*": "drop"}, {"l": []}),
        ({"l__2__x": "null"}, {"l": [SECRET, "b", {"x": None}]}),
        ({"extra": "null"}, {"extra": None}),
        ({"extra": "drop"}, {}),
        ({"nobody": "drop"}, {}),
    ],
)
def test_a_redaction_by_path_applies_in_a_schema_that_classifies_nothing(paths, left):
    event = {"a": SECRET, "o": {"x": SECRET, "y": ["k"]}, "l": [SECRET, "b", {"x": SECRET}], "extra": SECRET}
    dropped = {path for path, action in paths.items() if action == "drop" and "__" not in path}
    whole = {name: value for name, value in event.items() if name not in dropped}
    assert kept(PLAIN, event, **by_path(**paths)) == {**whole, **left}


def test_a_schema_that_admits_all_names_declares_none_though_a_path_has_it():
    schema = {"properties": {"a": U}, "additionalProperties": True}
    assert kept(schema, {"a": "kept", "z": SECRET}, **by_path(z={"truncate": 2})) == {"a": "kept"}


LISTED = {"properties": {"l": {"type": "array", "items": {"type": "string", **U}}, "r": {"type": "array", "items": S}}}


@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize(
    ("settings", "left"),
    [
        (by_path(l__1="drop"), {"l": ["a", "c"], "r": [None]}),
        (by_path(l__0="drop", l__2="null", l__7="drop"), {"l": ["b", None], "r": [None]}),
        ({"redactions": {ID: {"/l/*": "drop"}}}, {"l": [], "r": [None]}),
        (by_path(l="drop"), {"r": [None]}),
        ({"redactions": {"secret": "drop"}}, {"l": ["a", "b", "c"], "r": []}),
        ({"redactions": {"unrestricted": "drop"}}, {"l": [], "r": [None]}),
    ],
)
def test_a_dropped_element_leaves_no_gap(kind, settings, left):
    assert kept(LISTED, {"l": kind("abc"), "r": kind("x")}, **settings) == left


class Kind(Enum):
    TEXT = "kind-of-secret"
    WHOLE = 17


class Named(str, Enum):
    A = "kind-of-secret"


class Text(str):
    __slots__ = ()

    def __str__(self):
        return "something else"

    def __getitem__(self, _):
        return SECRET


class Whole(int):
    pass


@pytest.mark.parametrize(
    ("event", "action", "left"),
    [
        ({"t": Kind.TEXT}, {"truncate": 4}, {"t": "kind"}),
        ({"t": Named.A}, {"truncate": 4}, {"t": "kind"}),
        ({"t": Text("kind-of-secret")}, {"truncate": 4}, {"t": "kind"}),
        ({"t": UUID(int=7)}, {"truncate": 8}, {"t": "00000000"}),
        ({"t": Text("a/b.ipynb")}, {"generalise": "suffix"}, {"t": ".ipynb"}),
        ({"n": Kind.WHOLE}, {"generalise": {"bucket": 10}}, {"n": 10}),
        ({"n": Whole(17)}, {"generalise": {"bucket": 10}}, {"n": 10}),
        ({"t": Kind.TEXT, "n": Kind.WHOLE}, "null", {"t": None, "n": None}),
        ({"t": Kind.TEXT, "n": Kind.WHOLE}, "drop", {}),
        ({"t": Kind.TEXT}, f"{operators_own.__name__}:same", {"t": "kind-of-secret"}),
        ({"t": Text("kind-of-secret")}, f"{operators_own.__name__}:initial", {"t": "k"}),
    ],
)
def test_an_action_takes_a_subclass_for_what_it_holds(event, action, left):
    assert kept(THINGS, event, redactions={"unrestricted": action}) == left


def test_the_same_value_is_the_same_pseudonym_in_whatever_class_it_comes(monkeypatch):
    monkeypatch.setenv("JUPYTER_TELEMETRY_PSEUDONYM_KEY", "k" * 32)
    values = ["kind-of-secret", Kind.TEXT, Named.A, Text("kind-of-secret")]
    found = {kept(THINGS, {"t": value}, redactions={"unrestricted": "pseudonymise"})["t"] for value in values}
    assert len(found) == 1
    assert "kind" not in found.pop()
