"""What became of the events of a journal that are not in it any more, by number: `accounts.jsonl`.

A line is {"at":RFC 3339,"what":"expired"|"lost"|"erased","segment":name or null,"events":n,"reason":"…"}, appended by
one write, by any process, under a lock that only accounts have. A segment's line stands there before the segment is
deleted, so that whoever finds it gone finds out why, and how many events it held.

A file that passes MOST_BYTES has its older lines, which all destinations have read, summed up into one line for each
"what", with "upto": how many bytes of lines these stand for. So positions, which shippers keep, go on meaning the
same: a position is counted in bytes of all lines that were ever written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ..errors import JournalError
from ..lockfile import LockFile, LockLost
from ..privatefile import create, replacing
from ..timestamp import utc_text
from .access import file_mode

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "FILE",
    "MOST_BYTES",
    "Account",
    "account",
    "accounts_lock",
    "accounts_since",
    "has_account_of",
    "lost_events",
    "read_accounts",
]

FILE = "accounts.jsonl"
MOST_BYTES = 4 * 1024**2
PATIENCE = 4  # how many times as large it may become for a destination that does not read on
TAIL_BYTES = 64 * 1024

_APPEND = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_SUMMED_UP = "summed up"
_LOCK = ".accounts.lock"
_STALE_S = 2.0  # a line is written, and even the whole file, in less


class Account(NamedTuple):
    """A line of the accounts."""

    at: str  # RFC 3339 in UTC
    what: str  # "expired", "lost" or "erased"
    segment: str | None  # name
    events: int
    reason: str


def accounts_lock(directory: str | os.PathLike[str]) -> LockFile:
    """Return a lock for who must not wait: with the same one they find out, in time, that it was left behind."""
    return LockFile(Path(directory, _LOCK), stale_s=_STALE_S, wait_s=0.0, as_symlink=True)


def account(
    directory: str | os.PathLike[str],
    what: str,
    events: int,
    reason: str,
    segment: str | None = None,
    *,
    lock: LockFile | None = None,
    wait_s: float = 2 * _STALE_S,
) -> None:
    """Write down what became of events. Raises OSError; then it is not written down.

    It waits `wait_s` seconds for others who do the same, and then writes it down all the same. With a `lock` it does
    not wait at all, and raises TimeoutError: a writer has it, in whose way nobody may be.
    """
    entry = {"at": utc_text(), "what": what, "segment": segment, "events": events, "reason": reason}
    line = orjson.dumps(entry) + b"\n"
    path = Path(directory, FILE)
    with _locked(path.parent, lock, wait_s) as held:
        if _append(path, line) > MOST_BYTES and held is not None:
            _sum_up(path, held)


def read_accounts(directory: str | os.PathLike[str]) -> list[Account]:
    """Return the accounts of a journal, the oldest first; lines that are torn are skipped.

    Raises JournalError if they cannot be read.
    """
    try:
        content = Path(directory, FILE).read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise JournalError(f"the accounts {Path(directory, FILE)} cannot be read: {error.strerror}") from error
    return [found for line in content.splitlines() if (found := _parsed(line)) is not None]


def lost_events(directory: str | os.PathLike[str]) -> int:
    """Count the events that never came into a journal, of which it keeps account. Raises JournalError."""
    return sum(account.events for account in read_accounts(directory) if account.what == "lost")


def accounts_since(directory: str | os.PathLike[str], position: int) -> Iterator[tuple[Account | None, int]]:
    """Yield each account behind a position (0: from the start), None for a torn line, with the position behind it.

    Where lines behind the position are summed up, it goes on behind these. Raises OSError.
    """
    try:
        file = open(os.path.join(directory, FILE), "rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return
    with file:
        head, upto = _head(file.readline)
        end = file.seek(0, os.SEEK_END)
        offset = head + position - upto
        if not head <= offset <= end:  # behind what was summed up, or of a file that is gone
            offset = head
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield _parsed(line), offset - head + upto


def has_account_of(directory: str | os.PathLike[str], segment: str) -> bool:
    """Say whether a segment's line is among the last: somebody was killed before the segment was deleted."""
    try:
        return f'"{segment}"'.encode() in _tail(Path(directory, FILE))
    except OSError:
        return False


def _parsed(line: bytes) -> Account | None:
    try:
        found = orjson.loads(line)
        each = Account(*(found[name] for name in Account._fields))
    except (ValueError, TypeError, KeyError):
        return None
    is_one = isinstance(each.events, int) and isinstance(each.what, str) and isinstance(each.segment, str | None)
    return each if is_one else None


@contextlib.contextmanager
def _locked(journal: Path, lock: LockFile | None, wait_s: float) -> Iterator[LockFile | None]:
    """Hold the accounts' own lock; go on without it where it cannot be had, as on a full disk.

    Raises TimeoutError where others have the lock that is given.
    """
    waits = lock is None
    lock = lock or LockFile(journal / _LOCK, stale_s=_STALE_S, wait_s=wait_s, as_symlink=True)
    try:
        lock.__enter__()
    except OSError as error:
        if isinstance(error, TimeoutError) and not waits:
            raise
        yield None
        return
    try:
        yield lock
    finally:
        lock.__exit__()


def _append(path: Path, line: bytes) -> int:
    """Append a line by one write; return the file's size then."""
    fd = _opened(path)
    try:
        size = os.fstat(fd).st_size
        if size and hasattr(os, "pread") and os.pread(fd, 1, size - 1) != b"\n":
            line = b"\n" + line  # behind one that was torn
        if os.write(fd, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return size + len(line)
    finally:
        os.close(fd)


def _opened(path: Path) -> int:
    while True:
        try:
            return os.open(path, _APPEND)
        except FileNotFoundError:
            pass
        try:
            fd = create(path, _APPEND, mode=file_mode(path.parent))
        except FileExistsError:  # made by another process, a moment ago
            if path.is_symlink():
                raise
            continue
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # root erases in somebody's journal
            owner = os.stat(path.parent)
            os.chown(fd, owner.st_uid, owner.st_gid)
        return fd


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        return file.read()


def _head(next_line: Any) -> tuple[int, int]:
    """Return how long the summed up lines at the start are, and how many bytes of lines they stand for."""
    size, upto = 0, 0
    while line := next_line():
        try:
            upto = int(orjson.loads(line)["upto"])
        except (ValueError, TypeError, KeyError):
            break
        size += len(line)
    return size, upto


def _sum_up(path: Path, lock: LockFile) -> None:
    """Sum up the older half, unless the disk refuses, or a destination has not read that."""
    try:
        with path.open("rb") as file:
            content = file.read()
        lines = iter(content.splitlines(keepends=True))
        head, upto = _head(lambda: next(lines, b""))
        most = len(content) - MOST_BYTES // 2
        if len(content) <= PATIENCE * MOST_BYTES:
            most = min(most, head + max(0, _read_by_all(path.parent) - upto))
        cut = content.rfind(b"\n", 0, most) + 1
        if cut <= head:
            return
        with replacing(path, lasting=True, check=lock.check, mode=file_mode(path.parent)) as file:
            file.write(_summary(content[:cut], upto + cut - head) + content[cut:])
    except (JournalError, LockLost, OSError):
        return


def _read_by_all(journal: Path) -> int:
    """Return the position that all destinations have read up to."""
    from .cursors import Cursor, cursors  # they stand on more of the journal than this

    return min((Cursor.load(path, "").accounts for path in cursors(journal)), default=sys.maxsize)


def _summary(content: bytes, upto: int) -> bytes:
    events: Counter[str] = Counter()
    at = ""
    for line in content.splitlines():
        if (found := _parsed(line)) is not None:
            events[found.what] += found.events
            at = found.at
    lines = [
        {"at": at, "what": what, "segment": None, "events": total, "reason": _SUMMED_UP, "upto": upto}
        for what, total in sorted(events.items())
    ]
    return b"".join(orjson.dumps(line) + b"\n" for line in lines)
