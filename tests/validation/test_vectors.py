"""The public JSON Schema Test Suite, against both backends."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_telemetry.errors import InvalidSchema
from jupyter_telemetry.validation import Draft, compile_validator

SUITE = json.loads(gzip.decompress((Path(__file__).parent / "data/json_schema_test_suite.json.gz").read_bytes()))
DRAFTS = {"draft7": Draft.DRAFT7, "draft2020-12": Draft.DRAFT202012}
BOTH = ("rust", "python")

# Where a backend answers otherwise than the suite: (backends, file, group, test or None for all of the group)
# → which is right for us, and why.
ASSERTED = "ours: `format` is asserted in every draft, as jupyter_events does; the suite wants an annotation"
CUSTOM = "ours: only the published drafts are known, a metaschema of one's own is an error and not a guess"
FORMATS = [
    "date", "date-time", "duration", "email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri",
    "iri-reference", "json-pointer", "regex", "relative-json-pointer", "time", "uri", "uri-reference", "uri-template",
    "uuid",
]  # fmt: skip
DISAGREEMENTS: dict[tuple[tuple[str, ...], str, str, str | None], str] = {
    (
        BOTH,
        "draft2020-12/format.json",
        f"{name} format",
        f"invalid {name} string is only an annotation by default",
    ): ASSERTED
    for name in FORMATS
} | {
    (BOTH, "draft2020-12/vocabulary.json", group, None): CUSTOM
    for group in (
        "schema that uses custom metaschema with with no validation vocabulary",
        "ignore unrecognized optional vocabulary",
    )
}
DISAGREEMENTS |= {
    (
        BOTH,
        "draft2020-12/optional/format-assertion.json",
        f"schema that uses custom metaschema with format-assertion: {asserted}",
        None,
    ): CUSTOM
    for asserted in ("true", "false")
}


def answers(backend: str, file: str) -> dict[tuple[str, str], object]:
    """Return what a backend answers to each vector of a file, where that is not what the suite says."""
    draft = DRAFTS[file.partition("/")[0]]
    wrong: dict[tuple[str, str], object] = {}
    for group in SUITE["tests"][file]:
        schema = as_object(group["schema"], draft)
        try:
            validator = compile_validator(schema, resources=SUITE["remotes"], backend=backend)
        except InvalidSchema as error:
            wrong |= {(group["description"], test["description"]): str(error) for test in group["tests"]}
            continue
        for test in group["tests"]:
            answer = validator.is_valid(test["data"])
            explained = validator.explain(test["data"]) is None
            if answer != test["valid"] or explained != answer:
                wrong[group["description"], test["description"]] = (answer, explained)
    return wrong


def as_object(schema: Any, draft: Draft) -> dict[str, Any]:
    """Name the draft, which the suite leaves to the folder's name."""
    return {"$schema": draft.value, **(schema if isinstance(schema, dict) else {"allOf": [schema]})}


def listed(backend: str, file: str) -> set[tuple[str, str]]:
    """Expand the table for one file."""
    groups = {group["description"]: group["tests"] for group in SUITE["tests"][file]}
    found = set()
    for backends, of_file, group, test in DISAGREEMENTS:
        if backend in backends and of_file == file:
            found |= {(group, each["description"]) for each in groups[group] if test in (None, each["description"])}
    return found


@pytest.mark.parametrize("file", SUITE["tests"])
@pytest.mark.parametrize("backend", BOTH)
def test_a_backend_answers_as_the_suite_does_but_for_the_table(backend, file):
    wrong = answers(backend, file)
    assert set(wrong) == listed(backend, file), wrong


def test_the_table_names_vectors_that_exist():
    for backends, file, group, test in DISAGREEMENTS:
        assert any(listed(backend, file) for backend in backends), (file, group, test)


def test_the_suite_is_whole():
    counts = {draft: sum(name.startswith(f"{draft}/") for name in SUITE["tests"]) for draft in DRAFTS}
    vectors = sum(len(group["tests"]) for groups in SUITE["tests"].values() for group in groups)
    assert (counts, vectors) == ({"draft7": 63, "draft2020-12": 80}, 3371)
