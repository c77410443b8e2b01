"""The others, each set up as its own documentation has it, recording the same event to a file.

Each imports what it measures when it is made: 0.1.0 stands in an environment without the rest.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .event import EVENT, SCHEMA, VERSION
from .subjects import Subject, timed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "jupyter_events",
    "kafka_produce",
    "opentelemetry",
    "opentelemetry_exporting",
    "postgresql_insert",
    "queue_listener",
    "stdlib",
    "structlog",
    "telemetry_0_1_0",
]


@contextmanager
def jupyter_events(directory: Path) -> Iterator[Subject]:
    """`emit` of jupyter_events to a FileHandler: validates."""
    from jupyter_events import EventLogger

    handler = logging.FileHandler(directory / "events.log")
    logger = EventLogger(handlers=[handler])
    logger.register_event_schema({**SCHEMA, "version": str(VERSION)})
    schema_id = SCHEMA["$id"]

    def run(times: int) -> None:
        for _ in range(times):
            logger.emit(schema_id=schema_id, data=EVENT)

    yield Subject(run)
    logger.remove_handler(handler)
    handler.close()


@contextmanager
def telemetry_0_1_0(directory: Path) -> Iterator[Subject]:
    """`record_event` of jupyter_telemetry 0.1.0 to a FileHandler: validates; keeps events whole."""
    from importlib.metadata import version

    from jupyter_telemetry.eventlog import EventLog

    if version("jupyter_telemetry") != "0.1.0":
        raise RuntimeError("jupyter_telemetry 0.1.0 is measured in an environment of its own")
    handler = logging.FileHandler(directory / "events.log")
    log: Any = EventLog(handlers=[handler], allowed_schemas=[SCHEMA["$id"]])
    log.register_schema(SCHEMA)
    schema_id = SCHEMA["$id"]

    def run(times: int) -> None:
        record = log.record_event
        for _ in range(times):
            record(schema_id, VERSION, EVENT)

    yield Subject(run)
    log.log.removeHandler(handler)
    handler.close()


@contextmanager
def structlog(directory: Path) -> Iterator[Subject]:
    """structlog with orjson, as its page on performance sets it up: validates nothing."""
    import orjson
    import structlog

    with (directory / "events.log").open("wb") as file:
        structlog.configure(
            cache_logger_on_first_use=True,
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.format_exc_info,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(serializer=orjson.dumps),
            ],
            logger_factory=structlog.BytesLoggerFactory(file=file),
        )
        logger = structlog.get_logger()
        name = SCHEMA["$id"]

        def run(times: int) -> None:
            info = logger.info
            for _ in range(times):
                info(name, **EVENT)

        yield Subject(run)
    structlog.reset_defaults()


@contextmanager
def stdlib(directory: Path) -> Iterator[Subject]:
    """A logger of the standard library, python-json-logger, a FileHandler: validates nothing."""
    from pythonjsonlogger.json import JsonFormatter

    handler = logging.FileHandler(directory / "events.log")
    handler.setFormatter(JsonFormatter("{asctime}{levelname}{message}", style="{"))
    logger = logging.getLogger("bench.stdlib")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    name = SCHEMA["$id"]

    def run(times: int) -> None:
        info = logger.info
        for _ in range(times):
            info(name, extra=EVENT)

    yield Subject(run)
    logger.removeHandler(handler)
    handler.close()


@contextmanager
def opentelemetry(_: Path) -> Iterator[Subject]:
    """OpenTelemetry's SDK logger, a batch processor, an exporter that drops everything: writes nothing."""
    from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult

    class NullExporter(LogRecordExporter):
        def export(self, batch: Any) -> LogRecordExportResult:
            return LogRecordExportResult.SUCCESS

        def force_flush(self, timeout_millis: int = 0) -> bool:
            return True

        def shutdown(self) -> None:
            pass

    with _opentelemetry(NullExporter()) as subject:
        yield subject


@contextmanager
def _opentelemetry(exporter: Any) -> Iterator[Subject]:
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    # What falls out of a full queue is said in a warning per batch; here it would be part of what is measured.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("bench")
    name = SCHEMA["$id"]

    def record(times: int) -> None:
        severity = SeverityNumber.INFO
        for _ in range(times):
            record = LogRecord(timestamp=time.time_ns(), severity_number=severity, event_name=name, attributes=EVENT)
            logger.emit(record)

    yield Subject(timed(record, provider.force_flush), lines_per_call=None)
    provider.shutdown()


@contextmanager
def queue_listener(directory: Path) -> Iterator[Subject]:
    """A QueueHandler of the standard library; a QueueListener's thread formats and writes with python-json-logger."""
    import queue
    from logging.handlers import QueueHandler, QueueListener

    from pythonjsonlogger.json import JsonFormatter

    to_file = logging.FileHandler(directory / "events.log")
    to_file.setFormatter(JsonFormatter("{asctime}{levelname}{message}", style="{"))
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    listener = QueueListener(waiting, to_file)
    handler = QueueHandler(waiting)
    logger = logging.getLogger("bench.queue")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    name = SCHEMA["$id"]
    listener.start()

    def record(times: int) -> None:
        info = logger.info
        for _ in range(times):
            info(name, extra=EVENT)

    def written() -> None:
        while not waiting.empty():
            time.sleep(0.001)

    yield Subject(timed(record, written))
    logger.removeHandler(handler)
    listener.stop()
    to_file.close()


@contextmanager
def opentelemetry_exporting(_: Path) -> Iterator[Subject]:
    """The same with OpenTelemetry's exporter to a web server that takes everything; what finds no room is dropped."""
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

    from .listener import listening

    with listening(0.0) as url, _opentelemetry(OTLPLogExporter(url, compression=Compression.Gzip)) as subject:
        yield subject


@contextmanager
def kafka_produce(directory: Path) -> Iterator[Subject]:
    """`produce` of the event as JSON, to librdkafka's mock cluster: it waits for no acknowledgement."""
    import orjson

    from .destinations.kafka import TOPIC, Kafka, producer

    cluster = Kafka(directory)
    cluster.start()
    try:
        made = producer(cluster.servers)

        def record(times: int) -> None:
            produce, dumps, poll = made.produce, orjson.dumps, made.poll
            for _ in range(times):
                try:
                    produce(TOPIC, dumps(EVENT))
                except BufferError:  # its queue is full
                    poll(0.1)
                    produce(TOPIC, dumps(EVENT))
                poll(0)

        yield Subject(timed(record, made.flush), lines_per_call=None)
    finally:
        cluster.stop()


@contextmanager
def postgresql_insert(directory: Path) -> Iterator[Subject]:
    """`INSERT` of the event as JSONB, by psycopg, a transaction each: it waits for the commit."""
    import uuid

    import orjson

    from .destinations.postgresql import TABLE, PostgreSQL

    server = PostgreSQL(directory)
    server.start()
    try:
        statement = f'insert into {TABLE} (id, "timestamp", schema, version, event) values (%s, now(), %s, %s, %s)'
        with server.connect() as connection:

            def run(times: int) -> None:
                for _ in range(times):
                    row = (uuid.uuid4(), SCHEMA["$id"], str(VERSION), orjson.dumps(EVENT).decode())
                    connection.execute(statement, row)

            yield Subject(run, lines_per_call=None)
    finally:
        server.stop()
