"""How fast sinks are that keep a connection, beside their libraries' own best loop: `python -m bench.streams NAME`.

NAME is http, otlp, kafka or postgresql. The destination runs as a process of its own on this machine; both are measured
in turn, round by round, over the same events, in batches as the sink likes them. CPU seconds are those of this process.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from jupyter_telemetry.envelope import Envelope
from jupyter_telemetry.shipping import Batch

from .event import EVENT, SCHEMA, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVENTS = 100_000
ROUNDS = 5


class Speed(NamedTuple):
    """Events a second, by the clock on the wall and by that of the CPU."""

    per_s: float
    per_cpu_s: float


def batches(limits: Any, events: int = EVENTS) -> list[Batch]:
    """Return fresh events in batches as a sink likes them."""
    envelope = Envelope(SCHEMA["$id"], VERSION)
    lines = [orjson.dumps(envelope.seal(EVENT)) + b"\n" for _ in range(events)]
    in_one = min(limits.events, limits.size // len(lines[0]))
    return [Batch(lines[start : start + in_one], journal="bench") for start in range(0, events, in_one)]


def measured(work: Callable[[], None], events: int) -> Speed:
    """Do the work; return how fast it was."""
    started, cpu = time.perf_counter(), time.process_time()
    work()
    return Speed(events / (time.perf_counter() - started), events / (time.process_time() - cpu))


@contextmanager
def http(directory: Path) -> Iterator[tuple[Any, Callable[[list[Batch]], Callable[[], None]]]]:
    """A web server that keeps CloudEvents in SQLite; httpx, posting the same bodies, made before."""
    import httpx

    from jupyter_telemetry.sinks.cloudevents import CONTENT_TYPE, CloudEvents
    from jupyter_telemetry.sinks.endpoint import compressor
    from jupyter_telemetry.sinks.http import HTTPSink

    running = import_module("tests.sinks.running")
    port = running.free_port()
    program = running.Program("web_server.py", directory, port)
    program.start()
    url = f"http://127.0.0.1:{port}/in"
    client = httpx.Client(headers={"Content-Type": CONTENT_TYPE, "Content-Encoding": "gzip"})
    _, compress = compressor("", "gzip")

    def library(given: list[Batch]) -> Callable[[], None]:
        bodies = [compress(CloudEvents("bench").batch(batch.lines)) for batch in given]

        def post() -> None:
            for body in bodies:
                client.post(url, content=body).raise_for_status()

        return post

    try:
        yield HTTPSink(url), library
    finally:
        client.close()
        program.kill()


@contextmanager
def otlp(directory: Path) -> Iterator[tuple[Any, Callable[[list[Batch]], Callable[[], None]]]]:
    """rotel, which passes on to nobody; OpenTelemetry's exporter, with the same events as its own log records."""
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import ReadableLogRecord

    from jupyter_telemetry.sinks.otlp import OTLPSink

    running = import_module("tests.sinks.test_otlp")
    collector = running.Collector(directory)
    collector.start()
    url = f"http://127.0.0.1:{collector.port}/v1/logs"
    exporter = OTLPLogExporter(url, compression=Compression.Gzip)

    def library(given: list[Batch]) -> Callable[[], None]:
        records = [[_log_record(event) for event in batch.events] for batch in given]

        def export() -> None:
            for batch in records:
                exporter.export(batch)

        return export

    def _log_record(event: dict[str, Any]) -> ReadableLogRecord:
        from opentelemetry._logs import LogRecord, SeverityNumber
        from opentelemetry.sdk.resources import Resource

        record = LogRecord(
            timestamp=time.time_ns(),
            observed_timestamp=time.time_ns(),
            severity_number=SeverityNumber.INFO,
            event_name=event["__schema__"],
            attributes=event,
        )
        return ReadableLogRecord(record, Resource({"service.name": "jupyter"}))

    try:
        yield OTLPSink(url), library
    finally:
        exporter.shutdown()
        collector.kill()


@contextmanager
def kafka(_: Path) -> Iterator[tuple[Any, Callable[[list[Batch]], Callable[[], None]]]]:
    """librdkafka's mock cluster, not Kafka; the same messages, made before, as fast as a producer takes them."""
    import confluent_kafka

    from jupyter_telemetry.sinks.kafka import KafkaSink

    running = import_module("tests.sinks.running")
    program = running.Program("kafka_mock.py", 3)
    program.start()
    counted = [0]

    def count(error: Any, _: Any) -> None:
        counted[0] += error is None

    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": program.said,
            "enable.idempotence": True,
            "on_delivery": count,
            "compression.type": "lz4",
            "batch.num.messages": 10_000,
            "linger.ms": 5,
        }
    )
    producer.list_topics("direct", timeout=10)

    def library(given: list[Batch]) -> Callable[[], None]:
        messages = [
            [
                (line[:-1], [("event_id", head.event_id), ("schema_id", head.schema_id), ("schema_version", "1")])
                for line, head in zip(batch.lines, batch.heads, strict=True)
            ]
            for batch in given
        ]

        def produce() -> None:
            for batch in messages:
                for value, headers in batch:
                    producer.produce("direct", value, "bench", headers=headers)
                producer.flush()

        return produce

    try:
        yield KafkaSink(program.said, "sink"), library
    finally:
        program.kill()


@contextmanager
def postgresql(_: Path) -> Iterator[tuple[Any, Callable[[list[Batch]], Callable[[], None]]]]:
    """PostgreSQL with fsync; psycopg, with COPY of the same rows, made before, into a stage, and an insert."""
    from jupyter_telemetry.sinks.postgresql import PostgreSQLSink

    running = import_module("tests.sinks.postgresql_server")
    server = running.PostgreSQLServer()
    server.start()
    os.environ["BENCH_PASSWORD"] = running.PASSWORD
    connection = server.connect()
    columns = '(id uuid, "timestamp" timestamptz, schema text, version text, event jsonb)'
    connection.execute(f"create temporary table stage {columns} on commit delete rows")

    def library(given: list[Batch]) -> Callable[[], None]:
        rows = [
            [
                (head.event_id, head.timestamp, head.schema_id, head.version, line.decode())
                for line, head in zip(batch.lines, batch.heads, strict=True)
            ]
            for batch in given
        ]

        def insert() -> None:
            for batch in rows:
                with connection.transaction():
                    with connection.cursor() as cursor, cursor.copy("copy stage from stdin") as copy:
                        for row in batch:
                            copy.write_row(row)
                    connection.execute("insert into telemetry_events select * from stage on conflict do nothing")

        return insert

    try:
        yield PostgreSQLSink(server.url(), password_variable="BENCH_PASSWORD"), library
    finally:
        connection.close()
        server.close()


def main() -> None:
    """Measure one, and print it."""
    contest = {"http": http, "otlp": otlp, "kafka": kafka, "postgresql": postgresql}[sys.argv[1]]
    ours, theirs = [], []
    with TemporaryDirectory() as place, contest(Path(place)) as (sink, library):
        sink.open()
        for _ in range(ROUNDS):
            given = batches(sink.limits)
            ours.append(measured(lambda given=given: [sink.send(batch) for batch in given], EVENTS))
            theirs.append(measured(library(batches(sink.limits)), EVENTS))
        sink.close()
    for name, speeds in (("the sink", ours), ("the library's own loop", theirs)):
        per_s, per_cpu_s = (median(each) for each in zip(*speeds, strict=True))
        print(f"{name:24} {per_s:>10,.0f} events/s {per_cpu_s:>10,.0f} per CPU second")
    ratios = [mine.per_s / other.per_s for mine, other in zip(ours, theirs, strict=True)]
    print(f"{'ratio':24} {median(ratios):>10.2f}")


if __name__ == "__main__":
    main()
