"""HTTP over a connection on which a request ends in time, whatever the other side does.

httpx bounds each read and write, not all of them together: a server that sends a byte every few seconds would hold a
request up for ever. So httpx is given connections that know when the request is to be over.
"""

from __future__ import annotations

import socket
import ssl
import time
import weakref
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FAILURES", "Transport", "told"]

FAILURES = (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
_TIMEOUTS = (httpx.TimeoutException, httpcore.TimeoutException)


class Transport(httpx.BaseTransport):
    """One connection at a time, kept open between requests; no proxies, no redirects, no tries of its own."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._clock = _Clock()
        self._network = _Network(self._clock)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, max_connections=1, keepalive_expiry=60.0, network_backend=self._network
        )

    def end_at(self, deadline: float) -> None:
        """Let whatever is sent and read from now on be over by then, as time.monotonic() tells."""
        self._clock.end = deadline

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the content of the response is read by the caller."""
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        stream: Any = request.stream
        found = self._pool.handle_request(
            httpcore.Request(request.method, target, headers=request.headers.raw, content=stream)
        )
        return httpx.Response(found.status, headers=found.headers, stream=_Content(found))

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    def sockets(self) -> list[int]:
        """Return the descriptors of the connections that are open."""
        return self._network.sockets()


class _Content(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _Clock:
    """When the request under way is to be over."""

    end = 0.0

    def left_s(self) -> float:
        """Raises TimeoutError when nothing is left."""
        left_s = self.end - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


class _Network(httpcore.NetworkBackend):
    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self._backend = httpcore.SyncBackend()
        self._streams: weakref.WeakSet[_Stream] = weakref.WeakSet()

    def sockets(self) -> list[int]:
        return [stream.get_extra_info("socket").fileno() for stream in self._streams]

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        error: Exception = httpcore.ConnectError()
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            for *_, address in addresses:
                try:
                    stream = self._backend.connect_tcp(
                        str(address[0]), port, self._clock.left_s(), local_address, socket_options
                    )
                except httpcore.ConnectError as one:
                    error = one
                else:
                    return _Stream(stream, self._clock, self._streams)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        except OSError as unknown:
            raise httpcore.ConnectError from unknown
        raise error


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock, known: weakref.WeakSet[_Stream]) -> None:
        self._stream = stream
        self._clock = clock
        self._known = known
        known.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._stream.read(max_bytes, self._clock.left_s())
        except TimeoutError:
            raise httpcore.ReadTimeout from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        connection = self._stream.get_extra_info("socket")
        rest = memoryview(buffer)
        try:
            while rest:
                connection.settimeout(self._clock.left_s())
                rest = rest[connection.send(rest) :]
        except TimeoutError:
            raise httpcore.WriteTimeout from None
        except OSError as error:
            raise httpcore.WriteError from error

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, self._clock.left_s())
            return _Stream(stream, self._clock, self._known)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def told(error: BaseException) -> str:
    """Say what went wrong, in words of this package: an error's own text may quote what was sent or received."""
    if isinstance(error, _TIMEOUTS):
        return "it does not answer in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}; ca_file names whom to trust"
        if isinstance(cause, ssl.SSLError):
            return f"no connection by TLS: {cause.reason or 'it was cut'}"
        if isinstance(cause, socket.gaierror):
            return "its name leads to no address"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return f"the connection failed ({type(error).__name__})"
