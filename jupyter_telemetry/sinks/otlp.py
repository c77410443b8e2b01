"""OTLPSink: events as log records, to an OpenTelemetry collector or whatever else takes OTLP over HTTP.

The messages are OpenTelemetry's own (opentelemetry-proto). Its exporter is not used: what it returns is success or
failure, without partial success, Retry-After, and which failure will not mend.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from ..errors import ConfigurationError, MissingExtra
from ..secret import Secret
from ..shipping.sink import BatchLimits, CannotErase, Receipt, Refused, Unavailable
from .endpoint import Endpoint, compressor, named

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from ..shipping.batch import Batch
    from .endpoint import Answer

__all__ = ["OTLPSink"]

PATH = "/v1/logs"
# In one request. rotel (0.0.1a15) answers 200 to one of more than twice its own batches, which are of 8,192, and then
# drops it; the batches of other collectors are as long.
MOST_EVENTS = 5_000


class OTLPSink:
    """Posts batches of log records by OTLP/HTTP in protobuf.

    A collector does not tell a second delivery from the first: readers do, by the attribute `log.record.uid`. And it
    answers 200 for what it holds in memory, unless it is configured to keep a queue on disk.

    Parameters
    ----------
    url: of the collector, `http://collector:4318`; without a path it is posted to `/v1/logs`.
    service_name: the resource's `service.name`.
    resource: more attributes of the resource, as a dict or a text `name=value,name=value`.
    compression: `gzip` or `none`.
    headers_file: headers, a line `Name: value` each, which may be secret.
    token_file, token_variable: a bearer token, in a file or a variable of the environment.
    ca_file, client_certificate_file, client_key_file: PEM files: whom to trust, who we are (mTLS).
    timeout_s: how long a request may take as a whole.

    Raises MissingExtra, ConfigurationError.
    """

    limits = BatchLimits(MOST_EVENTS, 2 * 1024**2, 5.0)
    erases = False

    def __init__(
        self,
        url: str,
        *,
        service_name: str = "jupyter",
        resource: Mapping[str, str] | str | None = None,
        compression: str | None = "gzip",
        headers_file: str | os.PathLike[str] | None = None,
        token_file: str | os.PathLike[str] | None = None,
        token_variable: str | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        client_certificate_file: str | os.PathLike[str] | None = None,
        client_key_file: str | os.PathLike[str] | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        try:
            from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

            from . import logrecords
        except ImportError:
            raise MissingExtra("OTLPSink", "otlp") from None
        if compression == "zstd":
            raise ConfigurationError("OTLPSink: compression is 'gzip' or 'none': OTLP has no other")
        self._response = ExportLogsServiceResponse
        self._log_records = logrecords.log_records
        self._endpoint = Endpoint(
            "OTLPSink",
            "otlp",
            _with_path(url),
            token=Secret("token", file=token_file, variable=token_variable),
            headers_file=headers_file,
            ca_file=ca_file,
            client_certificate_file=client_certificate_file,
            client_key_file=client_key_file,
            timeout_s=timeout_s,
        )
        self.name = f"otlp+{named(self._endpoint)}"
        encoding, self._compress = compressor("OTLPSink", compression)
        self._headers = {
            "Content-Type": "application/x-protobuf",
            **({"Content-Encoding": encoding} if encoding else {}),
        }
        self._resource = {"service.name": service_name, **_parsed(resource)}

    @classmethod
    def from_url(cls, url: str, **options: Any) -> OTLPSink:
        """Make a sink of a URL: `otlp+http://collector:4318`, `otlp+https://…`."""
        return cls(url[5:] if url[:5].lower() == "otlp+" else url, **options)

    def open(self) -> None:
        """Read the secrets; the connection is made with the first request. Raises ConfigurationError."""
        self._endpoint.open()

    def send(self, batch: Batch) -> Receipt:
        """Post a batch, in several requests if it is longer than `limits`. Raises Unavailable, Refused, TooLarge."""
        resource = {**self._resource, **({"service.instance.id": batch.journal} if batch.journal else {})}
        deadline = self._endpoint.deadline()
        refused: dict[int, str] = {}
        for start in range(0, len(batch), MOST_EVENTS):
            events = batch.events[start : start + MOST_EVENTS]
            body = self._compress(self._log_records(events, resource))
            answer = self._endpoint.post(body, self._headers, read=(HTTPStatus.OK,), deadline=deadline)
            self._endpoint.judge(answer)
            if self._is_rejected(len(events), answer):
                refused.update(dict.fromkeys(range(start, start + len(events)), f"{self.name} rejected it"))
        return Receipt(refused)

    def erase(self, ids: Sequence[str]) -> None:
        """Raises CannotErase: OTLP has no such request."""
        raise CannotErase(f"{self.name} passes events on: whoever keeps them takes them away, by log.record.uid")

    def close(self) -> None:
        """Close the connection."""
        self._endpoint.close()

    def abandon(self) -> None:
        """In the child of a fork: forget the parent's connection, without a word on it."""
        self._endpoint.abandon()

    def __repr__(self) -> str:
        return f"<OTLPSink {self.name}>"

    def _is_rejected(self, events: int, answer: Answer) -> bool:
        """Say whether all was rejected; raise Refused for a part: a partial success says how many, but not which."""
        try:
            rejected = self._response.FromString(answer.content).partial_success.rejected_log_records
        except Exception:  # of protobuf: no module of this package imports it
            raise Unavailable(f"{self.name} answers 200 with something that is not OTLP: see the URL") from None
        if 0 < rejected < events:  # in parts it comes to light which; some of the others then come again
            raise Refused(f"{self.name} rejected a part of it")
        return bool(rejected >= events)


def _with_path(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=PATH)) if parts.path in ("", "/") else url


def _parsed(resource: Mapping[str, str] | str | None) -> dict[str, str]:
    if not isinstance(resource, str):
        return dict(resource or {})
    found = {}
    for item in resource.split(","):
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise ConfigurationError("OTLPSink: resource is written name=value,name=value")
        found[name.strip()] = value.strip()
    return found
