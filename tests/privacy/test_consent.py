"""What the operator asks, what the user decided, and what follows: every mode, every verdict."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.privacy.consent import (
    DECISION_SCHEMA,
    Consent,
    Setting,
    decision_event,
    default_mode,
    parse_consent,
)
from jupyter_telemetry.privacy.decisions import Decision, Decisions
from jupyter_telemetry.privacy.statement import digest, statement

SERVER = "https://events.jupyter.org/jupyter_server/*"
KERNELS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"


def policy(*allowed, **changes):
    """Make a policy that allows these ids and globs."""
    said = {"redactions": {}, "classifications": {}, "destinations": [], "notice": {}, "consent": ()}
    return statement(allowed_schemas=allowed, **{**said, **changes})


NARROW, WIDE = policy("a"), policy("a", "b")


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
    assert consent.not_erasable("audit/login") == "the law of 2026"
    assert consent.not_erasable("other") == ""


@pytest.mark.parametrize(
    ("value", "depends"),
    [("inform", False), ({"*": "inform", "a": "inform"}, False), ({"*": "inform", "a": "opt-out"}, True)],
)
def test_nobody_needs_to_look_at_the_file_where_nothing_can_be_decided(value, depends):
    consent = Consent(parse_consent(value, default_mode="opt-in"), UNDECIDED, NARROW, {})
    assert consent.depends_on_decisions is depends


# What the operator asks


def test_settings_are_read():
    assert parse_consent(None, default_mode="opt-in") == (Setting("*", "opt-in"),)
    assert parse_consent({}, default_mode="inform") == (Setting("*", "inform"),)
    assert parse_consent("opt-out", default_mode="opt-in") == (Setting("*", "opt-out"),)
    assert parse_consent(
        {
            "a": "inform",
            "b": {"reason": "to keep it running", "legal_basis": "GDPR art. 6 (1) f", "not_erasable": "x"},
            "*": {"mode": "opt-out", "reason": "y"},
        },
        default_mode="opt-in",
    ) == (
        Setting("*", "opt-out", "y"),
        Setting("a", "inform"),
        Setting("b", "opt-out", "to keep it running", "GDPR art. 6 (1) f", "x"),
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "optin",
            "EventLog.consent['*']: unknown mode 'optin' (did you mean 'opt-in'?); "
            'write "inform", "opt-out" or "opt-in"',
        ),
        (
            ["opt-in"],
            'EventLog.consent: write a mode ("inform", "opt-out" or "opt-in"), or a dict from a schema id, a glob, a '
            'category or "*" to a mode, not a list',
        ),
        ({"": "inform"}, "EventLog.consent: a subject is a schema id, a glob, a category or '*', not ''"),
        ({"a": 1}, 'EventLog.consent[\'a\']: write a mode ("inform", "opt-out" or "opt-in"), or a dict with "mode", '),
        ({"a": {"resaon": "x"}}, "EventLog.consent['a']: unknown key 'resaon' (did you mean 'reason'?); known are "),
        ({"a": {"not_erasable": True}}, "['not_erasable']: write a text, not a bool; write the ground why not"),
        ({"mode": "opt-in"}, '\'mode\' is said of a subject: write it as {"*": {"mode": "inform", \'mode\': …}}'),
    ],
)
def test_what_cannot_be_meant_is_an_error(value, message):
    with pytest.raises(ConfigurationError) as caught:
        parse_consent(value, default_mode="inform")
    assert message in str(caught.value)


# Where the operator asks nothing


@pytest.fixture
def home(tmp_path):
    place = tmp_path / "home"
    (place / ".jupyter").mkdir(parents=True)
    return place


def config(path: Path, text="c.EventLog.allowed_schemas = ['a']") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def mode(home, *files, **environ):
    jupyter = {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / ".jupyter")}
    return default_mode({**jupyter, **environ}, files)


OWN = "what configures EventLog is the user's own"


def test_whose_own_file_allows_it_is_informed(home, tmp_path):
    own = config(home / ".jupyter" / "jupyter_server_config.py")
    others = config(tmp_path / "etc" / "jupyter_config.py", "c.ServerApp.port = 1")
    assert mode(home) == ("inform", OWN)
    assert mode(home, own, others, tmp_path / "missing.py") == ("inform", OWN)
    assert mode(home, str(own)) == ("inform", OWN)


def test_jupyters_configuration_directory_is_the_users_own_wherever_it_is(home, tmp_path):
    place = tmp_path / "elsewhere"
    own = config(place / "jupyter_server_config.json", '{"EventLog": {}}')
    assert mode(home, own, JUPYTER_CONFIG_DIR=str(place)) == ("inform", OWN)
    assert mode(home, own)[0] == "opt-in"


@pytest.mark.parametrize("variable", ["JUPYTERHUB_USER", "JUPYTERHUB_API_TOKEN"])
def test_under_a_hub_it_is_asked(home, variable):
    own = config(home / ".jupyter" / "jupyter_server_config.py")
    assert mode(home, own, **{variable: "ada"}) == (
        "opt-in",
        f"{variable} is set, so this belongs to a JupyterHub, whose operator is not its user",
    )
    assert mode(home, own, **{variable: ""})[0] == "inform"


def test_a_file_outside_of_the_home_is_somebody_elses(home, tmp_path):
    system = config(tmp_path / "etc" / "jupyter_server_config.py")
    assert mode(home, system) == (
        "opt-in",
        f"{system}, which configures EventLog, stands outside of the user's home",
    )
    link = home / ".jupyter" / "jupyter_server_config.py"
    link.symlink_to(system)
    assert mode(home, link)[0] == "opt-in"


def test_a_home_that_is_the_root_makes_no_file_the_users_own(home, tmp_path):
    system = config(tmp_path / "etc" / "jupyter_server_config.py")
    assert mode(home, system, HOME="/")[0] == "opt-in"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_owner_is_somebody_elses(home):
    other = config(home / ".jupyter" / "jupyter_server_config.py")
    os.chown(other, 12345, -1)
    assert mode(home, other) == (
        "opt-in",
        f"{other}, which configures EventLog, belongs to another user (uid 12345)",
    )


def test_a_file_that_cannot_be_read_may_be_somebody_elses(home):
    directory = home / ".jupyter" / "jupyter_server_config.py"
    directory.mkdir()
    assert mode(home, directory) == (
        "opt-in",
        f"{directory}, which configures EventLog, cannot be read (IsADirectoryError), so it may be another's",
    )


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
