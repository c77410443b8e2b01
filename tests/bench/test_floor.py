"""The floor is the same line."""

import json

import orjson
import pytest

from bench.contests import ABOVE_THE_FLOOR, CONTESTS, LEVELS
from bench.event import EVENT
from bench.floor import LINE_BYTES
from bench.subjects import lines_below


@pytest.mark.parametrize("name", [*ABOVE_THE_FLOOR, *LEVELS])
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
