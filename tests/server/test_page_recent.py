"""The last events as they were written, from a journal and from memory."""

from __future__ import annotations

import json
import logging

import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.journal import JournalHandler, JournalReader
from jupyter_telemetry.server.page.recent import COUNT, JournalTail, Memory

SCHEMA = {"$id": "an.event", "version": 1, "properties": {"n": {}}}
ALLOWED = ["an.event"]


@pytest.fixture
def journal(tmp_path):
    """A log that writes to a journal."""
    with EventLog(handlers=[JournalHandler(tmp_path / "journal")], allowed_schemas=ALLOWED) as log:
        log.register_schema(SCHEMA)
        yield log


@pytest.fixture
def tail(tmp_path) -> JournalTail:
    return JournalTail(tmp_path / "journal")


def numbers(lines):
    return [json.loads(line)["n"] for line in lines]


def test_a_journal_that_is_not_there_yet_has_no_events(tail):
    assert tail.read().lines == []


def test_a_journal_that_cannot_be_read_has_none(tmp_path):
    (tmp_path / "journal").write_text("a file")
    assert JournalTail(tmp_path / "journal").read().lines == []


def test_the_last_lines_come_as_they_were_written(journal, tail):
    for n in range(COUNT + 20):
        journal.record_event("an.event", 1, {"n": n})
    lines = tail.read().lines
    assert numbers(lines) == list(range(20, COUNT + 20))
    assert [f"{line}\n".encode() for line in lines] == JournalReader(tail.directory).latest(COUNT)


def test_all_writers_of_a_journal_are_seen(journal, tail):
    with EventLog(handlers=[JournalHandler(tail.directory)], allowed_schemas=ALLOWED) as other:
        other.register_schema(SCHEMA)
        for n in range(6):
            (journal if n % 2 else other).record_event("an.event", 1, {"n": n})
        assert numbers(tail.read().lines) == list(range(6))


def test_the_mark_stays_while_nothing_happens_and_changes_when_something_does(journal, tail):
    journal.record_event("an.event", 1, {"n": 1})
    first = tail.read()
    assert tail.read() == first
    journal.record_event("an.event", 1, {"n": 2})
    assert tail.read().mark != first.mark


def test_what_is_erased_is_gone(journal, tail):
    journal.record_event("an.event", 1, {"n": 1})
    first = tail.read()
    journal.close()
    for path in tail.directory.glob("*.jsonl"):
        path.unlink()
    assert tail.read().lines == []
    assert tail.read().mark != first.mark


def segment(directory, name, *lines):
    directory.mkdir(exist_ok=True)
    (directory / f"20261123T1742{name}.jsonl").write_bytes(b"".join(lines))


def line(n, time, **more):
    metadata = {"__timestamp__": f"2026-11-23T{time}Z", "__schema__": "an.event", "__schema_version__": 1}
    metadata["__id__"] = f"id-{n}"
    return json.dumps({**metadata, "n": n, **more}, separators=(",", ":")).encode() + b"\n"


def test_what_has_a_coarse_time_comes_where_it_was_written(tail):
    written = [line(1, "17:41:00"), line(2, "17:00:00"), line(3, "17:42:00"), line(4, "17:00:00")]
    segment(tail.directory, "05000000Z-5f3a9c01", *written)
    assert numbers(tail.read().lines) == [1, 2, 3, 4]


def test_a_torn_or_damaged_line_is_no_event(tail):
    whole = line(1, "17:41:00")
    segment(tail.directory, "05000000Z-5f3a9c01", b"\0\0\n", whole[:-20], whole, b"[]\n", b"{}\n", whole[:-9])
    assert tail.read().lines == [whole.decode().strip()]


def test_a_line_longer_than_what_is_read_at_first_is_found(tail):
    segment(tail.directory, "05000000Z-5f3a9c01", line(1, "17:41:00", text="x" * 900_000))
    assert numbers(tail.read().lines) == [1]


def test_an_answer_has_its_limit(tail):
    segment(tail.directory, "05000000Z-5f3a9c01", *[line(n, "17:41:00", text="x" * 900_000) for n in range(9)])
    assert numbers(tail.read().lines) == [7, 8]


def test_only_the_ends_of_segments_are_read(tail):
    segment(tail.directory, "05000000Z-5f3a9c01", *[line(n, "17:41:00", text="x" * 3000) for n in range(1000)])
    found = numbers(tail.read().lines)
    assert found == list(range(found[0], 1000))
    assert len(found) == 64 * 1024 // len(line(999, "17:41:00", text="x" * 3000))


def test_memory_remembers_the_last_lines_alone():
    memory = Memory()
    with EventLog(handlers=[memory], allowed_schemas=ALLOWED) as log:
        log.register_schema(SCHEMA)
        for n in range(COUNT + 5):
            log.record_event("an.event", 1, {"n": n})
    assert numbers(memory.read().lines) == list(range(5, COUNT + 5))
    assert log.counts()["handler_failures"] == 0


def test_memory_takes_records_too_and_forgets_when_told():
    memory = Memory()
    memory.addFilter(lambda record: True)
    with EventLog(handlers=[memory], allowed_schemas=ALLOWED) as log:
        log.register_schema(SCHEMA)
        log.record_event("an.event", 1, {"n": 1})
    before = memory.read()
    assert numbers(before.lines) == [1]
    memory.forget()
    assert memory.read().lines == []
    assert memory.read().mark != before.mark
    assert isinstance(memory, logging.Handler)
