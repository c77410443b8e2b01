"""Reads the next batch while one is on its way: most sinks wait for an answer, and reading takes as long as sending."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..journal.segment import SegmentFile
    from .feed import Feed, Hand
    from .sink import BatchLimits

__all__ = ["ReadAhead"]


class ReadAhead:
    """Holds one batch that was read before its turn; it is read again where that turned out to be too early."""

    def __init__(self, feed: Feed, limits: BatchLimits) -> None:
        self._feed = feed
        self._limits = limits
        self._read: Hand | None = None

    @contextmanager
    def behind(self, hand: Hand, segments: Sequence[SegmentFile]) -> Iterator[None]:
        """Read what comes behind a batch, while the block sends that; the block leaves the feed alone meanwhile.

        Only a batch that is full is kept: to another one more may be added when its turn comes.
        """
        self._read = None
        thread = self._started(hand, segments) if hand.is_full else None
        try:
            yield
        finally:
            if thread is not None:
                thread.join()

    def _started(self, hand: Hand, segments: Sequence[SegmentFile]) -> threading.Thread | None:
        name = "jupyter_telemetry: reads ahead"
        thread = threading.Thread(target=self._take, args=(hand, segments), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is shutting down, or there are too many threads
            return None
        return thread

    def _take(self, hand: Hand, segments: Sequence[SegmentFile]) -> None:
        try:
            read = self._feed.take_behind(hand, segments, self._limits)
        except Exception:  # whoever takes it in its turn meets the same, and says it
            return
        if read is not None and read.is_full:
            self._read = read

    def take(self) -> Hand | None:
        """Return what was read, if it is what comes next now; once."""
        read, self._read = self._read, None
        return read if read is not None and self._feed.is_next(read) else None
