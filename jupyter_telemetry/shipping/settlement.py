"""What becomes of a journal's events beside their delivery: erasures are carried on, and expiry is counted."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

from ..errors import JournalError
from ..journal.accounts import FILE, accounts_since
from ..journal.segment import scan
from ..journal.tombstones import erased_ids, named_in, tombstones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from ..journal.cursors import Cursor

__all__ = ["account_for_the_gone", "erasures", "untold"]

IDS_AT_ONCE = 1000
_REMEMBERED = 64  # segments: two limits at once may each announce the same
_LONGEST_LINE = 4096  # bytes


def erasures(journal: Path, cursor: Cursor) -> Iterator[tuple[list[str], Callable[[], None]]]:
    """Yield ids that were erased and the destination was not told of, and what notes in the cursor that it was.

    Raises JournalError for tombstones that cannot be read.
    """
    for tombstone in tombstones(journal):
        name = tombstone.path.name
        try:
            with tombstone.path.open("rb") as file:
                offset = _told(file, cursor, name)
                file.seek(offset)
                while lines := _whole_lines(file, IDS_AT_ONCE):
                    ids = [named_in(line)[0] for line in (lines if offset else lines[1:])]  # the first is the head
                    offset += sum(map(len, lines))
                    yield ids, _noting(cursor, name, offset, ids[-1] if ids else "")
        except FileNotFoundError:  # its erasure took nothing away
            continue
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not what an erasure writes"
            raise JournalError(f"the tombstone {tombstone.path} cannot be read: {why}") from error


def untold(journal: Path, cursor: Cursor) -> int:
    """Count the events that were erased and the destination was not told of. Raises JournalError."""
    return len({event_id for ids, _ in erasures(journal, cursor) for event_id in ids})


def _told(file: BinaryIO, cursor: Cursor, name: str) -> int:
    """Return up to where the destination was told; 0 if the file is not what it was, for an erasure was rolled back."""
    offset, last = cursor.tombstones.get(name, (0, ""))
    start = max(0, offset - _LONGEST_LINE)
    file.seek(start)
    text = file.read(offset - start)
    if len(text) < offset - start or not text.endswith(b"\n"):
        return 0
    with contextlib.suppress(ValueError):
        return offset if not last or named_in(text.splitlines()[-1])[0] == last else 0
    return 0


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
            erased = erased_ids(journal) if erased is None else erased
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


def _whole_lines(file: BinaryIO, count: int) -> list[bytes]:
    lines: list[bytes] = []
    while len(lines) < count and (line := file.readline()).endswith(b"\n"):
        lines.append(line)
    return lines


def _noting(cursor: Cursor, name: str, offset: int, last: str) -> Callable[[], None]:
    def note() -> None:
        cursor.tombstones[name] = offset, last

    return note
