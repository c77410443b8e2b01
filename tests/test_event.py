"""Event models: a schema in the shape of the specification, and what is recorded of an instance."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import warnings
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator

from jupyter_telemetry import Event, EventLog, InvalidEvent, InvalidSchema, SchemaNotRegistered

SECRET = "s3cret-value"


class MyEvent(Event):
    """All events must have a name property."""

    _id = "url.to.event.schema"
    _title = "My Event"
    _version = 1

    name: str = Field(..., description="Name of event")


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


def log_of(*models, **traits):
    log = EventLog(allowed_schemas=[model._id for model in models], **traits)
    for model in models:
        log.register_event_model(model)
    return log


def properties(capsule):
    return {name: value for name, value in capsule.items() if not name.startswith("__")}


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


class Kind(Enum):
    NOTEBOOK = "notebook"
    FILE = "file"


class Origin(BaseModel):
    client: str
    build: int | None = None


T = TypeVar("T")


class Generally(Event, Generic[T]):
    _id = "https://example.org/generic"
    _title = "Generic"
    _version = 1

    value: T


class Rich(Event):
    _id = "https://example.org/rich"
    _title = "Rich"
    _version = "2.0"

    kind: Kind
    when: datetime.datetime
    day: datetime.date
    origin: Origin
    origins: list[Origin] = []
    either: int | str
    mode: Literal["a", "b"] = "a"
    maybe: float | None = None
    counts: dict[str, int] = {}
    price: Decimal = Decimal("1.50")
    ident: UUID = UUID(int=7)
    aliased: str = Field("x", alias="file-name")


RICH = {
    "kind": "notebook",
    "when": "2026-11-23T17:42:05Z",
    "day": "2026-11-23",
    "origin": {"client": "lab", "build": None},
    "origins": [{"client": "a", "build": 1}],
    "either": "e",
    "mode": "b",
    "maybe": 1.5,
    "counts": {"n": 3},
    "price": "1.50",
    "ident": "00000000-0000-0000-0000-000000000007",
    "file-name": "x",
}


def rich(**changes: Any) -> Rich:
    return Rich(**{**RICH, **changes})


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


def test_categories_of_a_field_are_part_of_the_schema():
    class Classified(Event):
        _id, _title, _version = "https://example.org/classified", "Classified", 1
        action: str = Field(json_schema_extra={"categories": ["unrestricted"]})
        user: str = Field(json_schema_extra={"categories": ["user-identifier"]})

    capsule = log_of(Classified).record_event_model(Classified(action="save", user=SECRET))
    assert properties(capsule) == {"action": "save", "user": None}


def test_a_serializer_that_fails_leaves_nothing_of_its_error():
    class Failing(MyEvent):
        _version = 5

        @field_serializer("name")
        def write(self, value: str) -> str:
            raise ValueError(value)

    with pytest.raises(InvalidEvent, match="cannot be written as JSON") as caught:
        log_of(Failing).record_event_model(Failing(name=SECRET))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


class Visit(BaseModel):
    at: datetime.datetime


class Times(Event):
    _id, _title, _version = "https://example.org/times", "Times", 1
    value: datetime.datetime | datetime.date | datetime.time | datetime.timedelta | None = None
    at: datetime.datetime | None = None
    day: datetime.date | None = None
    clock: datetime.time | None = None
    lasted: datetime.timedelta | None = None
    several: list[datetime.datetime] = []
    pair: tuple[datetime.datetime, str] | None = None
    only: set[datetime.datetime] = set()
    clocks: list[datetime.time] = []
    durations: dict[str, datetime.timedelta] = {}
    visits: dict[str, list[Visit]] = {}
    note: str = ""


NAIVE = datetime.datetime(2026, 11, 23, 17, 42, 5, 123456)
AHEAD = datetime.timezone(datetime.timedelta(hours=2))
AWARE = NAIVE.replace(tzinfo=AHEAD)
TIMES = {
    "naive": ({"at": NAIVE}, "2026-11-23T17:42:05.123456Z"),
    "naive, whole second": ({"at": datetime.datetime(2026, 11, 23)}, "2026-11-23T00:00:00Z"),
    "aware": ({"at": AWARE}, "2026-11-23T17:42:05.123456+02:00"),
    "UTC": ({"at": NAIVE.replace(tzinfo=datetime.timezone.utc)}, "2026-11-23T17:42:05.123456Z"),
    "a union": ({"value": NAIVE}, "2026-11-23T17:42:05.123456Z"),
    "date": ({"day": NAIVE.date()}, "2026-11-23"),
    "naive time": ({"clock": datetime.time(17, 42)}, "17:42:00"),
    "aware time": ({"clock": datetime.time(17, 42, tzinfo=AHEAD)}, "17:42:00+02:00"),
    "1.5 seconds": ({"lasted": datetime.timedelta(seconds=1.5)}, "PT1.5S"),
    "-1 second": ({"lasted": datetime.timedelta(seconds=-1)}, "-PT1S"),
    "more than a year": ({"lasted": datetime.timedelta(days=400, hours=3)}, "P1Y35DT3H"),
    "a list": ({"several": [NAIVE, AWARE]}, ["2026-11-23T17:42:05.123456Z", "2026-11-23T17:42:05.123456+02:00"]),
    "a tuple": (
        {"pair": (NAIVE, "2026-11-23T17:42:05")},
        ["2026-11-23T17:42:05.123456Z", "2026-11-23T17:42:05"],
    ),
    "a set": ({"only": {NAIVE}}, ["2026-11-23T17:42:05.123456Z"]),
    "a list of times": ({"clocks": [datetime.time(1), datetime.time(2, tzinfo=AHEAD)]}, ["01:00:00", "02:00:00+02:00"]),
    "durations": ({"durations": {"a": datetime.timedelta(milliseconds=-1500)}}, {"a": "-PT1.5S"}),
    "nested models": ({"visits": {"a": [Visit(at=NAIVE)]}}, {"a": [{"at": "2026-11-23T17:42:05.123456Z"}]}),
    "a text like it": ({"note": "2026-11-23T17:42:05"}, "2026-11-23T17:42:05"),
}


@pytest.mark.parametrize("backend", ["rust", "python"])
@pytest.mark.parametrize("case", TIMES)
def test_dates_and_times_are_recorded_and_a_naive_datetime_as_utc(case, backend, monkeypatch):
    monkeypatch.setenv("JUPYTER_TELEMETRY_VALIDATION", backend)
    given, written = TIMES[case]
    assert properties(log_of(Times).record_event_model(Times(**given)))[next(iter(given))] == written


def test_a_datetime_keeps_its_format_in_the_schema_and_a_time_and_a_duration_have_none():
    class Plain(Event):
        _id, _title, _version = "https://example.org/plain", "Plain", 1
        at: datetime.datetime
        day: datetime.date
        clock: datetime.time
        lasted: datetime.timedelta
        written: str = Field("", json_schema_extra={"format": "duration"})

    formats = {name: each.get("format") for name, each in Plain.schema()["properties"].items()}
    assert formats == {"at": "date-time", "day": "date", "clock": None, "lasted": None, "written": "duration"}


def test_a_field_serializer_has_the_last_word_on_a_datetime():
    class Written(Event):
        _id, _title, _version = "https://example.org/written", "Written", 1
        at: datetime.datetime
        other: datetime.datetime = NAIVE

        @field_serializer("at")
        def write(self, value: datetime.datetime) -> str:
            return value.strftime("%d.%m.%Y")

    assert properties(log_of(Written).record_event_model(Written(at=NAIVE))) == {
        "at": "23.11.2026",
        "other": "2026-11-23T17:42:05.123456Z",
    }


def test_pydantic_s_own_error_holds_no_value():
    with pytest.raises(ValueError, match="count") as caught:
        Counting(count="s3cret")
    assert "s3cret" not in str(caught.value)


class Counting(Event):
    _id = "https://example.org/counting"
    _title = "Counting"
    _version = 1

    count: int
