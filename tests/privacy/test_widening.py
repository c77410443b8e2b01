"""Whether a policy says more than another: held against what would become of every single value."""

from __future__ import annotations

import copy
import fnmatch
import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jupyter_telemetry.privacy.consent import parse_consent
from jupyter_telemetry.privacy.widening import widened

from .policies import policy

P = "personal-data"
KEPT = {"allowed_categories": [P]}
CLASSIFIED = {"a": {"/u": [P]}}

MORE = {
    "an id": (policy(), policy(["a", "b"]), ["events of b are recorded too"]),
    "a glob": (policy(), policy(["a*"]), ["events of a* are recorded too"]),
    "a category": (
        policy(),
        policy({"a": KEPT}),
        ["personal-data of a is kept as it is; it was left out"],
    ),
    "a property": (policy(), policy({"a": {"allowed_properties": ["u"]}}), ["u of a is kept, whatever it is"]),
    "a category of a glob that met it": (
        policy({"a*": {}, "*": {}}),
        policy({"a*": {}, "*": KEPT}),
        [
            "personal-data of * is kept as it is; it was left out",
            "personal-data of a* is kept as it is; it was left out",
        ],
    ),
    "an id that was under a glob, of which nothing says what is personal": (
        policy(["a*"]),
        policy(["ab"]),
        ["ab is recorded also if it says nothing of what is personal"],
    ),
    "an id that had narrower limits than the glob around it": (
        policy({"a*": KEPT, "ab": {}}),
        policy({"a*": KEPT}),
        ["personal-data of ab is kept as it is; it was left out"],
    ),
    "an id that was limited to single properties": (
        policy({"a": {"allowed_properties": ["u"]}}),
        policy({"a": {}}),
        ["a is not limited to single properties any more"],
    ),
    "a redaction that is gone": (
        policy({"a": KEPT}, redactions={P: "pseudonymise"}),
        policy({"a": KEPT}),
        ["personal-data of a is kept as it is; it was replaced by a pseudonym"],
    ),
    "a redaction that is looser": (
        policy(redactions={P: {"truncate": 4}}),
        policy(redactions={P: {"truncate": 8}}),
        ["personal-data of a is cut to 8 characters; it was cut to 4 characters"],
    ),
    "a redaction of what was left out": (
        policy(),
        policy(redactions={P: "pseudonymise"}),
        ["personal-data of a is replaced by a pseudonym; it was left out"],
    ),
    "a redaction that is gone of what a property's name keeps": (
        policy({"a": {"allowed_properties": ["u"]}}, redactions={P: "null"}),
        policy({"a": {"allowed_properties": ["u"]}}),
        ["personal-data of a is kept as it is; it was left out"],
    ),
    "a redaction that is gone of what another one speaks of": (
        policy(redactions={P: "null", "a": {"/u": {"truncate": 3}}}),
        policy(redactions={"a": {"/u": {"truncate": 3}}}),
        ["personal-data is not spoken of any more; it was left out"],
    ),
    "an id that was under a glob with the same properties": (
        policy({"a*": {"allowed_properties": ["u"]}}),
        policy({"ab": {"allowed_properties": ["u"]}}),
        ["ab is recorded also if it says nothing of what is personal"],
    ),
    "a redaction by path that is gone": (
        policy({"a": KEPT}, redactions={"a": {"/u": "null"}}),
        policy({"a": KEPT}),
        ["/u of a is not spoken of; it was left out"],
    ),
    "a redaction by path that is looser": (
        policy(redactions={"*": {"/u": "null"}}),
        policy(redactions={"*": {"/u": {"truncate": 3}}}),
        ["/u of * is cut to 3 characters; it was left out"],
    ),
    "a redaction by path that is new, of what may have been left out": (
        policy(),
        policy(redactions={"a": {"/u": {"truncate": 3}}}),
        ["/u of a is cut to 3 characters; it may have been left out before"],
    ),
    "a classification that is gone": (
        policy(classifications=CLASSIFIED),
        policy(),
        ["/u of a is taken for another kind of data"],
    ),
    "a classification that is new": (
        policy(),
        policy(classifications=CLASSIFIED),
        ["/u of a is taken for another kind of data"],
    ),
    "a destination": (
        policy(destinations=["a journal on this machine"]),
        policy(destinations=["syslog at a:1", "a journal on this machine"]),
        ["events go to syslog at a:1 too"],
    ),
    "the purpose": (policy(), policy(notice={"purpose": "to see"}), ["the purpose has changed"]),
    "who receives it": (
        policy(notice={"recipients": "us"}),
        policy(notice={"recipients": "us and others"}),
        ["who receives it has changed"],
    ),
    "retention": (policy(), policy(notice={"retention": "a year"}), ["how long it is kept has changed"]),
    "the controller": (policy(), policy(notice={"controller": "they"}), ["who is responsible has changed"]),
    "the legal basis": (policy(), policy(notice={"legal_basis": "f"}), ["the legal basis has changed"]),
    "the legal basis of a part": (
        policy(consent=parse_consent("opt-in", default_mode="opt-in")),
        policy(consent=parse_consent({"a": {"legal_basis": "f"}}, default_mode="opt-in")),
        ["the legal basis of a has changed"],
    ),
    "what may not be erased": (
        policy(consent=parse_consent("opt-in", default_mode="opt-in")),
        policy(consent=parse_consent({"a": {"not_erasable": "audit"}}, default_mode="opt-in")),
        ["a cannot be erased any more: audit"],
    ),
    "another version": ({**policy(), "version": 0}, policy(), ["what you were shown then is not known any more"]),
}
NOT_MORE = {
    "an id less": (policy(["a", "b"]), policy(["a"])),
    "nothing at all": (policy(["a", "b"]), policy([])),
    "a glob in a glob": (policy(["a/*"]), policy(["a/b/*"])),
    "an id under a glob that says what it is": (
        policy(["a*"], classifications={"ab": {"/u": [P]}}),
        policy(["ab"], classifications={"ab": {"/u": [P]}}),
    ),
    "an id with narrower limits under a glob": (
        policy({"a*": KEPT}, classifications={"a*": {"/u": [P]}}),
        policy({"a*": KEPT, "ab": {}}, classifications={"a*": {"/u": [P]}}),
    ),
    "a category less": (policy({"a": KEPT}), policy()),
    "what was always kept": (policy(), policy({"a": {"allowed_categories": ["unrestricted"]}})),
    "a property less, where it is known what is personal": (
        policy({"a": {"allowed_properties": ["u"]}}, classifications=CLASSIFIED),
        policy(classifications=CLASSIFIED),
    ),
    "a property inside one that was kept": (
        policy({"a": {"allowed_properties": ["/user"]}}),
        policy({"a": {"allowed_properties": ["/user/name"]}}),
    ),
    "a redaction of what was kept": (policy({"a": KEPT}), policy({"a": KEPT}, redactions={P: {"truncate": 100}})),
    "a redaction instead of what was kept": (policy({"a": KEPT}), policy(redactions={P: "pseudonymise"})),
    "a redaction that is stricter": (
        policy(redactions={P: "pseudonymise", "a": {"/u": {"truncate": 9}}}),
        policy(redactions={P: "null", "a": {"/u": "drop"}}),
    ),
    "a redaction by path of what was kept by its name": (
        policy({"a": {"allowed_properties": ["user"]}}),
        policy({"a": {"allowed_properties": ["user"]}}, redactions={"*": {"/user/name": {"truncate": 3}}}),
    ),
    "a redaction by path that leaves it out": (policy(), policy(redactions={"*": {"/u": "null"}})),
    "a redaction of all around it": (
        policy(redactions={"a": {"/user/name": "null"}}),
        policy(redactions={"a*": {"/user": "null"}}),
    ),
    "a redaction of what is not recorded any more": (
        policy(["a", "b"], redactions={"b": {"/u": "null"}}),
        policy(["a"]),
    ),
    "a redaction that leaves out what is not allowed": (policy(redactions={P: "null"}), policy()),
    "a value of more kinds": (
        policy(classifications=CLASSIFIED),
        policy(classifications={"a": {"/u": [P, "location"]}}),
    ),
    "a destination less": (policy(destinations=["x", "y"]), policy(destinations=["y"])),
    "whom to write to": (policy(), policy(notice={"contact": "c@example.org"})),
    "white space": (policy(notice={"purpose": "to see"}), policy(notice={"purpose": " to\n see"})),
    "another mode": (
        policy(consent=parse_consent("opt-in", default_mode="opt-in")),
        policy(consent=parse_consent({"*": "opt-out", "a": {"mode": "inform", "reason": "r"}}, default_mode="opt-in")),
    ),
    "what may be erased again": (
        policy(consent=parse_consent({"*": {"not_erasable": "audit"}}, default_mode="opt-in")),
        policy(consent=parse_consent("opt-in", default_mode="opt-in")),
    ),
}


@pytest.mark.parametrize(("shown", "now", "reasons"), MORE.values(), ids=MORE)
def test_what_is_more_is_said(shown, now, reasons):
    assert sorted(widened(shown, now)) == reasons


@pytest.mark.parametrize(("shown", "now"), NOT_MORE.values(), ids=NOT_MORE)
def test_what_is_not_more_asks_nobody_again(shown, now):
    assert widened(shown, now) == []


# Against what becomes of every single value

IDS, GLOBS = ("a/x", "a/y", "b/x"), ("a/*", "*/x", "*", "a/?")
CATEGORIES, PATHS = ("p", "q"), ("/u", "/v", "/v/w")
ORDER = ["keep", {"truncate": 9}, {"truncate": 3}, "package.function", "pseudonymise", "null", "drop"]
stated = st.sampled_from(ORDER[1:])
limits = st.fixed_dictionaries(
    {},
    optional={
        "allowed_categories": st.lists(st.sampled_from([*CATEGORIES, "unrestricted"]), unique=True),
        "allowed_properties": st.lists(st.sampled_from(["u", *PATHS]), unique=True, max_size=2),
    },
)
patterns = st.sampled_from([*IDS, *GLOBS])
policies = st.builds(
    policy,
    allowed=st.dictionaries(patterns, limits, max_size=3),
    redactions=st.builds(
        lambda by_category, by_path: {**by_category, **by_path},
        st.dictionaries(st.sampled_from(CATEGORIES), stated, max_size=2),
        st.dictionaries(patterns, st.dictionaries(st.sampled_from(PATHS), stated, max_size=2), max_size=2),
    ),
    classifications=st.just({}) | st.just({"*": {"/u": ["p"]}}),
    destinations=st.lists(st.sampled_from(["x", "y"]), unique=True),
)


def met(policy, schema_id):
    """Return (exact, entries) of a policy for an id."""
    allowed = policy["allowed"]
    if schema_id in allowed:
        return True, [allowed[schema_id]]
    return False, [entry for glob, entry in allowed.items() if fnmatch.fnmatchcase(schema_id, glob)]


def becomes(policy, schema_id, classifies, path, categories):
    """Work out, as plainly as can be, the place in ORDER of what becomes of one value; past its end: not recorded.

    A category that is neither allowed nor spoken of has the value left out, unless its path is spoken of.
    """
    exact, entries = met(policy, schema_id)
    if not entries or not (exact or classifies):
        return len(ORDER)
    names = {f"/{name.lstrip('/')}" for entry in entries for name in entry["properties"]}
    allowed = {name for entry in entries for name in entry["categories"]} | {"unrestricted"}
    actions = []
    for glob, paths in policy["redactions"]["properties"].items():
        if fnmatch.fnmatchcase(schema_id, glob):
            actions.append(paths.get(path))
            actions += [paths.get(path[:2])] if paths.get(path[:2]) in ("null", "drop") else []
    is_named = any(actions) or any(path == name or path.startswith(f"{name}/") for name in names)
    stated = policy["redactions"]["categories"]
    for category in categories:
        actions.append(stated.get(category, "keep" if category in allowed or is_named else "null"))
    if not classifies and names and not is_named:
        actions.append("null")
    return max((ORDER.index(action) for action in actions if action is not None), default=0)


def values(policy):
    """Yield every value there could be: of a schema that classifies, or of one that does not."""
    each, more = [*CATEGORIES, "other", "unrestricted"], [("p", "q"), ("p", "other"), ("q", "unrestricted")]
    for schema_id in (*IDS, "a/z", "c"):
        for path in (*PATHS, "/other"):
            for categories in (*((one,) for one in each), *more):
                yield schema_id, True, path, categories
            if not policy["classifications"]:
                yield schema_id, False, path, ()


@given(policies, policies)
@settings(max_examples=300)
def test_nothing_that_is_more_goes_unsaid(shown, now):
    more = [each for each in values(now) if becomes(now, *each) < becomes(shown, *each)]
    if more:
        assert widened(shown, now)


@st.composite
def neighbours(draw):
    """Draw two policies that differ in one entry."""
    shown, other = draw(policies), draw(policies)
    now = copy.deepcopy(shown)
    place, their_place = draw(
        st.sampled_from(
            [
                (now["allowed"], other["allowed"]),
                (now["redactions"]["categories"], other["redactions"]["categories"]),
                (now["redactions"]["properties"], other["redactions"]["properties"]),
            ]
        )
    )
    if place and draw(st.booleans()):
        del place[draw(st.sampled_from(sorted(place)))]
    if their_place and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(their_place)))
        place[name] = their_place[name]
    return shown, now


@given(neighbours())
@settings(max_examples=300)
def test_no_single_entry_that_is_more_goes_unsaid(pair):
    shown, now = pair
    if any(becomes(now, *each) < becomes(shown, *each) for each in values(now)):
        assert widened(shown, now)


@given(policies)
def test_no_policy_says_more_than_itself(policy):
    assert widened(policy, copy.deepcopy(policy)) == []
    assert widened(policy, json.loads(json.dumps(policy))) == []


def narrowed(draw, said):
    """Take one step that collects less, whatever the policy."""
    said = copy.deepcopy(said)
    classified = bool(said["classifications"])
    steps = ["destination", "redact a category", "redact a path", "all"]
    globs = [each for each in said["allowed"] if each not in IDS]
    if globs:
        steps.append("glob")
    if exact := [each for each in said["allowed"] if each in IDS and not globs]:
        steps.append("id")
    if said["allowed"] and classified:
        steps += ["category", "property"]
    step = draw(st.sampled_from(steps))
    if step == "destination":
        said["destinations"] = said["destinations"][1:]
    elif step == "redact a category":
        category = draw(st.sampled_from(CATEGORIES))
        before = said["redactions"]["categories"].get(category, "null")
        said["redactions"]["categories"][category] = draw(st.sampled_from(ORDER[ORDER.index(before) :]))
    elif step == "redact a path":
        said["redactions"]["properties"].setdefault(draw(patterns), {})[draw(st.sampled_from(PATHS))] = "drop"
    elif step == "all":
        said["allowed"] = {}
    elif step in ("glob", "id"):
        del said["allowed"][draw(st.sampled_from(globs if step == "glob" else exact))]
    else:
        entry = said["allowed"][draw(st.sampled_from(sorted(said["allowed"])))]
        name = "categories" if step == "category" else "properties"
        entry[name] = entry[name][1:]
    return said


@given(st.data(), policies, st.integers(1, 3))
@settings(max_examples=200)
def test_narrowing_asks_nobody_again(data, shown, steps):
    now = shown
    for _ in range(steps):
        now = narrowed(data.draw, now)
    assert widened(shown, now) == []


@given(st.data(), policies)
@settings(max_examples=200)
def test_widening_always_asks_again(data, now):
    """The other way round: what was narrowed is widened again, if that makes a difference to any value."""
    less = narrowed(data.draw, now)
    more = any(becomes(now, *each) < becomes(less, *each) for each in values(now))
    assume(more or set(now["destinations"]) - set(less["destinations"]))
    assert widened(less, now)


@given(
    st.dictionaries(st.sampled_from(list(policy())), st.none() | st.integers() | st.text() | st.lists(st.integers())),
    policies,
)
def test_whatever_was_shown_nothing_is_raised(strange, now):
    assert widened({**now, **strange}, now) or strange.keys() <= {"destinations"}
    assert widened({name: value for name, value in strange.items() if name != "version"}, now)
