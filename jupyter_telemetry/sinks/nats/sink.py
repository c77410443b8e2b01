"""NATS JetStream: a stream with a subject for each journal, in which each event is once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import random
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from ...errors import ConfigurationError, MissingExtra
from ...journal.line import time_of
from ...shipping.sink import BatchLimits, CannotErase, Receipt, SinkError, TooLarge, Unavailable
from ..eventloop import EventLoop, take_note
from .access import Access, token
from .history import History, range_of
from .stream import IDS, JetStream, Problem, stream_config, unfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...shipping.batch import Batch

__all__ = ["NATSSink"]

EVENTS_IN_MESSAGE = 100
MESSAGE_BYTES = 256 * 1024  # as long as it holds several events
HEADER_BYTES = 4096  # of a message, at most; the server counts them as payload
WINDOW = 256  # messages that wait for their acknowledgement

OPEN_TIMEOUT_S = 14.0
CONNECT_TIMEOUT_S = 3.0  # to each server
SEND_TIMEOUT_S = 44.0  # with the one above, within a minute
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
    access: who ships: the other arguments of Access, such as `user` and `password_file`.

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
        **access: Any,
    ) -> None:
        try:
            import nats.aio.client
        except ImportError:
            raise MissingExtra("the sink nats", "nats") from None
        self._nats = nats
        self._access = Access(to, **access)
        if stream and self._access.stream and stream != self._access.stream:
            raise ConfigurationError("sink nats: the URL names one stream, and the option stream another")
        self._stream = token("stream", stream or self._access.stream or "TELEMETRY")
        self._prefix = ".".join(token("prefix", part) for part in str(prefix).split("."))
        self._domain = None if domain is None else token("domain", domain)
        self._config = stream_config(self._stream, self._prefix, replicas, duplicate_window_s, max_age_s)
        self.name = f"nats://{self._access.hosts}/{self._stream}/{self._prefix}"
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
        if self._connection is not None and self._connection.is_closed:
            self.open()  # servers come and go while nothing is sent
        try:
            receipt: Receipt = self._run(self._while_connected(batch), SEND_TIMEOUT_S)
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

    def abandon(self) -> None:
        """In the child of a fork: forget the parent's connection, without a word on it."""
        loop, self._loop = self._loop, None
        self._connection = self._jetstream = None
        self._histories.clear()
        if loop is not None:
            loop.abandon()

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
        return {
            "name": "jupyter_telemetry",
            "error_cb": self._hear,
            "disconnected_cb": self._disconnected,
            "ping_interval": 20,
            "allow_reconnect": False,  # with what was under way a new connection begins anew
            "max_reconnect_attempts": 1,
            "reconnect_time_wait": 0.1,
            **self._access.options(),
        }

    async def _hear(self, error: Exception) -> None:
        if isinstance(error, self._nats.errors.Error):
            self._said = str(error)
        elif not self._said:  # what a server says tells more than how it hangs up afterwards
            self._said = type(error).__name__

    async def _disconnected(self) -> None:
        if self._cut is not None and not self._cut.done():
            self._cut.set_result(None)

    async def _while_connected(self, batch: Batch) -> Receipt:
        """Send it; do not wait for answers that cannot come any more. Raises ConnectionError."""
        doing = asyncio.ensure_future(self._send(batch))
        doing.add_done_callback(take_note)
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
        self._connection = await self._connected(options)
        self._jetstream = JetStream(self._connection, self._stream, self._domain)
        config = await self._stream_there()
        if why := unfit(config, self._config):
            raise ConfigurationError(f"{self.name}: the stream {self._stream} {why}")
        largest = [self._connection.max_payload, config.get("max_msg_size", -1)]
        self._largest = min(size for size in largest if size > 0) - HEADER_BYTES
        if self._largest <= 0:
            raise ConfigurationError(f"{self.name}: messages must be allowed more than {HEADER_BYTES} bytes")

    async def _connected(self, options: dict[str, Any]) -> Any:
        """Return a client that is connected to any of the servers. Raises what the last one met."""
        self._said = ""
        for server in random.sample(self._access.servers, len(self._access.servers)):
            client = self._nats.aio.client.Client()
            try:
                await asyncio.wait_for(client.connect(servers=[server], **options), CONNECT_TIMEOUT_S)
            except (self._nats.errors.Error, OSError, asyncio.TimeoutError) as error:
                failure = error
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(client.close(), CLOSE_TIMEOUT_S)
            else:
                self._said = ""
                return client
        raise failure

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
        subject = f"{self._prefix}.{token('journal', batch.journal or 'none')}"
        history = await self._history(subject, anew=batch.sent_before)
        messages = list(self._messages(batch, (index for index in range(len(batch)) if index not in refused)))
        if history.last and (held := await history.held(batch.ids, _earliest(batch) - CLOCKS_S)):
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


def _earliest(batch: Batch) -> float:
    """Return when the first of the events was recorded, in seconds since the epoch; 0 if their ids do not tell."""
    times = [time_of(event_id.encode()) for event_id in batch.ids]
    return min((0.0 if at is None else at for at in times), default=0.0)


def _message(batch: Batch, indices: Sequence[int]) -> Message:
    payload = b"".join(batch.lines[index] for index in indices)
    ids = [batch.ids[index] for index in indices]
    kinds = {batch.heads[index][1:3] for index in indices}
    headers = {
        "Nats-Msg-Id": hashlib.sha256(payload).hexdigest()[:32],
        "Content-Type": "application/x-ndjson",
        IDS: range_of(ids),
        "Telemetry-Schemas": " ".join(
            f"{quote(schema, safe=':/')};{quote(version)}" for schema, version in sorted(kinds)
        ),
    }
    return Message(tuple(indices), payload, {name: text for name, text in headers.items() if 0 < len(text) <= 2048})
