"""Dead letters: events that a destination will never take, with the reason, one file for each batch that had some.

`dead-letter/<destination>/<time>-<random>.jsonl` holds lines {"refused_at":RFC 3339,"reason":"…","event":{…}}; the
event stands there as it stood in the journal, the reason holds no value of it. A file is written whole, once, and is
on the disk before the cursor passes its events. An erasure replaces it by what may stay.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ..privatefile import make_private, replacing
from .access import file_mode, shared_mode
from .segment import SEALED_SUFFIX, new_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["DIRECTORY", "DeadLetter", "dead_letters", "erase_dead_letters", "write_dead_letters"]

DIRECTORY = "dead-letter"

_EVENT = b'"event":'


class DeadLetter(NamedTuple):
    """An event that a destination refused."""

    path: Path
    refused_at: str  # RFC 3339 in UTC
    reason: str
    event: bytes  # UTF-8 JSON, without a newline, as it stood in the journal


def write_dead_letters(
    journal: str | os.PathLike[str],
    destination: str,
    refused: Iterable[tuple[bytes, str]],
    check: Callable[[], None] = lambda: None,
) -> Path:
    """Keep events (line, reason) that a destination refused; they are on the disk when this returns.

    destination: the directory's name. Raises OSError, and what `check` raises; then nothing was kept.
    """
    place = Path(journal, DIRECTORY, destination)
    mode = shared_mode(journal)
    make_private(str(place.parent), mode=mode)
    make_private(str(place), mode=mode)
    now = datetime.now(timezone.utc)
    refused_at = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    path = place / (new_name(now.timestamp()) + SEALED_SUFFIX)
    with replacing(path, lasting=True, check=check, mode=file_mode(journal)) as file:
        for line, reason in refused:
            head = orjson.dumps({"refused_at": refused_at, "reason": reason})
            file.write(head[:-1] + b"," + _EVENT + line.rstrip(b"\n") + b"}\n")
    return path


def dead_letters(journal: str | os.PathLike[str], destination: str | None = None) -> Iterator[DeadLetter]:
    """Yield the dead letters of a destination, or of all, the oldest first.

    Raises OSError for a directory that cannot be read; what is no dead letter is passed over.
    """
    for path in _files(journal, destination):
        with contextlib.suppress(FileNotFoundError):  # erased, a moment ago
            for line in path.read_bytes().splitlines():
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    found = orjson.loads(line)
                    event = line[
                        line.index(_EVENT) + len(_EVENT) : -1
                    ]  # a reason has no such, for its quotes are escaped
                    yield DeadLetter(path, found["refused_at"], found["reason"], event)


def erase_dead_letters(
    journal: str | os.PathLike[str], erases: Callable[[str], bool], named: Callable[[bytes], None]
) -> Counter[str]:
    """Take events away by their schema id; `named` is called with the id of each. Count them by schema id.

    Raises OSError; of each file, all is done or nothing.
    """
    erased: Counter[str] = Counter()
    for path in _files(journal, None):
        kept, gone = [], Counter[str]()
        for line in path.read_bytes().splitlines(keepends=True):
            try:
                event = orjson.loads(line)["event"]
                schema_id, event_id = event["__schema__"], event["__id__"]
            except (ValueError, KeyError, TypeError):
                continue  # what nobody can read may be anything
            if erases(schema_id):
                gone[schema_id] += 1
                named(event_id.encode())
            else:
                kept.append(line)
        if not kept:
            path.unlink()
        elif gone:
            with replacing(path, lasting=True, mode=file_mode(journal)) as file:
                file.writelines(kept)
        erased += gone
    return erased


def _files(journal: str | os.PathLike[str], destination: str | None) -> list[Path]:
    place = Path(journal, DIRECTORY)
    places = [place / destination] if destination is not None else _entries(place)
    return [path for each in places for path in _entries(each) if path.suffix == SEALED_SUFFIX]


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
