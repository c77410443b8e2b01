"""Erase events from a journal while any number of processes record into it.

What was there when the erasure was asked for goes; what is recorded meanwhile stays. A segment that holds something
to erase and is still open is sealed first: its writer notices at its next look, and begins another. When every writer
must have looked, the segments are rewritten one by one (rewriting), and the ids of what goes are kept (tombstones).
Then the dead letters: a shipper that wrote some while a segment was rewritten takes them back by itself.
Killed at any moment, an erasure has done all or nothing of each file; the next one removes its drafts.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .deadletters import PATIENCE_S, erase_dead_letters, survey_dead_letters, sweep_dead_letters
from .holding import LOOK_INTERVAL_S
from .lock import DRAFT_SUFFIX, JournalLock
from .reader import JournalReader
from .rewriting import Survey, rewrite, survey
from .segment import LATE_SUFFIX, SEALED_SUFFIX, seal
from .tombstones import Tombstone, TombstoneWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from .segment import SegmentFile

__all__ = ["Erasure", "Holdings", "Left", "erase", "take_stock"]

SETTLE_S = LOOK_INTERVAL_S + 1.0  # after that a writer whose segment was sealed has noticed, if it is not stopped
_LATE_AGE_S = 3600.0
_FOREIGN = "no journal wrote it, and what did may write to it still: delete it yourself, or what it holds"
_IN_USE = "it cannot be sealed while a program has it open: try again when that has ended"


class Left(NamedTuple):
    """A file that holds events to erase, and was left as it is."""

    path: Path
    events: int
    reason: str


class Holdings(NamedTuple):
    """What an erasure would find now, by schema id."""

    erasable: dict[str, int]  # events
    kept: dict[str, int]  # events that would go, but may not be erased
    damaged: int  # lines that cannot be read as events
    dead_letters: dict[str, int] = {}  # of those to erase, by schema id: their events may be counted above too


class Erasure(NamedTuple):
    """What an erasure has done."""

    erased: dict[str, int]  # events, by schema id
    kept: dict[str, int]  # events that may not be erased, by schema id
    segments: int  # that were rewritten, or deleted because nothing was left in them
    tombstone: Path | None  # the ids of the events that are gone; None if none is
    damaged: int  # lines that cannot be read as events: they were left as they are
    left: tuple[Left, ...]  # what could not be done; () if all was
    dead_letters: dict[str, int] = {}  # that were erased, by schema id: their events may be counted above too


def take_stock(
    directory: str | os.PathLike[str] | None = None,
    *,
    erases: Callable[[str], bool] | None = None,
    not_erasable: Callable[[str], str] | None = None,
) -> Holdings:
    """Count what `erase` would find with the same arguments; change nothing.

    Raises JournalError for a journal that cannot be read.
    """
    reader, fates = JournalReader(directory), _Fates(erases, not_erasable)
    found = [each for _, each in _surveyed(reader, fates, _nothing, [])]
    letters = _surveyed_letters(reader.directory, fates, []).values()
    return Holdings(
        _total(each.erasable for each in found), _total(each.kept for each in found), _damaged(found), _total(letters)
    )


def erase(
    directory: str | os.PathLike[str] | None = None,
    *,
    erases: Callable[[str], bool] | None = None,
    not_erasable: Callable[[str], str] | None = None,
    seal_own: Callable[[], None] | None = None,
    reason: str = "asked for by the user",
    settle_s: float = SETTLE_S,
) -> Erasure:
    """Erase the events that the journal holds now; one erasure at a time, a second one waits.

    It may take seconds, and waits up to `settle_s` for writers to notice: call it in a thread. A disk that is full is
    no obstacle to a segment of which nothing stays, but for the room that the ids take.

    Parameters
    ----------
    directory: the journal's; by default `default_directory`.
    erases: says of a schema id whether its events go; by default all do.
    not_erasable: says on what ground the events of a schema may not be erased; "" if they may.
    seal_own: seals what this process writes itself: `JournalHandler.seal`. On Windows nobody else can.
    reason: is kept beside the ids, and later told to the destinations.
    settle_s: with less than the default, a writer that is killed before it has noticed loses what it wrote since.

    Raises JournalError for a journal that cannot be read, or a lock that cannot be had.
    """
    reader = JournalReader(directory)
    if not reader.directory.exists():
        return Erasure({}, {}, 0, None, 0, ())
    with JournalLock(reader.directory) as lock:
        return _Eraser(reader, _Fates(erases, not_erasable), lock, reason, settle_s).run(seal_own or _nothing)


class _Eraser:
    def __init__(self, reader: JournalReader, fates: _Fates, lock: JournalLock, reason: str, settle_s: float) -> None:
        self._reader = reader
        self._fates = fates
        self._lock = lock
        self._settle_s = settle_s
        self._tombstone = TombstoneWriter(reader.directory, reason)
        self._erased: Counter[str] = Counter()
        self._letters: Counter[str] = Counter()
        self._segments = 0
        self._left: list[Left] = []

    def run(self, seal_own: Callable[[], None]) -> Erasure:
        _sweep(self._reader.directory)
        found = _surveyed(self._reader, self._fates, self._lock.touch, self._left)
        work = [(segment, each.erasable.total()) for segment, each in found if each.erasable]
        letters = _surveyed_letters(self._reader.directory, self._fates, []).keys()
        try:
            self._rewrite(self._sealed(work, seal_own))
            self._erase_dead_letters(letters)
        finally:
            self._tombstone.close()
        surveys = [each for _, each in found]
        return Erasure(
            dict(self._erased),
            _total(each.kept for each in surveys),
            self._segments,
            self._tombstone.path,
            _damaged(surveys),
            tuple(self._left),
            dict(self._letters),
        )

    def _sealed(
        self, work: list[tuple[SegmentFile, int]], seal_own: Callable[[], None]
    ) -> list[tuple[SegmentFile, int]]:
        """Return those that are sealed, and that nobody writes to any more."""
        ours = []
        for segment, events in work:
            if segment.is_a_writers:
                ours.append((segment, events))
            else:
                self._left.append(Left(segment.path, events, _FOREIGN))
        if not all(segment.sealed for segment, _ in ours):
            seal_own()
        done = []
        for segment, events in ours:
            if not segment.sealed:
                seal(str(segment.path))
            if not segment.sealed and segment.path.exists():
                self._left.append(Left(segment.path, events, _IN_USE))
            else:
                done.append((segment, events))
        self._settle([segment for segment, _ in done])
        return done

    def _settle(self, segments: list[SegmentFile]) -> None:
        """Wait until every writer of a segment that was sealed a moment ago, by anybody, must have noticed."""
        wait_s = 0.0
        for segment in segments:
            with contextlib.suppress(FileNotFoundError):
                about = os.stat(_sealed_path(segment), follow_symlinks=False)
                age_s = time.time() - max(about.st_ctime, about.st_mtime)  # sealing sets the first
                wait_s = max(wait_s, self._settle_s - age_s if segment.sealed else self._settle_s)
        give_up_at = time.monotonic() + min(wait_s, self._settle_s)
        while (rest_s := give_up_at - time.monotonic()) > 0:
            self._lock.touch()
            time.sleep(min(rest_s, 1.0))

    def _rewrite(self, work: list[tuple[SegmentFile, int]]) -> None:
        """Rewrite all; try again what a full disk refused, when others have made room."""
        refused = []
        for segment, events in work:
            if self._rewrite_one(segment) is not None:
                refused.append((segment, events))
        for segment, events in refused:
            error = self._rewrite_one(segment)
            if error is not None:
                self._left.append(Left(_sealed_path(segment), events, error.strerror or "it cannot be rewritten"))

    def _rewrite_one(self, segment: SegmentFile) -> OSError | None:
        self._lock.touch()
        try:
            erased = rewrite(segment, self._fates, self._tombstone, self._lock.touch, self._lock.check)
        except FileNotFoundError:  # retention has deleted it
            self._tombstone.roll_back()
            return None
        except OSError as error:
            self._tombstone.roll_back()
            return error
        self._erased += erased
        self._segments += bool(erased)
        return None

    def _erase_dead_letters(self, before: Collection[Path]) -> None:
        """Erase those that were there before; of what was refused meanwhile, that which is named."""
        found = _surveyed_letters(self._reader.directory, self._fates, self._left)
        named = self._named() if found.keys() - set(before) else frozenset()
        for path, letters in found.items():
            self._lock.touch()

            def goes(schema_id: str, event_id: str, is_old: bool = path in before) -> bool:
                return self._fates(schema_id) == "erase" and (is_old or event_id in named)

            try:
                self._letters += erase_dead_letters(path, goes, self._tombstone, self._lock.check)
            except FileNotFoundError:  # a shipper has taken it back
                self._tombstone.roll_back()
            except OSError as error:
                self._tombstone.roll_back()
                self._left.append(Left(path, letters.total(), error.strerror or "it cannot be rewritten"))

    def _named(self) -> Collection[str]:
        path = self._tombstone.path
        return frozenset(Tombstone(path, "", "").ids()) if path is not None else frozenset()


class _Fates:
    """Says what becomes of a schema's events: "erase", "keep" (they may not be erased) or "" (nobody asked for it)."""

    def __init__(self, erases: Callable[[str], bool] | None, not_erasable: Callable[[str], str] | None) -> None:
        self._erases = erases
        self._not_erasable = not_erasable
        self._known: dict[str, str] = {}

    def __call__(self, schema_id: str) -> str:
        known = self._known.get(schema_id)
        if known is None:
            known = self._known[schema_id] = self._decide(schema_id)
        return known

    def _decide(self, schema_id: str) -> str:
        if self._erases is not None and not self._erases(schema_id):
            return ""
        return "keep" if self._not_erasable is not None and self._not_erasable(schema_id) else "erase"


def _surveyed(
    reader: JournalReader, fates: _Fates, touch: Callable[[], None], left: list[Left]
) -> list[tuple[SegmentFile, Survey]]:
    """Survey all segments; name in `left` what cannot be read."""
    found = []
    for segment in reader.segments():
        touch()
        try:
            found.append((segment, survey(segment, fates, touch)))
        except FileNotFoundError:
            continue
        except OSError as error:
            left.append(Left(segment.path, 0, error.strerror or "it cannot be read"))
    return found


def _surveyed_letters(directory: Path, fates: _Fates, left: list[Left]) -> dict[Path, Counter[str]]:
    """Survey all dead letters; name in `left` what cannot be read."""
    return survey_dead_letters(
        directory, fates, lambda path, error: left.append(Left(path, 0, error.strerror or "it cannot be read"))
    )


def _sweep(directory: Path) -> None:
    """Remove what killed erasures and shippers left, and, when it is old, what a killed writer did."""
    with contextlib.suppress(OSError):
        sweep_dead_letters(directory, wait_s=PATIENCE_S)
    with contextlib.suppress(OSError):
        for path in directory.iterdir():
            if not path.name.startswith("."):
                continue
            with contextlib.suppress(OSError):
                is_old = path.name.endswith(LATE_SUFFIX) and path.stat().st_mtime < time.time() - _LATE_AGE_S
                if path.name.endswith(DRAFT_SUFFIX) or is_old:
                    path.unlink()


def _sealed_path(segment: SegmentFile) -> Path:
    return segment.path.with_name(segment.name + SEALED_SUFFIX)


def _total(counts: Iterable[Counter[str]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def _damaged(found: list[Survey]) -> int:
    return sum(each.damaged for each in found)


def _nothing() -> None:
    pass
