"""Event models: a schema in the shape of the specification, and what is recorded of an instance."""

from __future__ import annotations

import json
import warnings
from typing import Generic, TypeVar

import pytest
from pydantic import Field, field_validator

from jupyter_telemetry import Event, EventLog, InvalidSchema

from .models import RICH, SECRET, MyEvent, Rich, log_of, properties, rich

# The specification's own output, to the letter.
PRINTED = """{
  "title": "My Event",
  "description": "All events must have a name property.",
  "type": "object",
  "properties": {
    "name": {
      "title": "Name",
      "description": "Name of event",
      "type": "string"
    }
  },
  "required": [
    "name"
  ],
  "$id": "url.to.event.schema",
  "version": 1
}"""


def test_the_schema_is_the_specifications():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert json.dumps(MyEvent.schema(), indent=2) == PRINTED


def test_an_instance_is_recorded():
    capsule = log_of(MyEvent).record_event_model(MyEvent(name="My Event"))
    assert capsule["__schema__"] == "url.to.event.schema"
    assert capsule["__schema_version__"] == 1
    assert properties(capsule) == {"name": "My Event"}


def test_what_a_model_states_may_be_annotated():
    class Annotated(Event):
        _id: str = "https://example.org/annotated"
        _title: str = "Annotated"
        _version: int = 3
        _own: int = 5

        name: str

    class Newer(Annotated):
        _version = 4

    class Newest(Newer):
        _version: str = "5"

    stated = [(each.schema()["$id"], each.schema()["version"]) for each in (Annotated, Newer, Newest)]
    assert stated == [("https://example.org/annotated", version) for version in (3, 4, "5")]
    assert Annotated.schema()["title"] == "Annotated"
    capsule = log_of(Newest).record_event_model(Newest(name="x"))
    assert (capsule["__schema_version__"], properties(capsule), Newest(name="x")._own) == ("5", {"name": "x"}, 5)


T = TypeVar("T")


class Generally(Event, Generic[T]):
    _id = "https://example.org/generic"
    _title = "Generic"
    _version = 1

    value: T


def test_nested_models_enums_dates_unions_and_optional_fields_are_recorded_by_alias():
    capsule = log_of(Rich).record_event_model(rich())
    assert properties(capsule) == RICH
    assert capsule["__schema_version__"] == "2.0"


def test_the_same_event_may_be_recorded_as_a_dict():
    assert properties(log_of(Rich).record_event("https://example.org/rich", "2.0", RICH)) == RICH


def test_a_schema_with_definitions_keeps_the_order_and_the_last_two():
    assert list(Rich.schema())[:5] == ["title", "type", "properties", "required", "$defs"]
    assert list(Rich.schema())[-2:] == ["$id", "version"]
    assert list(Rich.schema()["properties"]) == list(RICH)
    assert list(Rich.schema()["$defs"]["Origin"])[:2] == ["title", "type"]


def test_generic_models_are_schemas_once_their_types_are_given():
    model = Generally[int]
    capsule = log_of(model).record_event_model(model(value=3))
    assert properties(capsule) == {"value": 3}
    assert model.schema()["title"] == "Generic"


def test_id_title_and_version_are_inherited_and_overridable():
    class Later(MyEvent):
        _version = 2
        size: int = 0

    assert (Later._id, Later._title, Later._version) == ("url.to.event.schema", "My Event", 2)
    assert "description" not in Later.schema()
    log = log_of(MyEvent, Later)
    assert properties(log.record_event_model(Later(name="x", size=3))) == {"name": "x", "size": 3}
    assert log.record_event_model(MyEvent(name="x"))["__schema_version__"] == 1


def test_an_abstract_base_may_lack_them_until_it_is_registered():
    class Base(Event):
        user: str

    class Whole(Base):
        _id, _title, _version = "whole", "Whole", 1

    assert properties(log_of(Whole).record_event_model(Whole(user="x"))) == {"user": "x"}
    for call in (EventLog().register_event_model, lambda model: model.schema()):
        with pytest.raises(InvalidSchema, match="Base lacks _id, _title, _version"):
            call(Base)


def test_validators_are_not_run_again():
    calls = []

    class Checked(MyEvent):
        _version = 3

        @field_validator("name")
        @classmethod
        def check(cls, value: str) -> str:
            calls.append(value)
            return value

    log_of(Checked).record_event_model(Checked(name="x"))
    assert calls == ["x"]


def test_categories_of_a_field_are_part_of_the_schema():
    class Classified(Event):
        _id, _title, _version = "https://example.org/classified", "Classified", 1
        action: str = Field(json_schema_extra={"categories": ["unrestricted"]})
        user: str = Field(json_schema_extra={"categories": ["user-identifier"]})

    capsule = log_of(Classified).record_event_model(Classified(action="save", user=SECRET))
    assert properties(capsule) == {"action": "save", "user": None}
