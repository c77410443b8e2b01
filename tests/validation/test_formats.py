"""Formats are asserted, in every draft that has them; an unknown one says nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_telemetry.validation import Draft, compile_validator

both_backends = pytest.mark.parametrize("backend", ["rust", "python"])

# format → (texts that have it, texts that have it not)
EXAMPLES = {
    "date": (["2026-11-23", "0000-02-29", "2024-02-29"], ["2023-02-29", "2026-13-01", "26-11-23", "2026-11-23T", ""]),
    "time": (
        ["17:42:05Z", "17:42:05.123456+05:30", "23:59:60Z", "00:59:60+01:00", "15:59:60-08:00", "17:42:05z"],
        ["17:42:05", "24:00:00Z", "22:59:60Z", "17:42Z", "17:42:05+24:00", "17:42:05,5Z"],
    ),
    "date-time": (
        ["2026-11-23T17:42:05Z", "2026-11-23t17:42:05.5z", "1998-12-31T23:59:60Z"],
        ["2026-11-23 17:42:05Z", "2026-11-23T17:42:05", "2026-11-31T17:42:05Z", "2026-11-23"],
    ),
    "email": (
        ["a.b@example.org", '"a b"@example.org', "a@[127.0.0.1]", "a@[IPv6:::1]", "te~st@localhost"],
        ["a", "@b", "a@", ".a@b.c", "a..b@c.d", "a@-b.c", "a@[300.1.1.1]", f"{'x' * 65}@b.c", "é@b.c"],
    ),
    "idn-email": (["é@é.fr", "실례@실례.테스트", "a@b.c"], ["é", "a@", "@é", "a b@c.d"]),
    "hostname": (
        ["localhost", "a-b.example.org", "1.example", "xn--4gbwdl.xn--wgbh1c", f"{'a' * 63}.b"],
        ["", "-a", "a-", "a_b", "a..b", "a.", f"{'a' * 64}.b", "ab--cd", "xn--X", f"{'a.' * 127}abc"],
    ),
    "idn-hostname": (["실례.테스트", "example.org"], ["〮실례", "-a", "a.", "a。", ""]),
    "ipv4": (["192.168.0.1"], ["192.168.0.256", "192.168.1", "01.2.3.4", "1.2.3.4.5", "0x7f.1.1.1"]),
    "ipv6": (["::1", "1:2:3:4:5:6:7:8", "::ffff:192.168.0.1"], ["1::2::3", "12345::", ":", "fe80::1%eth0", "::1/64"]),
    "uri": (
        ["https://a:b@example.org:80/p/?q=1#f", "urn:x:y", "http://[::1]/", "http://[v1.a]/", "mailto:a@b.c", "a:"],
        ["//a/b", "a/b", "http://a b/", "http://a/%zz", "http://[::1", "http://[1:2]/", "1a:b", "http://a:x/", "http://é/"],
    ),
    "uri-reference": (["//a/b", "a/b:c", "#f", "?q", "", "./a:b"], ["\\a", "a b", "1:2", "é"]),
    "iri": (["http://é/π?ü#ß", "http://[::1]/"], ["/é", "http://\\é/", "http://2001:db8::1/"]),
    "iri-reference": (["/é", "#é", "é"], ["\\é", "é b"]),
    "uuid": (
        ["2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11EA-B4AA-73B441D16380"],
        ["2eb8aa08aa9811eab4aa73b441d16380", "{2eb8aa08-aa98-11ea-b4aa-73b441d16380}", "2eb8aa08-aa98-11ea-b4aa-73b4"],
    ),
    "json-pointer": (["", "/a/b~0~1", "/", "//"], ["a", "/~", "/~2"]),
    "relative-json-pointer": (["0", "12/a", "0#"], ["", "01", "-1", "1#a", "/a"]),
    "uri-template": (["http://e.org/{a}{?b,c*}", "{+a:3}", "it's"], ["{", "{}", "{a", "a}", "{a:0}", "a b"]),
    "duration": (
        ["P1Y2M3DT4H5M6S", "P4W", "PT0S", "P1M", "P1D", "PT1H"],
        ["P", "PT", "P1Y2W", "P1D2H", "PT1S1H", "P1YT", "1D", "P1.5D", "p1d"],
    ),
    "regex": (["^a$", r"\p{L}"], ["(", "a**", "["]),
}  # fmt: skip
SINCE = {
    **dict.fromkeys(["uri-reference", "uri-template", "json-pointer"], Draft.DRAFT6),
    **dict.fromkeys(["idn-hostname", "iri", "iri-reference", "relative-json-pointer"], Draft.DRAFT7),
    **dict.fromkeys(["uuid", "duration"], Draft.DRAFT201909),
}
DRAFTS = list(Draft)


def validator_of(name, backend, draft=Draft.DRAFT202012):
    return compile_validator({"$schema": draft.value, "format": name}, backend=backend)


@both_backends
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_text_has_the_format_or_the_event_is_invalid(backend, name):
    validator = validator_of(name, backend)
    good, bad = EXAMPLES[name]
    assert [text for text in good if not validator.is_valid(text)] == []
    assert [text for text in bad if validator.is_valid(text)] == []


@both_backends
@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_format_is_asserted_since_the_draft_that_brought_it(backend, draft, name):
    known = DRAFTS.index(draft) >= DRAFTS.index(SINCE.get(name, Draft.DRAFT4))
    validator = validator_of(name, backend, draft)
    assert validator.is_valid(EXAMPLES[name][1][0]) is not known
    assert validator.is_valid(EXAMPLES[name][0][0])


@both_backends
@pytest.mark.parametrize("name", ["colour", "date_time", "x"])
def test_an_unknown_format_says_nothing(backend, name):
    assert validator_of(name, backend).is_valid("anything")


@both_backends
@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_no_text_has_every_format(backend, name):
    validator = validator_of(name, backend)
    assert all(validator.is_valid(value) for value in (None, True, 5, 1.5, [], {}))


ALIKE = sorted(set(EXAMPLES) - {"date", "time", "date-time", "email", "idn-email", "hostname", "idn-hostname", "regex"})


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_both_backends_know_the_same_texts_of_a_format(data):
    name = data.draw(st.sampled_from(ALIKE))
    text = data.draw(st.sampled_from([*EXAMPLES[name][0], *EXAMPLES[name][1]]))
    for _ in range(data.draw(st.integers(0, 3))):
        at, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 2))
        text = text[:at] + data.draw(st.text("09aZ:./#?%[]{}@~_-+, é\n*", max_size=2)) + text[at + length :]
    assert validator_of(name, "rust").is_valid(text) == validator_of(name, "python").is_valid(text)


LONG = """
import sys
from jupyter_telemetry.validation import compile_validator
modern = "https://json-schema.org/draft/2020-12/schema"
for name in sys.argv[2:]:
    validator = compile_validator({"$schema": modern, "format": name}, backend=sys.argv[1])
    texts = ["a" * 100_000, "a." * 50_000, "1:" * 50_000, "/~" * 50_000, "{a" * 50_000, "%41" * 30_000 + "%"]
    texts += ["http://" + "a:" * 50_000, "P" + "1" * 100_000, "http://a/" + "/" * 100_000 + " ", "(" * 100_000]
    for text in texts:
        validator.is_valid(text)
print("done")
"""


@both_backends
def test_no_format_takes_long_over_a_long_text(backend):
    names = [name for name in EXAMPLES if name != "idn-hostname"]
    done = subprocess.run([sys.executable, "-c", LONG, backend, *names], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr
