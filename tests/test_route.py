"""The way of an event: what is refused leaves nothing behind, and what Python's subclasses hold is JSON."""

from __future__ import annotations

import json
import logging
import math
from enum import Enum, IntEnum
from uuid import UUID

import pytest

from jupyter_telemetry import EventLog, InvalidEvent

SECRET = "s3cret-value"
SCHEMA_ID = "https://example.org/route"
SCHEMA = {
    "$id": SCHEMA_ID,
    "version": 1,
    "type": "object",
    "properties": {
        "text": {"type": "string", "maxLength": 40},
        "whole": {"type": "integer", "maximum": 9},
        "number": {"type": "number"},
        "object": {"type": "object"},
        "array": {"type": "array", "items": {"type": "string"}},
        "anything": {},
    },
}


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class Whole(int):
    def __int__(self) -> int:
        return 1000


class Number(float):
    pass


class Object(dict):
    pass


class Array(list):
    pass


class Kind(Enum):
    TEXT = "a"
    WHOLE = 3
    NOTHING = None
    NAN = math.nan
    OBJECT = {"a": SECRET}
    ARRAY = (SECRET,)


class Named(str, Enum):
    A = "a"


class Count(IntEnum):
    THREE = 3


@pytest.fixture(params=["rust", "python"])
def log(request, monkeypatch):
    monkeypatch.setenv("JUPYTER_TELEMETRY_VALIDATION", request.param)
    with EventLog(allowed_schemas=[SCHEMA_ID]) as log:
        log.register_schema(SCHEMA)
        yield log


def refusal(log, event):
    with pytest.raises(InvalidEvent) as caught:
        log.record_event(SCHEMA_ID, 1, event)
    return caught.value


circular: dict = {}
circular["anything"] = circular

BAD_EVENTS = {
    "a string": SECRET,
    "a list": [SECRET],
    "a set": {"anything": {SECRET}},
    "bytes": {"text": SECRET.encode()},
    "an object": {"anything": [object()]},
    "NaN": {"number": math.nan},
    "70 bits": {"whole": 2**70},
    "70 bits anywhere": {"anything": 2**70},
    "a lone surrogate": {"text": f"{SECRET}\ud800"},
    "a lone surrogate anywhere": {"anything": f"{SECRET}\ud800"},
    "a lone surrogate in a name": {f"{SECRET}\ud800": 1},
    "a name that is no string": {7: SECRET},
    "circular": circular,
    "a wrong type": {"text": [SECRET]},
    "a reserved name": {"__a": SECRET},
    "too long": {"anything": SECRET * 200_000},
}


@pytest.mark.parametrize("case", BAD_EVENTS)
def test_the_error_of_a_bad_event_holds_no_other_error(log, case):
    error = refusal(log, BAD_EVENTS[case])
    assert error.__context__ is None
    assert error.__cause__ is None


def test_nor_does_that_of_a_reserved_name_where_values_are_filtered():
    with EventLog(allowed_schemas={SCHEMA_ID: {"allowed_properties": ["text"]}}) as log:
        log.register_schema(SCHEMA)
        error = refusal(log, {"text": "a", "__a": SECRET})
    assert (error.rule, error.__context__, error.__cause__) == ("reserved-name", None, None)


SUBCLASSES = {
    "str": ({"text": Text("a")}, {"text": "a"}),
    "int": ({"whole": Whole(3)}, {"whole": 3}),
    "float": ({"number": Number(1.5)}, {"number": 1.5}),
    "float anywhere": ({"anything": [Number(1.5)]}, {"anything": [1.5]}),
    "dict": ({"object": Object(a=Text("b"))}, {"object": {"a": "b"}}),
    "list": ({"array": Array([Text("a")])}, {"array": ["a"]}),
    "a name": ({"object": {Text("a"): 1}, Text("text"): "b"}, {"object": {"a": 1}, "text": "b"}),
    "an Enum of text": ({"text": Kind.TEXT}, {"text": "a"}),
    "an Enum of numbers": ({"whole": Kind.WHOLE}, {"whole": 3}),
    "a str Enum": ({"text": Named.A, "anything": {Named.A: 1}}, {"text": "a", "anything": {"a": 1}}),
    "an IntEnum": ({"whole": Count.THREE}, {"whole": 3}),
    "a UUID": ({"text": UUID(int=7)}, {"text": "00000000-0000-0000-0000-000000000007"}),
}


@pytest.mark.parametrize("case", SUBCLASSES)
def test_a_subclass_counts_as_what_it_is_a_subclass_of(tmp_path, log, case):
    event, written = SUBCLASSES[case]
    before = {name: (id(value), type(value)) for name, value in event.items()}
    handler = logging.FileHandler(tmp_path / "events.log")
    log.add_handler(handler)
    log.record_event(SCHEMA_ID, 1, event)
    handler.close()
    line = json.loads((tmp_path / "events.log").read_text())
    assert {name: value for name, value in line.items() if not name.startswith("__")} == written
    assert {name: (id(value), type(value)) for name, value in event.items()} == before


@pytest.mark.parametrize(
    ("event", "json_path", "rule"),
    [
        ({"whole": Whole(10)}, "$.whole", "maximum"),
        ({"text": Whole(3)}, "$.text", "type"),
        ({"text": Text("a" * 41)}, "$.text", "maxLength"),
        ({"array": [Text("a"), Whole(3)]}, "$.array[1]", "type"),
        ({"text": "a", "whole": Kind.TEXT}, "$.whole", "type"),
        ({"number": Number("nan")}, "$.number", "json"),
        ({"text": Text("a\ud800")}, "$.text", "json"),
    ],
)
def test_a_subclass_that_breaks_a_rule_is_refused_at_its_place(log, event, json_path, rule):
    error = refusal(log, event)
    assert (error.json_path, error.rule) == (json_path, rule)


@pytest.mark.parametrize(
    "event", [{"anything": Kind.NOTHING}, {"anything": Kind.NAN}, {"text": Kind.OBJECT}, {"text": Kind.ARRAY}]
)
def test_an_enum_whose_value_is_neither_text_nor_a_number_is_refused(log, event):
    error = refusal(log, event)
    assert (error.json_path, error.rule) == (f"$.{next(iter(event))}", "json")
    assert SECRET not in str(error)
