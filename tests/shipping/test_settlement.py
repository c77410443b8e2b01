"""What is gone from the journal is summed up."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from journal.lines import event_id, line

from jupyter_telemetry.journal.cursors import Cursor, Progress
from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.shipping.settlement import account_for_the_gone

from .scene import expire_oldest, put


@pytest.fixture
def journal(tmp_path):
    return tmp_path


@pytest.fixture
def cursor():
    return Cursor("sink")


def had(journal, cursor, delivered, refused=0):
    """Put a segment of four events into the journal, of which so many were had."""
    path = put(journal, *map(line, range(4)))
    progress = Progress(path.stat().st_ino, 1, delivered, refused, [event_id(0)])
    cursor.segments[path.name.removesuffix(".jsonl")] = progress
    return path


def summed(cursor):
    return cursor.delivered, cursor.expired, sorted(cursor.segments)


def test_while_nothing_is_gone_nothing_changes(journal, cursor):
    path = had(journal, cursor, 2)
    assert not account_for_the_gone(journal, cursor)
    assert summed(cursor) == (0, 0, [path.name.removesuffix(".jsonl")])


def test_what_a_limit_deleted_before_it_was_had_is_expired(journal, cursor):
    path = had(journal, cursor, 2, 1)
    expire_oldest(journal)
    assert account_for_the_gone(journal, cursor, lambda: Counter({path.stem: 1, "another": 7}))
    assert summed(cursor) == (2, 1, [])
    assert not account_for_the_gone(journal, cursor)


def test_a_segment_that_was_never_looked_at_is_expired(journal, cursor):
    put(journal, line(1), line(2))
    expire_oldest(journal)
    account_for_the_gone(journal, cursor)
    assert summed(cursor) == (0, 2, [])


def test_what_was_erased_and_then_expired_counts_as_no_more_than_there_was(journal, cursor):
    path = had(journal, cursor, 3)
    path.write_bytes(line(0))
    expire_oldest(journal)
    account_for_the_gone(journal, cursor)
    assert summed(cursor) == (1, 0, [])


def test_a_dead_letter_that_was_erased_and_then_expired_is_neither(journal, cursor):
    path = had(journal, cursor, 3, 1)
    path.write_bytes(line(0) + line(1) + line(2))
    expire_oldest(journal)
    account_for_the_gone(journal, cursor)
    assert summed(cursor) == (3, 0, [])


def test_what_was_erased_as_a_whole_is_neither_delivered_nor_expired(journal, cursor):
    had(journal, cursor, 2)
    erase(journal, settle_s=0.0)
    assert account_for_the_gone(journal, cursor)
    assert summed(cursor) == (0, 0, [])


def test_what_somebody_deleted_was_delivered_as_far_as_it_was(journal, cursor):
    had(journal, cursor, 2).unlink()
    account_for_the_gone(journal, cursor)
    assert summed(cursor) == (2, 0, [])


def announce(journal, segment, events, what="expired"):
    with (journal / "accounts.jsonl").open("a") as file:
        file.write(json.dumps({"at": "", "what": what, "segment": segment, "events": events, "reason": ""}) + "\n")


def test_what_is_announced_counts_when_it_is_gone_and_holds_up_nothing(journal, cursor):
    path = had(journal, cursor, 2)
    segment = path.name.removesuffix(".jsonl")
    announce(journal, segment, 4)
    announce(journal, "20261123T174205123456Z-00000000", 5)
    assert account_for_the_gone(journal, cursor)
    assert summed(cursor) == (0, 5, [segment])
    path.unlink()
    assert account_for_the_gone(journal, cursor)
    assert summed(cursor) == (2, 7, [])


def test_a_deletion_that_two_announce_counts_once(journal, cursor):
    announce(journal, "a", 5)
    announce(journal, "a", 5)
    account_for_the_gone(journal, cursor)
    announce(journal, "a", 5)
    account_for_the_gone(journal, cursor)
    assert summed(cursor) == (0, 5, [])


def test_what_is_no_expiry_is_passed_over(journal, cursor):
    announce(journal, "a", 5, "lost")
    announce(journal, "b", 5, "erased")
    announce(journal, None, 5)
    with (journal / "accounts.jsonl").open("a") as file:
        file.write('garbage\n[]\n{"what":"expired","segm')
    account_for_the_gone(journal, cursor)
    assert summed(cursor) == (0, 0, [])


def test_accounts_that_begin_anew_are_read_from_their_start(journal, cursor):
    announce(journal, "a", 5)
    announce(journal, "b", 5)
    account_for_the_gone(journal, cursor)
    (journal / "accounts.jsonl").unlink()
    assert account_for_the_gone(journal, cursor)
    announce(journal, "c", 1)
    account_for_the_gone(journal, cursor)
    assert summed(cursor) == (0, 11, [])
