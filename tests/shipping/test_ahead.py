"""The next batch, read while one is on its way: used if it is what comes next then, and otherwise read again."""

from __future__ import annotations

import pytest
from journal.lines import line

from jupyter_telemetry.journal.cursors import Cursor
from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.shipping import BatchLimits
from jupyter_telemetry.shipping.ahead import ReadAhead
from jupyter_telemetry.shipping.feed import Feed

from .scene import put

PAIRS = BatchLimits(2, 10**6, 0.0)


@pytest.fixture
def feed(journal):
    return Feed(journal, Cursor("sink"))


@pytest.fixture
def ahead(feed):
    return ReadAhead(feed, PAIRS)


def send(feed, ahead, hand, meanwhile=lambda: None):
    feed.begin(hand)
    with ahead.behind(hand, feed.segments()):
        meanwhile()
    feed.acknowledge(hand, [])
    return hand.lines


def test_what_comes_behind_is_there_when_its_turn_comes(feed, ahead, journal):
    put(journal, *map(line, range(3)), begun_at=1e9)
    put(journal, *map(line, range(3, 7)), begun_at=2e9)
    hand = feed.take(feed.segments(), PAIRS)
    assert send(feed, ahead, hand) == [line(0), line(1)]
    hand = ahead.take()
    assert send(feed, ahead, hand) == [line(2), line(3)]
    assert ahead.take().lines == [line(4), line(5)]
    assert ahead.take() is None


def test_a_batch_to_which_more_may_come_is_not_kept(feed, ahead, journal):
    put(journal, *map(line, range(3)), begun_at=1e9)
    send(feed, ahead, feed.take(feed.segments(), PAIRS))
    assert ahead.take() is None
    assert feed.take(feed.segments(), PAIRS).lines == [line(2)]


def test_behind_a_batch_that_was_not_taken_nothing_is_next(feed, ahead, journal):
    put(journal, *map(line, range(6)), begun_at=1e9)
    hand = feed.take(feed.segments(), PAIRS)
    with pytest.raises(ConnectionError), ahead.behind(hand, feed.segments()):
        raise ConnectionError
    assert ahead.take() is None
    assert feed.take(feed.segments(), PAIRS).lines == hand.lines


def test_what_an_erasure_has_rewritten_meanwhile_is_read_again(feed, ahead, journal):
    put(journal, line(0), line(1), line(2), line(3, __schema__="b"), line(4), line(5), begun_at=1e9)
    send(
        feed,
        ahead,
        feed.take(feed.segments(), PAIRS),
        lambda: erase(journal, erases=lambda schema: schema == "b", settle_s=0.0),
    )
    early = ahead.take()
    assert early is None or not feed.is_unchanged(early)  # as the carrier asks before it sends
    left = feed.take(feed.segments(), PAIRS)
    assert left.lines == [line(2), line(4)]


def test_a_segment_is_not_given_up_because_there_was_nothing_behind(feed, ahead, journal):
    put(journal, line(0), line(1), begun_at=1e9)
    hand = feed.take(feed.segments(), PAIRS)
    with pytest.raises(ConnectionError), ahead.behind(hand, feed.segments()):
        raise ConnectionError
    assert [segment.size for segment in feed.segments()] == [2 * len(line(0))]


def test_a_segment_that_cannot_be_read_ahead_is_left_to_its_turn(feed, ahead, journal):
    put(journal, *map(line, range(2)), begun_at=1e9)
    later = put(journal, *map(line, range(2, 4)), begun_at=2e9)
    segments = feed.segments()
    hand = feed.take(segments, PAIRS)
    later.unlink()
    later.mkdir()
    with ahead.behind(hand, segments):
        pass
    assert ahead.take() is None
