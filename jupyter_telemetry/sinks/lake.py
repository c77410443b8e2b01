"""LakeSink: a journal into a lake of Parquet files, in a directory or an object store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..lockfile import LockLost
from ..shipping.sink import BatchLimits, Receipt, Unavailable

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from ..lake.appending import Appender
    from ..shipping.batch import Batch

__all__ = ["LakeSink"]

GIVE_UP_AFTER_S = 20.0  # between two files of a batch; the rest is sent again


class LakeSink:
    """Writes Parquet files with a typed column for each property, by schema and day.

    Each event is there once: a batch that comes again is compared, by `__id__`, with what its journal has written.

    Parameters
    ----------
    url: a path, `file:///srv/lake`, or `s3://bucket/prefix`.
    options: for an object store.
        endpoint: of one that is not Amazon's, `https://minio.example.org:9000`; region: of the bucket.
        access_key_file, access_key_variable, secret_key_file, secret_key_variable, session_token_file,
        session_token_variable: where the credentials stand; without them it is AWS' own chain of providers:
        environment, `~/.aws`, web identity, the instance's role.

    Raises MissingExtra, ConfigurationError.
    """

    limits = BatchLimits(40_000, 12 * 1024**2, 60.0)
    erases = True

    def __init__(self, url: str | os.PathLike[str], **options: Any) -> None:
        from ..lake.lake import Lake, said  # where pyarrow is missing, this says so

        self._said = said
        self._lake = Lake(url, **options)
        self._appender: Appender | None = None
        self._in_doubt = False
        self.name = self._lake.name

    @classmethod
    def from_url(cls, url: str, **options: Any) -> LakeSink:
        """Make a sink of a path or URL."""
        return cls(url, **options)

    def open(self) -> None:
        """Make the directory, or look for the bucket. Raises Unavailable, ConfigurationError."""
        try:
            self._lake.place.open()
        except OSError as error:
            raise self._unavailable(error) from None
        if self._appender is None:
            self._appender = self._lake.appender(in_doubt=self._in_doubt)

    def send(self, batch: Batch) -> Receipt:
        """Write a batch. Raises Unavailable, and what the batch's `check` raises."""
        if self._appender is None:
            self.open()
        assert self._appender is not None  # open has made it
        try:
            late = self._appender.append(batch, time.monotonic() + GIVE_UP_AFTER_S)
        except OSError as error:
            raise self._unavailable(error) from None
        return Receipt(deferred=late)

    def erase(self, ids: Sequence[str]) -> None:
        """Write the files anew that hold these events. Raises Unavailable."""
        try:
            self._lake.place.open()
            self._lake.erase(ids)
        except (OSError, LockLost) as error:
            raise self._unavailable(error) from None
        if self._appender is not None:
            self._appender.forget()

    def close(self) -> None:
        """Forget what was known of the files."""
        if self._appender is not None:
            self._in_doubt = self._appender.in_doubt
            self._appender = None
        self._lake.forget()

    def __repr__(self) -> str:
        return f"<LakeSink {self.name}>"

    def _unavailable(self, error: BaseException) -> Unavailable:
        return Unavailable(f"{self.name}: {self._said(error)}")
