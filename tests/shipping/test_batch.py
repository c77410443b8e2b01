"""A batch shows its lines, their metadata and their events; a part of it is a batch too."""

from __future__ import annotations

import json

import pytest
from journal.lines import event_id, line

from jupyter_telemetry.shipping import Batch, Head


def test_it_shows_lines_metadata_and_events():
    lines = [line(1, text="ü"), line(2, __schema_version__="1.0")]
    batch = Batch(lines)
    assert (len(batch), batch.lines, batch.size) == (2, tuple(lines), sum(map(len, lines)))
    assert batch.ids == (event_id(1), event_id(2))
    assert batch.events == tuple(map(json.loads, lines))
    assert batch.heads == (
        Head("2026-11-23T17:42:05.123456Z", "https://example.org/a", "1", event_id(1)),
        Head("2026-11-23T17:42:05.123456Z", "https://example.org/a", "1.0", event_id(2)),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"__schema__": 'a"b\\c'},
        {"__schema__": "ü"},
        {"__schema_version__": -3},
        {"__schema_version__": 'v"1'},
        {"__metadata_version__": 3},
    ],
)
def test_metadata_is_what_json_says_however_it_is_written(change):
    text = line(1, **change)
    event = json.loads(text)
    expected = (Head(event["__timestamp__"], event["__schema__"], str(event["__schema_version__"]), event["__id__"]),)
    assert Batch([text]).heads == expected
    other_order = json.dumps(dict(reversed(event.items())), indent=1).replace("\n", " ").encode() + b"\n"
    assert Batch([other_order]).heads == expected


def test_metadata_within_the_event_is_not_taken_for_its_own():
    inner = {"__timestamp__": "x", "__schema__": "y", "__schema_version__": 2, "__id__": "z"}
    text = json.dumps({"first": inner, **json.loads(line(1))}).encode()
    assert Batch([text]).ids == (event_id(1),)


def test_a_part_goes_the_same_way_as_the_whole():
    schemas, check = (lambda *_: {"a": 1}), (lambda: None)
    batch = Batch([line(1), line(2), line(3)], schemas, journal="j", check=check)
    part = batch.part([0, 2])
    assert (part.ids, part.schemas, part.journal, part.check) == ((event_id(1), event_id(3)), schemas, "j", check)
    assert (part.sent_before, batch.part([1], sent_before=True).sent_before) == (False, True)
    assert Batch([line(1)], sent_before=True).part([0]).sent_before
