"""What was erased in a journal is erased where it was sent before."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from ..errors import ConfigurationError, JournalError
from ..journal.lock import JournalLock
from ..journal.tombstones import named_in, tombstones
from ..lockfile import LockLost
from .delivery import odd
from .sink import CannotErase, SinkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from ..journal.cursors import Cursor
    from ..lease import Lease
    from .backoff import Backoff
    from .delivery import Delivery
    from .sink import Sink
    from .state import State

__all__ = ["Eraser", "untold", "untold_ids"]

IDS_AT_ONCE = 1000
_LONGEST_LINE = 4096  # bytes


class Eraser:
    """Carries erasures on to one sink, for who holds its lease; events do not wait for one that cannot erase now."""

    def __init__(
        self, directory: Path, sink: Sink, delivery: Delivery, lease: Lease, backoff: Backoff, state: State
    ) -> None:
        self.trouble = ""  # why the sink cannot erase now
        self._directory = directory
        self._sink = sink
        self._delivery = delivery
        self._lease = lease
        self._backoff = backoff
        self._state = state
        self._lock = JournalLock(directory)
        self._next_at = 0.0  # by time.monotonic

    def carry_on(self, cursor: Cursor, save: Callable[[], None]) -> bool:
        """Tell the sink of what it has not been told of; say whether that is all. `save` writes the cursor.

        While an erasure is at work, what it has named may still be sent: it is carried on when that is over.

        Raises JournalError, LockLost, ConfigurationError, and what `save` and the delivery's `pause` raise.
        """
        for ids, note in untold_ids(self._directory, cursor):
            if not (self._lock.is_free() and self._erase(ids)):
                return False
            note()
            save()
        return True

    def _erase(self, ids: list[str]) -> bool:
        """Have the sink erase; say whether it is dealt with."""
        if time.monotonic() < self._next_at:
            return False
        if self._sink.erases and ids:
            self._delivery.open()
        try:
            if ids:
                self._lease.check()
                with self._lease.kept():
                    self._sink.erase(ids)
                self._lease.check()
        except CannotErase as error:
            self._state.unerased(len(ids), str(error))
        except (LockLost, ConfigurationError):
            raise
        except Exception as error:
            self._delivery.close()
            self.trouble = str(error) if isinstance(error, SinkError) else odd(error)
            self._state.failed(self.trouble)
            self._next_at = time.monotonic() + self._backoff.next_s(getattr(error, "retry_after_s", None))
            return False
        self._backoff.succeeded()
        self.trouble = ""
        return True


def untold_ids(journal: Path, cursor: Cursor) -> Iterator[tuple[list[str], Callable[[], None]]]:
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
                    named = lines if offset else lines[1:]  # the first is the head
                    ids = [named_in(line).event_id for line in named]
                    offset += sum(map(len, lines))
                    yield list(dict.fromkeys(ids)), _noting(cursor, name, offset, ids[-1] if ids else "")
        except FileNotFoundError:  # its erasure took nothing away
            continue
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not what an erasure writes"
            raise JournalError(f"the tombstone {tombstone.path} cannot be read: {why}") from error


def untold(journal: Path, cursor: Cursor) -> int:
    """Count the events that were erased and the destination was not told of. Raises JournalError."""
    return len({event_id for ids, _ in untold_ids(journal, cursor) for event_id in ids})


def _told(file: BinaryIO, cursor: Cursor, name: str) -> int:
    """Return up to where the destination was told; 0 if the file is not what it was, for an erasure was rolled back."""
    offset, last = cursor.tombstones.get(name, (0, ""))
    start = max(0, offset - _LONGEST_LINE)
    file.seek(start)
    text = file.read(offset - start)
    if len(text) < offset - start or not text.endswith(b"\n"):
        return 0
    with contextlib.suppress(ValueError):
        return offset if not last or named_in(text.splitlines()[-1]).event_id == last else 0
    return 0


def _whole_lines(file: BinaryIO, count: int) -> list[bytes]:
    lines: list[bytes] = []
    while len(lines) < count and (line := file.readline()).endswith(b"\n"):
        lines.append(line)
    return lines


def _noting(cursor: Cursor, name: str, offset: int, last: str) -> Callable[[], None]:
    def note() -> None:
        cursor.tombstones[name] = offset, last

    return note
