"""What is likely a mistake in what is allowed is said once, with the first event that it may be about."""

from __future__ import annotations

import logging

import pytest

from jupyter_telemetry import EventLog

SAVE, OPEN, PLAIN = "https://example.org/save", "https://example.org/open", "https://example.org/plain"
SCHEMAS = [
    {"$id": SAVE, "version": 1, "type": "object", "properties": {"a": {"categories": ["unrestricted"]}}},
    {"$id": OPEN, "version": 1, "type": "object", "properties": {"a": {"categories": ["unrestricted"]}}},
    {"$id": PLAIN, "version": 1, "type": "object", "properties": {"a": {}}},
]


class Keeping(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


@pytest.fixture
def said(caplog):
    """Record an event of each schema, twice; return what was warned of."""

    def say(allowed, *ids, **settings):
        log = EventLog(allowed_schemas=allowed, **{"consent": "inform", **settings})
        for schema in SCHEMAS:
            log.register_schema(schema)
        for schema_id in ids * 2:
            log.record_event(schema_id, 1, {"a": "x"})
        log.max_event_bytes = 1000  # routes are made anew
        for schema_id in ids:
            log.record_event(schema_id, 1, {"a": "x"})
        return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]

    return say


@pytest.mark.parametrize(
    ("allowed", "ids", "messages"),
    [
        ([SAVE, OPEN], [SAVE, OPEN], []),
        (["https://example.org/*"], [SAVE], []),
        (
            ["https://example.org/*"],
            [PLAIN],
            [
                f"{PLAIN} classifies none of its properties, so no glob in allowed_schemas admits it: it is not "
                "recorded. To record it whole, add its exact id."
            ],
        ),
        (
            ["https://example.org/sav"],
            [SAVE, OPEN],
            [
                "allowed_schemas names https://example.org/sav, which is not registered (the nearest registered id is "
                f"{SAVE}); events of {SAVE} are not recorded."
            ],
        ),
        (
            ["https://example.com/*"],
            [OPEN],
            [
                "allowed_schemas names https://example.com/*, which matches no registered schema (the nearest "
                f"registered id is {SAVE}); events of {OPEN} are not recorded."
            ],
        ),
        (
            ["x", "y"],
            [SAVE],
            [
                f"allowed_schemas names x, which is not registered; events of {SAVE} are not recorded.",
                f"allowed_schemas names y, which is not registered; events of {SAVE} are not recorded.",
            ],
        ),
        (
            ["https://example.org/*", "https://example.org/save/"],
            [SAVE],
            [
                "allowed_schemas names https://example.org/save/, which is not registered (the nearest registered id "
                f"is {SAVE}); what it says does not count."
            ],
        ),
        (["https://example.org/*", "x"], [SAVE], []),  # far from any that is recorded
        ([SAVE, "https://example.org/save/"], [SAVE], []),  # which means SAVE, and says so
    ],
)
def test_what_is_odd_is_said_once(said, allowed, ids, messages):
    found = said(allowed, *ids)
    assert found == messages


def test_what_the_user_has_refused_is_no_mistake(said, monkeypatch):
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    assert said([PLAIN, SAVE], SAVE, PLAIN, consent="opt-out") == []
    assert said(["https://example.org/*"], PLAIN, consent="opt-out") == []


def test_counts_outlive_the_routes():
    log = EventLog(allowed_schemas=[SAVE], consent="inform", redactions={SAVE: {"/a": {"generalise": "hour"}}})
    log.register_schema(SCHEMAS[0])
    log.record_event(SAVE, 1, {"a": "no time"})
    log.redactions = {}
    log.record_event(SAVE, 1, {"a": "x"})
    log.allowed_schemas = []
    log.record_event(SAVE, 1, {"a": "x"})
    assert log.counts() == {
        "recorded": 2,
        "not_allowed": 1,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 1,
    }


def test_a_redaction_that_fails_is_said_for_each_schema(caplog):
    log = EventLog(allowed_schemas=[SAVE, OPEN], consent="inform", redactions={"unrestricted": {"generalise": "hour"}})
    for schema in SCHEMAS[:2]:
        log.register_schema(schema)
    for schema_id in (SAVE, OPEN, SAVE, OPEN):
        log.record_event(schema_id, 1, {"a": "no time"})
    assert [record.args[0] for record in caplog.records if "A redaction failed" in record.msg] == [SAVE, OPEN]


def test_a_line_handler_that_cannot_take_a_schema_is_counted_and_gets_its_events():
    class Lines(Keeping):
        def write_event(self, line):
            self.records.append(line)

        def write_schema(self, *_):
            raise OSError

    lines, other = Lines(), Keeping()
    log = EventLog(handlers=[lines, other], allowed_schemas=[SAVE], consent="inform")
    log.register_schema(SCHEMAS[0])
    log.record_event(SAVE, 1, {"a": "x"})
    assert (len(lines.records), len(other.records)) == (1, 1)
    assert log.counts()["handler_failures"] == 1
