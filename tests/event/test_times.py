"""Dates, times and durations of a model are recorded as texts, a naive datetime as UTC."""

from __future__ import annotations

import datetime

import pytest
from pydantic import BaseModel, Field, field_serializer

from jupyter_telemetry import Event

from .models import log_of, properties


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
