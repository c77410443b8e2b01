from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from full_disk import limit_of_file_size

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal import accounts
from jupyter_telemetry.journal.accounts import Account, account, accounts_since, has_account_of, read_accounts
from jupyter_telemetry.journal.cursors import Cursor
from jupyter_telemetry.journal.reader import JournalReader

from .lines import content, line


@pytest.fixture
def journal(directory) -> Path:
    directory.mkdir()
    return directory


@pytest.fixture
def small(monkeypatch):
    """A file is summed up when it passes 4000 bytes."""
    monkeypatch.setattr(accounts, "MOST_BYTES", 4000)


def told(journal: Path) -> list[tuple[str, int]]:
    return [(each.what, each.events) for each in read_accounts(journal)]


def test_a_line_says_what_how_many_and_why(journal):
    account(journal, "expired", 7, "too old", "20261123T174205123456Z-5f3a9c01")
    account(journal, "lost", 2, "No space left on device")

    first, second = read_accounts(journal)
    assert first == Account(first.at, "expired", "20261123T174205123456Z-5f3a9c01", 7, "too old")
    assert second == Account(second.at, "lost", None, 2, "No space left on device")
    assert list(json.loads((journal / "accounts.jsonl").read_bytes().splitlines()[0])) == [
        "at",
        "what",
        "segment",
        "events",
        "reason",
    ]
    assert first.at.endswith("Z")
    assert stat.S_IMODE((journal / "accounts.jsonl").stat().st_mode) == 0o600


def test_a_journal_without_accounts_has_none(journal):
    assert read_accounts(journal) == []
    assert list(accounts_since(journal, 0)) == []
    assert not has_account_of(journal, "a")


def test_accounts_are_no_segment(journal, make_writer):
    make_writer().write(line(1))
    account(journal, "lost", 1, "a")

    assert [each.sealed for each in JournalReader(journal).segments()] == [False]
    assert content(journal) == line(1)


def test_torn_lines_are_skipped_and_nothing_is_glued_to_them(journal):
    account(journal, "lost", 1, "a")
    with (journal / "accounts.jsonl").open("ab") as file:
        file.write(b'{"at":"2026')
    account(journal, "lost", 2, "b")
    with (journal / "accounts.jsonl").open("ab") as file:
        file.write(b'[1]\n{"at":1}\n{"at":"","what":"lost","segment":7,"events":1,"reason":""}\n{"at":"20')

    assert told(journal) == [("lost", 1), ("lost", 2)]
    assert [found and found.events for found, _ in accounts_since(journal, 0)] == [1, None, 2, None, None, None]


def test_a_line_that_the_disk_takes_in_part_is_an_error(journal):
    account(journal, "lost", 1, "a")
    size = (journal / "accounts.jsonl").stat().st_size

    with limit_of_file_size(size + 10), pytest.raises(OSError, match="No space left") as caught:
        account(journal, "lost", 2, "b")
    account(journal, "lost", 3, "c")

    assert caught.value.errno == errno.ENOSPC
    assert told(journal) == [("lost", 1), ("lost", 3)]


def test_a_planted_symlink_is_not_followed(journal, tmp_path):
    (journal / "accounts.jsonl").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match=r"symbolic links|File exists"):
        account(journal, "lost", 1, "a")
    assert not (tmp_path / "elsewhere").exists()


def test_accounts_that_cannot_be_read_are_an_error(journal):
    (journal / "accounts.jsonl").mkdir()

    with pytest.raises(JournalError, match="cannot be read: Is a directory"):
        read_accounts(journal)


def test_reading_goes_on_where_it_ended(journal):
    position = 0
    for number in range(5):
        account(journal, "lost", number, "a")
        (found,) = accounts_since(journal, position)
        assert (found[0].events, found[1] > position) == (number, True)
        position = found[1]
    assert list(accounts_since(journal, position)) == []


def test_what_is_too_long_is_summed_up_and_positions_go_on_meaning_the_same(journal, small):
    positions, whole = [0], 0
    for number in range(200):
        account(journal, ("lost", "expired")[number % 2], number, "a reason", f"segment-{number}")
        whole += number
        *_, (_, position) = accounts_since(journal, positions[-1])
        assert position > positions[-1]
        positions.append(position)

    assert (journal / "accounts.jsonl").stat().st_size <= 4200
    found = read_accounts(journal)
    assert sum(each.events for each in found) == whole
    assert [(each.what, each.segment, each.reason) for each in found[:2]] == [
        ("expired", None, "summed up"),
        ("lost", None, "summed up"),
    ]
    assert [each.segment for each, _ in accounts_since(journal, positions[-6])] == [
        f"segment-{number}" for number in range(195, 200)
    ]
    first, *_ = accounts_since(journal, 0)
    assert first[0].segment is not None  # what is summed up is passed over
    assert len(list(accounts_since(journal, 10**12))) == len(list(accounts_since(journal, 0)))


def test_what_a_destination_has_not_read_is_not_summed_up_unless_it_is_very_far_behind(journal, small):
    cursor = Cursor("slow")
    path = journal / "shipping" / "slow" / "cursor.json"
    (journal / "shipping" / "slow").mkdir(parents=True)
    cursor.save(path, lambda: None)

    for number in range(100):
        account(journal, "expired", 1, "a", f"segment-{number}")
    assert len(read_accounts(journal)) == 100
    for number in range(100, 300):
        account(journal, "expired", 1, "a", f"segment-{number}")
    assert len(read_accounts(journal)) < 200
    assert (journal / "accounts.jsonl").stat().st_size < 4 * 4200


def test_where_the_lock_cannot_be_had_it_is_written_down_all_the_same(journal, small):
    (journal / ".accounts.lock").mkdir()
    (journal / ".accounts.lock" / "full").touch()
    for _ in range(2):
        account(journal, "lost", 1, "a")

    assert told(journal) == [("lost", 1), ("lost", 1)]


def test_threads_that_write_while_it_is_summed_up_lose_and_double_nothing(journal, small, in_threads):
    in_threads(lambda thread: [account(journal, "lost", 1, f"{thread} {number}") for number in range(150)])

    assert sum(each.events for each in read_accounts(journal)) == 600


def test_a_segment_that_has_an_account_is_known_by_it(journal):
    account(journal, "expired", 1, "a", "segment-1")

    assert has_account_of(journal, "segment-1")
    assert not has_account_of(journal, "segment-2")


def test_what_root_makes_in_somebodys_journal_is_theirs(journal):
    os.chown(journal, os.getuid() or 12345, -1)
    account(journal, "erased", 1, "a")

    assert (journal / "accounts.jsonl").stat().st_uid == journal.stat().st_uid
