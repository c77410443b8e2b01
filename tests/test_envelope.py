"""The metadata around an event: its time is RFC 3339, its id a UUIDv7 that rises and is never given twice."""

from __future__ import annotations

import json
import logging
import math
import re
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone, tzinfo
from datetime import time as time_of_day
from functools import partial
from itertools import pairwise

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry import TELEMETRY_METADATA_VERSION, EventLog, InvalidEvent
from jupyter_telemetry.envelope import METADATA_NAMES, CoarseEnvelope, Envelope, Stamper, stamp
from jupyter_telemetry.privacy import floor_time

SCHEMA_ID = "https://example.org/save"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
NOON = 1_795_000_000 * 10**9  # of some day, in ns


class Clock:
    """Nanoseconds that stand still until they are told to go on."""

    def __init__(self, now_ns=NOON):
        self.now_ns = now_ns

    def __call__(self):
        return self.now_ns


# Ids


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_its_first_48_bits():
    before = time.time_ns() // 10**6
    ids = [uuid.UUID(stamp()[1]) for _ in range(1000)]
    after = time.time_ns() // 10**6
    assert {(each.version, each.variant) for each in ids} == {(7, uuid.RFC_4122)}
    assert all(before <= each.int >> 80 <= after for each in ids)


def test_an_id_is_written_as_rfc_9562_writes_it():
    assert str(uuid.UUID(event_id := stamp()[1])) == event_id


def test_id_and_timestamp_are_of_the_same_moment():
    clock = Clock(NOON + 123_456_789)
    timestamp, event_id = Stamper(clock)()
    assert timestamp == "2026-11-18T11:06:40.123456Z"
    assert uuid.UUID(event_id).int >> 80 == clock.now_ns // 10**6


def test_ids_rise_strictly_within_a_thread():
    ids = [stamp()[1] for _ in range(100_000)]
    assert all(earlier < later for earlier, later in pairwise(ids))


def test_ids_rise_strictly_while_the_clock_stands_still():
    stamper = Stamper(Clock())
    ids = [stamper()[1] for _ in range(200_000)]  # more than the low bits of the counter hold
    assert all(earlier < later for earlier, later in pairwise(ids))
    assert {each[:14] for each in ids} == {ids[0][:14]}  # one millisecond


def test_ids_rise_strictly_when_the_clock_jumps_backwards_and_the_timestamps_follow_the_clock():
    clock = Clock()
    stamper = Stamper(clock)
    stamps = []
    for step_s in (0, -3600, 0, 0.001, -0.001, 7200, -86_400, 0.0000001):
        clock.now_ns += int(step_s * 10**9)
        stamps.append((clock.now_ns, *stamper()))
    ids = [event_id for _, _, event_id in stamps]
    assert ids == sorted(set(ids))
    for now_ns, timestamp, _ in stamps:
        expected = datetime.fromtimestamp(now_ns // 10**9, timezone.utc).replace(microsecond=now_ns // 1000 % 10**6)
        assert timestamp == expected.isoformat(timespec="microseconds").replace("+00:00", "Z")


def test_an_id_keeps_the_latest_millisecond_there_was_until_the_clock_has_caught_up():
    clock = Clock()
    stamper = Stamper(clock)
    latest = stamper()[1][:13]
    clock.now_ns -= 5 * 10**9
    assert stamper()[1][:13] == latest
    clock.now_ns += 6 * 10**9
    assert stamper()[1][:13] > latest


@given(st.lists(st.integers(-(10**12), 10**12), min_size=2, max_size=50))
def test_ids_rise_strictly_whatever_the_clock_does(jumps):
    clock = Clock()
    stamper = Stamper(clock)
    ids = []
    for jump in jumps:
        clock.now_ns += jump
        ids += [stamper()[1], stamper()[1]]
    assert ids == sorted(set(ids))


def test_no_two_threads_get_one_id_and_each_sees_its_own_rise():
    def draw(_):
        return [stamp()[1] for _ in range(50_000)]

    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(draw, range(8)))
    assert len({event_id for ids in drawn for event_id in ids}) == 400_000
    assert all(ids == sorted(ids) for ids in drawn)


def test_ids_rise_across_threads_whose_calls_do_not_overlap():
    ids, threads = [], 8
    turn = threading.Barrier(threads)

    def draw(number):
        for current in range(200 * threads):
            turn.wait()
            if current % threads == number:
                ids.append(stamp()[1])

    workers = [threading.Thread(target=draw, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(ids) == 200 * threads
    assert ids == sorted(set(ids))


def test_reseeding_draws_other_ids_in_the_same_millisecond():
    stamper = Stamper(Clock())
    before = {stamper()[1] for _ in range(100)}
    stamper.reseed()
    assert before.isdisjoint(stamper()[1] for _ in range(100))


# Timestamps


def test_a_timestamp_is_rfc_3339_in_utc_and_python_reads_it():
    before = datetime.now(timezone.utc)
    timestamp = stamp()[0]
    assert RFC_3339.fullmatch(timestamp)
    assert before <= _read(timestamp) <= datetime.now(timezone.utc)


def _read(timestamp):
    # From Python 3.11 on, fromisoformat reads it as it is.
    return datetime.fromisoformat(timestamp if sys.version_info >= (3, 11) else timestamp.replace("Z", "+00:00"))


def sealed(moment):
    return Envelope(SCHEMA_ID, 1).seal({}, moment)["__timestamp__"]


def test_a_naive_override_is_utc():
    assert sealed(datetime(2026, 11, 23, 17, 42, 5)) == "2026-11-23T17:42:05.000000Z"


def test_an_aware_override_is_converted_to_utc():
    moment = datetime(2026, 1, 1, 0, 30, 0, 1, timezone(timedelta(hours=5, minutes=45)))
    assert sealed(moment) == "2025-12-31T18:45:00.000001Z"


def test_an_override_does_not_change_the_id_s_time():
    capsule = Envelope(SCHEMA_ID, 1).seal({}, datetime(1999, 1, 1))
    assert abs((uuid.UUID(capsule["__id__"]).int >> 80) - time.time() * 1000) < 60_000


@given(st.datetimes(timezones=st.none() | st.timezones() | st.just(timezone.utc)))
def test_any_override_is_written_exactly_or_refused(moment):
    try:
        expected = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except OverflowError:
        with pytest.raises(InvalidEvent):
            sealed(moment)
        return
    timestamp = sealed(moment)
    assert RFC_3339.fullmatch(timestamp)
    assert _read(timestamp) == expected


@given(
    st.datetimes(timezones=st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-1439, 1439)))
)
def test_any_offset_is_converted_or_refused(moment):
    utc = moment.replace(tzinfo=None) - datetime(1, 1, 1) - moment.utcoffset()
    if timedelta(0) <= utc <= datetime.max - datetime(1, 1, 1):
        assert _read(sealed(moment)) == moment
    else:
        with pytest.raises(InvalidEvent):
            sealed(moment)


class NoZone(tzinfo):
    """One that answers nothing, as tzinfo itself does."""


class RaisingZone(tzinfo):
    def utcoffset(self, _):
        raise LookupError("s3cret-value")


BAD_OVERRIDES = {
    "a string": "2026-11-23T17:42:05Z",
    "a number": 1_795_000_000.5,
    "zero": 0,
    "True": True,
    "a date": date(2026, 11, 23),
    "a time of day": time_of_day(12, 30),
    "a time span": timedelta(hours=1),
    "pandas' NaT": pandas.NaT,
    "NaN": math.nan,
    "before the year 1": datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
    "after the year 9999": datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
    "of a zone that answers nothing": datetime(2026, 1, 1, tzinfo=NoZone()),
    "of a zone that raises": datetime(2026, 1, 1, tzinfo=RaisingZone()),
}


@pytest.mark.parametrize("moment", BAD_OVERRIDES.values(), ids=BAD_OVERRIDES.keys())
def test_an_override_that_is_no_moment_is_an_invalid_event(moment):
    with pytest.raises(InvalidEvent) as caught:
        sealed(moment)
    assert str(caught.value) == (
        "https://example.org/save: $: timestamp_override must be a datetime.datetime in the years 1 to 9999 "
        "(rule: timestamp)"
    )
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize("moment", [datetime.min, datetime.max, pandas.Timestamp("2026-11-23T17:42:05.123456789Z")])
def test_the_first_and_the_last_moment_and_those_of_pandas_are_written(moment):
    assert sealed(moment) == moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


# The capsule


def test_metadata_comes_first_in_the_order_that_readers_know():
    capsule = Envelope(SCHEMA_ID, 3).seal({"name": "x", "a": 1})
    assert list(capsule) == [*METADATA_NAMES, "name", "a"]
    assert capsule == capsule | {
        "__schema__": SCHEMA_ID,
        "__schema_version__": 3,
        "__metadata_version__": TELEMETRY_METADATA_VERSION,
        "name": "x",
        "a": 1,
    }


@pytest.mark.parametrize("version", [1, "1", "2026-11"])
def test_the_version_stands_in_the_line_as_the_schema_states_it(tmp_path, version):
    handler = logging.FileHandler(tmp_path / "events.log")
    schema = {"$id": SCHEMA_ID, "version": version, "type": "object"}
    with EventLog(handlers=[handler], allowed_schemas=[SCHEMA_ID]) as log:
        log.register_schema(schema)
        log.record_event(SCHEMA_ID, str(version), {})
    handler.close()
    assert json.loads((tmp_path / "events.log").read_text())["__schema_version__"] == version


def test_the_caller_s_event_is_not_changed():
    event = {"name": "x"}
    Envelope(SCHEMA_ID, 1).seal(event)
    assert event == {"name": "x"}


# An envelope that tells the time no better than the event in it


def coarse(unit="hour"):
    return CoarseEnvelope(SCHEMA_ID, 1, partial(floor_time, unit=unit))


def milliseconds_of(capsule):
    return uuid.UUID(capsule["__id__"]).int >> 80


@pytest.mark.parametrize("unit", ["hour", "day", "week"])
def test_a_coarse_envelope_rounds_the_timestamp_the_id_and_the_moment(unit):
    now_us = time.time_ns() // 1000
    capsule, moment = coarse(unit).seal({"name": "x"}), coarse(unit).moment()
    begins = {floor_time(each, unit) for each in (now_us, time.time_ns() // 1000)}
    assert list(capsule) == [*METADATA_NAMES, "name"]
    written = datetime.fromisoformat(capsule["__timestamp__"][:-1]).replace(tzinfo=timezone.utc)
    assert RFC_3339.fullmatch(capsule["__timestamp__"])
    assert {int(written.timestamp()) * 10**6, milliseconds_of(capsule) * 1000, int(moment * 10**6)} <= begins


def test_the_ids_of_a_coarse_envelope_are_valid_and_never_the_same_and_tell_no_order():
    envelope = coarse()
    ids = [envelope.seal({})["__id__"] for _ in range(10_000)]
    parsed = [uuid.UUID(each) for each in ids]
    assert {(each.version, each.variant) for each in parsed} == {(7, uuid.RFC_4122)}
    assert [str(each) for each in parsed] == ids
    assert len(set(ids)) == len(ids)
    rising = sum(earlier < later for earlier, later in pairwise(ids))
    assert 4000 < rising < 6000
    # All bits but those of the time, the version and the variant are drawn anew.
    taken, varied = parsed[0].int, 0
    for each in parsed:
        varied |= each.int ^ taken
    assert varied & ((1 << 80) - 1) == ((1 << 80) - 1) & ~(0xF << 76) & ~(0b11 << 62)


@given(st.datetimes(timezones=st.none() | st.just(timezone.utc)), st.sampled_from(["hour", "day", "week"]))
def test_any_override_is_rounded(moment, unit):
    capsule = coarse(unit).seal({}, moment)
    written = datetime.fromisoformat(capsule["__timestamp__"][:-1])
    exact = moment.replace(tzinfo=None)
    assert RFC_3339.fullmatch(capsule["__timestamp__"])
    assert (
        timedelta(0) <= exact - written < {"hour": timedelta(hours=1), "day": timedelta(1), "week": timedelta(7)}[unit]
    )
    assert (written.minute, written.second, written.microsecond) == (0, 0, 0)
    assert abs(milliseconds_of(capsule) / 1000 - time.time()) < 8 * 86_400  # of recording, not of the override


@pytest.mark.parametrize("moment", BAD_OVERRIDES.values(), ids=BAD_OVERRIDES.keys())
def test_a_coarse_envelope_refuses_the_same_overrides(moment):
    with pytest.raises(InvalidEvent, match="timestamp_override must be a datetime"):
        coarse().seal({}, moment)


def test_another_form_of_an_event_has_its_time_and_its_id():
    capsule = Envelope(SCHEMA_ID, 1).seal({"a": 1, "b": 2}, datetime(2026, 11, 23, 17, 42))
    assert Envelope(SCHEMA_ID, 1).seal_again(capsule, {"b": 3}) == {
        **{name: capsule[name] for name in METADATA_NAMES},
        "b": 3,
    }


def test_a_coarser_form_of_an_event_has_an_id_of_its_own():
    capsule = Envelope(SCHEMA_ID, 1).seal({"a": 1}, datetime(2026, 11, 23, 17, 42))
    again = coarse("day").seal_again(capsule, {})
    assert again["__timestamp__"] == "2026-11-23T00:00:00.000000Z"
    assert again["__id__"][-12:] != capsule["__id__"][-12:]
    assert milliseconds_of(again) == floor_time(milliseconds_of(capsule) * 1000, "day") // 1000
    assert {name: again[name] for name in METADATA_NAMES[1:4]} == {name: capsule[name] for name in METADATA_NAMES[1:4]}
