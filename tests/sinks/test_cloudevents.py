"""Events as CloudEvents; that a server takes them by the specification is shown in test_http.py."""

from __future__ import annotations

import json

import pytest

from jupyter_telemetry._contract import SCHEMA_ID, make_batch, numbered
from jupyter_telemetry.shipping import Batch
from jupyter_telemetry.sinks.cloudevents import CloudEvents


@pytest.mark.parametrize(("version", "written"), [(1, 1), ("1.0", "1.0"), (2**40, str(2**40)), ("", "")])
def test_the_version_is_an_integer_or_a_string_of_cloudevents(version, written):
    event = json.loads(CloudEvents("j").event(make_batch([(SCHEMA_ID, version, {})]).lines[0]))
    assert event["schemaversion"] == written
    assert event["dataschema"] == SCHEMA_ID


def test_an_id_that_is_no_uri_is_a_type_and_no_dataschema():
    event = json.loads(CloudEvents("j").event(make_batch([("plain-name", 1, {"a": 1})]).lines[0]))
    assert event["type"] == "plain-name"
    assert "dataschema" not in event


def test_what_is_parsed_becomes_the_same_as_what_is_not():
    line = make_batch([(SCHEMA_ID, 1, {"name": "é", "size": 1})]).lines[0]
    spaced = json.dumps(json.loads(line)).encode() + b"\n"
    assert json.loads(CloudEvents("j").event(line)) == json.loads(CloudEvents("j").event(spaced))


def test_metadata_of_a_collector_become_attributes():
    event = {**json.loads(make_batch(numbered(1)).lines[0])}
    metadata = {name: event.pop(name) for name in [*event] if name.startswith("__")}
    metadata |= {"__source__": "run 1", "__subject__": "ada", "__received__": "2026-11-23T17:42:05Z"}
    line = json.dumps({**metadata, **event}, separators=(",", ":")).encode() + b"\n"
    found = json.loads(CloudEvents("j").batch(Batch([line]).lines))[0]
    assert found["source"] == "run%201"
    assert found["subject"] == "ada"
    assert found["received"] == "2026-11-23T17:42:05Z"
    assert found["data"] == event
