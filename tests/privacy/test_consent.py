"""What follows from what the operator asks and what the user decided: every mode, every verdict."""

from __future__ import annotations

import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.privacy.consent import (
    DECISION_SCHEMA,
    Consent,
    decision_event,
)
from jupyter_telemetry.privacy.decisions import Decision, Decisions
from jupyter_telemetry.privacy.modes import parse_consent
from jupyter_telemetry.privacy.statement import digest

from .policies import policy

SERVER = "https://events.jupyter.org/jupyter_server/*"
KERNELS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"


NARROW, WIDE = policy(["a"]), policy(["a", "b"])


def decided(policy=NARROW, problem="", **choices):
    """Make the decisions of a user who was shown `policy`; `everything` is the subject `*`."""
    latest = {
        subject: Decision(subject, granted, "2026-11-23T17:42:05.123456Z", digest(policy), "page")
        for subject, granted in ((name.replace("everything", "*"), each) for name, each in choices.items())
    }
    return Decisions(latest, {digest(policy): policy}, problem, tuple(latest.values()))


def standing(mode, decisions, in_force=NARROW, environ=None):
    """Return (on, why) of everything."""
    consent = Consent(parse_consent(mode, default_mode="opt-in"), decisions, in_force, environ or {})
    assert [each.setting.subject for each in consent.standings] == ["*"]
    return consent.standings[0].on, consent.standings[0].why


GRANTED, REFUSED, UNDECIDED = decided(everything=True), decided(everything=False), Decisions()
UNREADABLE = Decisions(problem="it is damaged")


@pytest.mark.parametrize(
    ("decisions", "in_force", "opt_out", "opt_in"),
    [
        (UNDECIDED, NARROW, (True, "undecided"), (False, "undecided")),
        (GRANTED, NARROW, (True, "granted"), (True, "granted")),
        (GRANTED, WIDE, (True, "asked again"), (False, "asked again")),
        (decided(WIDE, everything=True), NARROW, (True, "granted"), (True, "granted")),
        (GRANTED._replace(statements={}), NARROW, (True, "asked again"), (False, "asked again")),
        (REFUSED, NARROW, (False, "refused"), (False, "refused")),
        (REFUSED, WIDE, (False, "refused"), (False, "refused")),
        (decided(WIDE, everything=False), NARROW, (False, "refused"), (False, "refused")),
        (UNREADABLE, NARROW, (False, "unreadable"), (False, "unreadable")),
        (GRANTED._replace(problem="earlier ones are lost"), NARROW, (True, "granted"), (True, "granted")),
    ],
)
def test_every_verdict(decisions, in_force, opt_out, opt_in):
    assert standing("opt-out", decisions, in_force) == opt_out
    assert standing("opt-in", decisions, in_force) == opt_in
    assert standing("inform", decisions, in_force) == (True, "no switch")
    refused = {"DO_NOT_TRACK": "1"}
    assert standing("opt-out", decisions, in_force, refused) == (False, "do not track")
    assert standing("opt-in", decisions, in_force, refused) == (False, "do not track")
    assert standing("inform", decisions, in_force, refused) == (True, "no switch")


@pytest.mark.parametrize(
    ("value", "refuses"),
    [("1", True), ("true", True), ("yes", True), ("", False), ("0", False), ("false", False), (" False ", False)],
)
def test_do_not_track_is_set_or_not(value, refuses):
    assert standing("opt-out", UNDECIDED, environ={"DO_NOT_TRACK": value})[0] is not refuses


def test_a_grant_that_is_void_says_what_has_widened():
    consent = Consent(parse_consent("opt-in", default_mode="inform"), GRANTED, WIDE, {})
    assert consent.standings[0].asked_again == ["events of b are recorded too"]
    assert consent.standings[0].decision == GRANTED.latest["*"]
    unknown = Consent(parse_consent("opt-in", default_mode="inform"), GRANTED._replace(statements={}), WIDE, {})
    assert unknown.standings[0].asked_again == ["what you were shown then is not known any more"]


def test_a_schema_has_its_own_switch_else_that_of_the_longest_glob_else_that_of_all():
    settings = parse_consent(
        {"*": "opt-in", SERVER: "inform", "https://events.jupyter.org/*": "opt-out", KERNELS: "opt-in"},
        default_mode="inform",
    )
    consent = Consent(settings, UNDECIDED, NARROW, {})
    of = {name: consent.of_schema(name).setting.subject for name in (KERNELS, KERNELS.replace("v1", "v2"), "other")}
    assert of == {KERNELS: KERNELS, KERNELS.replace("v1", "v2"): SERVER, "other": "*"}
    assert consent.of_schema("https://events.jupyter.org/hub").setting.mode == "opt-out"


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_globs_that_match_alike_the_one_that_is_off_counts(order):
    settings = parse_consent(dict([("a/*", "opt-in"), ("*/b", "inform")][::order]), default_mode="inform")
    assert Consent(settings, UNDECIDED, NARROW, {}).of_schema("a/b").on is False


def test_categories_that_are_off():
    modes = {"*": "inform", "personal-data": "opt-in", "location": "opt-out", "browser": "opt-out", "a/*": "opt-in"}
    settings = parse_consent(modes, default_mode="inform")
    assert Consent(settings, decided(location=False), NARROW, {}).refused_categories == {
        "personal-data",
        "location",
        "a/*",  # a schema is called so, and nothing else: it does not matter
    }
    given = decided(**{"personal-data": True, "a/*": True})
    assert Consent(settings, given, NARROW, {}).refused_categories == frozenset()
    assert Consent(settings, given, NARROW, {"DO_NOT_TRACK": "1"}).refused_categories == {
        "personal-data",
        "location",
        "browser",
        "a/*",
    }


def test_a_category_may_be_a_uri_that_looks_like_a_glob():
    settings = parse_consent({"https://example.org/of?kind=[a]": "opt-in"}, default_mode="inform")
    assert Consent(settings, decided(), NARROW, {}).refused_categories == {"https://example.org/of?kind=[a]"}


def test_what_may_not_be_erased_says_its_ground():
    settings = parse_consent({"audit/*": {"not_erasable": "the law of 2026"}}, default_mode="opt-in")
    consent = Consent(settings, UNDECIDED, NARROW, {})
    assert consent.of_schema("audit/login").setting.not_erasable == "the law of 2026"
    assert consent.of_schema("other").setting.not_erasable == ""


@pytest.mark.parametrize(
    ("value", "depends"),
    [("inform", False), ({"*": "inform", "a": "inform"}, False), ({"*": "inform", "a": "opt-out"}, True)],
)
def test_nobody_needs_to_look_at_the_file_where_nothing_can_be_decided(value, depends):
    consent = Consent(parse_consent(value, default_mode="opt-in"), UNDECIDED, NARROW, {})
    assert consent.depends_on_decisions is depends


# A decision is an event


def test_a_decision_is_an_event_without_personal_data():
    decision = decided(everything=True).latest["*"]
    assert all(each["categories"] == ["unrestricted"] for each in DECISION_SCHEMA["properties"].values())
    log = EventLog(allowed_schemas=["https://events.jupyter.org/*"])
    log.register_schema(DECISION_SCHEMA)
    recorded = log.record_event(DECISION_SCHEMA["$id"], 1, decision_event(decision, "opt-in"))
    assert {name: value for name, value in recorded.items() if not name.startswith("__")} == {
        "decision": "granted",
        "subject": "*",
        "mode": "opt-in",
        "policy": digest(NARROW),
        "by": "page",
    }


# What was refused stays refused, whatever subjects there are later


def consent(settings, decisions, **environ):
    return Consent(parse_consent(settings, default_mode="opt-in"), decisions, NARROW, environ)


def test_a_refused_category_outlives_its_switch():
    decisions = decided(everything=True, location=False)
    assert consent({"*": "opt-in", "location": "opt-in"}, decisions).refused_categories == {"location"}
    assert consent("opt-in", decisions).refused_categories == {"location"}
    assert consent("inform", decisions).refused_categories == frozenset()


@pytest.mark.parametrize("refused", ["a/b", "a/*"])
def test_a_refused_schema_outlives_its_switch(refused):
    decisions = decided(everything=True, **{refused: False})
    assert not consent("opt-out", decisions).of_schema("a/b").on
    assert consent("opt-out", decisions).of_schema("c").on
    assert consent("inform", decisions).of_schema("a/b").on


@pytest.mark.parametrize("refused", ["everything", "a/*"])
def test_a_refusal_holds_for_what_becomes_a_subject_of_its_own(refused):
    decisions = decided(**{refused: False})
    assert consent({"*": "opt-out", "a/*": "opt-out", "a/b": "opt-out"}, decisions).of_schema("a/b").why == "refused"
    assert consent({"*": "opt-out", "a/b": "opt-out"}, decided(c=False)).of_schema("a/b").on
