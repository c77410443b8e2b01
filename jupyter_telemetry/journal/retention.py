"""Keep a journal's directory within its limit of bytes, and seal what dead writers left open.

Every writer does so when it begins a segment, over the segments of all writers; there is no other bookkeeping, so
that any number of processes may do it at once. A segment that is still open is never deleted.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from .segment import SEALED_SUFFIX, scan, seal

if TYPE_CHECKING:
    from pathlib import Path

    from .segment import SegmentFile

__all__ = ["ORPHAN_SLACK_S", "Room", "make_room"]

ORPHAN_SLACK_S = 600.0  # how far the clocks of two machines that share a directory may be apart

_SHARE = 4  # the part of the limit that all open segments together may fill: one in so many


class Room(NamedTuple):
    """What make_room found and did."""

    segment_bytes: int  # how long the new segment may become
    expired_events: int  # events in the segments that it deleted


def make_room(directory: str, *, max_segment_bytes: int, max_segment_age_s: float, max_bytes: int, now: float) -> Room:
    """Seal orphans, and delete the oldest sealed segments until a new segment has room within `max_bytes`.

    A writer never writes to a segment that is older than its `max_segment_age_s`. So an open segment that was not
    written for longer, and for ORPHAN_SLACK_S more, has no writer that will; if it has one after all (a paused
    process, or one that waits for longer), that one finds its segment sealed and begins another.

    Open segments cannot be deleted: the more there are, the shorter each may become, so that together they hold a
    quarter of `max_bytes` at most. Where many processes begin at once the limit may be passed by that much.
    Files that some other program named do not count, and are left alone.
    `now` is the time by the wall clock. Raises OSError if the directory cannot be read.
    """
    found = [segment for segment in scan(directory) if segment.is_a_writers]
    horizon = now - max_segment_age_s - ORPHAN_SLACK_S
    orphans = [segment for segment in found if not segment.sealed and segment.modified_at < horizon]
    for orphan in orphans:
        seal(str(orphan.path))
    writing = sum(not segment.sealed for segment in found) - len(orphans)
    room = max(1, min(max_segment_bytes, max_bytes // (_SHARE * (writing + 1))))
    too_much = sum(segment.size for segment in found) + room - max_bytes
    expired = 0
    for segment in found:
        if too_much <= 0:
            break
        if segment.sealed or segment in orphans:
            events, freed = _expire(segment)
            expired += events
            too_much -= freed
    return Room(room, expired)


def _expire(segment: SegmentFile) -> tuple[int, int]:
    """Delete a sealed segment; return how many events it held, and how many bytes are free now.

    Of several processes that do so, only the one that really deletes it counts its events.
    """
    path = segment.path.with_name(segment.name + SEALED_SUFFIX)
    try:
        events = _count_lines(path)
        os.unlink(path)
    except FileNotFoundError:
        return 0, segment.size
    except OSError:  # on Windows: somebody reads it
        return 0, 0
    return events, segment.size


def _count_lines(path: Path) -> int:
    with path.open("rb", buffering=0) as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
