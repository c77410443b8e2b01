"""A lake is asked like a journal, and gives the same answers."""

from __future__ import annotations

import json

import pytest

from jupyter_telemetry.analysis import open_journal, open_lake
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.sinks.lake import LakeSink

from lake.odd import ODD_SCHEMA, odd_events, sealed

VIEW = "example_org_odd_v3"


def write_journal(directory, batch, schema=ODD_SCHEMA):
    handler = JournalHandler(directory)
    handler.write_schema(schema["$id"], schema["version"], json.dumps(schema).encode())
    for line in batch.lines:
        handler.write_event(line)
    handler.close()


def write_lake(directory, batch):
    sink = LakeSink(directory)
    sink.open()
    sink.send(batch)
    sink.close()


def plain(value):
    """Take JSON texts for what they mean."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


@pytest.fixture
def both(tmp_path):
    batch = sealed(odd_events())
    write_journal(tmp_path / "journal", batch)
    write_lake(tmp_path / "lake", batch)
    return tmp_path


@pytest.mark.parametrize("view", [VIEW, "events"])
def test_a_view_has_the_same_rows_on_a_lake_as_on_a_journal(both, view):
    question = f"SELECT * FROM {view} ORDER BY __id__"
    with open_journal(both / "journal") as journal, open_lake(both / "lake") as lake:
        expected, found = journal.sql(question), lake.sql(question)
        assert found.columns == expected.columns
        assert found.types == expected.types
        for one, other in zip(found, expected, strict=True):
            assert [plain(each) for each in one] == [plain(each) for each in other]


def test_both_as_one_hold_no_event_twice(tmp_path):
    batch = sealed(odd_events())
    write_journal(tmp_path / "journal", batch)
    write_lake(tmp_path / "lake", batch.part(range(0, len(batch), 3)))
    for view in (VIEW, "events"):
        question = f"SELECT * FROM {view} ORDER BY __id__"
        with open_journal(tmp_path / "journal") as journal:
            expected = [list(map(plain, row)) for row in journal.sql(question)]
        with open_lake(tmp_path / "lake", journal=tmp_path / "journal") as together:
            assert [list(map(plain, row)) for row in together.sql(question)] == expected
