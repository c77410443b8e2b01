"""What was erased, by its ids: so that an erasure can be carried on to where the events were sent before.

`tombstones/<begin>-<random>.jsonl`, one file an erasure: the first line is
{"erased_at":"2026-11-23T17:42:05.123456Z","reason":"…","version":1}, each other one the id of an event, as a JSON
text, or [id, destination, segment] of a dead letter: the name of the destination's directory, and of the segment that
the event stands in, or stood.
A file only grows, and an id is on the disk before its event is taken away: so it may name an event that an erasure,
killed then, has left in the journal, but no event is gone without its id.
"""

from __future__ import annotations

import contextlib
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ..errors import JournalError
from ..privatefile import create, give_to_owner_of, make_private, sync_directory
from ..timestamp import utc_text
from .access import directory_mode, file_mode
from .segment import SEALED_SUFFIX, new_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DIRECTORY", "Erased", "Named", "Tombstone", "TombstoneWriter", "erased_from", "named_in", "tombstones"]

DIRECTORY = "tombstones"
VERSION = 1

_BATCH_BYTES = 256 * 1024


class Named(NamedTuple):
    """An event that is named, once for each place that it is taken out of."""

    event_id: str
    destination: str = ""  # out of whose dead letters; "": out of its segment
    segment: str = ""  # of a dead letter


class Erased(NamedTuple):
    """What was erased, by id."""

    out_of_segments: set[str]
    out_of_letters: dict[str, str]  # of the destination's dead letters, with the segment that each stood in

    @property
    def ids(self) -> set[str]:
        """All of them."""
        return self.out_of_segments | self.out_of_letters.keys()


class Tombstone(NamedTuple):
    """The record of one erasure."""

    path: Path
    erased_at: str  # RFC 3339 in UTC: when the erasure began
    reason: str

    def ids(self) -> Iterator[str]:
        """Yield the `__id__` of each event that was erased, as the file names them now.

        Raises JournalError if it cannot be read.
        """
        return (each.event_id for each in self.named())

    def named(self) -> Iterator[Named]:
        """Yield what each line names. Raises JournalError if it cannot be read."""
        try:
            with self.path.open("rb") as file:
                next(file, None)
                for line in file:
                    if line.endswith(b"\n"):  # else it is being written, or was when the erasure was killed
                        yield named_in(line)
        except (OSError, ValueError) as error:
            raise _unreadable(self.path, error) from error


def tombstones(directory: str | os.PathLike[str]) -> Iterator[Tombstone]:
    """Yield the tombstones of the journal in a directory, the oldest first.

    Raises JournalError if they cannot be read.
    """
    place = Path(directory, DIRECTORY)
    try:
        paths = sorted(path for path in place.iterdir() if path.suffix == ".jsonl" and not path.name.startswith("."))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unreadable(place, error) from error
    for path in paths:
        try:
            with path.open("rb") as file:
                head = file.readline()
            if head.endswith(b"\n"):  # else its erasure was killed before it erased anything
                about = orjson.loads(head)
                yield Tombstone(path, str(about["erased_at"]), str(about["reason"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _unreadable(path, error) from error


def erased_from(directory: str | os.PathLike[str], destination: str) -> Erased:
    """Return what was erased from a journal, as far as it matters to a destination. Raises JournalError."""
    found = Erased(set(), {})
    for tombstone in tombstones(directory):
        for event_id, of, segment in tombstone.named():
            if not of:
                found.out_of_segments.add(event_id)
            elif of == destination:
                found.out_of_letters[event_id] = segment
    return found


def named_in(line: bytes) -> Named:
    """Return whom a line of a tombstone names, its head excepted. Raises ValueError."""
    match orjson.loads(line):
        case str(event_id):
            return Named(event_id)
        case [str(event_id), str(destination), str(segment)]:
            return Named(event_id, destination, segment)
    raise ValueError("neither an id, nor one of a dead letter")


class TombstoneWriter:
    """Writes the tombstone of one erasure; there is none before the first id.

    After OSError from `add` or `commit`, `roll_back`.
    """

    def __init__(self, journal: Path, reason: str) -> None:
        self.path: Path | None = None
        self._journal = journal
        self._reason = reason
        self._fd = -1
        self._kept = 0  # bytes that are committed
        self._waiting = bytearray()

    def add(self, event_id: bytes, destination: str = "", segment: str = "") -> None:
        """Name an event that is to be erased, out of its segment, or out of the dead letters of a destination."""
        found = event_id.decode()
        self._waiting += orjson.dumps([found, destination, segment] if destination else found) + b"\n"
        if len(self._waiting) >= _BATCH_BYTES:
            self._write()

    def commit(self) -> None:
        """Return when all that was named is on the disk."""
        self._write()
        if self._fd >= 0:
            os.fsync(self._fd)
            self._kept = os.fstat(self._fd).st_size

    def roll_back(self) -> None:
        """Forget what was named since the last commit."""
        self._waiting.clear()
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._kept)
                os.lseek(self._fd, self._kept, os.SEEK_SET)
            if not self._kept:
                self._discard()

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self) -> None:
        if self._waiting and self._fd < 0:
            self._create()
        while self._waiting:
            written = os.write(self._fd, self._waiting)
            del self._waiting[:written]

    def _create(self) -> None:
        directory = self._journal / DIRECTORY
        now = datetime.now(timezone.utc)
        make_private(str(directory), mode=directory_mode(self._journal))
        path = directory / (new_name(now.timestamp()) + SEALED_SUFFIX)
        self._fd = create(path, mode=file_mode(self._journal))
        self.path = path
        give_to_owner_of(self._journal, directory, path)
        sync_directory(directory)
        sync_directory(self._journal)
        head = {"erased_at": utc_text(now), "reason": self._reason, "version": VERSION}
        self._waiting[:0] = orjson.dumps(head) + b"\n"

    def _discard(self) -> None:
        self.close()
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
            self.path = None


def _unreadable(path: Path, error: Exception) -> JournalError:
    reason = error.strerror if isinstance(error, OSError) else "it is not what an erasure writes"
    return JournalError(f"the tombstones in {path} cannot be read: {reason}")
