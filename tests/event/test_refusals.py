"""What is no event model, or no valid instance of one, is refused, and none of its values is said."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import pytest
from pydantic import BaseModel, ConfigDict, field_serializer

from jupyter_telemetry import Event, EventLog, InvalidEvent, InvalidSchema, SchemaNotRegistered

from .models import SECRET, MyEvent, Rich, log_of, rich


def test_an_annotation_alone_states_nothing():
    class Lacking(Event):
        _id: str
        _title: str = "Lacking"
        _version: int

    with pytest.raises(InvalidSchema, match="the event model Lacking lacks _id, _version"):
        Lacking.schema()


class Inner(BaseModel):
    call: Callable


@dataclasses.dataclass
class Dated:
    call: Callable


@pytest.mark.parametrize(
    ("annotation", "field"),
    [
        (Callable, "'which' of Odd"),
        (list[Callable], "'which' of Odd"),
        (list[Inner], "'call' of Inner"),
        (Dated, "'call' of Dated"),
        (type, "'which' of Odd"),
    ],
    ids=str,
)
def test_a_field_whose_type_has_no_schema_is_named(annotation, field):
    class Odd(Event):
        _id = "https://example.org/odd"
        _title = "Odd"
        _version = 1

        which: annotation

    for ask in Odd.schema, lambda: EventLog().register_event_model(Odd):
        with pytest.raises(InvalidSchema) as caught:
            ask()
        assert str(caught.value) == (
            f"the event model Odd: the field {field} has a type without a JSON Schema; give it one that JSON has, "
            "describe it with pydantic.WithJsonSchema, or leave it out with Field(exclude=True)"
        )


def test_a_model_that_is_not_complete_is_an_invalid_schema():
    class Incomplete(Event):
        _id = "https://example.org/incomplete"
        _title = "Incomplete"
        _version = 1

        which: NotYet  # noqa: F821

    with pytest.raises(InvalidSchema, match=r"the event model Incomplete has no schema: .*model_rebuild"):
        Incomplete.schema()


@pytest.mark.parametrize("model", [BaseModel, dict, "MyEvent", MyEvent(name="x")])
def test_what_is_no_event_model_cannot_be_registered(model):
    with pytest.raises(InvalidSchema, match="no subclass"):
        EventLog().register_event_model(model)


@pytest.mark.parametrize(
    ("name", "value"), [("_id", "not a uri"), ("_id", 7), ("_version", ""), ("_version", 1.5), ("_version", None)]
)
def test_id_and_version_are_checked_when_the_model_is_registered(name, value):
    model = type("Wrong", (MyEvent,), {name: value})
    with pytest.raises(InvalidSchema):
        EventLog().register_event_model(model)


def test_a_model_is_not_an_instance_and_a_dict_is_no_model():
    log = log_of(MyEvent)
    for wrong in ({"name": SECRET}, MyEvent, None):
        with pytest.raises(InvalidEvent, match="not an instance of an Event model"):
            log.record_event_model(wrong)


def test_an_unregistered_model_is_refused():
    with pytest.raises(SchemaNotRegistered):
        EventLog(allowed_schemas=["url.to.event.schema"]).record_event_model(MyEvent(name="x"))


def test_an_unregistered_model_that_has_no_schema_is_refused_as_any_other():
    class Without(MyEvent):
        call: Callable[[], None] | None = None

    with pytest.raises(SchemaNotRegistered):
        EventLog().record_event_model(Without(name="x"))


@pytest.mark.parametrize("value", [3, None, [SECRET], {SECRET}, {"a": SECRET}, object(), math.nan, b"\xff"])
def test_an_instance_that_was_changed_into_what_its_schema_forbids_is_refused_in_silence(value, recwarn, caplog):
    """pydantic would warn, with the value in the text."""
    event = MyEvent(name="x")
    event.name = value
    log = log_of(MyEvent)
    with pytest.raises(InvalidEvent) as caught:
        log.record_event_model(event)
    assert SECRET not in f"{caught.value} {caplog.text}"
    assert len(recwarn) == 0
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert log.counts()["invalid"] == 1


def test_what_is_no_number_in_an_optional_field_is_not_written_as_null():
    with pytest.raises(InvalidEvent, match="not a finite number"):
        log_of(Rich).record_event_model(rich(maybe=math.nan))


def test_a_model_that_forbids_extra_fields_forbids_them_to_dicts_too():
    class Strict(MyEvent):
        model_config = ConfigDict(extra="forbid")
        _version = 4

    log = log_of(Strict)
    log.record_event_model(Strict(name="x"))
    with pytest.raises(InvalidEvent, match="additionalProperties"):
        log.record_event("url.to.event.schema", 4, {"name": "x", SECRET: 1})


def test_it_is_counted_and_said_where_the_log_does_not_raise(caplog):
    log = log_of(MyEvent, on_invalid="log")
    event = MyEvent(name="x")
    event.name = {SECRET}  # type: ignore[assignment]
    for bad in (event, {"name": SECRET}):
        assert log.record_event_model(bad) is None
    assert log.counts()["invalid"] == 2
    assert SECRET not in caplog.text


def test_a_serializer_that_fails_leaves_nothing_of_its_error():
    class Failing(MyEvent):
        _version = 5

        @field_serializer("name")
        def write(self, value: str) -> str:
            raise ValueError(value)

    with pytest.raises(InvalidEvent, match="cannot be written as JSON") as caught:
        log_of(Failing).record_event_model(Failing(name=SECRET))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_pydantic_s_own_error_holds_no_value():
    with pytest.raises(ValueError, match="count") as caught:
        Counting(count="s3cret")
    assert "s3cret" not in str(caught.value)


class Counting(Event):
    _id = "https://example.org/counting"
    _title = "Counting"
    _version = 1

    count: int
