"""What becomes of values where several say something of them: schema, overlay, redactions, handlers, the user."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from enum import Enum
from uuid import UUID

import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.privacy import floor_time

from . import operators_own

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


def test_the_value_that_a_redaction_failed_on_is_no_context_of_what_is_said_of_it(capfd):
    """A handler of the application's log that fails prints what was handled meanwhile."""

    class Full(logging.Handler):
        def emit(self, record):
            try:
                raise OSError("no space left on device")
            except OSError:
                self.handleError(record)

    logger, full = logging.getLogger("jupyter_telemetry"), Full()
    logger.addHandler(full)
    try:
        schema = {"properties": {"a": {"type": "string", **S}}}
        redactions = {"secret": "tests.privacy.operators_own:fail"}
        assert kept(schema, {"a": SECRET}, redactions=redactions) == {"a": None}
    finally:
        logger.removeHandler(full)
    said = capfd.readouterr().err
    assert "no space left on device" in said
    assert SECRET not in said


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


THINGS = {"properties": {"t": {"type": "string", **U}, "n": {"type": "integer", **U}}}


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


# Actions that fail

FAILING = [f"{operators_own.__name__}:{name}" for name in ("fail", "not_json", "reserved")]


@pytest.mark.parametrize("action", [*FAILING, {"generalise": "hour"}, {"generalise": "network"}])
@pytest.mark.parametrize("by", ["category", "path"])
def test_a_value_on_which_an_action_fails_is_null_and_leaves_no_trace(action, by, caplog, capfd, recwarn):
    redactions = {"unrestricted": action} if by == "category" else {ID: {"/t": action}}
    lines = Lines()
    log, capsule = recorded(THINGS, {"t": SECRET}, lines, redactions=redactions)
    for _ in range(2):
        log.record_event(ID, 1, {"t": SECRET})
    assert capsule["t"] is None
    assert log.counts() == {
        "recorded": 3,
        "not_allowed": 0,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 3,
    }
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in warnings] == [
        f"A redaction failed on a value of {ID}, which became null. `jupyter telemetry policy check` shows what "
        "becomes of each field."
    ]
    said = "".join(f"{vars(record)}" for record in (*caplog.records, *lines.records))
    out, err = capfd.readouterr()
    assert SECRET not in said + out + err
    assert [str(warning.message) for warning in recwarn] == []


def test_an_action_that_fails_for_a_handler_is_counted_too(caplog):
    narrow, whole = Lines(redactions={ID: {"/t": f"{operators_own.__name__}:fail"}}), Lines()
    log, _ = recorded(THINGS, {"t": SECRET}, narrow, whole)
    assert (narrow.kept, whole.kept) == ({"t": None}, {"t": SECRET})
    assert log.counts()["redaction_failures"] == 1


def test_an_object_that_no_action_fits_is_null():
    schema = {"properties": {"o": {"type": "object", **S}, "l": {"type": "array", **S}}}
    event = {"o": {"x": SECRET}, "l": [SECRET]}
    assert kept(schema, event, redactions={"secret": {"truncate": 3}}) == {"o": None, "l": None}
    spoilt = f"{operators_own.__name__}:spoil"
    assert kept(schema, event, redactions={"secret": spoilt}) == {
        "o": {"x": SECRET, "spoilt": True},
        "l": [SECRET, "spoilt"],
    }
    assert event == {"o": {"x": SECRET}, "l": [SECRET]}


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


def test_a_function_that_ends_the_program_makes_null_and_is_counted():
    log, capsule = recorded(
        {"properties": {"a": S}}, {"a": SECRET}, redactions={"secret": f"{operators_own.__name__}:leave"}
    )
    assert (capsule["a"], log.counts()["redaction_failures"]) == (None, 1)


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
