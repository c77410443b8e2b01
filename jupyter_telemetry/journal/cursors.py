"""How far each destination has had a journal: one file a destination, which is replaced for each batch.

`shipping/<destination>/cursor.json` names, for each segment, up to which byte all is acknowledged, how many events
that are, and the ids of some lines before it: an erasure puts another file in the place of a segment, and by these
lines it is found out where in that file to go on. The file is replaced whole, and is on the disk before a batch that
it names is sent; whoever is killed at any moment sends that batch again, and nothing else.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ..errors import JournalError
from .access import make_shared, replacing_shared
from .segment import scan
from .text import SegmentText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .segment import SegmentFile

__all__ = ["DIRECTORY", "Cursor", "Progress", "Take", "behind", "cursors"]

DIRECTORY = "shipping"
CURSOR_FILE = "cursor.json"
LEASE_FILE = "lease"  # beside it, of who ships
VERSION = 1


class Take(NamedTuple):
    """A part of a segment in a batch: bytes from `start` to `end`, which are whole lines."""

    segment: str  # name
    inode: int
    start: int
    end: int


@dataclass
class Progress:
    """How far a destination has had one segment."""

    inode: int = 0  # of the file that the offset is in
    offset: int = 0  # bytes; the end of a whole line
    delivered: int = 0  # events before it that the destination has acknowledged
    refused: int = 0  # events before it that are dead letters
    anchors: list[str] = field(default_factory=list)  # ids of lines before it, the last one first
    sent: int = 0  # bytes; what stands before may have been sent, whether or not it was acknowledged


@dataclass
class Cursor:
    """How far one destination has had a journal, and what it had of the segments that are gone."""

    sink: str  # the destination's name
    segments: dict[str, Progress] = field(default_factory=dict)
    in_hand: list[Take] = field(default_factory=list)  # what was being sent when this was written
    delivered: int = 0  # events in segments that are gone
    expired: int = 0  # events that were deleted before they were delivered, to keep the journal within its limits
    tombstones: dict[str, tuple[int, str]] = field(default_factory=dict)  # by file name: bytes it was told, the last id
    accounts: int = 0  # bytes of the journal's accounts that were read
    announced: dict[str, int] = field(default_factory=dict)  # events of segments that are about to be deleted
    name: str = ""  # random: when this is lost, so is what else counts for it alone
    doubts: int = 0  # how often the destination has refused many of what is in hand, and taken nothing
    settled: list[str] = field(default_factory=list)  # the last segments whose deletion is summed up

    @classmethod
    def load(cls, path: Path, sink: str) -> Cursor:
        """Read a cursor; a new one if there is none.

        Raises JournalError for a file that is no cursor, or that a later version wrote.
        """
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return cls(sink)
        except OSError as error:
            raise JournalError(f"the cursor {path} cannot be read: {error.strerror}") from error
        try:
            found = orjson.loads(content)
            if found.pop("version") != VERSION:
                raise JournalError(f"the cursor {path} is of a later version: use that to go on shipping")
            segments = {name: Progress(**each) for name, each in found.pop("segments").items()}
            in_hand = [Take(*take) for take in found.pop("in_hand")]
            told = {name: (offset, last) for name, (offset, last) in found.pop("tombstones").items()}
            cursor = cls(segments=segments, in_hand=in_hand, tombstones=told, **found)
            cursor._examine()
            return cursor
        except (ValueError, TypeError, KeyError, AttributeError):
            raise JournalError(
                f"{path} is no cursor: delete it, and all that the journal holds is sent again, which is harmless"
            ) from None

    def _examine(self) -> None:
        """Raise TypeError for what no shipper writes: whoever records reads cursors, and must not fail over one."""
        numbers: list[object] = [self.delivered, self.expired, self.accounts, self.doubts, *self.announced.values()]
        texts: list[object] = [self.sink, self.name, *self.settled]
        for progress in self.segments.values():
            numbers += [progress.inode, progress.offset, progress.delivered, progress.refused, progress.sent]
            texts += progress.anchors
        for take in self.in_hand:
            texts.append(take.segment)
            numbers += take[1:]
        for offset, last in self.tombstones.values():
            numbers.append(offset)
            texts.append(last)
        if not all(type(each) is int and each >= 0 for each in numbers) or not all(
            isinstance(each, str) for each in texts
        ):
            raise TypeError

    def save(self, path: Path, check: Callable[[], None]) -> None:
        """Put it on the disk in the place of what stands there; `check` raises if that may not be done any more.

        Raises OSError, and what `check` raises.
        """
        make_shared(path.parents[2], path.parent)
        with replacing_shared(path, lasting=True, check=check) as file:
            file.write(orjson.dumps({"version": VERSION, **vars(self), "in_hand": list(map(list, self.in_hand))}))


def cursors(journal: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield the cursor files of a journal, by name. Raises OSError for a directory that cannot be read."""
    place = Path(journal, DIRECTORY)
    try:
        names = sorted(os.listdir(place))
    except FileNotFoundError:
        return
    for name in names:
        if (path := place / name / CURSOR_FILE).is_file():
            yield path


def behind(journal: str | os.PathLike[str]) -> dict[str, int]:
    """Count, for each segment, the destinations that have not had all of it; {} where there are no destinations.

    A cursor that cannot be read counts as one of a destination that has had nothing.
    """
    try:
        paths = list(cursors(journal))
        segments = scan(Path(journal)) if paths else []
    except OSError:
        return {}
    lacking: Counter[str] = Counter({segment.name: 0 for segment in segments})
    for path in paths:
        try:
            had: dict[str, Any] = dict(Cursor.load(path, "").segments)
        except JournalError:
            had = {}
        lacking.update(segment.name for segment in segments if not _has_had(had.get(segment.name), segment))
    return dict(lacking)


def _has_had(progress: Progress | None, segment: SegmentFile) -> bool:
    if progress is None or (segment.inode and progress.inode != segment.inode):
        return False
    if progress.offset >= segment.size:
        return True
    try:
        with SegmentText(segment) as text:  # what is torn at its end is sent to nobody
            return segment.sealed and progress.offset >= text.whole_end()
    except OSError:
        return False
