"""An endpoint of the web to which a sink posts: its credentials, its time-outs, and what its status codes mean."""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from contextlib import closing
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ..errors import ConfigurationError, MissingExtra
from ..secret import Secret, without_secrets
from ..shipping.sink import Refused, TooLarge, Unavailable
from .inherited import abandon
from .options import expanded, seconds, tls_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

__all__ = ["Answer", "Endpoint", "checked_url", "compressor", "named", "phrase", "shown"]

LONGEST_TIMEOUT_S = 50.0  # a sink's `send` returns within a minute
MOST_ANSWER_BYTES = 16 * 1024**2
MOST_SKIPPED_BYTES = 64 * 1024  # of an answer that nobody reads; a connection with more to come is closed

# What speaks of the events. All other codes speak of the address, the credentials or the server's condition: nothing
# about an event is wrong, and were each a dead letter because a token expired, that would be a loss.
_OF_THE_EVENTS = frozenset({400, 409, 422})
_HINTS = {
    401: "see token_file or headers_file; they are read anew for the next try",
    403: "see token_file or headers_file; they are read anew for the next try",
    404: "see the path of the URL",
    405: "see the path of the URL",
    415: "it may not know the compression: try compression='none'",
}


class Answer(NamedTuple):
    """What an endpoint said."""

    status: int
    retry_after_s: float | None
    content: bytes  # empty if it was not asked for


class Endpoint:
    """Posts to URLs of one server; one thread at a time.

    Parameters
    ----------
    what, extra: the sink's class, and the extra that brings httpx: for messages.
    url: https or http, without a user; what follows `?` may be secret, and is never shown.
    token: sent as `Authorization: Bearer …`.
    headers_file: a file of lines `Name: value`, which may be secret.
    ca_file: PEM: whom to trust; by default the system's authorities.
    client_certificate_file, client_key_file: PEM: who we are (mTLS); the key may stand in the same file.
    timeout_s: how long a request may take as a whole, 50 seconds at most.

    Files are read anew for each connection. Raises MissingExtra, ConfigurationError.
    """

    def __init__(
        self,
        what: str,
        extra: str,
        url: str,
        *,
        token: Secret | None = None,
        headers_file: str | os.PathLike[str] | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        client_certificate_file: str | os.PathLike[str] | None = None,
        client_key_file: str | os.PathLike[str] | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        try:
            from . import transport
        except ImportError:
            raise MissingExtra(what, extra) from None
        self._web = transport
        self.url = checked_url(what, url)
        self.place = shown(self.url)
        if client_key_file is not None and client_certificate_file is None:
            raise ConfigurationError(f"{what}: client_key_file goes with a client_certificate_file")
        self._what = what
        self._token = token or Secret("token")
        self._headers = Secret("headers", file=headers_file)
        self._ca_file, self._certificate_file, self._key_file = map(
            expanded, (ca_file, client_certificate_file, client_key_file)
        )
        self._timeout_s = seconds(f"{what}: timeout_s", timeout_s, 0.1, LONGEST_TIMEOUT_S)
        self._client: httpx.Client | None = None
        self._transport: Any = None

    def open(self) -> None:
        """Read the files; connect with the first request. Raises ConfigurationError."""
        if self._client is not None:
            return
        import httpx

        headers = self._secret_headers()
        files = self._ca_file, self._certificate_file, self._key_file
        is_secure = urlsplit(self.url).scheme == "https"
        self._transport = self._web.Transport(tls_context(self._what, *files) if is_secure else None)
        self._client = httpx.Client(
            transport=self._transport,
            headers=headers,
            follow_redirects=False,  # the credentials are for this server alone
            trust_env=False,
            timeout=LONGEST_TIMEOUT_S,  # the transport counts for itself
        )

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def abandon(self) -> None:
        """In the child of a fork: forget the parent's connection, without a word on it."""
        client, self._client = self._client, None
        if client is not None:
            abandon(client, self._transport.sockets())

    def deadline(self) -> float:
        """Return when what is begun now is to be over, as time.monotonic() tells."""
        return time.monotonic() + self._timeout_s

    def post(
        self,
        content: bytes,
        headers: Mapping[str, str],
        *,
        url: str | None = None,
        read: tuple[int, ...] = (),
        deadline: float | None = None,
    ) -> Answer:
        """Post, and return the answer, with its content if the status is one of `read`.

        deadline: as `deadline` returned it, where several requests share one.

        Raises Unavailable if there is no answer in time.
        """
        self.open()
        assert self._client is not None
        self._transport.end_at(deadline or self.deadline())
        try:
            # Not by the client's own `stream`, which logs the URL with all that stands in it.
            request = self._client.build_request("POST", url or self.url, content=content, headers=dict(headers))
            with closing(self._transport.handle_request(request)) as response:
                retry_after_s = seconds_until(response.headers.get("retry-after"))
                if response.status_code not in read:
                    _skip(response)
                    return Answer(response.status_code, retry_after_s, b"")
                return Answer(response.status_code, retry_after_s, _content(response))
        except self._web.FAILURES as error:
            raise Unavailable(f"{self.place}: {self._web.told(error)}") from None

    def judge(self, answer: Answer, place: str | None = None) -> None:
        """Return if the answer says that all was taken. Raises Unavailable, Refused, TooLarge."""
        status = answer.status
        if 200 <= status < 300:
            return
        said = f"{place or self.place} answers {phrase(status)}"
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise TooLarge(said)
        if status in _OF_THE_EVENTS:
            raise Refused(said)
        if 300 <= status < 400:
            said += ": redirects are not followed, name the address itself"
        elif hint := _HINTS.get(status):
            said += f": {hint}"
        raise Unavailable(said, retry_after_s=answer.retry_after_s)

    def _secret_headers(self) -> dict[str, str]:
        headers = {"User-Agent": "jupyter_telemetry", "Accept": "*/*", "Accept-Encoding": "identity"}
        for number, line in enumerate((self._headers.read() or "").splitlines(), 1):
            name, colon, value = line.partition(":")
            if not line.strip():
                continue
            if not colon or not _is_header(name.strip(), value.strip()):
                raise ConfigurationError(f"{self._what}: headers_file, line {number}: write `Name: value`")
            headers[name.strip()] = value.strip()
        if token := self._token.read():
            if not _is_header("Authorization", token):
                raise ConfigurationError(f"{self._what}: the token has characters that no header can hold")
            headers["Authorization"] = f"Bearer {token}"
        return headers


def checked_url(what: str, url: str) -> str:
    """Return a URL of http or https without a user. Raises ConfigurationError."""
    without_secrets(url, what)
    parts = urlsplit(url)
    try:
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise ConfigurationError(f"{what}: write a URL such as https://events.example.org/in")
    if parts.username is not None or parts.fragment:
        raise ConfigurationError(f"{what}: the URL may have no user and no fragment; a token_file says who we are")
    return url


def shown(url: str) -> str:
    """Return a URL without what follows `?`, which may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def named(endpoint: Endpoint) -> str:
    """Name a destination by its URL; what follows `?` may be secret, and stands there as eight digits."""
    query = urlsplit(endpoint.url).query
    return endpoint.place + (f"?{hashlib.sha256(query.encode()).hexdigest()[:8]}" if query else "")


def phrase(status: int) -> str:
    """Name a status; what the server itself calls it is not shown."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def seconds_until(retry_after: str | None) -> float | None:
    """Read Retry-After (RFC 9110 §10.2.3): seconds, or a date. None for what is neither."""
    if not retry_after:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(min(int(retry_after[:10]), 10**9))
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def compressor(what: str, kind: str | None) -> tuple[str, Callable[[bytes], bytes]]:
    """Return the Content-Encoding, "" for none, and what compresses. Raises ConfigurationError, MissingExtra."""
    if kind in (None, "", "none"):
        return "", lambda content: content
    if kind == "gzip":
        return "gzip", _gzip
    if kind == "zstd":
        try:
            import zstandard
        except ImportError:
            raise MissingExtra(f"{what} with zstd", "http") from None
        return "zstd", zstandard.ZstdCompressor(level=1).compress
    raise ConfigurationError(f"{what}: compression is 'gzip', 'zstd' or 'none'")


def _gzip(content: bytes) -> bytes:
    packer = zlib.compressobj(1, wbits=31)  # level 1: a fifth larger than 6, in a third of the time
    return packer.compress(content) + packer.flush()


def _skip(response: httpx.Response) -> None:
    skipped = 0
    for piece in response.iter_raw():
        skipped += len(piece)
        if skipped > MOST_SKIPPED_BYTES:
            return


def _content(response: httpx.Response) -> bytes:
    pieces, size = [], 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > MOST_ANSWER_BYTES:
            raise Unavailable(f"an answer of more than {MOST_ANSWER_BYTES:,} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _is_header(name: str, value: str) -> bool:
    return (
        bool(name)
        and name.isascii()
        and name.replace("-", "").replace("_", "").isalnum()
        and value.isascii()
        and value.isprintable()
    )
