"""HTTPSink: CloudEvents 1.0 in batches, to any server that takes a POST."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from ..errors import ConfigurationError
from ..secret import Secret
from ..shipping.sink import BatchLimits, CannotErase, Receipt, Refused, Unavailable
from .cloudevents import CONTENT_TYPE, CloudEvents
from .endpoint import Endpoint, checked_url, compressor, named, phrase, shown

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from ..shipping.batch import Batch
    from .endpoint import Answer

__all__ = ["HTTPSink"]

ERASED_AT_ONCE = 5_000  # ids in one request
_LATER = frozenset({408, 425, 429})  # of an event's status, with all 5xx
_DOES_NOT_ERASE = frozenset({404, 405, 410, 501})


class HTTPSink:
    """Posts batches of CloudEvents (`application/cloudevents-batch+json`) over one connection that is kept.

    The server makes `id` its key: a batch whose answer was lost comes again. 2xx says that all of it is at rest; 207
    says so of each event for itself.

    Parameters
    ----------
    url: where to post, https or http.
    compression: `gzip`, `zstd` or `none`.
    token_file, token_variable: a bearer token, in a file or a variable of the environment.
    headers_file: more headers, a line `Name: value` each, which may be secret.
    ca_file, client_certificate_file, client_key_file: PEM files: whom to trust, who we are (mTLS).
    erase_url: where {"ids": [id, …]} is posted to take events away; without it the server keeps them.
    timeout_s: how long a request may take as a whole.

    Raises MissingExtra, ConfigurationError.
    """

    limits = BatchLimits(10_000, 4 * 1024**2, 5.0)

    def __init__(
        self,
        url: str,
        *,
        compression: str | None = "gzip",
        token_file: str | os.PathLike[str] | None = None,
        token_variable: str | None = None,
        headers_file: str | os.PathLike[str] | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        client_certificate_file: str | os.PathLike[str] | None = None,
        client_key_file: str | os.PathLike[str] | None = None,
        erase_url: str | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        self._endpoint = Endpoint(
            "HTTPSink",
            "http",
            url,
            token=Secret("token", file=token_file, variable=token_variable),
            headers_file=headers_file,
            ca_file=ca_file,
            client_certificate_file=client_certificate_file,
            client_key_file=client_key_file,
            timeout_s=timeout_s,
        )
        self.name = named(self._endpoint)
        encoding, self._compress = compressor("HTTPSink", compression)
        self._headers = {"Content-Type": CONTENT_TYPE, **({"Content-Encoding": encoding} if encoding else {})}
        self._erase_url = None if erase_url is None else checked_url("HTTPSink: erase_url", erase_url)
        if erase_url is not None and urlsplit(erase_url)[:2] != urlsplit(url)[:2]:
            raise ConfigurationError(
                "HTTPSink: erase_url is of the same server as the URL: it gets the same credentials"
            )
        self.erases = erase_url is not None
        self._writers: dict[str, CloudEvents] = {}

    @classmethod
    def from_url(cls, url: str, **options: Any) -> HTTPSink:
        """Make a sink of a URL: `https://events.example.org/in`."""
        return cls(url, **options)

    def open(self) -> None:
        """Read the secrets; the connection is made with the first request. Raises ConfigurationError."""
        self._endpoint.open()

    def send(self, batch: Batch) -> Receipt:
        """Post a batch. Raises Unavailable, Refused, TooLarge."""
        writer = self._writers.get(batch.journal)
        if writer is None:
            self._writers = {batch.journal: CloudEvents(batch.journal)}
            writer = self._writers[batch.journal]
        body = self._compress(writer.batch(batch.lines))
        answer = self._endpoint.post(body, self._headers, read=(HTTPStatus.MULTI_STATUS,))
        if answer.status == HTTPStatus.MULTI_STATUS:
            return self._receipt(batch, answer)
        self._endpoint.judge(answer)
        return Receipt()

    def erase(self, ids: Sequence[str]) -> None:
        """Post the ids to `erase_url`. Raises Unavailable, CannotErase."""
        if self._erase_url is None:
            raise CannotErase(f"{self.name} keeps what it was given: whoever runs it takes events away, by their id")
        for start in range(0, len(ids), ERASED_AT_ONCE):
            body = orjson.dumps({"ids": list(ids[start : start + ERASED_AT_ONCE])})
            answer = self._endpoint.post(body, {"Content-Type": "application/json"}, url=self._erase_url)
            if answer.status in _DOES_NOT_ERASE:
                raise CannotErase(f"{self.name}: erase_url answers {phrase(answer.status)}: nothing is erased there")
            try:
                self._endpoint.judge(answer, shown(self._erase_url))
            except Refused as error:  # an erasure is no dead letter: it goes on being asked for
                raise Unavailable(str(error), retry_after_s=answer.retry_after_s) from None

    def close(self) -> None:
        """Close the connection."""
        self._endpoint.close()

    def abandon(self) -> None:
        """In the child of a fork: forget the parent's connection, without a word on it."""
        self._endpoint.abandon()

    def __repr__(self) -> str:
        return f"<HTTPSink {self.name}>"

    def _receipt(self, batch: Batch, answer: Answer) -> Receipt:
        """Read 207: [{"id": …, "status": 4xx or 5xx}, …] names those that were not taken, and may name others."""
        try:
            items: list[dict[str, Any]] = orjson.loads(answer.content)
            if not isinstance(items, list):
                raise TypeError
            statuses = {str(item["id"]): int(item["status"]) for item in items}
        except (ValueError, TypeError, KeyError):
            raise Unavailable(f"{self.name} answers 207 with a body that is no list of ids and statuses") from None
        refused: dict[int, str] = {}
        deferred: list[int] = []
        for index, event_id in enumerate(batch.ids):
            status = statuses.get(event_id, HTTPStatus.OK)
            if status in _LATER or status >= 500:
                deferred.append(index)
            elif not 200 <= status < 300:
                refused[index] = f"{self.name} answers {phrase(status)} for it"
        return Receipt(refused, deferred, answer.retry_after_s)
