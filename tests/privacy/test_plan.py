"""What users and operators are told becomes of each field; it is what the redaction does."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_telemetry.privacy import Classification, Policy, Redactions, compile_redaction
from jupyter_telemetry.privacy.actions import NULL
from jupyter_telemetry.privacy.plan import plan
from jupyter_telemetry.schema import EventSchema

ID = "https://example.org/event"
U, S = {"categories": ["unrestricted"]}, {"categories": ["secret"]}
DRAFT_2020 = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
REST = ("/*", "left out, name and all", "the schema does not declare it")


def judged(schema, *, allowed=(ID,), redactions=None, classifications=None, narrower=()):
    """Return the classification of a schema, and what the limits of a log and of one of its handlers are."""
    classes = {} if classifications is None else {ID: classifications}
    policy = Policy(allowed, Redactions(redactions or {}, key=lambda: None, where="redactions"), classes)
    schema = EventSchema({"$id": ID, "version": 1, "type": "object", **schema})
    classification = Classification(schema.references, policy.overlay(ID))
    limits = [policy.limits(ID)]
    for each in narrower:
        limits.append(Policy(None, Redactions(each, key=lambda: None, where="redactions")).limits(ID))
    return classification, limits


def told(schema, **said):
    return [(field.path, field.action.text, field.rule) for field in plan(*judged(schema, **said))]


def test_each_rule_is_said():
    schema = {
        "properties": {
            "open": U,
            "secret": S,
            "allowed": {"categories": ["y"]},
            "both": {"categories": ["y", "secret"]},
            "none": {"type": "string"},
            "cut": {"categories": ["z"]},
            "named": S,
            "by_path": U,
            "unclear": {**U, "not": S},
        }
    }
    assert told(
        schema,
        allowed={ID: {"allowed_categories": ["y"], "allowed_properties": ["named"]}},
        redactions={"z": {"truncate": 2}, ID: {"/by_path": {"generalise": "hour"}}},
    ) == [
        ("/open", "kept as it is", "allowed: unrestricted"),
        ("/secret", "replaced by null", "not allowed: secret"),
        ("/allowed", "kept as it is", "allowed: y"),
        ("/both", "replaced by null", "not allowed: secret"),
        ("/none", "replaced by null", "nobody has classified it"),
        ("/cut", "cut to 2 characters", "redactions: z"),
        ("/named", "kept as it is", "allowed_properties names it"),
        ("/by_path", "rounded down to the hour", "redactions, by its path"),
        ("/unclear", "replaced by null", "the schema says it in a way that cannot be followed"),
        REST,
    ]


def test_a_field_says_what_the_schema_says_of_it():
    named = {"title": "Name", "description": "Of a file", "type": "string", "categories": ["y", "secret"]}
    (field, rest) = plan(*judged({"properties": {"name": named}}))
    assert field[:4] == ("/name", "Name", "Of a file", ("secret", "y"))
    assert not field.is_kept
    assert rest[:4] == ("/*", "", "", ())


def test_a_schema_that_classifies_nothing_is_told_as_kept_whole():
    why = "nothing is classified, and the schema is allowed by its exact id"
    assert told({"properties": {"a": {"type": "string"}}}) == [
        ("/a", "kept as it is", why),
        ("/*", "kept as it is", why),
    ]


@pytest.mark.parametrize(
    ("schema", "said", "fields"),
    [
        (
            {"a": {"type": "array", "items": U}},
            {"redactions": {ID: {"/a/0": "drop", "/a/2": "null"}}},
            [("/a/0", "left out, name and all"), ("/a/2", "replaced by null"), ("/a/*", "kept as it is")],
        ),
        (
            {"a": {"type": "array", "items": S}},
            {"allowed": {ID: {"allowed_properties": ["/a/1"]}}},
            [("/a/1", "kept as it is"), ("/a/*", "replaced by null")],
        ),
        (
            {"a": {"type": "array", "items": U}},
            {"classifications": {"/a/1": ["secret"]}},
            [("/a/1", "replaced by null"), ("/a/*", "kept as it is")],
        ),
        (
            {"a": {"type": "object"}, "b": S},
            {"allowed": {ID: {"allowed_properties": ["/a/x"]}}},
            [("/a/x", "kept as it is"), ("/a/*", "left out, name and all"), ("/b", "replaced by null")],
        ),
        (
            {"a": {"type": "array"}, "b": S},
            {"allowed": {ID: {"allowed_properties": ["/a/0"]}}},
            [("/a/0", "kept as it is"), ("/a/*", "replaced by null"), ("/b", "replaced by null")],
        ),
        (
            {"a": {"type": "object", "properties": {"x": S}}},
            {"allowed": {ID: {"allowed_properties": ["/a"]}}},
            [("/a/x", "kept as it is"), ("/a/*", "kept as it is")],
        ),
        (
            {"a": {**U, "properties": {"x": S}}},
            {},
            [("/a", "kept as it is"), ("/a/x", "replaced by null")],
        ),
        (
            {"a": {"anyOf": [{"type": "object", "properties": {"x": S}, **U}, {"type": "string"}]}},
            {},
            [("/a", "kept as it is"), ("/a/x", "replaced by null")],
        ),
        (
            {"a": {"type": "object", "patternProperties": {"^o_": U, "^s_": S}}},
            {},
            [("/a/*", "kept as it is"), ("/a/*", "left out, name and all")],
        ),
        (
            {"a": {"prefixItems": [{**U, "type": "string"}, S], "type": "array"}},
            {"allowed": {ID: {"allowed_properties": ["/a"]}}},
            [("/a/0", "kept as it is"), ("/a/1", "kept as it is"), ("/a/*", "kept as it is")],
        ),
        (
            {"a": {"$ref": "#/$defs/node"}},
            {},
            [
                ("/a/name", "replaced by null"),
                ("/a/below/*/name", "replaced by null"),
                ("/a/below/*/below", "replaced by null"),
            ],
        ),
    ],
)
def test_what_is_inside_a_field_is_told(schema, said, fields):
    node = {
        "type": "object",
        "properties": {"name": S, "below": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
    }
    found = told({**DRAFT_2020, "$defs": {"node": node}, "properties": schema}, **said)
    assert [each[:2] for each in found] == [*fields, REST[:2]]


def referring(**definitions):
    """Return a schema whose definitions are objects, from the names of their members to what those refer to."""

    def to(name):
        return U if name is None else {"$ref": f"#/$defs/{name}"}

    objects = {
        name: {"type": "object", "properties": {each: to(other) for each, other in members.items()}}
        for name, members in definitions.items()
    }
    return {**DRAFT_2020, "$defs": objects, "properties": {"first": to(next(iter(definitions)))}}


def test_what_refers_to_itself_by_many_names_is_told_once_below_each():
    found = told(referring(a={**{f"n{n}": "a" for n in range(8)}, "v": None}))
    values = [path for path, text, _ in found if text == "kept as it is"]
    assert values == [*(f"/first/n{n}/v" for n in range(8)), "/first/v"]
    assert len(found) == 8 * 8 + 9 + 1


def test_behind_many_fields_a_definition_that_was_told_is_not_told_again():
    chain = {f"d{n}": {"a": f"d{n + 1}", "b": f"d{n + 1}"} for n in range(16)}
    found = told(referring(**chain, d16={"v": None}))
    assert len(found) < 600
    assert found[0][:2] == ("/first" + 16 * "/a" + "/v", "kept as it is")
    assert found[-2:] == [
        ("/first/b", "as what is in /first/a", "the schema refers to the same definition there"),
        REST,
    ]


def test_what_stands_behind_definitions_that_multiply_is_told_all_the_same():
    every = {f"d{n}": {f"to{m}": f"d{m}" for m in range(12)} for n in range(12)}
    schema = referring(**every)
    schema["properties"]["last"] = {"type": "object", "properties": {"v": S}}
    assert told(schema)[-2:] == [("/last/v", "replaced by null", "not allowed: secret"), REST]


def test_of_too_many_fields_the_last_says_that_there_are_more():
    last = {"$ref": "#/$defs/d14"}
    chain = {
        f"d{n}": {
            "type": "object",
            "properties": {
                "a": {"$ref": f"#/$defs/d{n + 1}"},
                "b": {"$ref": f"#/$defs/d{n + 1}", "categories": [f"c{n}"]},
            },
        }
        for n in range(14)
    }
    schema = {**DRAFT_2020, "$defs": {**chain, "d14": S}, "properties": {"first": {"$ref": "#/$defs/d0"}, "last": last}}
    fields = plan(*judged(schema, allowed={ID: {"allowed_categories": [f"c{n}" for n in range(14)]}}))
    assert 500 < len(fields) < 1200
    assert (fields[-1].path, fields[-1].action.text, fields[-1].is_kept) == (
        "/…",
        "there are more fields than are listed here",
        True,
    )


def test_a_schema_that_only_has_many_fields_is_told_in_full():
    found = told({"properties": {f"p{n}": {"type": "object", "properties": {"v": U}} for n in range(1500)}})
    assert [path for path, *_ in found] == [*(f"/p{n}/v" for n in range(1500)), "/*"]


# Generated: what is told of a value is what is done with it

DECLARED = st.sampled_from([["a"], ["b"], ["a", "b"]])
ACTIONS = ["null", "drop", {"truncate": 5}, {"truncate": 7}]
CATEGORIES = st.sampled_from([[], ["unrestricted"], ["x"], ["y"], ["x", "y"], ["unrestricted", "y"]])


class Marks:
    """Texts that are told apart by their first characters."""

    def __init__(self):
        self._numbers = itertools.count()

    def __call__(self):
        return f"{next(self._numbers):03d}-0123456789"


KINDS = ["text", "object", "array", "either"]
ALL_KINDS = [*KINDS, "opaque", "others"]  # others: names that a pattern, or `additionalProperties`, admits


@st.composite
def parts(draw, marks, depth=3, kinds=ALL_KINDS):
    """Give (subschema, a value that it has room for)."""
    kind = draw(st.sampled_from([each for each in kinds if each != "others"] if depth else ["text"]))
    categories = draw(CATEGORIES)
    schema = {"categories": categories} if categories else {}
    if kind == "text":
        return {**schema, **draw(st.sampled_from([{}, {"type": "string"}]))}, marks()
    if kind == "opaque":
        value = draw(st.sampled_from(["members", "elements"]))
        inside = {"a": marks(), "z": {"b": marks()}} if value == "members" else [marks(), [marks()]]
        return {**schema, **draw(st.sampled_from([{}, {"type": ["object", "array"]}]))}, inside
    if kind == "either":
        inner, value = draw(parts(marks, depth - 1, kinds))
        other = {"type": "string", "categories": draw(CATEGORIES)}
        return {**schema, "anyOf": [inner, other]}, draw(st.sampled_from([value, marks()]))
    if kind == "array":
        first, one = draw(parts(marks, depth - 1, kinds))
        rest, two = draw(parts(marks, depth - 1, kinds))
        if draw(st.booleans()):
            return {**schema, "type": "array", "items": rest}, [two]
        schema |= {"type": "array", "prefixItems": [first], **draw(st.sampled_from([{}, {"items": rest}]))}
        return schema, [one, two] if "items" in schema else [one, marks()]
    members = {name: draw(parts(marks, depth - 1, kinds)) for name in draw(DECLARED)}
    schema |= {"properties": {name: each[0] for name, each in members.items()}}
    value = {name: each[1] for name, each in members.items()}
    pattern, by_pattern = draw(parts(marks, depth - 1, kinds))
    others, any_other = draw(parts(marks, depth - 1, kinds))
    more = draw(st.sampled_from(["none", "undeclared", *["pattern", "additional"] * ("others" in kinds)]))
    if more == "pattern":
        schema["patternProperties"] = {"^p_": pattern}
        value["p_1"] = by_pattern
    if more == "additional":
        schema["additionalProperties"] = others
        value["z"] = any_other
    if more == "undeclared":
        value["z"] = {"a": marks()}
    return schema, value


PATHS = st.lists(st.sampled_from(["a", "b", "p_1", "z", "0", "1", "*"]), min_size=1, max_size=4).map(
    lambda steps: "".join(f"/{step}" for step in steps)
)


@st.composite
def policies(draw):
    """Give the arguments of `judged`."""
    entry = {
        "allowed_categories": draw(st.lists(st.sampled_from(["x", "y"]), max_size=2)),
        "allowed_properties": draw(st.lists(PATHS, max_size=2)),
    }
    said = {
        "allowed": {ID: entry},
        "redactions": draw(redactions()),
        "narrower": draw(st.lists(redactions(), max_size=1)),
    }
    if draw(st.booleans()):
        said["classifications"] = dict(draw(st.lists(st.tuples(PATHS, CATEGORIES.filter(bool)), max_size=2)))
    return said


def redactions():
    action = st.sampled_from(ACTIONS)
    by_path = st.lists(st.tuples(PATHS, action), min_size=1, max_size=2).map(lambda paths: {ID: dict(paths)})
    by_category = st.tuples(st.sampled_from(["x", "y", "unrestricted"]), action).map(lambda pair: dict([pair]))
    return st.builds(lambda one, other: {**one, **other}, st.just({}) | by_category, st.just({}) | by_path)


def leaves(value, steps=()):
    """Yield (steps, text) for each text in a value."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, (*steps, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*steps, str(index)))
    elif value is not None:
        yield steps, value


def told_of(fields, steps):
    """Return the actions that are told of a value: a path that names it says more than one with `*`.

    A field that has others inside speaks of what is neither an object nor an array.
    """
    here = [(field.path.split("/")[1:], field.action) for field in fields]
    for depth, step in enumerate(steps):
        inside = [(path, action) for path, action in here if len(path) > depth]
        if not inside:
            return [action if action.takes_containers else NULL for _, action in here]
        here = [each for each in inside if each[0][depth] == step] or [each for each in inside if each[0][depth] == "*"]
    return [action for path, action in here if len(path) == len(steps)]


def left_of(kept, text):
    """Return what of a text is in an event."""
    return [each for _, each in leaves(kept) if each[:4] == text[:4]]


@st.composite
def cases(draw, kinds=ALL_KINDS):
    marks = Marks()
    members = {name: draw(parts(marks, kinds=kinds)) for name in draw(DECLARED)}
    schema = {**DRAFT_2020, "properties": {name: each[0] for name, each in members.items()}}
    return schema, {**{name: each[1] for name, each in members.items()}, "z": marks()}, draw(policies())


@settings(max_examples=250)
@given(cases())
def test_what_is_told_of_a_value_is_what_is_done_with_it(case):
    schema, event, said = case
    classification, limits = judged(schema, **said)
    redaction = compile_redaction(classification, limits, lambda: None)
    kept = redaction.redact(event) if redaction else event
    fields = plan(classification, limits)
    for steps, text in leaves(event):
        found = told_of(fields, steps)
        foretold = [action.apply(text) for action in found]
        done = left_of(kept, text)
        assert done in [[] if each is None else [each] for each in foretold or [None]], (steps, found)


def both_and_each(case, other):
    """Return what two sets of limits together leave of an event, and what each does."""
    schema, event, said = case
    classification, one = judged(schema, **said)
    two = judged(schema, **{**other[2], "classifications": said.get("classifications")})[1]

    def kept(limits):
        redaction = compile_redaction(classification, limits, lambda: None)
        return redaction.redact(event) if redaction else event

    assert kept([*two, *one]) == kept([*one, *two])
    return event, kept([*one, *two]), kept(one), kept(two)


def less(of_one, of_two):
    return min(of_one, of_two, key=lambda left: len(left[0]) if left else 0)


@settings(max_examples=200)
@given(cases(KINDS), cases())
def test_two_sets_of_limits_leave_of_each_value_what_the_stricter_leaves(case, other):
    event, both, one, two = both_and_each(case, other)
    for _, text in leaves(event):
        assert left_of(both, text) == less(left_of(one, text), left_of(two, text))


@settings(max_examples=200)
@given(cases([*KINDS, "opaque"]), cases())
def test_two_sets_of_limits_leave_no_more_than_either_inside_what_the_schema_does_not_describe(case, other):
    event, both, one, two = both_and_each(case, other)
    for _, text in leaves(event):
        left = left_of(both, text)
        assert less(left, less(left_of(one, text), left_of(two, text))) == left
