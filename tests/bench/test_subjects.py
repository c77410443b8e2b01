"""What is measured does what its figure is said to be of."""

import json

import orjson
import pytest

from bench.contests import ABOVE_THE_FLOOR, CONTESTS, OLD
from bench.event import CLASSIFIED, CLASSIFIED_EVENT, EVENT, SCHEMA
from bench.floor import LINE_BYTES
from bench.interleave import interleave, slices
from bench.subjects import Subject, WrongLinesError, check, lines_below

CALLS = 5
METADATA = {"__timestamp__", "__schema__", "__schema_version__", "__metadata_version__", "__id__"}


def _lines(where, directory):
    contest = CONTESTS[where]
    make = contest.makers()[contest.first]
    with make(directory) as subject:
        subject.run(CALLS)
    return [orjson.loads(line) for line in lines_below(directory)]


def _properties(event):
    return {name: value for name, value in event.items() if name not in METADATA}


@pytest.mark.parametrize("where", ["journal", "journal, model", "FileHandler", "schemas"])
def test_ours_write_the_whole_event_once_per_call(where, tmp_path):
    events = _lines(where, tmp_path)
    assert [_properties(event) for event in events] == [EVENT] * CALLS
    assert all(event.keys() >= METADATA for event in events)
    assert len({event["__id__"] for event in events}) == CALLS


@pytest.mark.parametrize("where", ["journal, filtered", "FileHandler, filtered"])
def test_the_filtered_write_what_the_floor_writes_beside_them(where, tmp_path):
    assert [_properties(event) for event in _lines(where, tmp_path)] == [CLASSIFIED_EVENT] * CALLS
    assert CLASSIFIED_EVENT["path"] is None
    assert CLASSIFIED_EVENT["origin"]["user"] is None


def test_what_is_not_allowed_is_not_written(tmp_path):
    assert _lines("not allowed", tmp_path) == []


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


@pytest.mark.filterwarnings("ignore::DeprecationWarning:(?!jupyter_telemetry)")
@pytest.mark.parametrize("where", ["structlog", "stdlib", "jupyter_events"])
def test_peers_write_the_whole_event_once_per_call(where, tmp_path):
    events = _lines(where, tmp_path)
    assert len(events) == CALLS
    assert all(event.items() >= EVENT.items() for event in events)


def test_opentelemetry_writes_nothing_and_says_so(tmp_path):
    assert _lines("opentelemetry", tmp_path) == []
    with CONTESTS["opentelemetry"].makers()["subject"](tmp_path) as subject:
        assert subject.lines_per_call is None


def test_0_1_0_is_measured_only_where_it_is_installed(tmp_path):
    assert CONTESTS[OLD].python == OLD
    with pytest.raises(RuntimeError, match="environment of its own"):
        _lines(OLD, tmp_path)


@pytest.mark.parametrize("name", ABOVE_THE_FLOOR)
def test_the_floor_writes_a_line_as_long_as_its_subject(name, tmp_path):
    (tmp_path / "floor").mkdir()
    (tmp_path / "subject").mkdir()
    makers = CONTESTS[name].makers()
    with makers["floor"](tmp_path / "floor") as floor:
        floor.run(1)
    (line,) = lines_below(tmp_path / "floor")
    ours = "journal, filtered" if "filtered" in name else "journal"
    with CONTESTS[ours].makers()["subject"](tmp_path / "subject") as subject:
        subject.run(1)
    (recorded,) = lines_below(tmp_path / "subject")
    assert len(line) == len(recorded)
    assert list(json.loads(line)) == list(json.loads(recorded))
    assert LINE_BYTES["event"] == len(orjson.dumps(EVENT))


def test_both_schemas_take_the_event_of_five_properties():
    assert len(EVENT) == 5
    assert CLASSIFIED["properties"].keys() == SCHEMA["properties"].keys() == EVENT.keys()
    assert [type(value) for value in EVENT.values()].count(dict) == 1
    assert [type(value) for value in EVENT.values()].count(list) == 1


@pytest.mark.parametrize("contest", ["threads", "processes"])
def test_many_lose_no_line(contest, tmp_path):
    makers = CONTESTS[contest].makers()
    seconds = interleave(makers, 203, number_of_slices=3, pace=(1, 1000), directory=tmp_path)
    assert seconds.keys() == makers.keys()


def test_a_missing_a_torn_and_a_damaged_line_are_noticed(tmp_path):
    (tmp_path / "lines").write_bytes(b'{"a":1}\n{"a":2}\n')
    check(tmp_path, 2)
    with pytest.raises(WrongLinesError, match="2 lines, not 3"):
        check(tmp_path, 3)
    (tmp_path / "lines").write_bytes(b'{"a":1}\n{"a":2}')
    with pytest.raises(WrongLinesError, match="torn"):
        check(tmp_path, 2)
    (tmp_path / "lines").write_bytes(b'{"a":1}\n[2]\n')
    with pytest.raises(WrongLinesError, match="no JSON object"):
        check(tmp_path, 2)


def test_slices_are_as_equal_as_can_be():
    assert slices(10, 4) == [3, 3, 2, 2]
    assert slices(2, 20) == [1, 1]


class _Clock:
    """A subject that says itself how long it took."""

    def __init__(self, seconds_per_call):
        self.seconds_per_call = seconds_per_call
        self.calls = []

    def __call__(self, directory):
        return self

    def __enter__(self):
        return Subject(self.run, lines_per_call=0)

    def __exit__(self, *error):
        self.closed = True

    def run(self, times):
        self.calls.append(times)
        return times * self.seconds_per_call


def test_contenders_take_turns_and_are_counted_alike(tmp_path):
    first, other = _Clock(2.0), _Clock(0.5)
    seconds = interleave({"first": first, "other": other}, 10, number_of_slices=2, pace=(8, 8), directory=tmp_path)
    assert first.calls == [1, 5, 5]  # the one that is not counted, and two slices
    assert other.calls == [1, 8, 8]
    assert seconds == {"first": 20.0, "other": 5.0}  # for ten calls of each
    assert first.closed
    assert other.closed


def test_a_subject_that_loses_lines_ends_the_measurement(tmp_path):
    class Loser(_Clock):
        def __enter__(self):
            return Subject(self.run, lines_per_call=1)

    with pytest.raises(WrongLinesError, match="0 lines, not 4"):
        interleave({"loser": Loser(1.0)}, 3, number_of_slices=1, pace=(1, 1), directory=tmp_path)
