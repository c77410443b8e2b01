"""What may be done to a value, how it is stated, and which of several is strictest."""

from __future__ import annotations

import copy
import json
from enum import Enum
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.privacy.actions import DROP, KEEP, NULL, parse_action, strictest
from jupyter_telemetry.privacy.pseudonym import PseudonymKey

from . import operators_own

KEY = PseudonymKey(b"a secret of sufficient length")
OTHER_KEY = PseudonymKey(b"another secret of sufficient length")
WHERE = "EventLog.redactions['personal-data']"
OWN = operators_own.__name__
SECRET = "s3cret"


def action(spec, key=KEY):
    return parse_action(spec, where=WHERE, key=key)


def general(to):
    return action({"generalise": to})


def refused(spec, key=KEY):
    with pytest.raises(ConfigurationError) as caught:
        action(spec, key)
    where, _, message = str(caught.value).partition(": ")
    assert where == WHERE
    return message


SPECS = [
    "null", "drop", "pseudonymise", {"truncate": 8}, {"generalise": "hour"}, {"generalise": "day"},
    {"generalise": "week"}, {"generalise": "suffix"}, {"generalise": "network"}, {"generalise": {"parts": 2}},
    {"generalise": {"bucket": 10}}, f"{OWN}:initial", f"{OWN}:spoil", f"{OWN}:same", f"{OWN}:fail",
    f"{OWN}:not_json", f"{OWN}:reserved", f"{OWN}:Masks.stars", f"{OWN}.mask",
]  # fmt: skip
ALL = [KEEP, *map(action, SPECS)]
ACTIONS = st.one_of(
    st.sampled_from(ALL),
    st.just(action("pseudonymise", OTHER_KEY)),
    st.integers(1, 4).map(lambda n: action({"truncate": n})),
    st.integers(1, 4).map(lambda n: general({"parts": n})),
    st.sampled_from([1, 2, 3, 4, 6, 10, 0.1, 0.25, 0.3, 1.5, 2**61 - 1, 2**62 - 57]).map(
        lambda n: general({"bucket": n})
    ),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.datetimes().map(str)
    | st.ip_addresses().map(str) | st.just(f"/home/{SECRET}/x.ipynb"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "value", "becomes", "name", "text"),
    [
        ("null", "ada", None, "null", "replaced by null"),
        ("drop", "ada", None, "drop", "left out, name and all"),
        ("pseudonymise", "ada", KEY.pseudonym("ada"), "pseudonymise", "replaced by a pseudonym"),
        ("pseudonymise", {"a": [1]}, KEY.pseudonym({"a": [1]}), "pseudonymise", "replaced by a pseudonym"),
        ({"truncate": 8}, "Ada Lovelace", "Ada Love", "truncate", "cut to 8 characters"),
        ({"truncate": 1}, "äöü", "ä", "truncate", "cut to 1 character"),
        ({"truncate": 8}, "Ada", "Ada", "truncate", "cut to 8 characters"),
        ({"generalise": "hour"}, "2026-11-23T17:42:05.1Z", "2026-11-23T17:00:00Z", "generalise",
         "rounded down to the hour"),
        ({"generalise": "week"}, "2026-11-25", "2026-11-23", "generalise", "rounded down to the week"),
        ({"generalise": "suffix"}, "a/b/c.ipynb", ".ipynb", "generalise", "only the suffix of its file"),
        ({"generalise": "network"}, "192.0.2.7", "192.0.2.0/24", "generalise", "only its network"),
        ({"generalise": {"parts": 2}}, "/home/ada/x", "/home/ada", "generalise", "only its first 2 parts"),
        ({"generalise": {"parts": 1}}, "/home/ada/x", "/home", "generalise", "only its first part"),
        ({"generalise": {"bucket": 10}}, 17, 10, "generalise", "rounded down to a multiple of 10"),
        ({"generalise": {"bucket": 0.5}}, 1.7, 1.5, "generalise", "rounded down to a multiple of 0.5"),
        (f"{OWN}.initial", "ada", "a", "callable", f"changed by {OWN}.initial"),
        (f"{OWN}:Masks.stars", "ada", "***", "callable", f"changed by {OWN}:Masks.stars"),
        (f"{OWN}:mask", {"a": 1}, "*", "callable", f"changed by {OWN}:mask"),
    ],
)  # fmt: skip
def test_what_an_action_makes_of_a_value_and_says_of_it(spec, value, becomes, name, text):
    found = action(spec)
    assert (found.apply(value), found.name, found.text) == (becomes, name, text)


def test_keeping_keeps():
    value = {"a": [1]}
    assert KEEP.apply(value) is value
    assert (KEEP.name, KEEP.text) == ("keep", "kept as it is")


@pytest.mark.parametrize("each", ALL, ids=repr)
def test_null_stays_null(each):
    assert each.apply(None) is None


def test_an_object_as_a_whole_fits_some_actions():
    assert {each.name for each in ALL if each.takes_containers} == {"keep", "null", "drop", "pseudonymise", "callable"}
    assert {each.name for each in ALL if not each.takes_containers} == {"truncate", "generalise"}


def test_a_rounded_time_says_to_what():
    assert [(unit, general(unit).time_unit) for unit in ("hour", "day", "week")] == [
        ("hour", "hour"), ("day", "day"), ("week", "week")
    ]  # fmt: skip
    assert {each.time_unit for each in ALL if "rounded down to the" not in each.text} == {None}


@pytest.mark.parametrize("each", [each for each in ALL if not each.takes_containers], ids=repr)
@pytest.mark.parametrize("value", [True, [SECRET], {"a": SECRET}, b"s3cret", float("nan")], ids=str)
def test_what_an_action_does_not_fit_is_refused_without_the_value(each, value):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the texts are looked at
        each.apply(value)
    assert_no_secret_hangs_on(caught.value)


def assert_no_secret_hangs_on(error):
    while error is not None:
        assert SECRET not in f"{error!r} {error} {error.args!r} {getattr(error, '__notes__', '')}"
        assert error.__cause__ is None
        error = error.__context__


@given(st.sampled_from([each for each in ALL if each.name != "callable"]), JSON)
def test_no_action_of_ours_raises_anything_that_holds_the_value(each, value):
    try:
        each.apply(value)
    except Exception as error:
        assert_no_secret_hangs_on(error)


def or_null(each, value):
    """Apply an action as its caller does."""
    try:
        return each.apply(value)
    except Exception:
        return None


@given(ACTIONS, JSON)
def test_no_action_changes_what_it_is_given(each, value):
    before = copy.deepcopy(value)
    or_null(each, value)
    assert json.dumps(value) == json.dumps(before)


@given(ACTIONS, JSON)
def test_what_becomes_of_a_value_is_json(each, value):
    found = or_null(each, value)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@given(ACTIONS, JSON)
def test_the_same_value_becomes_the_same(each, value):
    assert or_null(each, value) == or_null(each, copy.deepcopy(value))


def test_a_function_is_given_nothing_but_json_in_jsons_own_types():
    class Name(str):
        __slots__ = ()

        def __getitem__(self, _):
            return "somebody else"

    class User(Enum):
        ADA = "ada"

    assert action(f"{OWN}:initial").apply(Name("ada")) == "a"
    assert action(f"{OWN}:initial").apply(User.ADA) == "a"
    assert action({"truncate": 2}).apply(Name("ada")) == action({"truncate": 2}).apply(User.ADA) == "ad"
    assert action(f"{OWN}:same").apply({"a": (User.ADA, Name("ada"))}) == {"a": ["ada", "ada"]}
    held: set[str] = set()
    circle: list[object] = []
    circle.append(circle)
    for value in ({"a": held}, circle, [float("nan")], {1: 2}):
        with pytest.raises(ValueError, match="is not JSON"):
            action(f"{OWN}:spoil").apply(value)
    assert held == set()


def test_a_function_changes_nothing_but_a_copy():
    value = {"a": [{"b": 1}]}
    spoilt = {"a": [{"b": 1, "spoilt": True}, "spoilt"], "spoilt": True}
    assert action(f"{OWN}:spoil").apply(value) == spoilt
    assert value == {"a": [{"b": 1}]}


def test_what_a_function_gives_is_copied_in_jsons_own_types():
    found = action(f"{OWN}:remembered").apply("ada")
    assert found == {"answers": ["yes"]}
    operators_own.REMEMBERED["answers"].append("no")
    assert found == {"answers": ["yes"]}
    operators_own.REMEMBERED["answers"].pop()


@pytest.mark.parametrize("name", ["not_json", "reserved"])
def test_what_a_function_gives_must_be_json(name):
    with pytest.raises(ValueError, match="became what is not JSON") as caught:
        action(f"{OWN}:{name}").apply(SECRET)
    assert_no_secret_hangs_on(caught.value)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_actions_are_equal_if_they_do_the_same(spec):
    assert action(spec) == action(copy.deepcopy(spec))
    assert hash(action(spec)) == hash(action(copy.deepcopy(spec)))
    assert [each for each in ALL if each == action(spec)] == [action(spec)]


def test_what_an_action_does_it_with_tells_it_from_others():
    assert action("pseudonymise") != action("pseudonymise", OTHER_KEY)
    assert action("pseudonymise") == action("pseudonymise", PseudonymKey(b"a secret of sufficient length"))
    assert action({"truncate": 1}) != action({"truncate": 2})
    assert general({"bucket": 1}) == general({"bucket": 1.0}) != general({"bucket": 1.5})
    assert action(f"{OWN}:Masks.stars") == action(f"{OWN}.Masks:stars".replace(".Masks:", ":Masks."))
    assert action(f"{OWN}:initial") == action(f"{OWN}.initial")


def test_an_action_shows_no_key():
    assert KEY.id not in repr(action("pseudonymise"))


PARTIAL = [general("hour"), action({"truncate": 8}), action(f"{OWN}:same")]
ORDERED = [KEEP, PARTIAL[0], action("pseudonymise"), NULL, DROP]


def test_the_order_from_the_loosest_to_the_strictest():
    assert strictest([]) == KEEP
    for i, loose in enumerate(ORDERED):
        for strict in ORDERED[i:]:
            assert strictest([loose, strict]) == strictest([strict, loose]) == strict
    for some in permutations(ORDERED, 3):
        assert strictest(some) == max(some, key=ORDERED.index)


@pytest.mark.parametrize(
    ("specs", "strict"),
    [
        ([{"truncate": 8}, {"truncate": 3}, {"truncate": 5}], {"truncate": 3}),
        ([{"generalise": "hour"}, {"generalise": "week"}, {"generalise": "day"}], {"generalise": "week"}),
        ([{"generalise": {"parts": 3}}, {"generalise": {"parts": 2}}], {"generalise": {"parts": 2}}),
        ([{"generalise": {"bucket": 5}}, {"generalise": {"bucket": 10}}], {"generalise": {"bucket": 10}}),
        ([{"generalise": {"bucket": 4}}, {"generalise": {"bucket": 6}}], {"generalise": {"bucket": 12}}),
        ([{"generalise": {"bucket": 0.1}}, {"generalise": {"bucket": 0.3}}], {"generalise": {"bucket": 0.3}}),
        ([{"generalise": {"bucket": 1.5}}, {"generalise": {"bucket": 2}}], {"generalise": {"bucket": 6}}),
    ],
)
def test_of_two_of_one_kind_the_one_that_says_less(specs, strict):
    for some in permutations(specs):
        assert strictest(map(action, some)) == action(strict)


UNLIKE = [
    [general("hour"), general("suffix")],
    [general("day"), general({"bucket": 10})],
    [general({"parts": 2}), general("network")],
    [general({"bucket": 2**61 - 1}), general({"bucket": 2**62 - 57})],
    [action(f"{OWN}:same"), action(f"{OWN}:initial")],
    [action("pseudonymise"), action("pseudonymise", OTHER_KEY)],
]


@pytest.mark.parametrize("unlike", UNLIKE, ids=repr)
def test_two_that_are_unlike_make_null(unlike):
    both = strictest(unlike)
    assert (both.name, both.text, both.takes_containers, both.time_unit) == ("null", NULL.text, True, None)
    assert both.apply("2026-11-23") is None
    assert strictest([*unlike, unlike[0]]) == both
    assert strictest([both, NULL]) == NULL
    assert strictest([both, KEEP]) == both


def test_of_kinds_that_leave_a_part_each_no_two_leave_anything_together():
    for some in permutations(PARTIAL, 2):
        assert strictest(some).name == "null"
        assert strictest(some).apply("2026-11-23T17:42:05Z") is None


def test_what_is_stricter_than_each_of_two_that_are_unlike_wins_over_both():
    for unlike in UNLIKE[:4]:
        assert strictest([*unlike, action("pseudonymise")]) == action("pseudonymise")
        assert strictest([strictest(unlike), action("pseudonymise")]) == action("pseudonymise")


@given(st.lists(ACTIONS, max_size=5), st.lists(ACTIONS, max_size=5), st.randoms())
def test_the_order_and_the_grouping_of_actions_change_nothing(some, others, random):
    together = strictest([*some, *others])
    assert strictest([strictest(some), strictest(others)]) == together
    assert strictest([*some, strictest(others)]) == together
    mixed = [*some, *others, *some]
    random.shuffle(mixed)
    assert strictest(mixed) == together
    assert strictest([together, together]) == together


@given(ACTIONS, ACTIONS, JSON, JSON)
def test_the_strictest_tells_no_two_values_apart_that_one_of_its_rank_does_not(a, b, one, other):
    both = strictest([a, b])
    for each in (a, b):
        if each.name == both.name and or_null(each, one) == or_null(each, other):
            assert or_null(both, one) == or_null(both, other)


@pytest.mark.parametrize(
    ("spec", "begin"),
    [
        ("pseudonymize", "'pseudonymize' is no action (did you mean 'pseudonymise'?); write \"null\", \"drop\", "),
        ("xyz", "'xyz' is no action; write \"null\", \"drop\", "),
        ({"truncat": 8}, "'truncat' is no action (did you mean 'truncate'?); write "),
        ({"null": True}, '"null" takes nothing beside it; write "null"'),
        ({"truncate": 8, "generalise": "hour"}, "{'truncate': 8, 'generalise': 'hour'} is no action; write "),
        (None, "None is no action; write "),
        ({}, "{} is no action; write "),
        (["null"], "['null'] is no action; write "),
        (len, "<built-in function len> is no action; write "),
        ("keep", '"keep" is no redaction; allowed_categories and allowed_properties say what is kept'),
        ("truncate", 'how many characters stay? write {"truncate": 8}'),
        ({"truncate": 0}, "0 is not a whole number from 1; write such as {\"truncate\": 8}"),
        ({"truncate": True}, "True is not a whole number from 1; "),
        ({"truncate": 8.0}, "8.0 is not a whole number from 1; "),
        ({"truncate": "8"}, "'8' is not a whole number from 1; "),
        ("generalise", 'to what? write {"generalise": …} with "hour", '),
        ({"generalise": "hours"}, "nothing is generalised to 'hours' (did you mean 'hour'?); write {"),
        ({"generalise": ["hour"]}, "nothing is generalised to ['hour']"),
        ({"generalise": {"part": 2}}, "nothing is generalised to {'part': 2} (did you mean 'parts'?); "),
        ({"generalise": {}}, "nothing is generalised to {}; write"),
        ({"generalise": {"parts": 0}}, '0 is not a whole number from 1; write such as {"generalise": {"parts": 2}}'),
        ({"generalise": {"bucket": 0}}, "0 is no size of a bucket; write a number above 0: {\"bucket\": 10}"),
        ({"generalise": {"bucket": float("nan")}}, "nan is no size of a bucket; "),
        ({"generalise": {"bucket": 10**400}}, f"1{'0' * 58}… is no size of a bucket; "),
        ({"generalise": {"bucket": "10"}}, "'10' is no size of a bucket; "),
        ({"generalise": {"bucket": True}}, "True is no size of a bucket; "),
        ("no_such.function", "cannot import 'no_such.function' (ModuleNotFoundError: No module named 'no_such'); "),
        (f"{OWN}:missing", f"cannot import '{OWN}:missing' (AttributeError: module '{OWN}' has no "),
        (":f", "cannot import ':f' (ValueError: Empty module name); "),
        ("os.path", "'os.path' is not a function that takes one argument, "),
        (f"{OWN}:of_two", f"'{OWN}:of_two' is not a function that takes one argument, the value, and returns what is "),
        (f"{OWN}:later", f"'{OWN}:later' is not a function that takes one argument, "),
    ],
)  # fmt: skip
def test_a_bad_action_is_refused_with_what_to_write_instead(spec, begin):
    message = refused(spec)
    assert message[: len(begin)] == begin


def test_pseudonymising_needs_a_key():
    assert refused("pseudonymise", key=None) == (
        '"pseudonymise" needs a key; name its file in c.EventLog.pseudonym_key_file, or set '
        "JUPYTER_TELEMETRY_PSEUDONYM_KEY in the environment"
    )


def test_a_function_of_c_may_have_no_signature():
    assert action("builtins:str").apply(17) == "17"
    assert action("math:hypot").apply(-3) == 3.0
