"""JournalHandler: the journal as a `logging.Handler`, and as the fast line handler that EventLog knows."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from ..errors import ConfigurationError
from .names import default_directory
from .writer import JournalWriter

__all__ = ["JournalHandler"]


class JournalHandler(logging.Handler):
    """Keep events in a journal: append-only JSON Lines segments in a directory, private to the user.

    Every event is in its file when the call returns, by one `os.write`, so that it survives `kill -9` of the
    process. Any number of processes, threads and forks may share a directory: each process writes segments of its
    own. No call raises because of the disk: while events cannot be written, they are counted as lost, and said once
    a minute (a warning of the logger `jupyter_telemetry.journal`), and recording resumes when the disk does.

    The disk is not touched before the first event or schema. `close` seals the segment in hand; so does the end of
    the interpreter, or the last reference to the handler. What a killed process leaves open is read all the same,
    and sealed by another writer when it is older than `max_segment_age_s` and ten minutes.

    Parameters
    ----------
    directory: of this journal alone; made, with its parents, when it is first needed. By default
        `default_directory()`.
    max_segment_bytes: of one segment; less where many processes share the directory, so that their open segments
        together hold a quarter of max_bytes at most. A longer line has a segment to itself.
    max_segment_age_s: how old a segment may be when a line is written to it.
    max_bytes: of all segments in the directory; when a new one is begun, the oldest sealed ones are deleted as far
        as needed, and their events counted as expired. The journal's schemas do not count.
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
        level: int | str = logging.NOTSET,
    ) -> None:
        _check("max_segment_bytes", max_segment_bytes, int)
        _check("max_segment_age_s", max_segment_age_s, (int, float))
        _check("max_bytes", max_bytes, int)
        path = _usable(default_directory() if directory is None else directory)
        super().__init__(level)
        self._schemas: set[bytes] = set()  # that came with records
        self._writer = JournalWriter(
            path,
            max_segment_bytes=max_segment_bytes,
            max_segment_age_s=max_segment_age_s,
            max_bytes=max_bytes,
        )

    @property
    def directory(self) -> Path:
        """Where the journal stands."""
        return Path(self._writer.directory)

    def write_event(self, line: bytes) -> None:
        """Keep one event: a line of UTF-8 JSON that ends in a newline. Never raises; any thread may call it."""
        self._writer.write(line)

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
        self._writer.write(line + b"\n")

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
        were known to be kept. expired: were deleted by this handler, whoever wrote them, because the journal had
        passed max_bytes.
        """
        return self._writer.counts()

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


def _usable(directory: str | os.PathLike[str]) -> str:
    """Return the absolute path of a directory that is there or can be made as far as one can see now."""
    if not isinstance(directory, (str, os.PathLike)) or "\0" in os.fspath(directory):
        raise ConfigurationError(f"JournalHandler: directory must be a path, not {directory!r}")
    path = os.path.abspath(os.path.expanduser(directory))
    if os.path.lexists(path) and not os.path.isdir(path):
        raise ConfigurationError(f"JournalHandler: directory {path} is there and is no directory")
    return path
