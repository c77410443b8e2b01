"""KafkaSink: each event a message, by an idempotent producer, in order for each user or journal."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from ..errors import ConfigurationError, MissingExtra
from ..journal.line import HEAD
from ..secret import Secret, without_secrets
from ..shipping.sink import BatchLimits, CannotErase, Receipt, Unavailable
from .inherited import abandon
from .options import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..shipping.batch import Batch

__all__ = ["KafkaSink"]

DEFAULT_TOPIC = "jupyter-telemetry"
CONNECT_TIMEOUT_S = 10.0
LONGEST_TIMEOUT_S = 45.0  # `send` returns within a minute, with what follows a time-out
PURGE_TIMEOUT_S = 5.0  # librdkafka reports at once what it gave up
SECRET = ("password", "secret", "key.pem", "token")  # in the name of an option

# What speaks of a message, by librdkafka's names. All else is a state of the cluster, of the topic or of our rights.
_OF_A_MESSAGE = frozenset({"MSG_SIZE_TOO_LARGE", "INVALID_MSG_SIZE", "INVALID_RECORD"})


_log = logging.getLogger("jupyter_telemetry.shipping.kafka")
_log.setLevel(logging.CRITICAL)  # librdkafka tells of every try to connect; the shipper says it once


class KafkaSink:
    """Produces each event as a message whose value is its line, and waits for the acknowledgement of all replicas.

    The key is `__subject__`, else `__source__`, else the journal: what has the same key stays in order. Headers are
    `event_id`, `schema_id` and `schema_version`. A producer that lives on sends nothing twice; after a failure or a
    restart there is a new one, and readers tell by `event_id` what came twice.

    Parameters
    ----------
    servers: `host:9092,host:9092`.
    topic: which is there, or which the cluster makes when it is asked for.
    username, password_file, password_variable: SASL; the mechanism is PLAIN, and the protocol SASL_SSL, unless
        `options` say otherwise.
    options: librdkafka's, by its names, {"security.protocol": "SSL"}; a text is read as JSON. They may hold no secret.
    secret_files: options whose values stand in files: {"ssl.key.password": path}; a text is read as JSON.
    timeout_s: how long a batch may take, 45 seconds at most.

    Raises MissingExtra, ConfigurationError.
    """

    limits = BatchLimits(20_000, 16 * 1024**2, 5.0)
    erases = False

    def __init__(
        self,
        servers: str,
        topic: str = DEFAULT_TOPIC,
        *,
        username: str | None = None,
        password_file: str | os.PathLike[str] | None = None,
        password_variable: str | None = None,
        options: Mapping[str, Any] | str | None = None,
        secret_files: Mapping[str, str] | str | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        try:
            import confluent_kafka
        except ImportError:
            raise MissingExtra("KafkaSink", "kafka") from None
        if not servers or not topic or "@" in servers:
            raise ConfigurationError("KafkaSink: write kafka://host:9092,host:9092/topic, and a user as `username`")
        self._kafka: Any = confluent_kafka
        self._topic = topic
        self.name = f"kafka://{servers}/{topic}"
        self._timeout_s = seconds("KafkaSink: timeout_s", timeout_s, 1, LONGEST_TIMEOUT_S)
        self._options = {
            # Of librdkafka's own defaults, the least that a cluster may be asked for.
            "bootstrap.servers": servers,
            "client.id": "jupyter_telemetry",
            "compression.type": "lz4",
            "linger.ms": 5,
            "batch.num.messages": 10_000,
            "partitioner": "murmur2_random",  # as Java's clients do it, so that their streams can be joined
            **({"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"} if username else {}),
            **_open_options(_parsed("options", options)),
            # What the sink relies on.
            "acks": "all",
            "enable.idempotence": True,
            "queue.buffering.max.messages": 2 * self.limits.events,
            "queue.buffering.max.kbytes": 64 * 1024,
            "message.timeout.ms": int(self._timeout_s * 1000),
            **({"sasl.username": username} if username else {}),
        }
        self._secrets = {name: Secret(name, file=file) for name, file in _parsed("secret_files", secret_files).items()}
        if password_file is not None or password_variable is not None:
            self._secrets["sasl.password"] = Secret("password", file=password_file, variable=password_variable)
        self._producer: Any = None
        self._reports = _Reports()
        self._of_schema: dict[tuple[bytes, bytes], tuple[tuple[str, bytes], ...]] = {}

    @classmethod
    def from_url(cls, url: str, **options: Any) -> KafkaSink:
        """Make a sink of a URL: `kafka://host:9092,host:9092/topic`."""
        parts = urlsplit(without_secrets(url, "KafkaSink"))
        if topic := parts.path.strip("/"):
            options["topic"] = topic
        return cls(parts.netloc, **options)

    def open(self) -> None:
        """Make a producer, and have the cluster answer. Raises Unavailable, ConfigurationError."""
        if self._producer is not None:
            return
        secrets = {name: secret.read() for name, secret in self._secrets.items()}
        self._reports = reports = _Reports()
        callbacks = {"on_delivery": reports.delivered, "error_cb": reports.failed}
        try:
            producer = self._kafka.Producer({**self._options, **secrets, **callbacks}, logger=_log)
        except (self._kafka.KafkaException, TypeError, ValueError) as error:
            raise ConfigurationError(f"KafkaSink: {_told(error)}; see `options` and `secret_files`") from None
        self._producer = producer
        try:
            producer.list_topics(self._topic, timeout=min(CONNECT_TIMEOUT_S, self._timeout_s))
        except self._kafka.KafkaException as error:
            self.close()
            raise Unavailable(f"{self.name}: {reports.trouble or _told(error)}") from None

    def send(self, batch: Batch) -> Receipt:
        """Produce a batch, and wait until every message is acknowledged or is not to be. Raises Unavailable."""
        self.open()
        deadline = time.monotonic() + self._timeout_s
        self._reports.begin()
        refused = self._produce(batch, range(len(batch)), deadline)
        failed = self._wait(batch, deadline)
        suspects = [index for index, name in failed.items() if name in _OF_A_MESSAGE]
        for index in suspects:  # messages are refused together, because of one of them
            if time.monotonic() < deadline:
                failed.pop(index)
                refused |= self._produce(batch, [index], deadline)
                failed |= self._wait(batch, deadline)
                if failed.get(index) in _OF_A_MESSAGE:
                    refused[index] = f"{self.name} refuses it: {failed.pop(index)}"
        if self._reports.acknowledged + len(refused) + len(failed) != len(batch):
            raise Unavailable(f"{self.name}: not every message was reported on")
        if not failed:
            return Receipt(refused)
        if len(failed) + len(refused) < len(batch):
            return Receipt(refused, sorted(failed))
        raise Unavailable(f"{self.name}: {self._reports.trouble or next(iter(failed.values()))}")

    def erase(self, ids: Sequence[str]) -> None:
        """Raises CannotErase: a log is only added to."""
        raise CannotErase(f"{self.name} keeps what it was given until its retention ends; its readers see the event_id")

    def close(self) -> None:
        """Let go of the producer, and give up what it has not sent."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(Exception):
                producer.purge()
                producer.poll(0)

    def abandon(self) -> None:
        """In the child of a fork: never touch the parent's producer, whose threads are not here."""
        producer, self._producer = self._producer, None
        abandon(producer)

    def __repr__(self) -> str:
        return f"<KafkaSink {self.name}>"

    def _produce(self, batch: Batch, indices: Iterable[int], deadline: float) -> dict[int, str]:
        """Hand messages to the producer; return those that it will not take, with the reason."""
        refused: dict[int, str] = {}
        produce, topic = self._producer.produce, self._topic
        for index, (value, key, headers) in zip(indices, self._messages(batch, indices), strict=True):
            while True:
                try:
                    produce(topic, value, key, headers=headers)
                except BufferError:  # the queue is full
                    if time.monotonic() < deadline:
                        self._producer.poll(0.05)
                        continue
                    self._reports.given_up.append((value, "QUEUE_FULL"))
                except self._kafka.KafkaException as error:
                    name = error.args[0].name()
                    if name in _OF_A_MESSAGE:
                        refused[index] = f"{self.name} refuses it: {name}"
                    else:
                        self._reports.given_up.append((value, name))
                break
        return refused

    def _messages(self, batch: Batch, indices: Iterable[int]) -> Iterator[tuple[bytes, bytes, list[tuple[str, bytes]]]]:
        """Yield value, key and headers."""
        journal = batch.journal.encode()
        match, of_schema = HEAD.match, self._of_schema
        for index in indices:
            line = batch.lines[index]
            found = match(line)
            if found is None or line.startswith(b',"__', found.end()):  # more metadata
                schema_id, version, event_id, key = _parsed_head(line, journal)
            else:
                _, schema_id, version, _, event_id = found.groups()
                key = journal
            headers = of_schema.get((schema_id, version))
            if headers is None:
                written = ("schema_id", schema_id), ("schema_version", version.strip(b'"'))
                headers = of_schema[schema_id, version] = written
            yield line[:-1], key, [("event_id", event_id), *headers]

    def _wait(self, batch: Batch, deadline: float) -> dict[int, str]:
        """Wait for all reports; return the failures by index, with the name of the error."""
        producer, reports = self._producer, self._reports
        if producer.flush(max(0.0, deadline - time.monotonic())):
            producer.purge()  # each becomes a failure, and is reported as one
            if producer.flush(PURGE_TIMEOUT_S):
                raise Unavailable(f"{self.name}: {reports.trouble or 'it does not answer in time'}")
        failed, reports.given_up = reports.given_up, []
        if not failed:
            return {}
        indices = {line[:-1]: index for index, line in enumerate(batch.lines)}
        return {indices[value]: name for value, name in failed}


class _Reports:
    """What the cluster says of messages; it is called from `poll` and `flush`."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.acknowledged = 0
        self.given_up: list[tuple[bytes, str]] = []  # value, name of the error
        self.trouble = ""

    def delivered(self, error: Any, message: Any) -> None:
        if error is None:
            self.acknowledged += 1
        else:
            self.given_up.append((message.value(), error.name()))

    def failed(self, error: Any) -> None:
        self.trouble = _ERRORS.get(error.name(), error.name())


_ERRORS = {  # librdkafka's names begin with an underscore
    "_ALL_BROKERS_DOWN": "no broker can be reached",
    "_TRANSPORT": "no broker can be reached",
    "_RESOLVE": "its name leads to no address",
    "_AUTHENTICATION": "the user or the password is wrong",
    "_SSL": "no connection by TLS",
    "_TIMED_OUT": "it does not answer in time",
}


def _told(error: BaseException) -> str:
    """Name what is wrong with the configuration or the cluster; the text of librdkafka may hold values of options."""
    found = error.args[0] if error.args else None
    name = getattr(found, "name", None)
    return _ERRORS.get(name(), name()) if callable(name) else "an option cannot be used"


def _parsed_head(line: bytes, journal: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Return schema id, version, event id and key."""
    event = orjson.loads(line)
    owner = event.get("__subject__") or event.get("__source__")
    texts = (event["__schema__"], event["__schema_version__"], event["__id__"])
    schema_id, version, event_id = (str(each).encode() for each in texts)
    return schema_id, version, event_id, journal if owner is None else str(owner).encode()


def _parsed(what: str, given: Mapping[str, Any] | str | None) -> dict[str, Any]:
    try:
        return dict(orjson.loads(given) if isinstance(given, str) else given or {})
    except (ValueError, TypeError):
        raise ConfigurationError(
            f'KafkaSink: {what} is a dict, or a text such as {{"security.protocol": "SSL"}}'
        ) from None


def _open_options(options: dict[str, Any]) -> dict[str, Any]:
    for name in options:
        if any(part in name for part in SECRET):
            raise ConfigurationError(f"KafkaSink: {name} may be secret: give it in a file, by secret_files")
    return options
