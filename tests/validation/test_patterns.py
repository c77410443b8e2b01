"""Patterns: ECMA-262's, bounded in time, the same in both backends."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_telemetry.errors import InvalidSchema
from jupyter_telemetry.validation import Draft, compile_validator

both_backends = pytest.mark.parametrize("backend", ["rust", "python"])


def matches(backend, pattern, text, draft=Draft.DRAFT202012):
    return compile_validator({"$schema": draft.value, "pattern": pattern}, backend=backend).is_valid(text)


@both_backends
@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("", "anything", True),
        ("b", "abc", True),
        ("^b", "abc", False),
        ("^a$", "a\n", False),
        ("^a.c$", "a\nc", False),
        ("^.$", "😀", True),
        (r"^\d+$", "123", True),
        (r"^\d$", "٣", False),
        (r"^\w$", "é", False),
        (r"^[\w]$", "_", True),
        (r"^\W$", "é", True),
        (r"^[\W\d]+$", "é1", True),
        (r"^[^\d]$", "1", False),
        (r"^[^\D]$", "1", True),
        (r"^\s\S$", "\ufeffx", True),
        (r"^\s$", "\x1c", False),
        (r"^[\s]$", "\u2003", True),
        (r"\bfoo\b", "a foo.", True),
        (r"\Boo", "foo", True),
        (r"^\t\n\v\f\r$", "\t\n\v\f\r", True),
        (r"^\cA\cz$", "\x01\x1a", True),
        (r"^\x41\u0042\u{43}\u{1F600}$", "ABC😀", True),
        (r"^\.\-\/\$\[\]\\$", ".-/$[]\\", True),
        (r"^[\]\-^\\]+$", "]-^\\", True),
        (r"^[a-c-]+$", "abc-", True),
        (r"^[-a]+$", "-a", True),
        (r"^[[&|~]+$", "[&|~", True),
        (r"^[a&&b]$", "&", True),
        (r"^\p{L}\P{L}$", "é1", True),
        (r"^[\p{Lu}\d]+$", "É1", True),
        (r"^\p{Script=Greek}$", "α", True),
        (r"^(?:a|b)(c)\1$", "bcc", True),
        (r"^(?<year>\d{4})$", "2026", True),
        (r"^a(?=b)b(?!c)$", "ab", True),
        (r"(?<=a)b(?<!ab)", "ab", False),
        (r"^a{2}b{1,}c{0,2}d*?e+?f??$", "aabde", True),
        (r"^(?i:A)b$", "ab", True),
        (r"^(?i:ß)$", "ss", False),
        ("a#b c", "a#b c", True),
        (r"^(?:)a()*(?:|)*(?:^)*(?:\b)*(?:(?=b)(?=b))*((?=b))*(?:(?=b)|)*b$", "ab", True),
    ],
)
def test_a_pattern_means_what_it_means_in_ecma_262(backend, pattern, text, found):
    assert matches(backend, pattern, text) is found


@both_backends
@pytest.mark.parametrize("draft", [Draft.DRAFT7, Draft.DRAFT202012])
@pytest.mark.parametrize(
    "pattern",
    [
        *("(", ")", "[", "]", "{", "}", "*", "+a", "a**", "a{2,1}", "a{", "a{,2}", "a++", "(?", "(?x)", "(?i)a", "\\"),
        *("(*FAIL)", "(?P<n>a)", "(?>a)", "(?#c)", "(?R)", "(?<n>a)(?<n>b)", r"(?<n>a)\k<n>", "(?=a)*", "^*", r"\b+"),
        *("(?:)*", "(?i:)?", "(?:(?:)(?:))+", "(?:(?=a)){2}", "(?:(?<=a)(?:))*?", "(?i:(?:(?!a)))*"),
        *("[]", "[^]", "[z-a]", r"[\d-x]", r"[a-\d]", r"[\b]", r"\0", r"\1", r"(a)\2", r"\a", r"\A", r"\Z", r"\e"),
        *(
            r"\x4",
            r"\u41",
            r"\u{110000}",
            r"\ud83d",
            r"\c1",
            r"\p",
            r"\pL",
            r"\p{Nonsense}",
            r"\é",
            "[a",
            "a|*",
            r"[\c",
        ),
    ],
)
def test_what_is_none_or_is_not_supported_is_an_invalid_schema(backend, draft, pattern):
    with pytest.raises(InvalidSchema):
        matches(backend, pattern, "", draft)


@pytest.mark.parametrize("pattern", ["(?:a{1000}){1000}", "(?=b)(?:a{1000}){1000}"])
def test_a_pattern_that_is_too_large_has_its_place(pattern):
    with pytest.raises(InvalidSchema) as caught:
        compile_validator({"properties": {"0": {"pattern": pattern}}}, backend="rust")
    assert caught.value.json_path == "$.properties['0'].pattern"


ATOMS = [
    *("a", "b", "1", "é", "-", " ", ".", "^", "$", "|", "(", ")", "(?:", "(?=", "(?!", "(?<=", "(?<n>", "[", "]", "[^"),
    *("*", "+", "?", "{2}", "{1,}", "*?", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", r"\p{L}", r"\P{Lu}", r"\1", r"\n"),
    *(r"\.", r"\-", r"\/", r"\x61", r"\u0062", r"\[", "\\\\", "(?i:", "&&", "--", "[[", "{", "}"),
]
SAMPLES = [
    "",
    "a",
    "ab",
    "aab",
    "1",
    "é",
    "É",
    "a1",
    " a",
    "-",
    "a-b",
    "AB",
    "[",
    "\\",
    "$",
    "\n",
    "a\nb",
    ".",
    "{",
    "&",
]


@settings(max_examples=200, deadline=None)
@given(pattern=st.lists(st.sampled_from(ATOMS), min_size=1, max_size=6).map("".join))
def test_both_backends_take_the_same_patterns_and_find_the_same(pattern):
    try:
        rust = compile_validator({"pattern": pattern}, backend="rust")
    except InvalidSchema:
        with pytest.raises(InvalidSchema):
            compile_validator({"pattern": pattern}, backend="python")
        return
    python = compile_validator({"pattern": pattern}, backend="python")
    assert [rust.is_valid(text) for text in SAMPLES] == [python.is_valid(text) for text in SAMPLES]


SLOW = """
import sys
from jupyter_telemetry.validation import compile_validator
backend = sys.argv[1]
for pattern in ["^(a|a)*(?=b)$", "(x+x+)+y(?!z)", r"^(a+)+\\1b$", "^(?=(a|a)*$)b", "(?:(?=a)a|a)*$b"]:
    for schema, event in [
        ({"pattern": pattern}, "a" * 60 + "x" * 60),
        ({"patternProperties": {pattern: {"type": "null"}}, "additionalProperties": False}, {"a" * 60: 1}),
        ({"propertyNames": {"pattern": pattern}}, {"a" * 60: 1}),
        ({"items": {"anyOf": [{"pattern": pattern}, {"type": "null"}]}}, ["a" * 60, "x" * 60 + "!"]),
    ]:
        validator = compile_validator(schema, backend=backend)
        print(validator.is_valid(event), validator.explain(event) is not None)
"""


@both_backends
def test_a_pattern_of_exponential_time_comes_to_an_end_and_is_not_matched(backend):
    done = subprocess.run([sys.executable, "-c", SLOW, backend], capture_output=True, text=True, timeout=100)
    assert (done.returncode, set(done.stdout.splitlines())) == (0, {"False True"}), done.stderr


GIVEN_UP = {"pattern": "^(a|a)*(?=b)$"}


@both_backends
@pytest.mark.parametrize(
    ("schema", "event"),
    [
        ({"not": GIVEN_UP}, "a" * 60),
        ({"not": {"not": GIVEN_UP}}, "a" * 60),
        ({"oneOf": [GIVEN_UP, {"type": "string"}]}, "a" * 60),
        ({"if": GIVEN_UP, "then": False}, "a" * 60),
        ({"contains": {"not": GIVEN_UP}}, ["a" * 60]),
    ],
    ids=["not", "not not", "oneOf", "if", "contains"],
)
def test_a_pattern_that_is_given_up_never_makes_an_event_valid(backend, schema, event):
    validator = compile_validator(schema, backend=backend)
    assert not validator.is_valid(event)
    assert validator.explain(event).reason == "took too long to match the pattern '^(a|a)*(?=b)$'"


MANY = """
from jupyter_telemetry.validation import compile_validator
validator = compile_validator({"items": {"pattern": "^(a|a)*(?=b)$"}}, backend="python")
event = ["a" * 60] * 10_000
print(validator.is_valid(event), validator.explain(event).json_path)
"""


def test_the_python_backend_stops_at_the_first_pattern_that_is_given_up():
    # All of them would take three quarters of an hour.
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout.split()) == (0, ["False", "$[0]"]), done.stderr
