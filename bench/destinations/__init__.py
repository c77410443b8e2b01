"""Where events are shipped to: each destination is a class, and a line in DESTINATIONS.

It runs as a process of its own on this machine, in the very form in which the tests have it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jupyter_telemetry.shipping import Batch, Sink

__all__ = ["DESTINATIONS", "About", "Destination"]


class Destination(Protocol):
    """A destination that is made with an empty directory, and holds nothing yet when it is started."""

    def __init__(self, directory: Path) -> None: ...

    def start(self) -> None:
        """Start it; return when it can be had."""

    def stop(self) -> None:
        """Stop it, whether or not it was started."""

    def sink(self) -> Sink:
        """Make a sink to it, set up as the guide to it has it."""

    def loop(self, batches: Sequence[Batch]) -> Callable[[], None]:
        """Return what sends the same events as fast as the library can; what it makes of them before is not timed."""

    def at_rest(self) -> int | None:
        """Count the events that it holds; None if it does not tell."""


class About(NamedTuple):
    """What is said of a destination, and what was promised of it."""

    where: str  # its class, as "module:class"
    label: str
    keeps: str  # what runs there, and what it does with an event
    loop: str  # the library's own best loop
    choice: str  # whom it is for
    target: int  # events a second

    def make(self, directory: Path) -> Destination:
        """Make it."""
        module, _, name = self.where.partition(":")
        made: Destination = getattr(import_module(f".{module}", __package__), name)(directory)
        return made


DESTINATIONS = {
    "lake": About(
        "lake:Lake",
        "Lake",
        "Parquet files with typed columns in a directory, each event once by its id, on the disk",
        "pyarrow: `read_json` of the text of each batch, and `write_table` into a file, which looks for nothing else",
        "You want to ask questions of years, in any engine, to have events taken away, and to run nothing.",
        150_000,
    ),
    "kafka": About(
        "kafka:Kafka",
        "Kafka",
        "librdkafka's mock cluster, in memory: not Kafka",
        "confluent_kafka: `produce` of each message, made before, and `flush` for each batch",
        "Many are to read along, each at their own pace, and there is a cluster.",
        150_000,
    ),
    "nats": About(
        "nats:NATS",
        "NATS JetStream",
        "one NATS server with a stream on the disk, of which its acknowledgement does not wait for an fsync",
        "nats-py: `publish` of messages of a hundred events, made before, 256 of them at once",
        "Many are to read along, and a cluster is to be small and easy to look after.",
        100_000,
    ),
    "postgresql": About(
        "postgresql:PostgreSQL",
        "PostgreSQL",
        "PostgreSQL as it is installed: a row for each event, once by its id, on the disk when it is acknowledged",
        "psycopg: `COPY` of each batch of rows, made before, into a stage, and `INSERT … ON CONFLICT DO NOTHING`",
        "You want to ask questions in SQL, to have events taken away, and to look after one server.",
        40_000,
    ),
    "otlp": About(
        "web:Collector",
        "OTLP",
        "a collector, rotel, that passes on to nobody",
        "OpenTelemetry's exporter: `export` of each batch of log records, made before",
        "The organisation has a collector, and somebody there keeps what it passes on.",
        30_000,
    ),
    "http": About(
        "web:WebServer",
        "HTTP",
        "a web server in Python that keeps each event by its id, in SQLite",
        "httpx: `post` of each batch of CloudEvents, made before, gzipped",
        "You write the receiving side yourself.",
        50_000,
    ),
}
