"""The next lines for a destination, whatever became of their segments since."""

from __future__ import annotations

import os

import pytest
from journal.lines import event_id, line

from jupyter_telemetry.journal.cursors import Cursor, Progress
from jupyter_telemetry.journal.segment import HANDOVER, OPEN_SUFFIX
from jupyter_telemetry.shipping import BatchLimits
from jupyter_telemetry.shipping.feed import SETTLE_S, Feed

from .scene import erase_b, put

WIDE = BatchLimits(1000, 1_000_000, 0.0)


@pytest.fixture
def cursor():
    return Cursor("sink")


class Watch:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def feed(journal, cursor, watch):
    return Feed(journal, cursor, clock=watch)


def take(feed, limits=WIDE):
    return feed.take(feed.segments(), limits)


def pass_on(feed, limits=WIDE, refused=()):
    """Take, and acknowledge; return the lines."""
    hand = take(feed, limits)
    if hand is None:
        return None
    feed.begin(hand)
    feed.acknowledge(hand, refused)
    return hand.lines


def test_a_journal_that_is_not_there_has_nothing(feed):
    assert (feed.segments(), feed.waiting_bytes(), take(feed)) == ([], 0, None)


def test_lines_come_in_the_order_of_segments_and_once(feed, journal):
    put(journal, line(3), begun_at=2e9)
    put(journal, line(1), line(2), begun_at=1e9)
    assert feed.waiting_bytes() == 3 * len(line(1))
    assert pass_on(feed) == [line(1), line(2), line(3)]
    assert (pass_on(feed), feed.waiting_bytes()) == (None, 0)


def test_a_hand_is_as_large_as_the_limits_say(feed, journal):
    put(journal, *map(line, range(5)), begun_at=1e9)
    put(journal, *map(line, range(5, 8)), begun_at=2e9)
    assert pass_on(feed, BatchLimits(2, 10**6, 0)) == [line(0), line(1)]
    assert pass_on(feed, BatchLimits(100, 3 * len(line(1)) + 1, 0)) == [line(2), line(3), line(4)]
    assert pass_on(feed, BatchLimits(100, 1, 0)) == [line(5)]
    assert pass_on(feed, BatchLimits(2, 10**6, 0)) == [line(6), line(7)]
    assert pass_on(feed) is None


def test_a_segment_whose_first_line_does_not_fit_comes_with_the_next_hand(feed, journal):
    put(journal, line(1), begun_at=1e9)
    put(journal, line(2), begun_at=2e9)
    limits = BatchLimits(100, len(line(1)) + 10, 0)
    hand = take(feed, limits)
    assert (hand.lines, hand.is_full) == ([line(1)], True)
    feed.acknowledge(hand, ())
    assert feed.waiting_bytes() == len(line(2))
    assert pass_on(feed, limits) == [line(2)]


def test_a_hand_is_full_by_number_by_size_or_not(feed, journal):
    put(journal, line(1), line(2))
    assert take(feed, BatchLimits(2, 10**6, 0)).is_full
    assert take(feed, BatchLimits(3, len(line(1)), 0)).is_full
    assert not take(feed, BatchLimits(3, 10**6, 0)).is_full


def test_what_is_taken_and_not_acknowledged_comes_again(feed, journal):
    put(journal, line(1))
    assert take(feed) == take(feed)


def test_an_open_segment_is_read_as_it_grows_and_when_it_is_sealed(feed, journal):
    path = put(journal, line(1), b'{"torn', suffix=OPEN_SUFFIX)
    assert pass_on(feed) == [line(1)]
    assert pass_on(feed) is None
    assert feed.waiting_bytes() == 0
    with path.open("r+b") as file:
        file.truncate(len(line(1)))
    with path.open("ab") as file:
        file.write(line(2))
    assert pass_on(feed) == [line(2)]
    path.rename(str(path).replace(OPEN_SUFFIX, ".jsonl"))
    assert pass_on(feed) is None


def test_what_is_damaged_is_passed_over_in_a_sealed_segment_and_waits_in_an_open_one(feed, journal):
    path = put(journal, line(1), b"damaged\n", line(2), b"torn" + line(3), suffix=OPEN_SUFFIX)
    assert pass_on(feed) == [line(1)]
    path.rename(str(path).replace(OPEN_SUFFIX, ".jsonl"))
    assert pass_on(feed) == [line(2), line(3)]
    assert feed.waiting_bytes() == 0


def test_what_is_damaged_in_a_segment_that_a_killed_writer_left_open_is_passed_over(feed, journal, watch):
    path = put(journal, line(1), b"damaged\n", line(2), suffix=OPEN_SUFFIX)
    assert pass_on(feed) == [line(1)]
    for modified_at in (1e9, 4e9):  # whatever its clock says, and whatever ours
        os.utime(path, (modified_at, modified_at))
        assert pass_on(feed) is None
    watch.now += SETTLE_S - 1
    with path.open("ab") as file:
        file.write(line(3))
    assert pass_on(feed) is None
    watch.now += SETTLE_S - 1
    assert pass_on(feed) is None
    watch.now += 1
    assert pass_on(feed) == [line(2), line(3)]


def test_behind_a_damaged_end_it_goes_on_when_more_comes(feed, journal, cursor):
    path = put(journal, line(1), b"damaged\n", b"torn")
    assert pass_on(feed) == [line(1)]
    assert pass_on(feed) is None
    with path.open("ab") as file:
        file.write(b"\n" + HANDOVER + line(2))
    assert pass_on(feed) == [line(2)]
    (progress,) = cursor.segments.values()
    assert (progress.offset, progress.delivered) == (path.stat().st_size, 2)


def test_an_erasure_moves_on_what_was_delivered_and_nothing_comes_again(feed, journal, cursor):
    put(journal, *(line(n, __schema__="b" if n % 2 else "a") for n in range(8)))
    pass_on(feed, BatchLimits(5, 10**6, 0))
    erase_b(journal)
    assert pass_on(feed) == [line(6, __schema__="a")]
    (progress,) = cursor.segments.values()
    assert (progress.delivered, progress.refused) == (4, 0)


def test_where_all_that_was_known_is_erased_it_comes_again_and_is_said_to(feed, journal):
    put(journal, *(line(n, __schema__="a" if n == 1 else "b") for n in range(9)))
    pass_on(feed, BatchLimits(4, 10**6, 0))
    pass_on(feed, BatchLimits(4, 10**6, 0))
    erase_b(journal)
    hand = take(feed)
    assert hand.lines == [line(1, __schema__="a")]
    assert feed.is_sent_before(hand)


def test_an_inode_that_is_used_again_does_not_deceive(feed, journal, cursor):
    path = put(journal, line(0, __schema__="a"), line(1, __schema__="b"), line(2), line(3))
    pass_on(feed, BatchLimits(3, 10**6, 0))
    path.write_bytes(line(0, __schema__="a") + line(2) + line(3) + line(4))
    (progress,) = cursor.segments.values()
    assert path.stat().st_ino == progress.inode
    assert pass_on(feed) == [line(3), line(4)]


def test_a_journal_that_was_copied_goes_on_where_it_was(feed, journal, cursor):
    path = put(journal, *(line(n, text="x" * 70_000) for n in range(6)))
    pass_on(feed, BatchLimits(4, 10**7, 0))
    copied = path.with_suffix(".copy")
    copied.write_bytes(path.read_bytes())
    os.replace(copied, path)
    assert pass_on(feed) == [line(n, text="x" * 70_000) for n in (4, 5)]


def test_dead_letters_are_told_from_what_was_delivered_after_an_erasure_too(journal, cursor):
    feed = Feed(journal, cursor, lambda: {event_id(2)})
    put(journal, line(1), line(2), line(3, __schema__="b"), line(4))
    pass_on(feed, refused=[1])
    assert [(each.delivered, each.refused) for each in cursor.segments.values()] == [(3, 1)]
    erase_b(journal)
    pass_on(feed)
    assert [(each.delivered, each.refused) for each in cursor.segments.values()] == [(2, 1)]


def test_the_same_is_taken_again_as_long_as_it_stands(feed, journal):
    put(journal, line(1), line(2), begun_at=1e9)
    put(journal, line(3), line(4, __schema__="b"), begun_at=2e9)
    hand = take(feed, BatchLimits(3, 10**6, 0))
    assert feed.take_again(hand.takes) == hand._replace(is_full=False)
    assert feed.is_unchanged(hand)
    erase_b(journal)
    assert feed.take_again(hand.takes) is None
    assert not feed.is_unchanged(hand)


@pytest.mark.parametrize("schema", ["b", "a"])
def test_what_is_gone_as_a_whole_is_not_taken_again(feed, journal, schema):
    path = put(journal, line(1, __schema__=schema))
    hand = take(feed)
    if schema == "b":
        erase_b(journal)
    else:
        path.unlink()
    assert not path.exists()
    assert not feed.is_unchanged(hand)
    assert feed.take_again(hand.takes) is None


def test_sealing_changes_nothing(feed, journal):
    path = put(journal, line(1), suffix=OPEN_SUFFIX)
    hand = take(feed)
    path.rename(str(path).replace(OPEN_SUFFIX, ".jsonl"))
    assert feed.is_unchanged(hand)
    assert feed.take_again(hand.takes).lines == hand.lines


def test_what_may_have_been_sent_before_is_said_to(feed, journal, cursor):
    put(journal, *map(line, range(4)))
    first = take(feed, BatchLimits(2, 10**6, 0))
    assert not feed.is_sent_before(first)
    feed.begin(first)
    assert feed.is_sent_before(first)
    assert feed.is_sent_before(take(feed))
    feed.acknowledge(first, ())
    assert not feed.is_sent_before(take(feed))


def test_a_segment_that_cannot_be_read_is_said_and_holds_nobody_up(journal, cursor):
    said = []
    feed = Feed(journal, cursor, unreadable=said.append)
    path = put(journal, line(1), begun_at=1e9)
    target = path.with_suffix(".away")
    path.rename(target)
    put(journal, line(2), begun_at=2e9)
    segment = feed.segments()[0]._replace(name="x" * 300)
    assert feed.take([segment, *feed.segments()], WIDE).lines == [line(2)]
    assert said == ["File name too long"]


def test_files_of_other_programs_are_shipped_too(feed, journal):
    journal.mkdir()
    (journal / "archive.jsonl").write_bytes(line(1))
    assert pass_on(feed) == [line(1)]


def test_each_line_knows_its_segment(feed, journal):
    first = put(journal, line(1), line(2), begun_at=1e9)
    second = put(journal, line(3), begun_at=2e9)
    hand = take(feed)
    assert [hand.segment_of(index) + ".jsonl" for index in range(3)] == [first.name, first.name, second.name]
    with pytest.raises(IndexError):
        hand.segment_of(3)


def test_an_acknowledgement_is_counted_by_segment(feed, journal, cursor):
    put(journal, line(1), line(2), begun_at=1e9)
    put(journal, line(3), begun_at=2e9)
    hand = take(feed)
    feed.begin(hand)
    assert cursor.in_hand == list(hand.takes)
    feed.acknowledge(hand, [0, 2])
    size = len(line(1))
    assert cursor.in_hand == []
    assert [cursor.segments[take.segment] for take in hand.takes] == [
        Progress(hand.takes[0].inode, 2 * size, 1, 1, [event_id(2), event_id(1)], 2 * size),
        Progress(hand.takes[1].inode, size, 0, 1, [event_id(3)], size),
    ]
