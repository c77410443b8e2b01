"""Lake: a lake of Parquet files, opened by its path or URL."""

from __future__ import annotations

import contextlib
import os
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pyarrow import fs  # type: ignore[import-untyped]  # it has no types

from ..errors import ConfigurationError, LakeError
from ..lease import Lease
from ..lockfile import LockLost
from ..secret import Secret, without_secrets
from .appending import Appender
from .compaction import Compaction, compact
from .erasing import erase
from .parquet import read_schema
from .place import Directory, ObjectStore, Overtaken, Place
from .reading import current_files, read_events
from .schemas import LakeSchema, Schemas
from .swapping import complete
from .table import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from .place import Entry

__all__ = ["Lake"]

CONNECT_TIMEOUT_S = 4.0
REQUEST_TIMEOUT_S = 6.0  # without a byte
_LOCK_WAIT_S = 20.0
_AWS = re.compile(r"AWS Error ([A-Z_]+)")


class Lake:
    """A lake of Parquet files: a directory, or a part of a bucket.

    Its parameters are those of LakeSink.

    Raises ConfigurationError.
    """

    def __init__(
        self,
        url: str | os.PathLike[str],
        *,
        endpoint: str | None = None,
        region: str | None = None,
        access_key_file: str | None = None,
        access_key_variable: str | None = None,
        secret_key_file: str | None = None,
        secret_key_variable: str | None = None,
        session_token_file: str | None = None,
        session_token_variable: str | None = None,
    ) -> None:
        self._endpoint, self._region = endpoint, region
        self._secrets = {
            "access_key": Secret("access_key", file=access_key_file, variable=access_key_variable),
            "secret_key": Secret("secret_key", file=secret_key_file, variable=secret_key_variable),
            "session_token": Secret("session_token", file=session_token_file, variable=session_token_variable),
        }
        self._place: Place | None = None
        self._bucket, self._prefix, self._path = "", "", ""
        text = os.fspath(url)
        scheme = text.partition(":")[0].lower() if "://" in text or text.startswith("file:") else ""
        if scheme == "s3":
            parts = urlsplit(without_secrets(text, "a lake"))
            self._bucket, self._prefix = parts.netloc.rpartition("@")[2], parts.path.strip("/")
            if not self._bucket or "@" in parts.netloc or parts.query:
                raise ConfigurationError("a lake in an object store is written s3://bucket/prefix, and no more")
            host = f"@{urlsplit(without_secrets(endpoint, 'endpoint')).netloc}" if endpoint else ""
            self.name = f"s3://{self._bucket}/{self._prefix}".rstrip("/") + host
        elif scheme in ("", "file"):
            if endpoint or region:
                raise ConfigurationError("a lake in a directory has neither endpoint nor region")
            self._path = unquote(urlsplit(text).path) if scheme else text
            self.name = Directory(self._path).url
        else:
            raise ConfigurationError("a lake is a path, file:///… or s3://bucket/prefix")

    def __repr__(self) -> str:
        return f"<Lake {self.name}>"

    @property
    def place(self) -> Place:
        """Where it stands. Raises ConfigurationError if a secret cannot be read."""
        if self._place is None:
            self._place = self._object_store() if self._bucket else Directory(self._path)
        return self._place

    def forget(self) -> None:
        """Make the connection anew, with secrets read anew."""
        self._place = None

    def files(self) -> list[Entry]:
        """List the files of events that count: path, size in bytes, modified_ns. Raises LakeError."""
        with self._said("read"):
            return current_files(self.place)

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield every event, exactly as it was recorded but for the order of its properties. Raises LakeError."""
        with self._said("read"):
            yield from read_events(self.place)

    def schemas(self) -> list[LakeSchema]:
        """List all texts of all schemas, the oldest first. Raises LakeError."""
        with self._said("read"):
            return Schemas(self.place).all()

    def layout(self, path: str) -> Layout:
        """Return the columns of a file. Raises LakeError."""
        with self._said("read"):
            return Layout.of_file(read_schema(self.place, path))

    def unreadable(self, error: BaseException) -> LakeError:
        """Say that it cannot be read."""
        return LakeError(f"the lake {self.name} cannot be read: {said(error)}")

    def appender(self, *, in_doubt: bool = False) -> Appender:
        """Return what writes batches to it; `in_doubt`: a batch that failed may be there."""
        return Appender(self.place, in_doubt=in_doubt)

    def erase(self, ids: Sequence[str]) -> int:
        """Take the events with these ids out; say how many rows that were. Raises OSError, LockLost."""
        with self._lock() as check:
            if isinstance(self.place, Directory):
                complete(self.place)  # what a compaction left behind holds events too
            return erase(self.place, ids, check)

    def compact(self, before: date | None = None) -> Compaction:
        """Compact the files of days that are over: those before `before`, by default all that may be.

        Raises LakeError.
        """
        with self._said("compacted"), self._lock() as check:
            return compact(self.place, before, check)

    @contextmanager
    def _lock(self) -> Iterator[Callable[[], None]]:
        """Keep others from compacting and erasing, in a directory; yield what raises if that was lost.

        An object store has nothing to make a lock of.
        """
        if not isinstance(self.place, Directory):
            yield lambda: None
            return
        lock = Lease(self.place.draft().with_name("lock"))
        give_up_at = time.monotonic() + _LOCK_WAIT_S
        while not lock.acquire():
            if time.monotonic() > give_up_at:
                raise TimeoutError("others compact it, or erase from it")
            time.sleep(0.05)
        try:
            yield lock.check
        finally:
            with contextlib.suppress(OSError):
                lock.release()

    @contextmanager
    def _said(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, LockLost, ValueError) as error:
            raise LakeError(f"the lake {self.name} cannot be {what}: {said(error)}") from None

    def _object_store(self) -> Place:
        given = {name: found for name, secret in self._secrets.items() if (found := secret.read()) is not None}
        if ("access_key" in given) != ("secret_key" in given):
            raise ConfigurationError("a lake: give access_key and secret_key, or none of them")
        options: dict[str, Any] = {**given}
        if self._endpoint:
            parts = urlsplit(self._endpoint if "://" in self._endpoint else f"https://{self._endpoint}")
            options.update(endpoint_override=parts.netloc, scheme=parts.scheme)
        if self._region:
            options["region"] = self._region
        filesystem = fs.S3FileSystem(
            connect_timeout=CONNECT_TIMEOUT_S,
            request_timeout=REQUEST_TIMEOUT_S,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2),
            background_writes=False,
            allow_delayed_open=True,  # one request for an object that is not large
            **options,
        )
        return ObjectStore(filesystem, self._bucket, self._prefix, f"s3://{self._bucket}/{self._prefix}".rstrip("/"))


def said(error: BaseException) -> str:
    """Say what went wrong in words of this package: a server's own text may hold anything."""
    if isinstance(error, LockLost):
        return "somebody else has taken over"
    if isinstance(error, Overtaken):
        return "others write the same files"
    if found := _AWS.search(str(error)):
        return f"the object store says {found[1]}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, FileNotFoundError):
        return "it is not there"
    return f"it failed ({type(error).__name__})"
