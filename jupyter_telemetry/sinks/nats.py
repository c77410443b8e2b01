"""NATS JetStream: a stream with a subject for each journal, in which each event is once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import ssl
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from ..errors import ConfigurationError, MissingExtra
from ..journal.line import time_of
from ..shipping.sink import BatchLimits, CannotErase, Receipt, SinkError, TooLarge, Unavailable
from .eventloop import EventLoop
from .nats_history import IDS, History, JetStream, Problem, range_of
from .secret import Secret, without_secrets

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator, Sequence

    from ..shipping.batch import Batch

__all__ = ["NATSSink"]

EVENTS_IN_MESSAGE = 100
MESSAGE_BYTES = 256 * 1024  # as long as it holds several events
HEADER_BYTES = 4096  # of a message, at most; the server counts them as payload
WINDOW = 256  # messages that wait for their acknowledgement

OPEN_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 10.0  # for all servers together
SEND_TIMEOUT_S = 45.0
ACK_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 0.5
CLOCKS_S = 3600.0  # by how much the clock of the servers may be behind the one of those who record

NO_STREAM, NAME_IN_USE, TOO_LARGE, OTHERS_WROTE = 10059, 10058, 10054, (10071, 10164)


class Message(NamedTuple):
    """Some events of a batch, as they are published."""

    indices: tuple[int, ...]
    payload: bytes  # their lines
    headers: dict[str, str]


class NATSSink:
    """Events as NDJSON, about a hundred a message, on the subject `<prefix>.<journal>` of a stream.

    Parameters
    ----------
    to: servers, and if you like the stream: `nats://one:4222,two:4222,three:4222/TELEMETRY`; `tls://…` for TLS.
    stream, prefix: of the subjects. The stream is made where it is missing.
    replicas, duplicate_window_s, max_age_s: of a stream that is made; one that is there with fewer replicas is refused.
    domain: of JetStream, behind a leaf node.
    user, password_file, password_variable, token_file, token_variable, nkey_file, credentials_file: who ships.
    ca_file, client_certificate_file, client_key_file: PEM files: whom to trust, who we are (mTLS).

    Raises ConfigurationError, MissingExtra.
    """

    limits = BatchLimits(20_000, 8 * 1024**2, 5.0)
    erases = False

    def __init__(
        self,
        to: str = "nats://127.0.0.1:4222",
        *,
        stream: str | None = None,
        prefix: str = "telemetry",
        replicas: int = 1,
        duplicate_window_s: float = 120.0,
        max_age_s: float = 0.0,
        domain: str | None = None,
        user: str | None = None,
        password_file: str | None = None,
        password_variable: str | None = None,
        token_file: str | None = None,
        token_variable: str | None = None,
        nkey_file: str | None = None,
        credentials_file: str | None = None,
        ca_file: str | None = None,
        client_certificate_file: str | None = None,
        client_key_file: str | None = None,
    ) -> None:
        try:
            import nats.aio.client
        except ImportError:
            raise MissingExtra("the sink nats", "nats") from None
        self._nats = nats
        self._servers, in_url = _servers(to)
        if stream and in_url and stream != in_url:
            raise ConfigurationError("sink nats: the URL names one stream, and the option stream another")
        self._stream = _token("stream", stream or in_url or "TELEMETRY")
        self._prefix = ".".join(_token("prefix", part) for part in str(prefix).split("."))
        self._domain = None if domain is None else _token("domain", domain)
        self._config = _stream_config(self._stream, self._prefix, replicas, duplicate_window_s, max_age_s)
        self._user = user
        self._password = Secret("password", file=password_file, variable=password_variable)
        self._token = Secret("token", file=token_file, variable=token_variable)
        self._keys = {"nkeys_seed": nkey_file, "user_credentials": credentials_file}
        if nkey_file or credentials_file:
            _need_nkeys()
        self._tls = (ca_file, client_certificate_file, client_key_file)
        hosts = ",".join(server.partition("://")[2] for server in self._servers)
        self.name = f"nats://{hosts}/{self._stream}/{self._prefix}"
        self._loop: EventLoop | None = None
        self._connection: Any = None
        self._said = ""  # by the server or the client, of its own accord
        self._cut: asyncio.Future[None] | None = None  # done when the connection breaks
        self._jetstream: JetStream | None = None
        self._largest = 0
        self._histories: dict[str, History] = {}

    @classmethod
    def from_url(cls, url: str, **options: Any) -> NATSSink:
        """Make one of a URL."""
        return cls(url, **options)

    def __repr__(self) -> str:
        return f"<NATSSink {self.name}>"

    # What a sink does

    def open(self) -> None:
        """Connect, and make the stream or check it. Raises Unavailable, ConfigurationError."""
        if self._connection is not None and not self._connection.is_closed:
            return
        self.close()
        options = self._options()
        self._loop = EventLoop(f"jupyter_telemetry: {self.name}")
        try:
            self._run(self._open(options), OPEN_TIMEOUT_S)
        except BaseException:
            self.close()
            raise

    def send(self, batch: Batch) -> Receipt:
        """Publish what the stream does not hold yet; return when all is acknowledged. Raises Unavailable, Refused."""
        try:
            receipt: Receipt = self._run(self._while_connected(self._send(batch)), SEND_TIMEOUT_S)
        except BaseException:
            self._histories.clear()  # some of it may have arrived
            raise
        return receipt

    def erase(self, ids: Sequence[str]) -> None:
        """Raise CannotErase."""
        raise CannotErase(
            "NATS JetStream deletes whole messages, and each holds many events: they go when they are older than the "
            "stream's max_age"
        )

    def close(self) -> None:
        """Let go of the connection."""
        loop, self._loop = self._loop, None
        connection, self._connection = self._connection, None
        self._jetstream = None
        self._histories.clear()
        if loop is None:
            return
        if connection is not None:
            with contextlib.suppress(Exception):
                loop.run(connection.close(), CLOSE_TIMEOUT_S)
        loop.close()

    # Connecting

    def _run(self, coroutine: Any, timeout_s: float) -> Any:
        """Run it in the loop. Raises what a shipper understands."""
        if self._loop is None:
            coroutine.close()
            raise Unavailable(f"{self.name} is not open")
        try:
            return self._loop.run(coroutine, timeout_s)
        except Problem as problem:
            raise self._meaning(problem) from None
        except EOFError:
            raise Unavailable(f"{self.name}: not all of the servers know yet what was published") from None
        except (self._nats.errors.Error, OSError, ValueError, asyncio.TimeoutError) as error:
            said = f"; it was said: {self._said}" if self._said else ""
            raise Unavailable(f"{self.name}: {type(error).__name__}{said}") from None

    def _meaning(self, problem: Problem) -> SinkError:
        if problem.code == TOO_LARGE:
            return TooLarge(f"JetStream says {problem}")
        if problem.code in OTHERS_WROTE:
            return Unavailable(
                f"{self.name}: another shipper has published on the subject, or the last message is gone"
            )
        return Unavailable(f"{self.name}: JetStream says {problem}")

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "servers": list(self._servers),
            "name": "jupyter_telemetry",
            "error_cb": self._hear,
            "disconnected_cb": self._disconnected,
            "connect_timeout": 3,
            "ping_interval": 20,
            # Beyond that the shipper goes on, which waits longer each time.
            "max_reconnect_attempts": 1,
            "reconnect_time_wait": 0.1,
            "user": self._user,
            "password": self._password.read(),
            "token": self._token.read(),
            **self._keys,
        }
        if any(self._tls) or self._servers[0].startswith("tls://"):
            options["tls"] = _tls(*self._tls)
        return {name: value for name, value in options.items() if value is not None}

    async def _hear(self, error: Exception) -> None:
        self._said = str(error) if isinstance(error, self._nats.errors.Error) else type(error).__name__

    async def _disconnected(self) -> None:
        if self._cut is not None and not self._cut.done():
            self._cut.set_result(None)

    async def _while_connected(self, work: Coroutine[Any, Any, Receipt]) -> Receipt:
        """Do it; do not wait for answers that cannot come any more. Raises ConnectionError."""
        doing = asyncio.ensure_future(work)
        self._cut = asyncio.get_running_loop().create_future()
        try:
            if self._connection.is_connected:
                await asyncio.wait((doing, self._cut), return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise ConnectionError
            return doing.result()
        finally:
            doing.cancel()

    async def _open(self, options: dict[str, Any]) -> None:
        self._said = ""
        self._connection = self._nats.aio.client.Client()
        await asyncio.wait_for(self._connection.connect(**options), CONNECT_TIMEOUT_S)
        self._said = ""
        self._jetstream = JetStream(self._connection, self._stream, self._domain)
        config = await self._stream_there()
        if why := _unfit(config, self._config):
            raise ConfigurationError(f"{self.name}: the stream {self._stream} {why}")
        largest = [self._connection.max_payload, config.get("max_msg_size", -1)]
        self._largest = min(size for size in largest if size > 0) - HEADER_BYTES

    async def _stream_there(self) -> dict[str, Any]:
        assert self._jetstream is not None
        for what, question in (("STREAM.INFO", None), ("STREAM.CREATE", self._config), ("STREAM.INFO", None)):
            try:
                found: dict[str, Any] = (await self._jetstream.ask(what, question))["config"]
            except Problem as problem:
                if problem.code not in (NO_STREAM, NAME_IN_USE):
                    raise
                refused = problem
            else:
                return found
        raise refused

    # Publishing

    async def _send(self, batch: Batch) -> Receipt:
        refused = {
            index: f"the event is larger than the server takes, {self._largest} bytes"
            for index, line in enumerate(batch.lines)
            if len(line) > self._largest
        }
        subject = f"{self._prefix}.{_token('journal', batch.journal or 'none')}"
        history = await self._history(subject, anew=batch.sent_before)
        messages = list(self._messages(batch, (index for index in range(len(batch)) if index not in refused)))
        times = [time_of(event_id.encode()) for event_id in batch.ids]
        since = min((0.0 if at is None else at for at in times), default=0.0) - CLOCKS_S
        if held := await history.held(batch.ids, since):
            messages = list(self._without(held, batch, messages))
        await self._publish(batch, subject, history, messages)
        return Receipt(refused)

    async def _history(self, subject: str, *, anew: bool) -> History:
        """Return what the subject held when this sink first came to it: what came since is its own."""
        history = self._histories.get(subject)
        if history is None or anew:
            assert self._jetstream is not None
            history = History(self._jetstream, subject)
            await history.look()
            self._histories[subject] = history
        return history

    def _messages(self, batch: Batch, indices: Iterable[int]) -> Iterator[Message]:
        """Yield messages of these events: of the same batch, the same ones each time."""
        size = 0
        some: list[int] = []
        for index in indices:
            length = len(batch.lines[index])
            if some and (len(some) == EVENTS_IN_MESSAGE or size + length > min(MESSAGE_BYTES, self._largest)):
                yield _message(batch, some)
                size, some = 0, []
            some.append(index)
            size += length
        if some:
            yield _message(batch, some)

    def _without(self, held: set[str], batch: Batch, messages: list[Message]) -> Iterator[Message]:
        """Yield what is lacking. A message of which nothing is there stays what it is: the servers may know its id."""
        for message in messages:
            lacking = [index for index in message.indices if batch.ids[index] not in held]
            if len(lacking) == len(message.indices):
                yield message
            else:
                yield from self._messages(batch, lacking)

    async def _publish(self, batch: Batch, subject: str, history: History, messages: list[Message]) -> None:
        """Publish in order; the first one only if nobody else has published on the subject meanwhile."""
        is_known = True
        first, rest = messages[:1], messages[1:]
        for some in (first, *(rest[start : start + WINDOW] for start in range(0, len(rest), WINDOW))):
            batch.check()
            fence = {"Nats-Expected-Last-Subject-Sequence": str(history.last)} if some is first else {}
            tasks = [self._publish_one(subject, message, fence) for message in some]
            for answer in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(answer, BaseException):
                    raise answer
                history.last = max(history.last, answer["seq"])
                is_known = is_known and not answer.get("duplicate", False)
        if not is_known:
            del self._histories[subject]  # a duplicate's sequence may be any, and the last one is needed

    async def _publish_one(self, subject: str, message: Message, fence: dict[str, str]) -> dict[str, Any]:
        headers = {**message.headers, "Nats-Expected-Stream": self._stream, **fence}
        reply = await self._connection.request(subject, message.payload, timeout=ACK_TIMEOUT_S, headers=headers)
        answer: dict[str, Any] = json.loads(reply.data)
        if "error" in answer:
            raise Problem(answer["error"])
        return answer


def _message(batch: Batch, indices: Sequence[int]) -> Message:
    payload = b"".join(batch.lines[index] for index in indices)
    ids = [batch.ids[index] for index in indices]
    kinds = {(batch.heads[index].schema_id, batch.heads[index].version) for index in indices}
    headers = {
        "Nats-Msg-Id": hashlib.sha256(payload).hexdigest()[:32],
        "Content-Type": "application/x-ndjson",
        IDS: range_of(ids),
        "Telemetry-Schemas": " ".join(
            f"{quote(schema, safe=':/')};{quote(version)}" for schema, version in sorted(kinds)
        ),
    }
    return Message(tuple(indices), payload, {name: text for name, text in headers.items() if 0 < len(text) <= 2048})


def _stream_config(
    stream: str, prefix: str, replicas: int, duplicate_window_s: float, max_age_s: float
) -> dict[str, Any]:
    if not isinstance(replicas, int) or not 1 <= replicas <= 5:
        raise ConfigurationError("sink nats: replicas must be 1 to 5")
    for name, seconds in (("duplicate_window_s", duplicate_window_s), ("max_age_s", max_age_s)):
        if not isinstance(seconds, (int, float)) or seconds < 0:
            raise ConfigurationError(f"sink nats: {name} must be a number of seconds")
    if max_age_s:
        duplicate_window_s = min(duplicate_window_s, max_age_s)
    return {
        "name": stream,
        "description": "Events of jupyter_telemetry",
        "subjects": [f"{prefix}.*"],
        "storage": "file",
        "retention": "limits",
        "num_replicas": replicas,
        "duplicate_window": int(duplicate_window_s * 1e9),
        "max_age": int(max_age_s * 1e9),
    }


def _unfit(there: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Say why a stream does not do; "" if it does."""
    if there.get("storage") != "file":
        return "keeps its messages in memory: they would be gone with the servers"
    if there.get("retention", "limits") != "limits":
        return "deletes what was read (its retention is not limits)"
    if there.get("no_ack"):
        return "acknowledges nothing (no_ack)"
    if there.get("num_replicas", 1) < wanted["num_replicas"]:
        return f"has {there.get('num_replicas', 1)} replicas, not {wanted['num_replicas']}"
    (subject,) = wanted["subjects"]
    if not any(_takes_in(each, subject) for each in there.get("subjects", [])):
        return f"does not take the subjects {subject}"
    return ""


def _takes_in(subjects: str, wanted: str) -> bool:
    there, asked = subjects.split("."), wanted.split(".")
    if there[-1] == ">" and len(asked) >= len(there):
        there, asked = there[:-1], asked[: len(there) - 1]
    return len(there) == len(asked) and all(each in ("*", other) for each, other in zip(there, asked, strict=True))


def _servers(to: str) -> tuple[tuple[str, ...], str]:
    """Return the servers' URLs, and the stream that the URL names. Raises ConfigurationError."""
    without_secrets(to, "sink nats")
    scheme, _, rest = to.partition("://")
    hosts, _, stream = rest.partition("/")
    if scheme not in ("nats", "tls") or not hosts or not all(hosts.split(",")):
        raise ConfigurationError('sink nats: the URL must be such as "nats://one:4222,two:4222/TELEMETRY"')
    if "@" in hosts:
        raise ConfigurationError(
            "sink nats: the URL names a user, or holds a token; give user, token_file and the like"
        )
    return tuple(f"{scheme}://{host if ':' in host else f'{host}:4222'}" for host in hosts.split(",")), stream


def _token(what: str, text: str) -> str:
    """Return a part of a subject. Raises ConfigurationError for what would be another one."""
    if not text or not text.isprintable() or set(text) & set(" .*>/\\"):
        raise ConfigurationError(f"sink nats: {what} must have neither blanks nor any of . * > / \\")
    return text


def _tls(ca_file: str | None, certificate_file: str | None, key_file: str | None) -> ssl.SSLContext:
    ca, certificate, key = (each and os.path.expanduser(each) for each in (ca_file, certificate_file, key_file))
    try:
        context = ssl.create_default_context(cafile=ca)
        if certificate:
            context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError too
        raise ConfigurationError(
            f"sink nats: the files of certificates and keys cannot be used: {error.strerror or 'no PEM'}"
        ) from None
    return context


def _need_nkeys() -> None:
    try:
        import nkeys  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        raise MissingExtra("the sink nats with nkey_file or credentials_file", "nats") from None
