"""librdkafka's own mock of a cluster, which speaks Kafka's protocol, and is not Kafka."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jupyter_telemetry.shipping import Batch, Sink

__all__ = ["Kafka", "producer"]

TOPIC = "events"
HEADERS = ("event_id", "schema_id", "schema_version")
BROKERS = 3
TIMEOUT_S = 30.0


def producer(servers: str, **options: Any) -> Any:
    """Make a producer of confluent_kafka's, set up for many messages; the topic is there afterwards."""
    import confluent_kafka

    made = confluent_kafka.Producer(
        {
            "bootstrap.servers": servers,
            "enable.idempotence": True,
            "compression.type": "lz4",
            "batch.num.messages": 10_000,
            "linger.ms": 5,
            **options,
        }
    )
    made.list_topics(TOPIC, timeout=TIMEOUT_S)
    return made


class Kafka:
    """A mock cluster of three brokers."""

    def __init__(self, _: Path) -> None:
        self._program = import_module("tests.sinks.running").Program("kafka_mock.py", BROKERS)

    def start(self) -> None:
        """Start it."""
        self._program.start()

    def stop(self) -> None:
        """Kill it."""
        self._program.kill()

    @property
    def servers(self) -> str:
        """Where it listens."""
        return str(self._program.said)

    def sink(self) -> Sink:
        """Make a sink."""
        from jupyter_telemetry.sinks.kafka import KafkaSink

        return KafkaSink(self.servers, TOPIC)

    def loop(self, batches: Sequence[Batch]) -> Callable[[], None]:
        """Produce what is made before."""
        messages = [
            [
                (line[:-1], list(zip(HEADERS, (head.event_id, head.schema_id, head.version), strict=True)))
                for line, head in zip(batch.lines, batch.heads, strict=True)
            ]
            for batch in batches
        ]

        def produce() -> None:
            made = producer(self.servers)
            for batch in messages:
                for value, headers in batch:
                    made.produce(TOPIC, value, "bench", headers=headers)
                made.flush()

        return produce

    def at_rest(self) -> int:
        """Count messages: what its partitions end at."""
        import confluent_kafka

        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.servers, "group.id": "bench"})
        try:
            partitions = consumer.list_topics(TOPIC, timeout=TIMEOUT_S).topics[TOPIC].partitions
            found = 0
            for number in partitions:
                where = confluent_kafka.TopicPartition(TOPIC, number)
                _, end = consumer.get_watermark_offsets(where, timeout=TIMEOUT_S)
                found += end
            return found
        finally:
            consumer.close()
