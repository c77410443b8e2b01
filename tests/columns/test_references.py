from __future__ import annotations

import pytest

from jupyter_telemetry.columns.references import References

ROOT = {
    "$id": "https://example.org/root",
    "$defs": {
        "plain": {"title": "plain"},
        "a/b~c %": {"title": "odd"},
        "anchored": {"$anchor": "here", "title": "anchored"},
        "draft7": {"$id": "#there", "title": "draft 7"},
        "embedded": {"$id": "https://example.org/other", "title": "embedded", "$defs": {"in": {"title": "in"}}},
        "relative": {"$id": "sibling", "title": "relative"},
        "list": [{"title": "zero"}, {"title": "one"}],
        "broken": {"$id": "http://[", "title": "broken"},
    },
}


@pytest.mark.parametrize(
    ("reference", "title"),
    [
        ("#/$defs/plain", "plain"),
        ("https://example.org/root#/$defs/plain", "plain"),
        ("#/$defs/a~1b~0c%20%25", "odd"),
        ("#here", "anchored"),
        ("#there", "draft 7"),
        ("https://example.org/other", "embedded"),
        ("other#/$defs/in", "in"),
        ("sibling", "relative"),
        ("#/$defs/list/1", "one"),
    ],
)
def test_a_reference_names_a_place_of_the_schema(reference: str, title: str):
    assert References(ROOT).target(reference)["title"] == title


@pytest.mark.parametrize("reference", ["#", "", "https://example.org/root"])
def test_a_reference_may_name_the_schema_itself(reference: str):
    assert References(ROOT).target(reference) is ROOT


@pytest.mark.parametrize(
    "reference",
    ["#/$defs/none", "#none", "https://example.org/elsewhere", "#/$defs/list/9", "#/$defs/plain/title/x", 5, None],
)
def test_a_reference_to_nowhere_or_elsewhere_names_nothing(reference: object):
    assert References(ROOT).target(reference) is None


def test_a_schema_that_is_no_uri_can_be_referred_to():
    root = {"$id": "http://[", "$defs": {"a": {"title": "a"}}}

    assert References(root).target("#/$defs/a") == {"title": "a"}


def test_a_schema_without_an_id_can_be_referred_to():
    assert References({"$defs": {"a": {"title": "a"}}}).target("#/$defs/a") == {"title": "a"}
