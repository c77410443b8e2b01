"""Whether a policy may collect more than another: by table, and held against what is really recorded under both."""

from __future__ import annotations

import copy
import json
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_telemetry import ConfigurationError, EventLog
from jupyter_telemetry.privacy.modes import parse_consent
from jupyter_telemetry.privacy.widening import widened

from .policies import policy

P = "personal-data"
KEPT = {"allowed_categories": [P]}
CLASSIFIED = {"a": {"/u": [P]}}
ASKED = parse_consent("opt-in", default_mode="opt-in")

MORE = {
    "an id": (policy(), policy(["a", "b"]), "events of b are recorded too"),
    "a glob": (policy(), policy(["a*"]), "events of a* are recorded too"),
    "an id that was under a glob": (policy(["a*"]), policy(["ab"]), "events of ab are recorded too"),
    "an id that looks like a glob": (policy(["a*"]), policy(["a*", "a?b"]), "events of a?b are recorded too"),
    "a category": (policy(), policy({"a": KEPT}), "personal-data of a may be kept"),
    "a property": (policy(), policy({"a": {"allowed_properties": ["u"]}}), "other properties of a are kept"),
    "no property any more": (
        policy({"a": {"allowed_properties": ["u"]}}),
        policy({"a": {}}),
        "other properties of a are kept",
    ),
    "a name that is a path now": (
        policy({"a": {"allowed_properties": ["u/v"]}}),
        policy({"a": {"allowed_properties": ["/u/v"]}}),
        "other properties of a are kept",
    ),
    "an id that had limits of its own under a glob": (
        policy({"a*": KEPT, "ab": {}}),
        policy({"a*": KEPT}),
        "what is kept of ab follows from a* now",
    ),
    "a redaction that is gone": (
        policy({"a": KEPT}, redactions={P: "pseudonymise"}),
        policy({"a": KEPT}),
        "personal-data is kept as it is; it was replaced by a pseudonym",
    ),
    "a stated null that is gone": (
        policy(redactions={P: "null"}),
        policy(),
        "personal-data is kept as it is; it was left out",
    ),
    "a redaction that is looser": (
        policy(redactions={P: {"truncate": 4}}),
        policy(redactions={P: {"truncate": 8}}),
        "personal-data is cut to 8 characters; it was cut to 4 characters",
    ),
    "a redaction of another kind": (
        policy(redactions={P: {"generalise": "week"}}),
        policy(redactions={P: {"truncate": 40}}),
        "personal-data is cut to 40 characters; it was made coarser (week)",
    ),
    "a redaction of what was left out": (
        policy(),
        policy(redactions={P: "pseudonymise"}),
        "personal-data is replaced by a pseudonym; it was left out",
    ),
    "a redaction by path that is gone": (
        policy({"a": KEPT}, redactions={"a": {"/u": "null"}}),
        policy({"a": KEPT}),
        "/u of a is kept as it is; it was left out, or may have been",
    ),
    "a redaction by path of what may have been left out": (
        policy({"a": KEPT}),
        policy({"a": KEPT}, redactions={"a": {"/u": {"truncate": 3}}}),
        "/u of a is cut to 3 characters; it was left out, or may have been",
    ),
    "a classification that is gone": (
        policy(classifications=CLASSIFIED),
        policy(),
        "values of a are taken for other kinds of data",
    ),
    "a classification that is new": (
        policy(),
        policy(classifications=CLASSIFIED),
        "values of a are taken for other kinds of data",
    ),
    "a destination": (
        policy(destinations=["a journal on this machine"]),
        policy(destinations=["syslog at a:1", "a journal on this machine"]),
        "events go to syslog at a:1 too",
    ),
    "the purpose": (policy(), policy(notice={"purpose": "to see"}), "the purpose has changed"),
    "who receives it": (policy(), policy(notice={"recipients": "others"}), "who receives it has changed"),
    "retention": (policy(), policy(notice={"retention": "a year"}), "how long it is kept has changed"),
    "the controller": (policy(), policy(notice={"controller": "they"}), "who is responsible has changed"),
    "the legal basis": (policy(), policy(notice={"legal_basis": "f"}), "the legal basis has changed"),
    "the legal basis of a part": (
        policy(consent=ASKED),
        policy(consent=parse_consent({"*": {"mode": "opt-in", "legal_basis": "f"}}, default_mode="opt-in")),
        "the legal basis of * has changed",
    ),
    "what may not be erased": (
        policy(consent=ASKED),
        policy(consent=parse_consent({"*": {"mode": "opt-in", "not_erasable": "audit"}}, default_mode="opt-in")),
        "* cannot be erased any more: audit",
    ),
    "a switch that is gone": (
        policy(consent=parse_consent({"a": "opt-in"}, default_mode="opt-in")),
        policy(consent=ASKED),
        "a is decided about together with the rest now",
    ),
    "a switch that is new": (
        policy(consent=ASKED),
        policy(consent=parse_consent({"a": "opt-in"}, default_mode="opt-in")),
        "a is decided about by itself now",
    ),
    "another version": ({**policy(), "version": 0}, policy(), "what you were shown then is not known any more"),
}
NOT_MORE = {
    "an id less": (policy(["a", "b"]), policy(["a"])),
    "nothing at all": (policy(["a", "b*"]), policy([])),
    "a category less": (policy({"a": KEPT}), policy()),
    "what was always kept": (policy(), policy({"a": {"allowed_categories": ["unrestricted"]}})),
    "a redaction of what was kept": (policy({"a": KEPT}), policy({"a": KEPT}, redactions={P: {"truncate": 100}})),
    "a redaction that is stricter": (
        policy(redactions={P: "pseudonymise", "a": {"/u": {"truncate": 9}}}),
        policy(redactions={P: "null", "a": {"/u": {"truncate": 8}}}),
    ),
    "a redaction that leaves it out": (policy(), policy(redactions={P: "null", "*": {"/u": "drop"}})),
    "a destination less": (policy(destinations=["x", "y"]), policy(destinations=["y"])),
    "whom to write to": (policy(), policy(notice={"contact": "c@example.org"})),
    "white space": (policy(notice={"purpose": "to see"}), policy(notice={"purpose": " to\n see"})),
    "another mode": (policy(consent=ASKED), policy(consent=parse_consent("opt-out", default_mode="opt-in"))),
    "what may be erased again": (
        policy(consent=parse_consent({"*": {"mode": "opt-in", "not_erasable": "audit"}}, default_mode="opt-in")),
        policy(consent=ASKED),
    ),
}


@pytest.mark.parametrize(("shown", "now", "reason"), MORE.values(), ids=MORE)
def test_what_may_be_more_is_said(shown, now, reason):
    assert reason in widened(shown, now)


@pytest.mark.parametrize(("shown", "now"), NOT_MORE.values(), ids=NOT_MORE)
def test_what_is_not_more_asks_nobody_again(shown, now):
    assert widened(shown, now) == []
    assert widened(now, now) == []


# Held against what is recorded: the same event, by schemas in which anything may stand, under both policies

IDS, GLOBS = ["https://x.org/a", "https://x.org/b"], ["https://x.org/*", "*/a", "*", "https://x.org/[ab]"]
CATEGORIES = ["P", "Q", "personal-data"]
ACTIONS = ["null", "drop", {"truncate": 3}, {"truncate": 6}, {"generalise": "suffix"}, {"generalise": {"parts": 1}}]
PATHS = ["/u", "/o", "/o/k", "/o/*", "/l", "/l/*", "/l/*/k", "/m", "/m/z", "/*", "/d/k", "/d", "/*/k"]
EVENT = {
    "u": "u/uuuuuuu.uu",
    "o": {"k": "kkkkkkkkk", "j": "j/jjjjjj.jj"},
    "d": {"k": "ddddddddd", "w": "wwwwwwwww"},
    "l": [{"k": "lllllllll"}],
    "m": {"z": "zzzzzzzzz", "y": "yyyyyyyyy"},
    "x": "xxxxxxxxx",
}


def a_schema(chance):
    def of(kind, **more):
        names = chance.choice([None, None, ["P"], ["Q"], ["P", "Q"], ["unrestricted"]])
        return {"type": kind, **more, **({"categories": names} if names and classifies else {})}

    classifies = chance.random() < 0.8
    return {
        "version": 1,
        "type": "object",
        **({"personal-data": True} if classifies and chance.random() < 0.2 else {}),
        "properties": {
            "u": of("string"),
            "o": of("object", properties={"k": of("string"), "j": of("string")}),
            "d": of("object"),
            "l": of("array", items=of("object", properties={"k": of("string")})),
            "m": of("object", additionalProperties=of("string")),
        },
    }


def a_policy(chance):
    def some(names, most, form):
        return {name: form(name) for name in chance.sample(names, chance.randint(0, most))}

    def entry(_):
        said = {"allowed_categories": chance.sample(CATEGORIES, chance.randint(0, 2))}
        return said | ({"allowed_properties": chance.sample(PATHS, 2)} if chance.random() < 0.4 else {})

    def paths(value):
        return lambda _: some(PATHS, 2, value) or {"/u": value(None)}

    kinds = [*CATEGORIES, "unrestricted"]
    return {
        "allowed_schemas": some([*IDS, *GLOBS], 3, entry),
        "redactions": some(CATEGORIES, 2, lambda _: chance.choice(ACTIONS))
        | some([*IDS, *GLOBS], 1, paths(lambda _: chance.choice(ACTIONS))),
        "classifications": some([*IDS, *GLOBS], 1, paths(lambda _: chance.sample(kinds, chance.randint(1, 2)))),
    }


def changed(chance, policy):
    """Take entries out, or put some of another policy in their place."""
    policy, other = copy.deepcopy(policy), a_policy(chance)
    for _ in range(chance.randint(1, 2)):
        part = chance.choice(["allowed_schemas", "allowed_schemas", "redactions", "redactions", "classifications"])
        said, others = policy[part], other[part]
        if said and chance.random() < 0.4:
            del said[chance.choice(sorted(said))]
        elif said and chance.random() < 0.5 and part == "allowed_schemas":
            entry = said[chance.choice(sorted(said))]
            entry["allowed_categories"] = entry["allowed_categories"][1:]
        elif others:
            name = chance.choice(sorted(others))
            said[name] = others[name]
    return policy


def recorded(policy, schema_id, schema):
    log = EventLog(consent="inform", **policy)
    log.register_schema({**schema, "$id": schema_id})
    return log.governance.statement, json.dumps(log.record_event(schema_id, 1, EVENT)).replace("null", "0")


def what_is_left(text):
    """Say of each value of the event, by its letter, how much of it stands in a text."""
    return {letter: max(map(len, re.findall(f"[{letter}./]+", text)), default=0) for letter in "ukjdwlzyx" if letter}


@given(st.integers(0, 2**32))
@settings(max_examples=400)
def test_nothing_more_is_recorded_where_nobody_is_asked_again(seed):
    chance = random.Random(seed)
    shown = a_policy(chance)
    now, schema, schema_id = changed(chance, shown), a_schema(chance), chance.choice(IDS)
    try:
        statement, before = recorded(shown, schema_id, schema)
        statement_now, after = recorded(now, schema_id, schema)
    except ConfigurationError:
        return
    if not widened(statement, statement_now):
        properties = [text.partition('"__id__"')[2][44:] for text in (before, after)]
        was, becomes = map(what_is_left, properties)
        assert all(becomes[letter] <= was[letter] for letter in was), (shown, now, schema)


@given(
    st.dictionaries(st.sampled_from(list(policy())), st.none() | st.integers() | st.text() | st.lists(st.integers()))
)
def test_whatever_was_shown_nothing_is_raised(strange):
    now = policy({"a": KEPT}, destinations=["x"])
    assert widened({**now, **strange}, now) or strange.keys() <= {"destinations"}
    assert widened({name: value for name, value in strange.items() if name != "version"}, now)
