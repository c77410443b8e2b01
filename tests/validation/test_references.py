"""Where a `$ref` may lead: into the schema and what is given with it; never anywhere else."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from jupyter_telemetry.errors import InvalidSchema
from jupyter_telemetry.validation import Draft, compile_validator

pytestmark = pytest.mark.parametrize("backend", ["rust", "python"])

MODERN = Draft.DRAFT202012.value
NOWHERE = "leads nowhere"
REMOTE = "leads to a document that was not given; none is fetched"
ITSELF = "refers to itself and to nothing else"


@pytest.fixture
def counting_server():
    """Give the URL of a server on this machine, and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("schema", "json_path", "text"),
    [
        ({"$ref": "#/definitions/no"}, "$['$ref']", NOWHERE),
        ({"properties": {"a": {"$ref": "#/properties/b"}}}, "$.properties.a['$ref']", NOWHERE),
        ({"allOf": [{"$ref": "#no-anchor"}]}, "$.allOf[0]['$ref']", NOWHERE),
        ({"allOf": [{}, {"$ref": "#/allOf/2"}]}, "$.allOf[1]['$ref']", NOWHERE),
        ({"required": ["a"], "items": {"$ref": "#/required"}}, "$.items['$ref']", NOWHERE),
        ({"definitions": {"unused": {"$ref": "#/no"}}}, "$.definitions.unused['$ref']", NOWHERE),
        ({"$ref": "other.json"}, "$['$ref']", REMOTE),
        ({"$id": "https://example.org/a/b", "items": {"$ref": "c"}}, "$.items['$ref']", REMOTE),
        ({"$ref": "file:///etc/hostname"}, "$['$ref']", REMOTE),
        ({"$ref": "urn:example:x"}, "$['$ref']", REMOTE),
        ({"$schema": MODERN, "$dynamicRef": "#no"}, "$['$dynamicRef']", NOWHERE),
        ({"$ref": "#"}, "$", ITSELF),
        ({"$schema": MODERN, "$id": "url.to.event.schema", "$ref": "url.to.event.schema"}, "$", ITSELF),
        ({"properties": {"a": {"$ref": "#/properties/a"}}}, "$.properties.a", ITSELF),
        (
            {
                "$ref": "#/definitions/a",
                "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}},
            },
            None,
            ITSELF,
        ),
        ({"allOf": [{"anyOf": [{"not": {"if": {"$ref": "#"}}}]}]}, None, ITSELF),
        ({"$schema": MODERN, "dependentSchemas": {"a": {"$ref": "#"}}}, None, ITSELF),
        ({"$schema": Draft.DRAFT201909.value, "$recursiveRef": "#"}, None, ITSELF),
    ],
    ids=str,
)
def test_a_reference_that_cannot_be_followed_is_an_invalid_schema(backend, schema, json_path, text):
    with pytest.raises(InvalidSchema) as caught:
        compile_validator(schema, backend=backend)
    assert str(caught.value) == f"{caught.value.json_path}: {text}"
    assert json_path in (None, caught.value.json_path)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "URL/schema.json"},
        {"$id": "URL/here", "properties": {"a": {"$ref": "there"}}},
        {"$schema": MODERN, "$defs": {"a": {"$id": "URL/a", "$ref": "b"}}, "$ref": "URL/a"},
        {"$schema": "URL/metaschema"},
        {"$schema": MODERN, "$dynamicRef": "URL/x#meta"},
    ],
    ids=str,
)
def test_no_reference_is_ever_fetched(backend, schema, counting_server):
    url, asked = counting_server
    with pytest.raises(InvalidSchema):
        compile_validator(replaced(schema, url), backend=backend)
    assert asked == []


def replaced(value, url):
    if isinstance(value, dict):
        return {key: replaced(each, url) for key, each in value.items()}
    return value.replace("URL", url) if isinstance(value, str) else value


def test_a_reference_that_is_not_needed_while_recording_is_not_fetched_then(backend, counting_server):
    url, asked = counting_server
    validator = compile_validator({"x-note": {"$ref": url}, "const": {"$ref": url}}, backend=backend)
    assert not validator.is_valid({})
    assert validator.explain({}).rule == "const"
    assert asked == []


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        pytest.param(
            {"properties": {"a": {"$ref": "#/definitions/d%25%22~1~0"}}, "definitions": {'d%"/~': {"type": "null"}}},
            {"a": None},
            {"a": 1},
            id="escaped pointer",
        ),
        pytest.param(
            {"properties": {"a": {"$ref": "#/allOf/0/items"}}, "allOf": [{"items": {"type": "null"}}]},
            {"a": None},
            {"a": 1},
            id="pointer through a list",
        ),
        pytest.param(
            {"properties": {"a": {"$ref": "#/x-types/t"}}, "x-types": {"t": {"type": "null"}}},
            {"a": None},
            {"a": 1},
            id="into an unknown keyword",
        ),
        pytest.param(
            {"properties": {"a": {"$ref": "#n"}}, "definitions": {"d": {"$id": "#n", "type": "null"}}},
            {"a": None},
            {"a": 1},
            id="anchor of draft-07",
        ),
        pytest.param(
            {"$schema": MODERN, "properties": {"a": {"$ref": "#n"}}, "$defs": {"d": {"$anchor": "n", "type": "null"}}},
            {"a": None},
            {"a": 1},
            id="$anchor",
        ),
        pytest.param(
            {
                "$id": "url.to.event.schema",
                "properties": {"a": {"$ref": "url.to.event.schema#/definitions/d"}},
                "definitions": {"d": {"type": "null"}},
            },
            {"a": None},
            {"a": 1},
            id="by an id that is no URL",
        ),
        pytest.param(
            {
                "$id": "urn:example:root",
                "properties": {"a": {"$ref": "urn:example:root#/definitions/d"}, "b": {"$ref": "#/definitions/d"}},
                "definitions": {"d": {"type": "null"}},
            },
            {"a": None, "b": None},
            {"b": 1},
            id="by a urn",
        ),
        pytest.param(
            {
                "$id": "https://example.org/root.json",
                "properties": {"a": {"$ref": "inner.json"}},
                "definitions": {
                    "d": {
                        "$id": "inner.json",
                        "definitions": {"e": {"type": "null"}},
                        "items": {"$ref": "#/definitions/e"},
                    }
                },
            },
            {"a": [None]},
            {"a": [1]},
            id="$id in a subschema",
        ),
        pytest.param(
            {"properties": {"next": {"$ref": "#"}, "v": {"type": "null"}}},
            {"next": {"next": {"v": None}}},
            {"next": {"next": {"v": 1}}},
            id="recursive",
        ),
        pytest.param(
            {
                "properties": {"a": {"$ref": "#/definitions/a"}},
                "definitions": {
                    "a": {"items": {"$ref": "#/definitions/b"}},
                    "b": {"items": {"$ref": "#/definitions/a"}, "type": "array"},
                },
            },
            {"a": [[[[]]]]},
            {"a": [[[1]]]},
            id="mutual, through items",
        ),
        pytest.param(
            {"properties": {"a": {"$ref": "#/definitions/d", "type": "null"}}, "definitions": {"d": {}}},
            {"a": 1},
            None,
            id="what stands beside a $ref is hidden in draft-07",
        ),
        pytest.param(
            {"$schema": MODERN, "properties": {"a": {"$ref": "#/$defs/d", "type": "null"}}, "$defs": {"d": {}}},
            {"a": None},
            {"a": 1},
            id="and counts in 2020-12",
        ),
        pytest.param({"$ref": Draft.DRAFT7.value}, {"type": "null"}, {"type": "nil"}, id="a metaschema"),
        pytest.param({"properties": {"$ref": {"type": "null"}}}, {"$ref": None}, {"$ref": 1}, id="a property so named"),
    ],
)
def test_references_inside_a_schema_are_followed(backend, schema, valid, invalid):
    validator = compile_validator(schema, backend=backend)
    assert validator.is_valid(valid)
    if invalid is not None:
        assert not validator.is_valid(invalid)
        assert validator.explain(invalid) is not None


def test_a_document_given_with_the_schema_is_reached_by_its_uri(backend):
    resources = {
        "https://example.org/types.json": {"definitions": {"name": {"$ref": "more.json#n"}}},
        "https://example.org/more.json": {"$schema": MODERN, "$defs": {"n": {"$anchor": "n", "type": "string"}}},
    }
    schema = {"properties": {"a": {"$ref": "https://example.org/types.json#/definitions/name"}}}
    validator = compile_validator(schema, resources=resources, backend=backend)
    assert validator.is_valid({"a": "x"})
    assert not validator.is_valid({"a": 1})


def test_a_document_that_is_not_needed_may_be_of_any_kind(backend):
    resources = {"https://example.org/broken": {"$ref": "nowhere", "$schema": "urn:unknown"}}
    assert compile_validator({}, resources=resources, backend=backend).is_valid(1)


@pytest.mark.parametrize(
    ("resource", "text"),
    [
        (
            {"items": {"$ref": "more"}},
            "https://example.org/r: $.items['$ref']: leads to a document that was not given; none is fetched",
        ),
        ({"items": {"$ref": "#/no"}}, "https://example.org/r: $.items['$ref']: leads nowhere"),
        ({"$schema": "urn:x"}, "https://example.org/r: the $schema of this document is not a draft known here"),
    ],
    ids=str,
)
def test_a_document_that_is_needed_must_be_usable(backend, resource, text):
    with pytest.raises(InvalidSchema) as caught:
        compile_validator(
            {"$ref": "https://example.org/r"}, resources={"https://example.org/r": resource}, backend=backend
        )
    assert str(caught.value) == text


def test_a_bad_pattern_in_a_document_that_is_needed_is_an_invalid_schema(backend):
    with pytest.raises(InvalidSchema):
        compile_validator({"$ref": "urn:x:r"}, resources={"urn:x:r": {"pattern": "("}}, backend=backend)


def test_the_schema_given_is_neither_kept_nor_changed(backend):
    schema = {"properties": {"a": {"enum": [1]}, "b": False}, "$schema": Draft.DRAFT7.value + "#"}
    before = repr(schema)
    validator = compile_validator(schema, backend=backend)
    schema["properties"]["a"]["enum"].append(2)
    assert not validator.is_valid({"a": 2})
    schema["properties"]["a"]["enum"].pop()
    assert repr(schema) == before
