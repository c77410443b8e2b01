"""EventLog is measured doing what its figure is said to be of."""

import orjson
import pytest
from recorded import CALLS, METADATA, properties_of, recorded_by

from bench.contests import CONTESTS, LEVELS
from bench.event import CLASSIFIED_EVENT, EVENT, SCHEMA
from bench.subjects import lines_below

WHOLE = ["journal", "journal, model", "FileHandler", "schemas", "durability: memory", "durability: disk", *LEVELS]


@pytest.mark.parametrize("where", WHOLE)
def test_ours_write_the_whole_event_once_per_call(where, tmp_path):
    events = recorded_by(where, tmp_path)
    assert [properties_of(event) for event in events] == [EVENT] * CALLS
    assert all(event.keys() >= METADATA for event in events)
    assert len({event["__id__"] for event in events}) == CALLS


@pytest.mark.parametrize("where", ["journal, filtered", "FileHandler, filtered"])
def test_the_filtered_write_what_the_floor_writes_beside_them(where, tmp_path):
    assert [properties_of(event) for event in recorded_by(where, tmp_path)] == [CLASSIFIED_EVENT] * CALLS
    assert CLASSIFIED_EVENT["path"] is None
    assert CLASSIFIED_EVENT["origin"]["user"] is None


def test_what_is_not_allowed_is_not_written(tmp_path):
    assert recorded_by("not allowed", tmp_path) == []


def test_a_thousand_schemas_record_one_of_them_or_all_in_turn(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "turn").mkdir()
    makers = {"one": CONTESTS["schemas"].makers()["1000"], "turn": CONTESTS["schemas in turn"].makers()["1000"]}
    ids = {}
    for name, make in makers.items():
        with make(tmp_path / name) as subject:
            subject.run(CALLS)
        ids[name] = [orjson.loads(line)["__schema__"] for line in lines_below(tmp_path / name)]
    assert ids["one"] == [f"{SCHEMA['$id']}/500"] * CALLS
    assert ids["turn"] == [f"{SCHEMA['$id']}/{number}" for number in range(CALLS)]
