"""What in a policy is likely a mistake: each is said with where it stands, and what to write instead."""

from __future__ import annotations

import pytest

from jupyter_telemetry.privacy import Classification
from jupyter_telemetry.privacy.check import PolicyCheck
from jupyter_telemetry.schema import EventSchema

SAVE, PLAIN = "https://example.org/save", "https://example.org/plain"
U = {"categories": ["unrestricted"]}
DOCUMENTS = {
    SAVE: [
        {
            "properties": {
                "user": {"properties": {"name": {"categories": ["user-identifier"]}, "a/b": U}},
                "files": {"type": "array", "items": {"properties": {"path": U}}},
                "pair": {"type": "array", "items": [U], "additionalItems": {"properties": {"x": U}}},
                "counts": {"patternProperties": {"^n_": U}},
                "more": {"additionalProperties": {"properties": {"deep": U}}},
            }
        },
        {"properties": {"renamed": U}},
    ],
    PLAIN: [{"properties": {"a": {}}}],
}


def classification(schema_id, version, document):
    schema = EventSchema({"$id": schema_id, "version": version, "type": "object", **document})
    return Classification(schema.references)


CHECK = PolicyCheck(
    {
        schema_id: [classification(schema_id, version, each) for version, each in enumerate(documents, 1)]
        for schema_id, documents in DOCUMENTS.items()
    }
)


@pytest.mark.parametrize(
    ("allowed", "said"),
    [
        ({}, []),
        ({SAVE: {}, PLAIN: {}, "https://example.org/s*": {}}, []),
        ({SAVE: {"allowed_categories": ["user-identifier", "personal-data", "unrestricted"]}}, []),
        ({"https://example.org/*": {}}, []),
        (
            {"https://example.org/sav": {}},
            [f"where['https://example.org/sav']: is not registered; did you mean '{SAVE}'?"],
        ),
        ({"x": {"allowed_categories": ["y"]}}, ["where['x']: is not registered"]),
        ({"https://elsewhere.net/*": {}}, ["where['https://elsewhere.net/*']: matches no registered schema"]),
        (
            {"https://example.org/[pq]*": {}},
            [
                "where['https://example.org/[pq]*']: none of the schemas that it matches classifies anything, and a "
                f"glob never admits such a schema; to record one whole, write its exact id: {PLAIN}"
            ],
        ),
        (
            {SAVE: {"allowed_categories": ["user-identifer"]}},
            [
                f"where['{SAVE}']['allowed_categories']: no registered schema has the category 'user-identifer'; did "
                "you mean 'user-identifier'?"
            ],
        ),
        (
            {SAVE: {"allowed_properties": ["usr", "/user/nam", "user/name", "/user/name/first", "renamed"]}},
            [
                f"where['{SAVE}']['allowed_properties']: 'usr' matches nothing in the schema; did you mean 'user'?",
                f"where['{SAVE}']['allowed_properties']: '/user/nam' matches nothing in the schema; did you mean "
                "'/user'?",
                f"where['{SAVE}']['allowed_properties']: 'user/name' matches nothing in the schema; a path begins with "
                "a slash: '/user/name'",
                f"where['{SAVE}']['allowed_properties']: '/user/name/first' matches nothing in the schema",
            ],
        ),
    ],
)
def test_what_is_allowed_is_checked(allowed, said):
    assert list(CHECK.allowed_schemas(allowed, "where")) == said


TO_SOMEWHERE = (
    "/user/name /user/* /user/a~1b /files/*/path /files/0/path /files/* /*/name /pair/0 /pair/7 /pair/* /pair/*/x "
    "/pair/3/x /counts/n_1 /counts/* /more/any/deep /more/*/deep /* /renamed"
)


@pytest.mark.parametrize("path", TO_SOMEWHERE.split())
def test_a_path_may_lead_to_all_that_the_schema_speaks_of(path):
    assert list(CHECK.redactions({SAVE: {path: "null"}}, "where")) == []


@pytest.mark.parametrize(
    "path", ["/user/nobody", "/files/path", "/files/x", "/pair/0/x", "/counts/x", "/files/*/*/x", "/user/name/*", "/"]
)
def test_a_path_that_leads_nowhere_is_said(path):
    for check in (
        CHECK.redactions({SAVE: {path: "null"}}, "where"),
        CHECK.classifications({SAVE: {path: []}}, "where"),
    ):
        (said,) = check
        assert said.startswith(f"where['{SAVE}']: '{path}' matches nothing in the schema")


@pytest.mark.parametrize(
    ("redactions", "said"),
    [
        ({"user-identifier": "null", "personal-data": {"truncate": 3}, SAVE: {"/renamed": "drop"}}, []),
        (
            {"user": "null"},
            ["where: no registered schema has the category 'user'"],
        ),
        (
            {f"{SAVE}d": {"/a": "null", "/b": "null"}},
            [f"where['{SAVE}d']: is not registered; did you mean '{SAVE}'?"],
        ),
        (
            {SAVE: {"/userr": "null"}},
            [f"where['{SAVE}']: '/userr' matches nothing in the schema; did you mean '/user'?"],
        ),
    ],
)
def test_redactions_are_checked(redactions, said):
    assert list(CHECK.redactions(redactions, "where")) == said


@pytest.mark.parametrize(
    ("subjects", "said"),
    [
        ([SAVE, "https://*", "user-identifier", "personal-data"], []),
        (
            ["user-identifer"],
            [
                "where['user-identifer']: no registered schema and no category is called so; did you mean "
                "'user-identifier'?"
            ],
        ),
        (
            [f"{SAVE}/v2"],
            [f"where['{SAVE}/v2']: no registered schema and no category is called so; did you mean '{SAVE}'?"],
        ),
        (["x*"], ["where['x*']: no registered schema and no category is called so"]),
    ],
)
def test_subjects_of_consent_are_checked(subjects, said):
    assert list(CHECK.consent(subjects, "where")) == said
