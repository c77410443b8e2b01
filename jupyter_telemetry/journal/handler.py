"""JournalHandler: the journal as a `logging.Handler`, and as the fast line handler that EventLog knows."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from ..errors import ConfigurationError
from .names import default_place
from .queueing import QueuedWriter
from .retention import Limits
from .writer import JournalWriter

__all__ = ["JournalHandler"]

DURABILITIES = ("memory", "process", "disk")


class JournalHandler(logging.Handler):
    """Keep events in a journal: append-only JSON Lines segments in a directory, private to the user.

    By default every event is in its file when the call returns, by one `os.write`, so that it survives `kill -9` of
    the process, and within a second it is on the disk. Any number of processes, threads and forks may share a
    directory: each process writes segments of its own. No call raises because of the disk: while events cannot be
    written, they are counted as lost, and said once a minute (a warning of the logger `jupyter_telemetry.journal`),
    and recording resumes when the disk does.

    The disk is not touched before the first event or schema. `close` seals the segment in hand; so does the end of
    the interpreter, or the last reference to the handler. What a killed process leaves open is read all the same,
    and sealed by another writer when it is older than `max_segment_age_s` and ten minutes.

    Parameters
    ----------
    directory: of this journal alone; made, with its parents, when it is first needed. By default
        `default_directory()`.
    durability: what an event has survived when its call returns. "memory": nothing yet; it is in a queue, which a
        thread writes. "process": it is with the operating system. "disk": it is on the disk. By default "process";
        under a JupyterHub, where no directory is given, "memory".
    max_segment_bytes: of one segment; less where many processes share the directory, so that their open segments
        together hold a quarter of max_bytes at most. A longer line has a segment to itself.
    max_segment_age_s: how old a segment may be when a line is written to it.
    max_bytes: of all segments in the directory; when a new one is begun, the oldest sealed ones are deleted as far
        as needed, and their events counted as expired: first those that all destinations have had. The journal's
        schemas do not count.
    max_age_s: how long ago something was last written to a sealed segment; older ones are deleted likewise.
    sync_interval_s: at "memory" and "process", between two syncs in the background.
    queue_bytes: at "memory", of events that wait to be written; what finds no room counts as lost.
    exit_timeout_s: how long `flush` and `close`, and so the end of the interpreter, wait for what is to be written.
    has_shipper: whether the journal is carried to a destination: then, under a JupyterHub and where no directory is
        given, it stands on the local disk.
    group_readable: whether the group of the directory may read the journal, and ship it: files have mode 0640.
    level: as of any `logging.Handler`; an event is INFO.

    Raises ConfigurationError for arguments that cannot be meant.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str] | None = None,
        *,
        max_segment_bytes: int = 64 * 1024**2,
        max_segment_age_s: float = 3600.0,
        max_bytes: int = 1024**3,
        max_age_s: float = 30 * 86400.0,
        durability: str | None = None,
        sync_interval_s: float = 1.0,
        queue_bytes: int = 8 * 1024**2,
        exit_timeout_s: float = 0.7,
        group_readable: bool = False,
        has_shipper: bool = False,
        level: int | str = logging.NOTSET,
    ) -> None:
        _check("max_segment_bytes", max_segment_bytes, int)
        _check("max_segment_age_s", max_segment_age_s, (int, float))
        _check("max_bytes", max_bytes, int)
        _check("max_age_s", max_age_s, (int, float))
        _check("sync_interval_s", sync_interval_s, (int, float))
        _check("queue_bytes", queue_bytes, int)
        _check("exit_timeout_s", exit_timeout_s, (int, float))
        if durability not in (None, *DURABILITIES):
            known = ", ".join(f'"{each}"' for each in DURABILITIES)
            raise ConfigurationError(f"JournalHandler: durability must be one of {known}, not {durability!r}")
        place = default_place(os.environ, has_shipper=has_shipper) if directory is None else None
        path = _usable(place.directory if place else directory)
        self.durability = durability or (place.durability if place else "process")
        super().__init__(level)
        self._schemas: set[bytes] = set()  # that came with records
        writer = JournalWriter(
            path,
            Limits(max_segment_bytes, max_segment_age_s, max_bytes, max_age_s),
            sync_interval_s=None if self.durability == "disk" else sync_interval_s,
            exit_timeout_s=exit_timeout_s,
            is_open_to_group=group_readable,
            is_scratch=place is not None and place.is_scratch,
        )
        self._writer: JournalWriter | QueuedWriter = writer
        if self.durability == "memory":
            self._writer = QueuedWriter(writer, queue_bytes, exit_timeout_s)
        self._write = writer.write_lasting if self.durability == "disk" else self._writer.write

    @property
    def directory(self) -> Path:
        """Where the journal stands."""
        return Path(self._writer.directory)

    def write_event(self, line: bytes) -> None:
        """Keep one event: a line of UTF-8 JSON that ends in a newline. Never raises; any thread may call it."""
        self._write(line)

    def write_schema(self, schema_id: str, version: int | str, schema: bytes) -> None:
        """Keep a schema, as JSON, beside its events; again is harmless. Never raises.

        One that cannot be stored is tried again with later events, once a second at most.
        """
        self._writer.write_schema(schema_id, version, schema)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the event of an EventLog's record; any other record is no event, and counts as lost."""
        if not hasattr(record, "schema_id"):
            self._writer.lose("a log record that is no event")
            return
        try:
            line = record.getMessage().encode()
        except (TypeError, ValueError):
            self._writer.lose("a log record without a line of UTF-8")
            return
        if b"\n" in line:
            self._writer.lose("a log record of more than one line")
            return
        # Behind another handler this is where schemas come by; one comes from another process without it.
        if (schema := getattr(record, "schema", None)) is not None and schema not in self._schemas:
            self._schemas.add(schema)
            self.write_schema(record.schema_id, record.schema_version, schema)  # type: ignore[attr-defined]
        self._write(line + b"\n")

    def setFormatter(self, fmt: logging.Formatter | None) -> None:  # noqa: N802 - logging's name
        """Refuse a formatter: the lines of a journal have one form, which its readers rely on."""
        if fmt is not None:
            raise ConfigurationError(
                "JournalHandler takes no formatter: the lines of a journal have one form; "
                "format what is read from it (jupyter telemetry tail), or add another handler"
            )
        super().setFormatter(None)

    def counts(self) -> dict[str, int]:
        """Count events, of this handler in this process (the child of a fork begins at 0).

        written: are in the journal. lost: could not be written, or their file was deleted by others before they
        were known to be kept, or the disk refused them at last. expired: were deleted by this handler, whoever wrote
        them, because the journal had passed max_bytes, or they were older than max_age_s. At the durability "memory"
        what waits in the queue is neither.
        """
        return self._writer.counts()

    def flush(self) -> None:
        """At the durability "memory", wait until what waits is written, for `exit_timeout_s` seconds at most."""
        if isinstance(self._writer, QueuedWriter):
            self._writer.flush()

    def seal(self) -> None:
        """Seal the segment in hand, so that others may do with it what they want; the next event begins another.

        Never raises; any thread may call it. A thread that is in the middle of a write ends it first.
        """
        self._writer.seal()

    def close(self) -> None:
        """Seal the segment in hand. An event that comes later begins another.

        `logging.config.dictConfig`, which traitlets calls for every application, closes all handlers there are.
        """
        self._writer.close()
        super().close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._writer.directory} ({logging.getLevelName(self.level)})>"


def _check(name: str, value: float, kind: type | tuple[type, ...]) -> None:
    if not isinstance(value, kind) or isinstance(value, bool) or not value > 0:
        what = "a whole number of bytes" if kind is int else "a number of seconds"
        raise ConfigurationError(f"JournalHandler: {name} must be {what} above 0, not {value!r}")


def _usable(directory: str | os.PathLike[str] | None) -> str:
    """Return the absolute path of a directory that is there or can be made as far as one can see now."""
    if not isinstance(directory, (str, os.PathLike)) or "\0" in os.fspath(directory):
        raise ConfigurationError(f"JournalHandler: directory must be a path, not {directory!r}")
    path = os.path.abspath(os.path.expanduser(directory))
    if os.path.lexists(path) and not os.path.isdir(path):
        raise ConfigurationError(f"JournalHandler: directory {path} is there and is no directory")
    return path
