"""Read a journal back: the events of all its segments, whoever wrote them, in the order of their ids."""

from __future__ import annotations

import heapq
import itertools
import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ..errors import JournalError
from .follow import Follower
from .line import Damage, earliest_id, time_of
from .names import default_directory
from .schemas import StoredSchema, stored_schemas
from .segment import scan
from .text import SegmentText, ordered_lines

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from .segment import SegmentFile

__all__ = ["Damage", "JournalReader"]

SLACK_S = 60.0  # how much older than its segment an event may be, or than one that stands before it


class JournalReader:
    """Read the journal in a directory, while any number of processes write it.

    Lines are bytes as they were written: UTF-8 JSON, metadata first, with the newline. A torn line at the end of a
    segment is skipped. Whatever else is no event is skipped too, and told to `damage`, a function that takes a
    `Damage`. A journal that does not exist yet has no events.

    An event is expected to be at most 60 s older, by its id, than the segment that it stands in: events that are
    older are read, but after younger ones.

    Raises JournalError, from every method, if the directory cannot be read.
    """

    def __init__(self, directory: str | os.PathLike[str] | None = None) -> None:
        path = default_directory() if directory is None else directory
        self.directory = Path(os.path.abspath(os.path.expanduser(path)))

    def segments(self) -> list[SegmentFile]:
        """List the segments, the oldest first, each with its path, name, sealed, size in bytes, modified_at."""
        try:
            # Twice, since a file that is renamed during one listing may be missing from it.
            found = {segment.name: segment for segment in scan(self.directory)}
            found.update((segment.name, segment) for segment in scan(self.directory))
        except OSError as error:
            raise self._unreadable(error) from error
        return [found[name] for name in sorted(found)]

    def schemas(self, damage: Callable[[Damage], None] | None = None) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the recorded schemas by (id, version), the version as text: 1 and "1" are the same.

        Where several texts were recorded under one id and version, it is the newest; `stored_schemas` has all.
        """
        return {(found.schema_id, found.version): found.schema for found in self.stored_schemas(damage)}

    def stored_schemas(self, damage: Callable[[Damage], None] | None = None) -> list[StoredSchema]:
        """List all texts of all schemas, the oldest first: (path, schema_id, version, digest, schema, stored_at)."""
        tell = damage or _ignore
        try:
            return stored_schemas(self.directory, lambda path, reason: tell(Damage(path, 0, reason)))
        except OSError as error:
            raise self._unreadable(error) from error

    def lines(self, after: str | None = None, damage: Callable[[Damage], None] | None = None) -> Iterator[bytes]:
        """Yield the lines that the journal holds now, in the order of `__id__`; only those above the id `after`."""
        return _merged(self.segments(), (after or "").encode(), damage or _ignore)

    def events(
        self, after: str | None = None, damage: Callable[[Damage], None] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the same as `lines` as dicts."""
        return map(orjson.loads, self.lines(after, damage))

    def latest(self, count: int, damage: Callable[[Damage], None] | None = None) -> list[bytes]:
        """Return the last `count` lines, in order, without reading much more than needed."""
        return list(_latest(self.segments(), count, damage or _ignore))

    def follow(
        self,
        *,
        last: int | None = 0,
        stop: threading.Event | None = None,
        timeout_s: float | None = None,
        poll_interval_s: float = 0.2,
        damage: Callable[[Damage], None] | None = None,
    ) -> Iterator[bytes]:
        """Yield the `last` lines there are (None: all), and then each line that is written after this call.

        New lines are looked for every `poll_interval_s` seconds, and those found at once come in the order of their
        ids. When `stop` is set or `timeout_s` seconds have passed, it looks once more and ends; else never.
        """
        tell = damage or _ignore
        segments = self.segments()
        follower = Follower(self.directory, segments, tell)
        first = _merged(segments, b"", tell) if last is None else _latest(segments, last, tell)
        return itertools.chain(first, follower.lines(stop, timeout_s, poll_interval_s))

    def _unreadable(self, error: OSError) -> JournalError:
        return JournalError(f"the journal {self.directory} cannot be read: {error.strerror}")


def _merged(segments: list[SegmentFile], after: bytes, damage: Callable[[Damage], None]) -> Iterator[bytes]:
    """Yield the lines of all segments in order; open a segment only when its first event may be the next."""
    waiting = sorted(((_floor(segment), segment) for segment in segments), reverse=True)
    reading: list[tuple[bytes, str, bytes, Iterator[tuple[bytes, bytes]]]] = []
    while waiting or reading:
        while waiting and (not reading or waiting[-1][0] <= reading[0][0]):
            _, segment = waiting.pop()
            if (text := _open(segment, after, damage)) is not None:
                lines = ordered_lines(text, after, damage)
                for event_id, line in lines:
                    heapq.heappush(reading, (event_id, segment.name, line, lines))
                    break
        if reading:
            _, name, line, lines = reading[0]
            yield line
            following = next(lines, None)
            if following is None:
                heapq.heappop(reading)
            else:
                heapq.heapreplace(reading, (following[0], name, following[1], lines))


def _open(segment: SegmentFile, after: bytes, damage: Callable[[Damage], None]) -> SegmentText | None:
    """Open a segment; None if it is gone, cannot be read, or holds nothing above `after`."""
    try:
        text = SegmentText(segment, upto=segment.size)
        last = time_of(text.last_id()) if after else None
    except FileNotFoundError:
        return None
    except OSError as error:
        damage(Damage(segment.path, 0, error.strerror or "cannot be read"))
        return None
    sought = time_of(after)
    if last is not None and sought is not None and last + SLACK_S < sought:
        text.close()
        return None
    return text


def _floor(segment: SegmentFile) -> bytes:
    """Return what no event of a segment comes before."""
    begun_at = segment.begun_at
    return earliest_id(begun_at.timestamp() - SLACK_S) if begun_at else b""


def _latest(segments: list[SegmentFile], count: int, damage: Callable[[Damage], None]) -> Iterator[bytes]:
    """Yield the last lines: of the last minute, hour, day, if there are enough, else of all."""
    if count < 1:
        return
    newest = max((segment.modified_at for segment in segments), default=0.0)
    for window_s in (60.0, 3600.0, 86400.0, None):
        damaged: list[Damage] = []
        after = b"" if window_s is None else earliest_id(newest - window_s)
        lines = deque(_merged(segments, after, damaged.append), count)
        if len(lines) == count or window_s is None:
            for each in damaged:
                damage(each)
            yield from lines
            return


def _ignore(damage: Damage) -> None:
    pass
