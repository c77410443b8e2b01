"""What an operator says of schemas that others own: which of it decides, and what it changes."""

from __future__ import annotations

import pytest

from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.privacy import Classification, parse_classifications
from jupyter_telemetry.privacy.classification import RESTRICTED
from jupyter_telemetry.privacy.judgement import Judge
from jupyter_telemetry.privacy.overlays import shipped
from jupyter_telemetry.privacy.policy import Policy
from jupyter_telemetry.schema import EventSchema

ID = "https://example.org/course/save"
U = {"categories": ["unrestricted"]}
BLANKET = {
    "personal-data": True,
    "properties": {
        "action": {"enum": ["get", "save"]},
        "user": {"type": "object", "properties": {"name": {"type": "string"}, "id": {"type": "string"}}},
        "files": {"type": "array", "items": {"type": "object", "properties": {"path": {"type": "string"}}}},
        "unclear": {"not": U},
    },
}


def categories(schema, path, classifications):
    """Return the categories of the value at a path, given as steps."""
    references = EventSchema({"$id": ID, "version": 1, **schema}).references
    classification = Classification(references, Policy([ID], None, classifications).overlay(ID))
    judge, place = Judge(classification, []), classification.root
    state = judge.enter(place, judge.root())
    for step in path:
        place = place.item(step) if isinstance(step, int) or step is None else place.member(step)
        state = judge.enter(place, state.step(step))
    return set(state.around)


@pytest.mark.parametrize(
    ("path", "said", "found"),
    [
        (["action"], {}, {"personal-data"}),
        (["action"], {"/action": ["unrestricted"]}, {"unrestricted"}),
        (["action"], {"/user": ["unrestricted"]}, {"personal-data"}),
        (["action"], {"/*": ["x"]}, {"x"}),
        (["action"], {"/*": ["x"], "/action": ["y", "z"]}, {"x", "y", "z"}),
        (["user", "name"], {"/user": ["x"]}, {"x"}),  # what is said of an object is said of all in it
        (["user", "name"], {"/user": ["x"], "/user/name": ["y"]}, {"y"}),
        (["user", "id"], {"/user": ["x"], "/user/name": ["y"]}, {"x"}),
        (["user", "id"], {"/user/*": ["x"]}, {"x"}),
        (["user", "id"], {"/*/id": {"categories": ["x"], "reason": "linkable"}}, {"x"}),
        (["files", None, "path"], {"/files/*/path": ["x"]}, {"x"}),
        (["files", 3, "path"], {"/files/*/path": ["x"]}, {"x"}),
        (["files", 0, "path"], {"/files/0/path": ["x"]}, {"x"}),
        (["files", 1, "path"], {"/files/0/path": ["x"]}, {"personal-data"}),
        (["files", 0, "path"], {"/files/0": ["x"], "/files/*": ["y"]}, {"x", "y"}),
        (["unclear"], {}, {"personal-data", RESTRICTED}),
        (["unclear"], {"/unclear": ["unrestricted"]}, {"unrestricted", RESTRICTED}),
    ],
)
def test_an_overlay_knows_better_than_a_blanket_but_not_than_what_cannot_be_followed(path, said, found):
    assert categories(BLANKET, path, {ID: said}) == found


@pytest.mark.parametrize(
    ("classifications", "found"),
    [
        ({"*": {"/action": ["x"]}}, {"x"}),
        ({"https://example.org/*": {"/action": ["x"]}, "*/save": {"/action": ["y"]}}, {"x", "y"}),
        ({"https://example.org/*": {"/action": ["x"]}, ID: {"/action": ["y"]}}, {"y"}),
        ({"https://example.org/*": {"/action": ["x"]}, ID: {"/user": ["y"]}}, {"personal-data"}),
        ({"https://example.org/*": {"/action": ["x"]}, ID: {}}, {"personal-data"}),
        ({"https://example.org/?": {"/action": ["x"]}}, {"personal-data"}),
        ({"https://example.org/course/[rs]ave": {"/action": ["x"]}}, {"x"}),
    ],
)
def test_an_exact_id_decides_alone_and_globs_together(classifications, found):
    assert categories(BLANKET, ["action"], classifications) == found


def test_what_the_package_ships_counts_where_the_operator_says_nothing():
    schema_id = "https://events.jupyter.org/jupyter_server/contents_service/v1"
    shipped_one = Policy([]).overlay(schema_id)
    assert shipped_one.step("action").here == {frozenset(shipped()[schema_id]["/action"]["categories"])}
    assert not Policy([], None, {schema_id: {}}).overlay(schema_id)
    by_glob = Policy([], None, {"https://events.jupyter.org/*": {"/path": ["x"]}}).overlay(schema_id)
    assert (by_glob.names, by_glob.step("path").here) == ({"path"}, {frozenset({"x"})})
    assert not Policy([]).overlay(ID)


def test_what_an_overlay_says_makes_a_schema_one_that_classifies():
    references = EventSchema({"$id": ID, "version": 1, "properties": {"a": {}, "b": {}}}).references
    policy = Policy([ID], None, {ID: {"/a": ["x"], "/b": {"categories": ["y", "unrestricted"]}}})
    classification = Classification(references, policy.overlay(ID))
    assert (classification.classifies, classification.all_categories) == (True, {"x", "y", "unrestricted"})
    assert Classification(references).classifies is False


def test_they_are_returned_as_they_are_given():
    given = {ID: {"/a": ["x"], "/b": {"categories": ("y",), "reason": "z"}}}
    assert parse_classifications(given, where="w") is given


@pytest.mark.parametrize(
    "given",
    [
        {5: {}},
        {ID: []},
        {ID: {"a": ["x"]}},
        {ID: {5: ["x"]}},
        {ID: {"/a": []}},
        {ID: {"/a": [""]}},
        {ID: {"/a": {}}},
        {ID: {"/a": {"categories": "x"}}},
        {ID: {"/a": [["x"]]}},
        {ID: {"/a": None}},
    ],
)
def test_what_cannot_be_meant_is_an_error_that_names_the_place(given):
    with pytest.raises(ConfigurationError, match=r"^where") as caught:
        parse_classifications(given, where="where")
    assert "write a" in str(caught.value) or "write one such as" in str(caught.value)


def test_an_entry_that_says_nothing_is_an_error_for_it_would_hide_what_else_is_said():
    with pytest.raises(ConfigurationError, match=r"where\['https://example.org/\*'\]: says nothing; leave it out"):
        parse_classifications({"https://example.org/*": {}}, where="where")
