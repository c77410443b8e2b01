"""What was refused is known by its id until nothing of it is there any more."""

from __future__ import annotations

import stat

import pytest

from jupyter_telemetry.journal.tombstones import Erased
from jupyter_telemetry.lockfile import LockLost
from jupyter_telemetry.shipping.refusals import Refusal, Refusals


@pytest.fixture
def place(tmp_path):
    place = tmp_path / "shipping" / "sink"
    place.mkdir(parents=True)
    return place


def nothing():
    pass


def lost():
    raise LockLost


def text(place):
    return [line for line in (place / "refused.jsonl").read_text().splitlines() if line]


def test_nothing_was_refused_where_there_is_no_file(place):
    found = Refusals(place, "c")
    assert (found.known, found.expired, found.delivered) == ({}, 0, 0)
    found.add([])
    found.discard(["x"], lost)
    found.sum_up((), (), (), lost)
    assert list(place.iterdir()) == []


def test_what_is_noted_is_there_for_the_next_one(place):
    refusals = Refusals(place, "c")
    refusals.add([("x", "a"), ("y", "b")])
    refusals.take([("y", "b")])
    found = Refusals(place, "c")
    assert found.known == refusals.known == {"x": Refusal("a"), "y": Refusal("b", True)}
    assert (found.standing, found.taken) == ({"x"}, {"y"})
    assert stat.S_IMODE((place / "refused.jsonl").stat().st_mode) == 0o600


def test_a_line_that_is_torn_is_none_and_spoils_no_other(place):
    Refusals(place, "c").add([("x", "a")])
    with (place / "refused.jsonl").open("ab") as file:
        file.write(b'["a","torn')
    Refusals(place, "c").add([("y", "a")])
    assert Refusals(place, "c").known.keys() == {"x", "y"}


@pytest.mark.parametrize(
    "line", ['{"cursor":"c","expired":"x","delivered":1}', '["a",["y"]]', "[1,2]", "[null,null]", '["y"]', "7", "{}"]
)
def test_what_no_shipper_writes_is_passed_over(place, line):
    Refusals(place, "c").add([("x", "a")])
    with (place / "refused.jsonl").open("a") as file:
        file.write(line + "\n")
    found = Refusals(place, "c")
    assert (found.known, found.expired, found.delivered) == ({"x": Refusal("a")}, 0, 0)


def test_what_is_on_its_way_again_is_forgotten(place):
    refusals = Refusals(place, "c")
    refusals.add([("x", "a"), ("y", "a")])
    with pytest.raises(LockLost):
        refusals.discard(["x"], lost)
    assert refusals.known.keys() == Refusals(place, "c").known.keys() == {"x", "y"}
    refusals.discard(["x", "z"], nothing)
    assert refusals.known.keys() == Refusals(place, "c").known.keys() == {"y"}


def test_of_what_is_gone_a_number_is_kept(place):
    refusals = Refusals(place, "c")
    refusals.add([(each, "gone") for each in ("letter", "expired", "erased", "taken", "taken and there")])
    refusals.add([("removed", "there"), ("taken from there", "there")])
    refusals.take([("taken", "gone"), ("taken and there", "gone"), ("taken from there", "there")])
    for _ in range(2):
        refusals.sum_up({"there"}, {"letter", "taken and there"}, {"erased"}, nothing)
        found = Refusals(place, "c")
        assert found.known.keys() == {"letter", "taken and there", "removed"}
        assert (found.expired, found.delivered) == (1, 1)
        assert text(place)[0] == '{"cursor":"c","expired":1,"delivered":1}'
    another = Refusals(place, "of another cursor")
    assert (another.known, another.expired, another.delivered) == (found.known, 0, 0)
    found.add([("later", "there")])
    assert (Refusals(place, "c").expired, Refusals(place, "c").known.keys()) == (1, {*refusals.known, "later"})


def test_what_is_reckoned_up_here_is_counted_by_segment_and_once(place):
    refusals = Refusals(place, "c")
    refusals.add([("x", "a"), ("y", "a"), ("erased", "a"), ("z", "b")])
    erased = Erased({"erased", "both"}, {"y": "a", "both": "a", "forgotten": "b"})
    assert refusals.by_segment([("x", "a"), ("of old", "b")], erased) == {"a": 2, "b": 3}
