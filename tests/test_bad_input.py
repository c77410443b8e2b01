"""Bad input: a clear error, no value in it, nothing lost; one rule a test."""

from __future__ import annotations

import json
import logging
import math
import subprocess
import sys

import pytest

from jupyter_telemetry import EventLog, InvalidEvent, InvalidSchema, SchemaNotRegistered

SECRET = "s3cret-value"
SCHEMA = {
    "$id": "https://example.org/save",
    "version": 1,
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "size": {"type": "number"},
        "anything": {},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name"],
}


@pytest.fixture
def log(tmp_path):
    handler = logging.FileHandler(tmp_path / "events.log")
    with EventLog(handlers=[handler], allowed_schemas=[SCHEMA["$id"]]) as log:
        log.register_schema(SCHEMA)
        yield log
    handler.close()


def lines(tmp_path):
    return (tmp_path / "events.log").read_text().splitlines()


circular: dict = {"name": "x"}
circular["anything"] = circular


def nested(levels):
    value: object = "end"
    for _ in range(levels):
        value = [value]
    return value


BAD_EVENTS = {
    "a list": ([SECRET], "$", "type"),
    "a string": (SECRET, "$", "type"),
    "None": (None, "$", "type"),
    "a set": ({"name": "x", "anything": {SECRET}}, "$.anything", "json"),
    "bytes": ({"name": "x", "anything": SECRET.encode()}, "$.anything", "json"),
    "an object": ({"name": "x", "anything": [object()]}, "$.anything[0]", "json"),
    "NaN for a number": ({"name": "x", "size": math.nan}, "$.size", "json"),
    "NaN for anything": ({"name": "x", "anything": {"a": [1, math.nan]}}, "$.anything.*[1]", "json"),
    "infinity undeclared": ({"name": "x", SECRET: -math.inf}, "$.*", "json"),
    "70 bits": ({"name": "x", "size": 2**70}, "$.size", "json"),
    "a lone surrogate": ({"name": f"{SECRET}\ud800"}, "$.name", "json"),
    "a lone surrogate in a name": ({"name": "x", f"{SECRET}\ud800": 1}, "$.*", "json"),
    "a name that is no string": ({"name": "x", 7: SECRET}, "$", "json"),
    "circular": (circular, "$", "depth"),
    "10,000 levels": ({"name": "x", "anything": nested(10_000)}, "$", "depth"),
    "201 levels": ({"name": "x", "anything": nested(200)}, "$", "depth"),
    "too long": ({"name": SECRET * 200_000}, "$", "size"),
    "a missing field": ({"size": 1}, "$", "required"),
    "a wrong type": ({"name": [SECRET]}, "$.name", "type"),
    "a wrong type in an array": ({"name": "x", "tags": ["a", {SECRET: 1}]}, "$.tags[1]", "type"),
    "a metadata name": ({"name": "x", "__schema__": SECRET}, "$", "reserved-name"),
    "a name like metadata's": ({"name": "x", "__later__": SECRET}, "$", "reserved-name"),
    "a nested name like metadata's": ({"name": "x", "anything": {"__id__": SECRET}}, "$.anything", "reserved-name"),
}


@pytest.mark.parametrize("case", BAD_EVENTS)
def test_a_bad_event_is_refused_without_its_values(log, tmp_path, case, capfd, caplog):
    event, json_path, rule = BAD_EVENTS[case]
    with pytest.raises(InvalidEvent) as caught:
        log.record_event(SCHEMA["$id"], 1, event)
    error = caught.value
    assert (error.json_path, error.rule, error.schema_id) == (json_path, rule, SCHEMA["$id"])
    assert isinstance(error, ValueError)
    assert error.__cause__ is None
    assert SECRET not in f"{error} {error!r} {vars(error)} {caplog.text} {capfd.readouterr()}"
    assert log.counts() == {
        "recorded": 0,
        "not_allowed": 0,
        "invalid": 1,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 0,
    }
    log.record_event(SCHEMA["$id"], 1, {"name": "the next"})
    assert [json.loads(line)["name"] for line in lines(tmp_path)] == ["the next"]


def test_what_fits_exactly_is_recorded(log, tmp_path):
    for event in (
        {"name": "x", "anything": nested(199)},
        {"name": "x", "size": 2**64 - 1},
        {"name": "x", "size": -(2**63)},
        {"name": "null", "anything": [None, "null", 1.5]},
        {"name": "__init__.py", "tags": ["__x__"]},
        {"name": "x", "anything": [{} for _ in range(300)]},
        {"name": "x", "tags": ("a", "b")},
    ):
        log.record_event(SCHEMA["$id"], 1, event)
    written = [json.loads(line) for line in lines(tmp_path)]
    assert len(written) == 7
    assert [event["size"] for event in written if "size" in event] == [2**64 - 1, -(2**63)]


def test_an_extra_field_is_refused_where_the_schema_forbids_it(log):
    log.register_schema({**SCHEMA, "version": 2, "additionalProperties": False})
    with pytest.raises(InvalidEvent) as caught:
        log.record_event(SCHEMA["$id"], 2, {"name": "x", SECRET: 1})
    assert (caught.value.json_path, caught.value.rule) == ("$", "additionalProperties")
    assert SECRET not in str(caught.value)


def test_max_event_bytes_is_of_the_line_without_its_newline(log, tmp_path):
    log.record_event(SCHEMA["$id"], 1, {"name": "x" * 500})
    length = len(lines(tmp_path)[0])
    log.max_event_bytes = length
    log.record_event(SCHEMA["$id"], 1, {"name": "y" * 500})
    with pytest.raises(InvalidEvent, match="max_event_bytes"):
        log.record_event(SCHEMA["$id"], 1, {"name": "y" * 501})


def test_an_unknown_schema_names_the_nearest(log):
    with pytest.raises(SchemaNotRegistered, match=r"did you mean https://example\.org/save"):
        log.record_event("https://example.org/saves", 1, {"name": "x"})


def test_an_unknown_version_names_the_known_ones(log):
    with pytest.raises(SchemaNotRegistered, match="registered: 1"):
        log.record_event(SCHEMA["$id"], 2, {"name": "x"})


@pytest.mark.parametrize("schema_id", [None, 3, ["a"], {"a": 1}, b"https://example.org/save"])
def test_an_id_that_is_no_text_is_not_registered(log, schema_id):
    with pytest.raises(SchemaNotRegistered):
        log.record_event(schema_id, 1, {"name": "x"})


@pytest.mark.parametrize("version", [None, True, [1], {}, 1.5])
def test_a_version_that_is_none_is_not_registered(log, version):
    log.register_schema({**SCHEMA, "$id": "https://example.org/never-recorded"})
    with pytest.raises(SchemaNotRegistered):
        log.record_event("https://example.org/never-recorded", version, {"name": "x"})


def test_allowed_schemas_that_names_another_id_is_said_once(tmp_path, caplog):
    with EventLog(allowed_schemas=["uri.to.event.schema"]) as log:
        log.register_schema({**SCHEMA, "$id": "url.to.event.schema"})
        for _ in range(3):
            assert log.record_event("url.to.event.schema", 1, {"name": SECRET}) is None
        log.on_invalid = "log"
        assert log.record_event("url.to.event.schema", 1, {"name": SECRET}) is None
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "allowed_schemas names uri.to.event.schema, which is not registered (the nearest registered id is "
        "url.to.event.schema); events of url.to.event.schema are not recorded."
    ]


def write(tmp_path, content, name="schema.json"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
)

BAD_FILES = {
    "empty": ("", "is empty"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", "not text"),
    "a list": ("[1, 2]", "holds a list"),
    "neither JSON nor YAML": ("{unclosed: [", "line 2, column 1"),
    "a YAML alias bomb": (f"$id: x\nversion: 1\nproperties:\n  p:\n    enum: [1]\n{BOMB}", "more than"),
    "a circular YAML alias": ("&a\n$id: x\nversion: 1\nproperties: {p: *a}\n", "levels"),
    "a YAML object tag": ("!!python/object/apply:os.system ['true']", "tag"),
    "without $id": ('{"version": 1}', r"\$id"),
    "without version": ('{"$id": "x"}', "version"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_schema_file_is_refused(log, tmp_path, case):
    content, reason = BAD_FILES[case]
    with pytest.raises(InvalidSchema, match=reason):
        log.register_schema_file(write(tmp_path, content))
    log.record_event(SCHEMA["$id"], 1, {"name": "x"})


def test_a_missing_schema_file_is_an_oserror(log, tmp_path):
    with pytest.raises(FileNotFoundError):
        log.register_schema_file(tmp_path / "none.json")


def test_a_schema_file_of_100_megabytes_is_not_read(log, tmp_path):
    path = tmp_path / "schema.json"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(InvalidSchema, match="longer than 1048576 bytes"):
        log.register_schema_file(path)


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ("#/definitions/nowhere", "leads nowhere"),
        ("#", None),
        ("#/properties/a", "refers to itself"),
        ("http://127.0.0.1:9/other", "none is fetched"),
        ("file:///etc/hostname", "none is fetched"),
    ],
)
def test_a_reference_leads_into_the_schema_or_nowhere(log, ref, reason):
    schema = {"$id": "https://example.org/ref", "version": 1, "properties": {"a": {"$ref": ref}}}
    if reason is None:
        log.register_schema(schema)
        return
    with pytest.raises(InvalidSchema, match=reason):
        log.register_schema(schema)


def test_an_event_of_a_schema_that_recurses_is_refused_by_its_depth():
    """In a process of its own: where depth is not looked at first, it dies."""
    code = """
import threading
from jupyter_telemetry import EventLog, InvalidEvent
log = EventLog(allowed_schemas=["r"])
log.register_schema({"$id": "r", "version": 1, "type": "object", "properties": {"r": {"$ref": "#"}}})
event = {}
for _ in range(200_000):
    event = {"r": event}
def record():
    try:
        log.record_event("r", 1, event)
    except InvalidEvent as error:
        print(error.rule, flush=True)
threading.stack_size(256 * 1024)
thread = threading.Thread(target=record)
thread.start()
thread.join()
import os
os._exit(0)  # freeing 200,000 levels is Python's own trouble
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "depth\n"), done.stderr


def test_a_pattern_of_exponential_time_ends():
    code = """
from jupyter_telemetry import EventLog, InvalidEvent
log = EventLog(allowed_schemas=["p"])
patterns = {"a": {"pattern": "^(a+)+$"}, "b": {"pattern": "^(?=(a+)+b)"}}
log.register_schema({"$id": "p", "version": 1, "properties": patterns})
for event in ({"a": "a" * 5000 + "!"}, {"b": "a" * 5000}, {"b": "a" * 60 + "c"}):
    try:
        log.record_event("p", 1, event)
    except InvalidEvent as error:
        print(error.rule)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "pattern\n" * 3), done.stderr
