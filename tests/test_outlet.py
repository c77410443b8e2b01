"""One form for all handlers with the same limits: made once, and as coarse beside the event as in it."""

from __future__ import annotations

import json
import logging
import time
import uuid
from datetime import datetime, timezone

import pytest
from privacy import operators_own

from jupyter_telemetry import EventLog
from jupyter_telemetry.privacy import floor_time
from jupyter_telemetry.record import _IMPORTED_AT

ID = "https://example.org/event"
U = {"categories": ["unrestricted"]}
MOMENT = "2026-11-23T17:42:05.123Z"
EVENT = {"at": MOMENT, "until": MOMENT, "name": "zoe"}
SCHEMA = {
    "$id": ID,
    "version": 1,
    "type": "object",
    "properties": {
        "at": {"type": "string", "format": "date-time", **U},
        "until": {"type": "string", "format": "date-time", **U},
        "name": {"type": "string", **U},
    },
}
OVERRIDE = datetime(2026, 11, 19, 23, 59, 59, 999999, tzinfo=timezone.utc)  # a Thursday
COARSE = {"hour": "2026-11-19T23:00:00", "day": "2026-11-19T00:00:00", "week": "2026-11-16T00:00:00"}


class Keeping(logging.Handler):
    """Keeps the records that it gets; `limits` are its own."""

    def __init__(self, **limits):
        super().__init__()
        self.records = []
        if limits:
            self.event_limits = limits

    def emit(self, record):
        self.records.append(record)

    @property
    def capsule(self):
        (record,) = self.records
        assert record.event == json.loads(record.getMessage())
        return record.event


def rounded(unit, path="/at"):
    return {ID: {path: {"generalise": unit}}}


def recorded(*handlers, override=None, **settings):
    """Record EVENT; return what the call returned."""
    log = EventLog(handlers=list(handlers), allowed_schemas=[ID], consent="inform", **settings)
    log.register_schema(SCHEMA)
    return log.record_event(ID, 1, EVENT, override)


def milliseconds(capsule):
    parsed = uuid.UUID(capsule["__id__"])
    assert (parsed.version, parsed.variant, str(parsed)) == (7, uuid.RFC_4122, capsule["__id__"])
    return parsed.int >> 80


def floor_of(moment_s, unit):
    return floor_time(int(moment_s * 1e6), unit) / 1e6


def tells_no_more_of_now_than(record, unit, before, after):
    """Assert that nothing beside an event tells the time of recording better than `unit`."""
    begins = {floor_of(before, unit), floor_of(after, unit)}
    assert record.created in begins
    assert record.msecs == 0
    assert record.relativeCreated / 1e3 + _IMPORTED_AT == pytest.approx(record.created, abs=1e-3)
    assert milliseconds(record.event) / 1e3 in begins
    asctime = logging.Formatter("%(asctime)s", "%Y-%m-%dT%H:%M:%S")
    asctime.converter = time.gmtime
    assert asctime.format(record) in {time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(each)) for each in begins}


@pytest.mark.parametrize("unit", COARSE)
@pytest.mark.parametrize("override", [None, OVERRIDE, OVERRIDE.replace(tzinfo=None)], ids=["now", "aware", "naive"])
def test_where_a_time_is_rounded_nothing_beside_the_event_tells_it_better(unit, override):
    kept, before = Keeping(), time.time()
    capsule = recorded(kept, override=override, redactions=rounded(unit))
    after = time.time()
    assert kept.capsule == capsule
    tells_no_more_of_now_than(kept.records[0], unit, before, after)
    written = datetime.fromisoformat(capsule["__timestamp__"][:-1]).replace(tzinfo=timezone.utc)
    if override is None:
        assert written.timestamp() in {floor_of(before, unit), floor_of(after, unit)}
    else:
        assert capsule["__timestamp__"] == f"{COARSE[unit]}.000000Z"


def test_the_time_that_a_formatter_writes_says_no_millisecond():
    kept = Keeping()
    recorded(kept, redactions=rounded("hour"))
    assert logging.Formatter("%(asctime)s").format(kept.records[0])[-10:] == ":00:00,000"


def test_of_several_times_the_coarsest_counts():
    kept, before = Keeping(), time.time()
    redactions = {ID: {"/at": {"generalise": "day"}, "/until": {"generalise": "hour"}}}
    recorded(kept, redactions=redactions)
    assert (kept.capsule["at"], kept.capsule["until"]) == ("2026-11-23T00:00:00Z", "2026-11-23T17:00:00Z")
    tells_no_more_of_now_than(kept.records[0], "day", before, time.time())


def test_a_line_handler_gets_the_coarse_line():
    class Lines(Keeping):
        def write_event(self, line):
            self.line = json.loads(line)

        def write_schema(self, *_):
            pass

    lines = Lines()
    capsule = recorded(lines, override=OVERRIDE, redactions=rounded("day"))
    assert lines.line == capsule
    assert capsule["__timestamp__"] == "2026-11-19T00:00:00.000000Z"


def test_exact_times_stay_where_none_is_rounded():
    kept, before = Keeping(), time.time()
    capsule = recorded(kept, override=OVERRIDE, redactions={ID: {"/at": "null"}})
    assert capsule["__timestamp__"] == "2026-11-19T23:59:59.999999Z"
    assert before <= kept.records[0].created <= time.time()
    assert int(before * 1e3) <= milliseconds(capsule) <= time.time() * 1e3


# Handlers with limits of their own


def test_the_same_event_has_one_time_and_one_id_whatever_its_form():
    whole, narrow = Keeping(), Keeping(redactions={ID: {"/name": "drop"}})
    narrower = Keeping(redactions={ID: {"/name": {"truncate": 1}}})
    capsule = recorded(whole, narrow, narrower)
    assert whole.capsule == capsule
    assert narrow.capsule == {name: value for name, value in capsule.items() if name != "name"}
    assert narrower.capsule == {**capsule, "name": "z"}


@pytest.mark.parametrize(("unit", "of_the_log"), [("hour", None), ("day", "hour"), ("week", "hour"), ("week", "day")])
def test_a_handler_may_be_told_less_of_the_time_than_the_log_and_has_an_id_of_its_own(unit, of_the_log):
    whole, narrow, before = Keeping(), Keeping(redactions=rounded(unit)), time.time()
    capsule = recorded(whole, narrow, override=OVERRIDE, redactions=rounded(of_the_log) if of_the_log else {})
    assert whole.capsule == capsule
    of_all = f"{COARSE[of_the_log]}.000000Z" if of_the_log else "2026-11-19T23:59:59.999999Z"
    assert capsule["__timestamp__"] == of_all
    assert narrow.capsule["__timestamp__"] == f"{COARSE[unit]}.000000Z"
    assert narrow.capsule["__id__"] != capsule["__id__"]
    tells_no_more_of_now_than(narrow.records[0], unit, before, time.time())


@pytest.mark.parametrize("limits", [rounded("hour"), {ID: {"/name": "drop"}}, rounded("hour", "/until")])
def test_what_the_log_has_rounded_as_much_keeps_its_id(limits):
    whole, narrow, before = Keeping(), Keeping(redactions=limits), time.time()
    recorded(whole, narrow, override=OVERRIDE, redactions=rounded("hour"))
    assert [narrow.capsule[name] for name in ("__timestamp__", "__id__")] == [
        whole.capsule[name] for name in ("__timestamp__", "__id__")
    ]
    tells_no_more_of_now_than(narrow.records[0], "hour", before, time.time())


@pytest.mark.parametrize("action", ["null", "drop", {"truncate": 4}])
def test_a_handler_that_is_given_no_time_at_all_is_not_told_more_of_it_beside_the_event(action):
    narrow, before = Keeping(redactions={ID: {"/at": action}}), time.time()
    recorded(Keeping(), narrow, override=OVERRIDE, redactions=rounded("day"))
    tells_no_more_of_now_than(narrow.records[0], "day", before, time.time())
    assert narrow.capsule["__timestamp__"] == "2026-11-19T00:00:00.000000Z"


def test_an_event_is_redacted_and_encoded_once_for_each_distinct_set_of_limits():
    """Told by an action of the operator's, which is called once for each form that has the value."""
    action = {ID: {"/name": f"{operators_own.__name__}:counted"}}
    same = [Keeping(redactions={ID: {"/at": "null"}}) for _ in range(3)]
    other, none = Keeping(redactions={ID: {"/at": "drop"}}), Keeping(redactions={ID: {"/name": "drop"}})
    operators_own.CALLS.clear()
    recorded(Keeping(), Keeping(), *same, other, none, redactions=action)
    assert operators_own.CALLS == ["zoe"] * 3
    records = {id(handler.records[0]) for handler in same}
    assert len(records) == 1


def test_an_event_that_does_not_fit_a_handlers_limits_is_counted_and_starves_no_other(caplog):
    narrow = Keeping(redactions={ID: {"/name": f"{operators_own.__name__}:long"}})
    line_handler = Keeping(redactions={ID: {"/name": f"{operators_own.__name__}:long"}})
    line_handler.write_event = line_handler.write_schema = lambda *_: None
    whole = Keeping()
    log = EventLog(handlers=[narrow, line_handler, whole], allowed_schemas=[ID], consent="inform", max_event_bytes=1000)
    log.register_schema(SCHEMA)
    log.record_event(ID, 1, EVENT)
    assert (len(narrow.records), len(whole.records)) == (0, 1)
    assert log.counts() == {
        "recorded": 1,
        "not_allowed": 0,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 2,
        "redaction_failures": 0,
    }
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "A Keeping failed to take an event: InvalidEvent. The other handlers have it; this one may have lost it."
    ] * 2
