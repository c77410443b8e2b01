"""What is posted to: a web server that keeps CloudEvents, and a collector of OpenTelemetry's."""

from __future__ import annotations

import sqlite3
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jupyter_telemetry.shipping import Batch, Sink

__all__ = ["Collector", "WebServer"]


class WebServer:
    """The web server of the tests."""

    def __init__(self, directory: Path) -> None:
        self._database = directory / "events.db"
        self._server = import_module("tests.sinks.running").WebServer("web_server.py", directory)

    def start(self) -> None:
        """Start it."""
        self._server.start()

    def stop(self) -> None:
        """Kill it."""
        self._server.kill()

    def sink(self) -> Sink:
        """Make a sink that gzips."""
        from jupyter_telemetry.sinks.http import HTTPSink

        return HTTPSink(self._server.url())

    def loop(self, batches: Sequence[Batch]) -> Callable[[], None]:
        """Post what is made before."""
        import httpx

        from jupyter_telemetry.sinks.cloudevents import CONTENT_TYPE, CloudEvents
        from jupyter_telemetry.sinks.endpoint import compressor

        bodies = [CloudEvents("bench").batch(batch.lines) for batch in batches]
        encoding, compress = compressor("", "gzip")
        headers = {"Content-Type": CONTENT_TYPE, "Content-Encoding": encoding}

        def post() -> None:
            with httpx.Client(headers=headers) as client:
                for body in bodies:
                    client.post(self._server.url(), content=compress(body)).raise_for_status()

        return post

    def at_rest(self) -> int:
        """Count its rows."""
        connection = sqlite3.connect(self._database)
        try:
            (count,) = connection.execute("select count(*) from events").fetchone()
        finally:
            connection.close()
        return int(count)


class Collector:
    """rotel, which passes on to nobody."""

    def __init__(self, directory: Path) -> None:
        self._collector = import_module("tests.sinks.collector").Collector(directory)
        self._url = f"http://127.0.0.1:{self._collector.port}/v1/logs"

    def start(self) -> None:
        """Start it."""
        self._collector.start()

    def stop(self) -> None:
        """Kill it."""
        self._collector.kill()

    def sink(self) -> Sink:
        """Make a sink that gzips."""
        from jupyter_telemetry.sinks.otlp import OTLPSink

        return OTLPSink(self._url)

    def loop(self, batches: Sequence[Batch]) -> Callable[[], None]:
        """Export what is made before."""
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

        records = [list(map(_log_record, batch.events)) for batch in batches]

        def export() -> None:
            exporter = OTLPLogExporter(self._url, compression=Compression.Gzip)
            for batch in records:
                exporter.export(batch)
            exporter.shutdown()

        return export

    def at_rest(self) -> None:
        """Nobody can tell: it answers 200, and drops them."""


def _log_record(event: dict[str, Any]) -> Any:
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.resources import Resource

    record = LogRecord(
        timestamp=time.time_ns(),
        observed_timestamp=time.time_ns(),
        severity_number=SeverityNumber.INFO,
        event_name=event["__schema__"],
        attributes=event,
    )
    return ReadableLogRecord(record, Resource({"service.name": "jupyter"}))
