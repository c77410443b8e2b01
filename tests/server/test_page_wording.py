"""A disclosure in plain words."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.disclosure import disclose
from jupyter_telemetry.privacy import judgement, overlays, plan
from jupyter_telemetry.server.page import wording
from jupyter_telemetry.server.page.wording import reworded

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
KERNELS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
SCHEMA = {
    "$id": "https://lab.example/answers/v3",
    "version": 3,
    "title": "An answer.",
    "description": "Somebody answered.",
    "properties": {"n": {"title": "Number", "categories": ["unrestricted"]}, "who": {"categories": ["personal-data"]}},
}


def told(consent, *schemas, **settings):
    """Return what a log discloses of schemas, reworded."""
    settings.setdefault("allowed_schemas", [schema["$id"] for schema in schemas])
    with EventLog(handlers=[], consent=consent, **settings) as log:
        for schema in schemas:
            log.register_schema(schema)
        return reworded(disclose(log.governance, log.registry, log.handlers))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))


def test_every_schema_that_jupyter_ships_is_told_in_plain_words():
    plain = wording._plain()
    for schema_id, fields in overlays.shipped().items():
        assert set(plain[wording._family(schema_id)]["fields"]) == set(fields), schema_id


def test_every_rule_is_told_in_plain_words():
    rules = [
        value
        for name, value in {**vars(judgement), **vars(plan)}.items()
        if name.isupper() and isinstance(value, str) and " " in value and name != "RESTRICTED"
    ]
    assert len(rules) >= 6
    source = Path(judgement.__file__).read_text("utf-8")
    rules += [f"{start}x" for start in re.findall(r'f"([a-z ]+: )\{', source)]
    assert len(rules) >= 10
    for rule in rules:
        assert wording._rule(rule) != rule, rule


def test_a_schema_of_others_keeps_its_own_words():
    group = told("inform", SCHEMA)["collected"][0]
    assert (group["title"], group["description"]) == ("An answer", "Somebody answered.")
    assert [(each["title"], each["form"], each["reason"]) for each in group["fields"]] == [
        ("Number", "kept as it is", "It says nothing about you."),
        ("", "left empty", "It is personal data, which the operator does not keep."),
        ("Anything else", "left out altogether", "Only what is listed here can be kept."),
    ]


def test_a_shipped_schema_is_told_in_plain_words():
    schema = {**SCHEMA, "$id": CONTENTS, "properties": {"path": {"type": "string"}}}
    group = told("inform", schema)["collected"][0]
    assert group["title"] == "Files that you open, save, rename or delete"
    assert group["fields"][0]["title"] == "Which file"


def test_what_tells_of_decisions_comes_last():
    groups = told("inform", {**SCHEMA, "title": "Zebras"})["collected"]
    assert [each["title"] for each in groups] == ["Zebras", "What you decide on this page"]


def test_a_switch_is_named_by_what_it_is_about():
    other = {**SCHEMA, "$id": "https://lab.example/questions/v1", "title": "A question."}
    consent = {SCHEMA["$id"]: "opt-out", "https://lab.example/q*": "opt-in", "personal-data": "opt-in", "*": "inform"}
    switches = told(consent, SCHEMA, other)["switches"]
    assert [(each["subject"], each["title"]) for each in switches] == [
        (SCHEMA["$id"], "An answer"),
        ("https://lab.example/q*", "A question"),
        ("personal-data", "Personal data"),
        ("*", "Everything else"),
    ]


def test_a_switch_of_many_things_names_some_of_them():
    many = [{**SCHEMA, "$id": f"https://lab.example/{n}", "title": f"Thing {n}"} for n in range(5)]
    switches = told({"https://lab.example/*": "opt-in", "*": "inform"}, *many)["switches"]
    assert switches[0]["title"] == "Thing 0; Thing 1; and 3 more"


def test_the_disclosure_itself_is_not_changed():
    with EventLog(handlers=[], allowed_schemas=[SCHEMA["$id"]], consent="inform") as log:
        log.register_schema(SCHEMA)
        disclosure = disclose(log.governance, log.registry, log.handlers)
    before = copy.deepcopy(disclosure)
    again = reworded(disclosure)
    assert disclosure == before
    assert again.keys() == disclosure.keys()
    assert json.dumps(again)
