"""A line of a journal is a row if it is an event, however it is written; no damage takes another's row away."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from jupyter_telemetry.journal import Damage, JournalReader

from .journals import THING, THING_VIEW, TIMESTAMP, WHEN, Journal, schema_of


def test_a_line_that_is_written_otherwise_is_an_event_too(journal: Journal, ask):
    journal.schema(THING)
    journal.segment(
        b'{ "__schema__" : "https:\\/\\/example.org\\/thing", "__id__": "1", "name": "a", "__schema_version__": 1,'
        b' "__timestamp__":"2026-11-23T18:42:05.123456+01:00" }\n',
        journal.line({"name": "b"}, __timestamp__="2026-11-23T17:42:05Z"),
    )

    rows = ask(f"SELECT __timestamp__, name, __extra__ FROM {THING_VIEW} ORDER BY __id__")

    assert sorted(rows, key=str) == sorted([(WHEN, "a", None), (WHEN.replace(microsecond=0), "b", None)], key=str)
    assert ask("SELECT count(*) FROM events") == [(2,)]


NO_EVENTS = [
    {"__id__": "x"},
    {"__timestamp__": TIMESTAMP, "__schema__": THING["$id"], "__schema_version__": 1},
    {"__timestamp__": TIMESTAMP, "__schema__": THING["$id"], "__schema_version__": 1, "__id__": ""},
    {"__timestamp__": TIMESTAMP, "__schema__": THING["$id"], "__schema_version__": 1, "__id__": 5},
    {"__timestamp__": TIMESTAMP, "__schema__": THING["$id"], "__id__": "x"},
    {"__timestamp__": TIMESTAMP, "__schema__": THING["$id"], "__schema_version__": 1.5, "__id__": "x"},
    {"__timestamp__": TIMESTAMP, "__schema__": None, "__schema_version__": 1, "__id__": "x"},
    {"__timestamp__": "bad", "__schema__": THING["$id"], "__schema_version__": 1, "__id__": "x"},
    {"__timestamp__": 5, "__schema__": THING["$id"], "__schema_version__": 1, "__id__": "x"},
    {"__schema__": THING["$id"], "__schema_version__": 1, "__id__": "x"},
]


@pytest.mark.parametrize("other", NO_EVENTS, ids=str)
def test_what_the_reader_takes_for_damage_is_no_row(journal: Journal, ask, other):
    journal.schema(THING)
    journal.segment(json.dumps(other).encode() + b"\n", orjson.dumps(other) + b"\n", journal.line({"name": "b"}))
    damaged: list[Damage] = []

    assert [event["name"] for event in JournalReader(journal.directory).events(damage=damaged.append)] == ["b"]
    assert [each.line_number for each in damaged] == [1, 2]
    assert ask(f"SELECT name FROM {THING_VIEW}") == ask("SELECT event->>'name' FROM events") == [("b",)]


def test_an_event_within_an_event_is_no_row(journal: Journal, ask):
    inner = json.loads(journal.line({"name": "inner"}))
    journal.schema(THING)
    journal.segment(journal.line({"inner": inner}, {"$id": "outer", "version": 1}))
    journal.segment(json.dumps({"x": "a", "inner": inner}).encode() + b"\n")

    assert ask(f"SELECT name FROM {THING_VIEW}") == []
    assert ask("SELECT __schema__ FROM events") == [("outer",)]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"   ",
        b"garbage",
        b'{"__timestamp__":"2026-11-23T17:4',
        b'{"__timestamp__":"2026-11-2{"__timestamp__":"2026-11-23T17:42:05.123456Z"',
        b"\0" * 5_000,
        b"\0" * 50 + b'{"__schema__":"https://example.org/thing"}',
        b'{"__schema__":"https://example.org/thing","__schema_version__":1,"name":"\xff"}',
        b"[1]",
        b"5",
        b"null",
        b'"text"',
        b"{}",
        b'{"name": "a"}',
        b"[" * 100_000,
        b"[" * 500 + b"]" * 500,
        b"\xef\xbb\xbf{}",
        b"x" * 5_000_000,
        b"\0" * 40_000_000,
    ],
    ids=lambda line: repr(line[:20]),
)
def test_a_damaged_line_is_no_row_and_takes_none_away(journal: Journal, ask, line: bytes):
    journal.schema(THING)
    first, second, third = (journal.line({"name": name}) for name in "abc")
    journal.segment(line + b"\n", first, line + b"\n", second)
    journal.segment(third, line)

    assert ask(f"SELECT name FROM {THING_VIEW} ORDER BY __id__") == [("a",), ("b",), ("c",)]
    assert ask("SELECT event FROM events ORDER BY __id__") == [(f'{{"name":"{name}"}}',) for name in "abc"]


def test_an_event_behind_a_torn_line_is_a_row(journal: Journal, ask):
    journal.schema(THING)
    torn = journal.line({"name": "torn"})
    journal.segment(journal.line({"name": "a"}), torn[:-20] + journal.line({"name": "b"}), torn[:-1])

    assert ask(f"SELECT name FROM {THING_VIEW} ORDER BY __id__") == [("a",), ("b",)]


def test_damaged_lines_can_be_counted(journal: Journal, ask):
    journal.segment(b"garbage\n", journal.line({}), b"\n", b"{torn\n", b"torn")

    assert ask("SELECT count(*) FILTER (line IS NULL), count(line) FROM journal.lines") == [(2, 1)]


def test_an_event_may_be_nested_as_deep_as_can_be_recorded(journal: Journal, ask):
    deep: Any = 1
    for _ in range(130):
        deep = {"d": [deep]} if _ % 2 else [deep]
    journal.events({"name": "deep", "any": deep}, schema=schema_of({"name": {"type": "string"}, "any": {}}))

    assert ask(f'SELECT name, "any", __extra__, __misfits__ FROM {THING_VIEW}') == [
        ("deep", json.dumps(deep, separators=(",", ":")), None, None)
    ]
    assert ask("SELECT event->>'name' FROM events") == [("deep",)]


def test_a_long_event_is_an_event(journal: Journal, ask):
    journal.events({"name": "x" * 3_000_000}, {"name": "short"})

    assert ask(f"SELECT length(name) FROM {THING_VIEW} ORDER BY __id__") == [(3_000_000,), (5,)]
