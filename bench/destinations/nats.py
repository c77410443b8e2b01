"""One NATS server, with JetStream on the disk."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jupyter_telemetry.shipping import Batch, Sink

__all__ = ["NATS"]

SUBJECT = "telemetry.bench"
IN_MESSAGE = 100  # events
AT_ONCE = 256  # messages that wait for their acknowledgement


class NATS:
    """A server of its own, and the stream that the sink makes."""

    def __init__(self, directory: Path) -> None:
        self._servers = import_module("tests.sinks.nats_servers").NATSServers(directory)

    def start(self) -> None:
        """Start it; the stream is there afterwards."""
        self._servers.start()
        sink = self.sink()
        sink.open()
        sink.close()

    def stop(self) -> None:
        """Kill it."""
        self._servers.kill()

    def sink(self) -> Sink:
        """Make a sink."""
        from jupyter_telemetry.sinks.nats import NATSSink

        return NATSSink(self._servers.url())

    def loop(self, batches: Sequence[Batch]) -> Callable[[], None]:
        """Publish what is made before."""
        import nats

        messages = [
            [
                (batch.ids[start], b"".join(batch.lines[start : start + IN_MESSAGE]))
                for start in range(0, len(batch), IN_MESSAGE)
            ]
            for batch in batches
        ]

        async def publish() -> None:
            connection = await nats.connect(self._servers.url())
            context = connection.jetstream(timeout=30)
            for batch in messages:
                for start in range(0, len(batch), AT_ONCE):
                    some = batch[start : start + AT_ONCE]
                    await asyncio.gather(
                        *(context.publish(SUBJECT, lines, headers={"Nats-Msg-Id": first}) for first, lines in some)
                    )
            await connection.close()

        return lambda: asyncio.run(publish())

    def at_rest(self) -> int:
        """Count the lines of its messages."""
        return sum(message.data.count(b"\n") for message in self._servers.messages())
