"""What becomes of a journal's events beside their delivery: erasures are carried on, and expiry is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ..journal.accounts import Account, accounts_since
from ..journal.segment import scan
from ..journal.tombstones import tombstones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ..journal.cursors import Cursor

__all__ = ["account_for_the_gone", "erasures"]

IDS_AT_ONCE = 1000

_NO_ACCOUNT = Account("", "", None, 0, "")


def erasures(journal: Path, cursor: Cursor) -> Iterator[tuple[list[str], Callable[[], None]]]:
    """Yield ids that were erased and the destination was not told of, and what notes in the cursor that it was.

    Raises JournalError for tombstones that cannot be read.
    """
    for tombstone in tombstones(journal):
        name = tombstone.path.name
        offset = cursor.tombstones.get(name, 0)
        with tombstone.path.open("rb") as file:
            file.seek(offset)
            while lines := _whole_lines(file, IDS_AT_ONCE):
                ids = [found for line in lines if isinstance(found := orjson.loads(line), str)]  # the head is a dict
                offset += sum(map(len, lines))
                yield ids, _noting(cursor, name, offset)


def account_for_the_gone(journal: Path, cursor: Cursor) -> bool:
    """Sum up, in the cursor, what the destination had of segments that are gone; say whether there were any.

    What a limit deleted before the destination had it is expired for this one. What an erasure took is erased,
    whether or not it was delivered before.
    """
    there = {segment.name for segment in scan(journal)}
    accounts, upto = _new_accounts(journal, cursor.accounts, there)
    gone = cursor.segments.keys() - there
    there |= {
        segment.name for segment in scan(journal)
    }  # twice: a file that is renamed may be missing from one listing
    for name in sorted(gone - there):
        progress = cursor.segments.pop(name)
        account = accounts.pop(name, _NO_ACCOUNT)
        if account.what == "erased":
            continue
        cursor.delivered += progress.delivered
        cursor.refused += progress.refused
        cursor.expired += max(0, account.events - progress.delivered - progress.refused)
    cursor.expired += sum(account.events for account in accounts.values() if account.what == "expired")
    changed = bool(gone - there) or cursor.accounts != upto
    cursor.accounts = upto
    return changed


def _new_accounts(journal: Path, start: int, there: set[str]) -> tuple[dict[str, Account], int]:
    """Read on in the journal's accounts up to the first segment that is there still: by segment, and up to where.

    A limit that is killed between its line and the deletion leaves a segment that the next one deletes.
    """
    found: dict[str, Account] = {}
    for account, position in accounts_since(journal, start):
        if account is not None and account.segment in there:
            break
        if account is not None and account.segment:
            found[account.segment] = account
        start = position
    return found, start


def _whole_lines(file: Any, count: int) -> list[bytes]:
    lines: list[bytes] = []
    while len(lines) < count and (line := file.readline()).endswith(b"\n"):
        lines.append(line)
    return lines


def _noting(cursor: Cursor, name: str, offset: int) -> Callable[[], None]:
    def note() -> None:
        cursor.tombstones[name] = offset

    return note
