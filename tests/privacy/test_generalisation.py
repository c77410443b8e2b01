"""Less is said of a value, and nothing that is not true."""

from __future__ import annotations

import ipaddress
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry.privacy.generalisation import (
    TIME_UNITS,
    Unfit,
    coarsest,
    first_parts,
    floor_time,
    network_of,
    rounded_down,
    rounded_time,
    suffix_of,
)

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
UNITS = st.sampled_from(TIME_UNITS)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=OFFSETS)


def begin_of(moment: datetime, unit: str) -> datetime:
    """Return the beginning of the unit as the calendar has it."""
    moment = moment.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)
    if unit != "hour":
        moment = moment.replace(hour=0)
    return moment - timedelta(days=moment.weekday()) if unit == "week" else moment


@given(MOMENTS, UNITS)
def test_a_moment_is_rounded_down_as_the_calendar_has_it(moment, unit):
    moment_us = (moment - EPOCH) // timedelta(microseconds=1)
    assert EPOCH + timedelta(microseconds=floor_time(moment_us, unit)) == begin_of(moment, unit)


@given(st.integers(-(2**63), 2**63), UNITS, UNITS)
def test_a_moment_that_is_rounded_twice_is_rounded_to_the_coarser(moment_us, first, second):
    once = floor_time(moment_us, first)
    assert once <= moment_us
    assert floor_time(once, first) == once
    assert floor_time(floor_time(moment_us, coarsest([first, second])), first) == floor_time(
        moment_us, coarsest([first, second])
    )
    assert floor_time(once, coarsest([first, second])) == floor_time(moment_us, coarsest([first, second]))


def test_the_coarsest_of_units():
    assert coarsest([]) is None
    assert coarsest(iter(["hour", "week", "day"])) == "week"
    assert coarsest(["hour", "day", "hour"]) == "day"


@given(MOMENTS, UNITS)
def test_a_date_time_goes_to_utc_and_is_rounded_down(moment, unit):
    written = begin_of(moment, unit).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    assert rounded_time(moment.isoformat(), unit) == written
    assert rounded_time(written, unit) == written


@pytest.mark.parametrize(
    ("value", "unit", "rounded"),
    [
        ("2026-11-23T17:42:05.123456Z", "hour", "2026-11-23T17:00:00Z"),
        ("2026-11-23t17:42:05.123456789012z", "hour", "2026-11-23T17:00:00Z"),
        ("2026-11-23 17:42:05,5+00:00", "hour", "2026-11-23T17:00:00Z"),
        ("2026-11-24T00:10:00+01:30", "hour", "2026-11-23T22:00:00Z"),
        ("2026-11-23T22:10:00-0330", "day", "2026-11-24T00:00:00Z"),
        ("2026-11-23T17:42Z", "day", "2026-11-23T00:00:00Z"),
        ("2016-12-31T23:59:60Z", "hour", "2016-12-31T23:00:00Z"),
        ("2026-11-22T23:59:59Z", "week", "2026-11-16T00:00:00Z"),
        ("2026-11-23T00:00:00Z", "week", "2026-11-23T00:00:00Z"),
        ("1969-12-31T23:59:59Z", "week", "1969-12-29T00:00:00Z"),
        ("2026-11-23T17:42:05.123456", "hour", "2026-11-23T17:00:00"),
        ("2026-11-25", "hour", "2026-11-25"),
        ("2026-11-25", "day", "2026-11-25"),
        ("2026-11-25", "week", "2026-11-23"),
    ],
)
def test_a_time_as_it_is_written(value, unit, rounded):
    assert rounded_time(value, unit) == rounded


@pytest.mark.parametrize(
    "value",
    ["", "ada", "17:42:05Z", "2026-13-01T00:00:00Z", "2026-02-30", "2026-11-23T25:00:00Z", "2026-11-23T17:60Z",
     "2026-11-23T17:42:61Z", "2026-11-23T17:42:05+24:00", "2026-11-23T17:42:05+01:60", "0000-01-01", "2026-11-23\n",
     " 2026-11-23", "2026-11-23T17:42:05Z ada", "२०२६-११-२३", "20261123T174205Z", "0001-01-01T00:00:00+01:00",
     "9999-12-31T23:59:59-01:00", 1700000000, 1700000000.5, True, ["2026-11-23"]],
)  # fmt: skip
@pytest.mark.parametrize("unit", TIME_UNITS)
def test_what_is_no_time_is_refused(value, unit):
    with pytest.raises(Unfit):
        rounded_time(value, unit)


@given(st.dates(date(1, 1, 1)), UNITS)
def test_a_date_stays_a_date(day, unit):
    begin = day - timedelta(days=day.weekday()) if unit == "week" else day
    assert rounded_time(day.isoformat(), unit) == begin.isoformat()


@pytest.mark.parametrize(
    ("path", "suffix"),
    [
        ("a/b/c.ipynb", ".ipynb"),
        ("thesis.IPYNB", ".IPYNB"),
        (r"C:\Users\ada\x.py", ".py"),
        ("a.tar.gz", ".gz"),
        ("x.code-workspace", ".code-workspace"),
        ("a.b/c", ""),
        (r"a.b\c", ""),
        ("a/.bashrc", ""),
        (".bashrc", ""),
        ("c.", ""),
        ("", ""),
        ("c.ipynb/", ""),
        ("c.ipynb?token=s3cret", ""),
        ("letter.to my sister", ""),
        ("c." + "x" * 17, ""),
        ("c.ipynb\n", ""),
        ("c.ädä", ""),
    ],
)
def test_the_suffix_of_a_path_is_a_kind_of_file_or_nothing(path, suffix):
    assert suffix_of(path) == suffix


@pytest.mark.parametrize(
    ("path", "count", "beginning"),
    [
        ("/home/ada/x/y", 2, "/home/ada"),
        ("home/ada/x/y", 2, "home/ada"),
        ("/home/ada/", 2, "/home/ada"),
        ("/home/ada/", 9, "/home/ada"),
        ("//home//ada//x", 2, "//home//ada"),
        (r"C:\Users\ada\x", 2, r"C:\Users"),
        (r"\\server\share\x", 1, r"\\server"),
        ("https://hub.example.org/user/ada", 2, "https://hub.example.org"),
        ("x.ipynb", 1, "x.ipynb"),
        ("/", 1, "/"),
        ("", 1, ""),
    ],
)
def test_the_first_parts_of_a_path(path, count, beginning):
    assert first_parts(path, count) == beginning


@given(st.text("ab/\\.", max_size=20), st.integers(1, 5), st.integers(1, 5))
def test_fewer_parts_are_what_fewer_parts_of_more_are(path, a, b):
    assert first_parts(first_parts(path, a), b) == first_parts(path, min(a, b))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("255.255.255.255", "255.255.255.0/24"),
        ("2001:db8::1", "2001:db8::/48"),
        ("2001:DB8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("2002:c000:0207::1", "192.0.2.0/24"),  # 6to4: its /48 is the whole of 192.0.2.7
        ("::1", "::/48"),
    ],
)
def test_the_network_of_an_address(address, network):
    assert network_of(address) == network


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_addresses_have_the_same_network_only_if_they_are_in_it(a, b):
    same = int(a) >> 8 == int(b) >> 8
    assert (network_of(str(a)) == network_of(str(b))) is same
    for inside in (f"::ffff:{a}", str(ipaddress.IPv6Address((0x2002 << 112) | (int(a) << 80) | 1))):
        assert network_of(inside) == network_of(str(a))


@pytest.mark.parametrize("value", ["", "ada", "192.0.2", "192.0.2.7:80", "192.0.2.0/24", "1.2.3.4.5", 3221225991, None])
def test_what_is_no_address_is_refused(value):
    with pytest.raises(Unfit) as caught:
        network_of(value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("value", "size", "below"),
    [
        (17, "10", 10), (-17, "10", -20), (20, "10", 20), (0, "10", 0), (17.9, "10", 10.0), (-0.5, "10", -10.0),
        (0.3, "0.1", 0.3), (0.7, "0.1", 0.7), (17, "2.5", 15.0), (2**64 - 1, "10", 2**64 - 6), (7, str(2**64), 0),
        (5e-324, "10", 0.0), (1e308, "3", 1e308),
    ],
)  # fmt: skip
def test_the_bucket_of_a_number(value, size, below):
    found = rounded_down(value, Fraction(size))
    assert (found, type(found)) == (below, type(below))


@given(st.integers(-(2**62), 2**62), st.integers(1, 10**6))
def test_the_bucket_of_a_whole_number_is_exact(value, size):
    assert rounded_down(value, Fraction(size)) == floor(Fraction(value, size)) * size


@given(st.floats(-1e9, 1e9), st.sampled_from(["0.1", "0.25", "3", "10", "1000"]))
def test_the_bucket_of_a_float_is_at_most_one_size_below_it(value, size):
    below = rounded_down(value, Fraction(size))
    assert below <= value < below + float(size) * (1 + 1e-6)
    assert rounded_down(below, Fraction(size)) == below


@pytest.mark.parametrize("value", [True, "17", None, [17], float("nan"), float("inf"), -(2**63)], ids=str)
def test_what_has_no_bucket_is_refused(value):
    with pytest.raises(Unfit):
        rounded_down(value, Fraction(10))


@pytest.mark.parametrize("function", [suffix_of, network_of, lambda value: first_parts(value, 1)])
@pytest.mark.parametrize("value", [17, 1.5, True, ["a/b.c"], {"a": "b"}, b"a"])
def test_what_is_no_text_is_refused(function, value):
    with pytest.raises(Unfit, match="is not text"):
        function(value)
