"""What a journal no longer holds: what a destination had of it is summed up, and what it had not has expired."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..journal.accounts import FILE, accounts_since
from ..journal.segment import scan
from ..journal.tombstones import erased_from

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..journal.cursors import Cursor

__all__ = ["account_for_the_gone"]

_REMEMBERED = 64  # segments: two limits at once may each announce the same


def account_for_the_gone(
    journal: Path, cursor: Cursor, refused: Callable[[], Counter[str]] = lambda: Counter()
) -> bool:
    """Sum up, in the cursor, what the destination had of segments that are gone; say whether there were any.

    What a limit deleted before the destination had it is expired for this one. What an erasure took is erased,
    whether or not it was delivered before. `refused` counts, by segment, what is reckoned up by Refusals.
    """
    there = {segment.name for segment in scan(journal)}
    upto = _read_accounts(journal, cursor)  # after that look: a limit announces what it deletes
    there |= {segment.name for segment in scan(journal)}  # one that is renamed may be missing from one listing
    cursor.settled = [name for name in cursor.settled if name not in there]
    gone = (cursor.segments.keys() | cursor.announced.keys()) - there
    letters = refused() if gone else Counter[str]()
    erased = None
    for name in sorted(gone):
        progress = cursor.segments.pop(name, None)
        events = cursor.announced.pop(name, None)
        had = progress.delivered + progress.refused if progress is not None else 0
        if events is not None:  # an erasure may have rewritten it since the last look
            delivered = max(0, min(had, events) - letters[name])
            cursor.delivered += delivered
            cursor.expired += max(0, events - letters[name] - delivered)
        elif progress is not None and progress.anchors:
            erased = erased_from(journal, "").out_of_segments if erased is None else erased
            if progress.anchors[0] not in erased:  # else all of it was
                cursor.delivered += max(0, had - letters[name])
        cursor.settled = [*cursor.settled, name][-_REMEMBERED:]
    changed = bool(gone) or cursor.accounts != upto
    cursor.accounts = upto
    return changed


def _read_accounts(journal: Path, cursor: Cursor) -> int:
    """Take in what limits announced to delete, and return up to where the accounts are read.

    One that is killed between its line and the deletion leaves a segment that the next one announces again.
    """
    if not (journal / FILE).exists():  # others have deleted it: what comes is a new one
        return 0
    upto = cursor.accounts
    for account, position in accounts_since(journal, upto):
        upto = position
        if account is None or account.what != "expired" or account.segment is None:
            continue
        if account.segment not in cursor.settled:
            cursor.announced[account.segment] = account.events
    return upto
