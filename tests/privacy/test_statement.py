"""What a policy says, in plain JSON that is the same however it was written."""

from __future__ import annotations

import copy
import json

from jupyter_telemetry.privacy.modes import parse_consent
from jupyter_telemetry.privacy.statement import digest, statement

from .policies import policy


def test_a_statement_is_plain_and_whole():
    said = statement(
        allowed_schemas={"b": {"allowed_categories": ["y", "x", "x"], "allowed_properties": ("/p",)}, "a": {}},
        redactions={"x": {"truncate": 8}, "b": {"/p": "pseudonymise"}, "y": "package.module:function"},
        classifications={"b": {"/p": ["y", "x"], "/q": {"categories": ["x"], "reason": "a name"}}},
        destinations=["z", "a journal on this machine", "z"],
        notice={"purpose": "to  keep it\nrunning", "contact": "c@example.org"},
        consent=parse_consent({"a": {"mode": "inform", "reason": "r"}}, default_mode="opt-in"),
    )
    assert said == json.loads(json.dumps(said))
    assert said == {
        "version": 1,
        "allowed": {
            "a": {"categories": [], "properties": []},
            "b": {"categories": ["x", "y"], "properties": ["/p"]},
        },
        "redactions": {
            "categories": {"x": {"truncate": 8}, "y": "package.module:function"},
            "properties": {"b": {"/p": "pseudonymise"}},
        },
        "classifications": {"b": {"/p": ["x", "y"], "/q": ["x"]}},
        "destinations": ["a journal on this machine", "z"],
        "notice": {
            "controller": "",
            "contact": "c@example.org",
            "purpose": "to keep it running",
            "legal_basis": "",
            "recipients": "",
            "retention": "",
        },
        "consent": {
            "*": {"mode": "opt-in", "reason": "", "legal_basis": "", "not_erasable": ""},
            "a": {"mode": "inform", "reason": "r", "legal_basis": "", "not_erasable": ""},
        },
    }


def test_the_digest_is_the_same_however_the_policy_was_written():
    one = policy(["b", "a"], redactions={"x": "null", "y": "drop"}, destinations=["p", "q"])
    other = policy({"a": {}, "b": {"allowed_categories": []}}, redactions={"y": "drop", "x": "null"})
    other["destinations"] = ["p", "q"]
    assert digest(one) == digest(other) == digest(json.loads(json.dumps(one)))
    assert digest(one) != digest(policy(["b", "a"]))
    assert digest(one).startswith("sha256:")
    assert len(digest(one)) == 7 + 64


def test_a_statement_is_a_copy():
    redactions = {"a": {"/p": {"generalise": {"parts": 2}}}}
    said = policy(redactions=redactions)
    before = copy.deepcopy(said)
    redactions["a"]["/p"]["generalise"]["parts"] = 3
    assert said == before
