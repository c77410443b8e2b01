"""Dead letters: events that a destination will never take, with the reason, one file for each batch that had some.

`dead-letter/<destination>/<time>-<random>.jsonl` holds lines {"refused_at":RFC 3339,"reason":"…","segment":"…",
"event":{…}}; the event stands there as it stood in that segment, the reason holds no value of it. A file is written
whole, once, and is on the disk before the cursor passes its events. An erasure replaces it by what may stay, and the
limits of the journal (retention) delete it as a whole; when its events are sent again, what is taken goes out of it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ..lockfile import LockFile, LockLost
from ..privatefile import drafts_in, sync_directory
from .access import make_shared, replacing_shared
from .segment import SEALED_SUFFIX, new_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from .tombstones import TombstoneWriter

__all__ = [
    "DIRECTORY",
    "DeadLetter",
    "dead_letter_files",
    "dead_letters",
    "dead_letters_in",
    "erase_dead_letters",
    "expire_dead_letters",
    "remove_dead_letters",
    "rewrite_dead_letters",
    "size_of_dead_letters",
    "survey_dead_letters",
    "sweep_dead_letters",
    "take_back_dead_letters",
    "write_dead_letters",
]

DIRECTORY = "dead-letter"
STALE_S = 60.0  # after which the lock was left by somebody who was killed
PATIENCE_S = 90.0

_LOCK = ".lock"
_EVENT = b'"event":'


class DeadLetter(NamedTuple):
    """An event that a destination refused."""

    path: Path
    refused_at: str  # RFC 3339 in UTC
    reason: str
    segment: str  # the name of that which it stands in, or stood
    event: bytes  # UTF-8 JSON, without a newline, as it stood in the journal
    event_id: str


def write_dead_letters(
    journal: str | os.PathLike[str],
    destination: str,
    refused: Iterable[tuple[bytes, str, str]],
    check: Callable[[], None] = lambda: None,
) -> Path:
    """Keep events (line, reason, segment's name) that a destination refused; they are on the disk when this returns.

    destination: the directory's name. Raises OSError, and what `check` raises; then nothing was kept.
    """
    place = Path(journal, DIRECTORY, destination)
    make_shared(journal, place.parent, place)
    now = _now()
    path = place / (new_name(time.time()) + SEALED_SUFFIX)
    with replacing_shared(path, lasting=True, check=check) as file:
        for line, reason, segment in refused:
            file.write(_line(now, reason, segment, line.rstrip(b"\n")))
    return path


def dead_letters(journal: str | os.PathLike[str], destination: str | None = None) -> Iterator[DeadLetter]:
    """Yield the dead letters of a destination, or of all, the oldest first.

    Raises OSError for a directory that cannot be read; what is no dead letter is passed over.
    """
    for path in _files(journal, destination):
        yield from dead_letters_in(path)


def dead_letters_in(path: Path) -> Iterator[DeadLetter]:
    """Yield the dead letters of one file; none if it is gone. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):  # erased, a moment ago
        for line, event in _letters(path):
            with contextlib.suppress(KeyError, ValueError):
                found = orjson.loads(line)
                told = found["refused_at"], found["reason"], found["segment"]
                if all(isinstance(each, str) for each in told):
                    yield DeadLetter(path, *told, _event_of(line), event["__id__"])


def dead_letter_files(journal: str | os.PathLike[str], destination: str) -> list[Path]:
    """List the files of a destination's dead letters, the oldest first. Raises OSError."""
    return _files(journal, destination)


def rewrite_dead_letters(
    path: Path, taken: Collection[str], refused: Mapping[str, str], check: Callable[[], None]
) -> None:
    """Take the dead letters that were taken out of a file, by id, and give those that were refused again the reason.

    Raises OSError, and what `check` raises; then the file is as it was.
    """
    now = _now()
    with contextlib.suppress(FileNotFoundError), _locked(path.parents[1], check) as check_both:
        kept = []
        for line, event in _letters(path):
            reason = refused.get(event["__id__"])
            if reason is not None:
                kept.append(_line(now, reason, _segment_of(line), _event_of(line)))
            elif event["__id__"] not in taken:
                kept.append(line)
        _replace(path, kept, check_both)


def take_back_dead_letters(path: Path, check: Callable[[], None]) -> None:
    """Take away a file that was written a moment ago: not while others rewrite it, who would bring it back.

    Raises OSError, and what `check` raises.
    """
    with _locked(path.parents[1], check):
        path.unlink(missing_ok=True)


def remove_dead_letters(
    journal: str | os.PathLike[str], destination: str, event_ids: Collection[str], check: Callable[[], None]
) -> None:
    """Take away the dead letters of events that are on their way again.

    Raises OSError, and what `check` raises.
    """
    wanted = frozenset(event_ids)
    if not any(letter.event_id in wanted for letter in dead_letters(journal, destination)):
        return
    with _locked(Path(journal, DIRECTORY), check) as check_both:
        for path in _files(journal, destination):
            letters = list(_letters(path))
            kept = [line for line, event in letters if event["__id__"] not in wanted]
            if len(kept) < len(letters):
                _replace(path, kept, check_both)


def survey_dead_letters(
    journal: str | os.PathLike[str], fate: Callable[[str], str], unreadable: Callable[[Path, OSError], None]
) -> dict[Path, Counter[str]]:
    """Count the dead letters that are to be erased, by file and schema id; `fate` says "erase" of a schema id.

    unreadable: is told what cannot be read.
    """
    found = {}
    try:
        paths = _files(journal, None)
    except OSError as error:
        unreadable(Path(journal, DIRECTORY), error)
        return {}
    for path in paths:
        try:
            schema_ids = (event["__schema__"] for _, event in _letters(path))
            if counts := Counter(schema_id for schema_id in schema_ids if fate(schema_id) == "erase"):
                found[path] = counts
        except FileNotFoundError:
            continue
        except OSError as error:
            unreadable(path, error)
    return found


def erase_dead_letters(
    path: Path, goes: Callable[[str, str], bool], tombstone: TombstoneWriter, check: Callable[[], None]
) -> Counter[str]:
    """Erase events from one file of dead letters; count them by schema id. `goes` is asked with schema id and id.

    Their ids are on the tombstone, and on the disk, before they go. `check` raises if the file may not be replaced
    any more.

    Raises OSError, and has done nothing to the file then.
    """
    erased: Counter[str] = Counter()
    kept = []
    with _locked(path.parents[1], check) as check_both:
        for line, event in _letters(path):
            if goes(event["__schema__"], event["__id__"]):
                erased[event["__schema__"]] += 1
                tombstone.add(event["__id__"].encode(), path.parent.name, _segment_of(line))
            else:
                kept.append(line)
        if erased:
            tombstone.commit()
            _replace(path, kept, check_both)
    return erased


def sweep_dead_letters(journal: str | os.PathLike[str], destination: str | None = None, *, wait_s: float = 0.0) -> None:
    """Remove drafts of dead letters: killed shippers left them, and one that is at work takes its batch anew.

    Not while others rewrite dead letters, whose drafts are theirs. Raises OSError; TimeoutError if they do so for
    longer than `wait_s`.
    """
    place = Path(journal, DIRECTORY)
    places = [place / destination] if destination is not None else _entries(place)
    if any(drafts_in(each) for each in places if each.is_dir()):
        with LockFile(place / _LOCK, stale_s=STALE_S, wait_s=wait_s, as_symlink=True):
            for draft in (draft for each in places if each.is_dir() for draft in drafts_in(each)):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(draft)


def size_of_dead_letters(journal: str | os.PathLike[str]) -> int:
    """Return how many bytes the dead letters of all destinations take."""
    return sum(size for _, _, size in _by_age(journal))


def expire_dead_letters(
    journal: str | os.PathLike[str], most_bytes: int, horizon: float, lock: LockFile | None = None
) -> tuple[LockFile | None, int]:
    """Delete the oldest files of dead letters until `most_bytes` are left, and none that is older than `horizon`.

    A file is as old as when it was written last, by the clock of its file system. Nobody is waited for: while somebody
    rewrites dead letters nothing is deleted.

    lock: what the last call returned; only who looks again with the same one finds out that it was left behind.

    Returns what is to be given the next time, and how many dead letters are gone. Raises OSError.
    """
    found = _by_age(journal)
    too_much = sum(size for _, _, size in found) - most_bytes
    going = []
    for modified_at, path, size in found:
        if too_much > 0 or modified_at < horizon:
            going.append(path)
            too_much -= size
    if not going:
        return lock, 0
    lock = lock or LockFile(Path(journal, DIRECTORY, _LOCK), stale_s=STALE_S, wait_s=0.0, as_symlink=True)
    if not lock.try_take():
        return lock, 0
    try:
        return lock, sum(_delete(path) for path in going)
    finally:
        lock.__exit__()


def _by_age(journal: str | os.PathLike[str]) -> list[tuple[float, Path, int]]:
    """List the files of all destinations, the oldest first: when each was written, and its bytes."""
    found = []
    for path in _files(journal, None):
        with contextlib.suppress(OSError):
            about = path.stat(follow_symlinks=False)
            if stat.S_ISREG(about.st_mode):
                found.append((about.st_mtime, path, about.st_size))
    return sorted(found)


def _delete(path: Path) -> int:
    try:
        letters = sum(1 for _ in _letters(path))
        path.unlink()
    except OSError:  # gone, or on Windows: somebody reads it
        return 0
    return letters


@contextlib.contextmanager
def _locked(place: Path, check: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Let nobody else rewrite dead letters: what one takes away, another would bring back.

    The lock stands here, and not in the journal's own directory, where a shipper of its group may write nothing. Yields
    what raises if a file may not be replaced any more. Raises OSError; TimeoutError if others hold it all the time.
    """
    with LockFile(place / _LOCK, stale_s=STALE_S, wait_s=PATIENCE_S, as_symlink=True) as lock:

        def check_both() -> None:
            check()
            try:
                lock.check()
            except LockLost:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY)) from None

        yield check_both


def _letters(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield the lines that are dead letters, each with its event; what nobody can read is none."""
    for line in path.read_bytes().splitlines(keepends=True):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            event = orjson.loads(line)["event"]
            if isinstance(event["__schema__"], str) and isinstance(event["__id__"], str):
                yield line, event


def _line(refused_at: str, reason: str, segment: str, event: bytes) -> bytes:
    head = orjson.dumps({"refused_at": refused_at, "reason": reason, "segment": segment})
    return head[:-1] + b"," + _EVENT + event + b"}\n"


def _segment_of(line: bytes) -> str:
    return str(orjson.loads(line).get("segment", ""))


def _event_of(line: bytes) -> bytes:
    start = line.index(_EVENT) + len(_EVENT)  # a reason has no such, for its quotes are escaped
    return line.rstrip(b"\n")[start:-1]


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _replace(path: Path, lines: list[bytes], check: Callable[[], None]) -> None:
    if not lines:
        check()
        path.unlink()
        sync_directory(path.parent)
        return
    with replacing_shared(path, lasting=True, check=check) as file:
        file.writelines(lines)


def _files(journal: str | os.PathLike[str], destination: str | None) -> list[Path]:
    place = Path(journal, DIRECTORY)
    places = [place / destination] if destination is not None else _entries(place)
    return [path for each in places for path in _entries(each) if path.suffix == SEALED_SUFFIX]


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
