"""Take events out of one sealed segment: another file takes its place at once, or nothing has happened.

A thread may have been stopped in the middle of a write for longer than anybody waits. Its line comes to the old file:
before HANDOVER, or behind it but before the old file is replaced, and it is copied; or later, and its process keeps it
when it lets go of the segment (Segment). So no line is in both files or in none.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ..privatefile import create, draft_of, give_to_owner_of, sync_directory
from .accounts import account
from .line import examine, schema_of
from .lock import DRAFT_SUFFIX
from .segment import HANDOVER, SEALED_SUFFIX
from .text import CHUNK_BYTES, SegmentText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .segment import SegmentFile
    from .tombstones import TombstoneWriter

__all__ = ["Survey", "rewrite", "survey"]

_APPEND = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_MOST_HANDOVERS = 20  # a writer that never looks whether its segment is there is none of ours
_TOUCH_LINES = 10_000
_NOTHING_STAYS = "an erasure left nothing in it"


class Survey(NamedTuple):
    """What a segment holds, by schema id."""

    erasable: Counter[str]  # events that are to be erased
    kept: Counter[str]  # events that would be, but may not
    damaged: int  # lines that cannot be read as events


def survey(segment: SegmentFile, fate: Callable[[str], str], touch: Callable[[], None]) -> Survey:
    """Count what a segment held when it was listed; `fate` says of a schema id "erase", "keep" or "".

    Raises OSError; FileNotFoundError if the segment is gone.
    """
    found = Survey(Counter(), Counter(), 0)
    damaged = 0
    with SegmentText(segment) as text:
        end = min(segment.size, text.end)
        for offset, line, event_id, start in _events(text, 0, touch):
            if offset >= end:
                break
            damaged += start != 0 or event_id is None
            if event_id is None:
                continue
            schema_id = schema_of(line[start:])
            verdict = fate(schema_id)
            if verdict == "erase":
                found.erasable[schema_id] += 1
            elif verdict == "keep":
                found.kept[schema_id] += 1
        damaged += segment.sealed and text.whole_end() < text.end
    return found._replace(damaged=damaged)


def rewrite(
    segment: SegmentFile,
    fate: Callable[[str], str],
    tombstone: TombstoneWriter,
    touch: Callable[[], None],
    check: Callable[[], None],
) -> Counter[str]:
    """Erase events from a sealed segment, among the lines that began before `segment.size`; count them by schema.

    Their ids are on the tombstone, and on the disk, before they go. A segment that holds nothing then is deleted.
    `check` raises if the segment may not be replaced any more.

    Raises OSError, and has done nothing to the segment then, except that it may end with empty lines.
    """
    path = segment.path.with_name(segment.name + SEALED_SUFFIX)
    before = os.stat(path, follow_symlinks=False)
    with draft_of(path, DRAFT_SUFFIX) as draft:
        with open(create(draft), "wb", CHUNK_BYTES) as output:
            copying = _Copying(segment, output, fate, tombstone, touch)
            _copy_all(path, before, copying, output)
            is_empty = output.tell() == 0
        check()
        if not _is_at(path, before):  # retention has deleted it meanwhile, and counted its events as expired
            return Counter()
        if is_empty:  # said before it is gone, so that who finds it gone knows why
            with contextlib.suppress(OSError):  # a full disk, which this mends
                account(segment.directory, "erased", copying.erased.total(), _NOTHING_STAYS, segment.name)
        _replace(path, draft, is_empty=is_empty)
        return copying.erased


def _copy_all(path: Path, before: os.stat_result, copying: _Copying, output: BinaryIO) -> None:
    """Write the new file, until nothing has come to the old one while that was done."""
    copying.copy_lines()  # most of it before the old file is touched: a full disk leaves it as it was
    _finish(output, before)
    copying.tombstone.commit()
    fd = os.open(path, _APPEND)
    try:
        for _ in range(_MOST_HANDOVERS):
            copying.copy_up_to(_hand_over(fd))
            _finish(output, before)
            copying.tombstone.commit()
            if os.fstat(fd).st_size == copying.position:
                return
    finally:
        os.close(fd)
    raise OSError(errno.EBUSY, "some other program writes to it")


class _Copying:
    """Copies what stays from the old file to the new one, and names what goes."""

    def __init__(
        self,
        segment: SegmentFile,
        output: BinaryIO,
        fate: Callable[[str], str],
        tombstone: TombstoneWriter,
        touch: Callable[[], None],
    ) -> None:
        self.erased: Counter[str] = Counter()
        self.position = 0  # in the old file
        self._segment = segment._replace(sealed=True)
        self._output = output
        self._fate = fate
        self.tombstone = tombstone
        self._touch = touch
        self._is_torn = False  # the new file does not end with a newline

    def copy_lines(self) -> None:
        """Go on to the end of the last whole line."""
        with SegmentText(self._segment) as text:
            self._copy_lines(text)

    def copy_up_to(self, end: int) -> None:
        """Go on to where a handover ends."""
        with SegmentText(self._segment, upto=end - len(HANDOVER)) as text:
            self._copy_lines(text)
            if torn := text.read(self.position, text.end - self.position):  # it stays torn, as its writer left it
                self._write(torn)
        self.position = end

    def _copy_lines(self, text: SegmentText) -> None:
        for offset, line, event_id, start in _events(text, self.position, self._touch):
            self._copy(offset, line, event_id, start)
        self.position = max(self.position, text.whole_end())

    def _copy(self, offset: int, line: bytes, event_id: bytes | None, start: int) -> None:
        if event_id is None or offset >= self._segment.size:
            self._write(line)
            return
        schema_id = schema_of(line[start:])
        if self._fate(schema_id) != "erase":
            self._write(line)
            return
        self.erased[schema_id] += 1
        self.tombstone.add(event_id)
        if start:
            self._write(line[:start] + b"\n")

    def _write(self, text: bytes) -> None:
        if self._is_torn:
            self._output.write(b"\n")
        self._output.write(text)
        self._is_torn = not text.endswith(b"\n")


def _events(text: SegmentText, start: int, touch: Callable[[], None]) -> Iterator[tuple[int, bytes, bytes | None, int]]:
    """Yield each line with its offset, the id of the event on it (or None), and where in the line that starts."""
    for number, (offset, line) in enumerate(text.lines(start)):
        if number % _TOUCH_LINES == 0:
            touch()
        if line != b"\n":
            found = examine(line)
            is_event = not found.reason or found.start > 0
            yield offset, line, found.event_id if is_event else None, found.start


def _hand_over(fd: int) -> int:
    """End the old file, and return where that ends: what comes later stands behind."""
    if os.write(fd, HANDOVER) != len(HANDOVER):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return os.lseek(fd, 0, os.SEEK_CUR)


def _finish(output: BinaryIO, before: os.stat_result) -> None:
    """Return when the new file is on the disk, with the mode and the times of the old one."""
    output.flush()
    fd = output.fileno()
    if hasattr(os, "fchmod"):
        os.fchmod(fd, stat.S_IMODE(before.st_mode) & 0o777)
    if os.utime in os.supports_fd:
        os.utime(fd, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.fsync(fd)


def _is_at(path: Path, before: os.stat_result) -> bool:
    try:
        found = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, before)


def _replace(path: Path, draft: str, *, is_empty: bool) -> None:
    if is_empty:
        path.unlink()
    else:
        give_to_owner_of(path.parent, Path(draft))
        os.replace(draft, path)
    sync_directory(path.parent)
