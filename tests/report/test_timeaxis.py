from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_telemetry.analysis.report.timeaxis import Clock, TimeAxis, duration
from jupyter_telemetry.errors import QueryError

UTC = Clock("UTC")
BERLIN = Clock("Europe/Berlin")
START = datetime(2026, 11, 23, 17, 42, 5, 250_000, tzinfo=timezone.utc).timestamp()
DAY = 86400


@pytest.mark.parametrize(
    ("period", "unit", "bins"),
    [
        (0, "second", 1),
        (19, "second", 20),
        (90, "2 seconds", 46),
        (3600, "2 minutes", 31),
        (DAY, "30 minutes", 49),
        (3 * DAY, "2 hours", 37),
        (9 * DAY, "6 hours", 37),
        (30 * DAY, "day", 31),
        (300 * DAY, "week", 43),
        (1000 * DAY, "month", 34),
    ],
)
def test_a_period_is_cut_into_bins_of_a_length_that_people_know(period, unit, bins):
    axis = TimeAxis.over(START, START + period, UTC)
    assert (axis.unit, len(axis)) == (unit, bins)


@settings(deadline=None)
@given(
    st.floats(946_684_800, 1_900_000_000),
    st.floats(0, 20 * 365 * DAY),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"]),
)
def test_every_moment_of_the_period_falls_in_the_bin_that_holds_it(first, period, zone):
    axis = TimeAxis.over(first, first + period, Clock(zone))
    assert list(axis.edges) == sorted(set(axis.edges))
    assert len(axis) <= 300
    for moment in (first, first + period / 3, first + period):
        index = axis.bin(moment)
        assert axis.edges[index] <= moment + 0.001
        assert moment < axis.edges[index + 1]


def test_a_moment_outside_of_the_period_falls_in_the_nearest_bin():
    axis = TimeAxis.over(START, START + 10, UTC)
    assert (axis.bin(0), axis.bin(START + DAY)) == (0, len(axis) - 1)


def test_days_begin_at_local_midnight_also_when_the_clocks_change():
    first = datetime(2026, 10, 20, 12, tzinfo=timezone.utc).timestamp()
    axis = TimeAxis.over(first, first + 12 * DAY, BERLIN)
    assert {BERLIN.at(edge).strftime("%H:%M") for edge in axis.edges} == {"00:00"}
    assert {round(b - a) for a, b in zip(axis.edges, axis.edges[1:], strict=False)} == {DAY, DAY + 3600}


def test_hours_begin_at_whole_hours_of_a_zone_with_a_crooked_offset():
    axis = TimeAxis.over(START, START + 2 * DAY, Clock("Asia/Kathmandu"))
    assert {Clock("Asia/Kathmandu").at(edge).minute for edge in axis.edges} == {0}


@pytest.mark.parametrize(
    ("period", "label", "ticks"),
    [
        (19, "Mon 23 Nov 2026, 18:42:05", ["18:42:05", "18:42:10", "18:42:15", "18:42:20"]),
        (
            DAY,
            "Mon 23 Nov 2026, 18:30",
            ["23 Nov 21:00", "24 Nov 00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00"],
        ),
        (
            4 * DAY,
            "Mon 23 Nov 2026, 18:00",
            ["24 Nov 00:00", "12:00", "25 Nov 00:00", "12:00", "26 Nov 00:00", "12:00", "27 Nov 00:00", "12:00"],
        ),
        (30 * DAY, "Mon 23 Nov 2026", ["23 Nov", "30 Nov", "7 Dec", "14 Dec", "21 Dec"]),
        (300 * DAY, "week of Mon 23 Nov 2026", ["23 Nov", "18 Jan 2027", "15 Mar", "10 May", "5 Jul", "30 Aug"]),
        (1000 * DAY, "November 2026", ["Jan 2027", "Jul", "Jan 2028", "Jul", "Jan 2029", "Jul"]),
    ],
)
def test_a_bin_says_when_it_begins_in_full_and_a_tick_in_short(period, label, ticks):
    axis = TimeAxis.over(START, START + period, BERLIN)
    assert axis.label(0) == label
    assert [text for _, text in axis.ticks(8)] == ticks


def test_without_a_zone_the_clock_is_that_of_the_machine(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        clock = Clock()
        assert clock.at(START).strftime("%H:%M") == "12:42"
        assert clock.describe(START) == "EST (UTC-05:00)"
        midnight = datetime(2026, 11, 23, 5, tzinfo=timezone.utc)
        assert clock.midnight(2026, 11, 23) == midnight.timestamp()
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_zone_is_named_with_its_offset():
    assert UTC.describe(START) == "UTC"
    assert BERLIN.describe(START) == "Europe/Berlin (UTC+01:00)"
    assert Clock("Asia/Kathmandu").describe(START) == "Asia/Kathmandu (UTC+05:45)"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "\0"])
def test_an_unknown_zone_is_an_error_that_says_what_to_write(zone):
    with pytest.raises(QueryError, match="such as UTC or Europe/Berlin"):
        Clock(zone)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0 ms"),
        (0.25, "250 ms"),
        (8.75, "8.8 s"),
        (45.4, "45 s"),
        (60, "1 min"),
        (150, "2 min 30 s"),
        (59.9 * 60, "59 min"),
        (3 * 3600 + 300, "3 h 5 min"),
        (23 * 3600, "23 h"),
        (timedelta(days=2, hours=4).total_seconds(), "2 d 4 h"),
        (timedelta(days=12, hours=4).total_seconds(), "12 d"),
    ],
)
def test_a_length_of_time_is_said_in_the_units_that_matter(seconds, text):
    assert duration(seconds) == text
