"""Who runs against whom."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from .destinations import DESTINATIONS

if TYPE_CHECKING:
    from .subjects import Maker

__all__ = ["ABOVE_THE_FLOOR", "CALLERS", "CONTESTS", "LEVELS", "OLD", "RECORDING", "SHIPPING", "Contest"]

OLD = "0.1.0"


class Contest(NamedTuple):
    """What one worker process measures.

    contenders: name → where its maker stands, as "module:maker", or as "module:function:argument:…" what makes the
        maker; the first one's time is pyperf's value.
    slices: into how many parts a value is cut. pace: see interleave.
    values: of each round; warmups: values that are thrown away.
    min_time_s: what pyperf calibrates the loops to; loops: without calibration.
    python: "own", or that of the environment of 0.1.0.
    """

    contenders: dict[str, str]
    slices: int = 20
    pace: tuple[int, int] = (200, 2000)
    values: int = 3
    warmups: int = 1
    min_time_s: float = 0.1
    loops: int = 0
    python: str = "own"

    @property
    def first(self) -> str:
        """The contender that sets the pace."""
        return next(iter(self.contenders))

    def makers(self) -> dict[str, Maker]:
        """Import what makes the contenders."""
        found = {}
        for name, where in self.contenders.items():
            module, maker, *arguments = where.split(":")
            made = getattr(import_module(f".{module}", __package__), maker)
            found[name] = made(*arguments) if arguments else made
        return found


def _above_the_floor(where: str, floor: str = "floor:floor", python: str = "own", loops: int = 0) -> Contest:
    return Contest({"subject": where, "floor": floor}, python=python, loops=loops)


ABOVE_THE_FLOOR = {
    "journal": _above_the_floor("ours:journal"),
    "journal, filtered": _above_the_floor("ours:journal_filtered", "floor:floor_classified"),
    "journal, model": _above_the_floor("ours:journal_model"),
    "FileHandler": _above_the_floor("ours:file_handler"),
    "FileHandler, filtered": _above_the_floor("ours:file_handler_filtered", "floor:floor_classified"),
    "not allowed": _above_the_floor("ours:not_allowed"),
    "structlog": _above_the_floor("peers:structlog"),
    "stdlib": _above_the_floor("peers:stdlib"),
    "opentelemetry": _above_the_floor("peers:opentelemetry"),
    "jupyter_events": _above_the_floor("peers:jupyter_events"),
    OLD: _above_the_floor("peers:telemetry_0_1_0", python=OLD),
}

RECORDING = {
    **ABOVE_THE_FLOOR,
    "schemas": Contest({"1": "ours:journal", "1000": "ours:many_schemas"}, loops=8192),
    "schemas in turn": Contest({"1": "ours:journal", "1000": "ours:many_schemas_in_turn"}, loops=8192),
    "durability: memory": Contest({"memory": "ours:journal_memory", "process": "ours:journal"}),
    "durability: disk": Contest(
        {"disk": "ours:journal_disk", "process": "ours:journal"}, slices=4, pace=(200, 2000), values=2, loops=200
    ),
    "asked": Contest({"asked": "ours:journal_asked", "not asked": "ours:journal"}),
    "filter": Contest({"filtered": "ours:journal_filtered", "whole": "ours:journal"}),
    "pseudonym": Contest({"pseudonym": "ours:journal_pseudonym", "null": "ours:journal_filtered"}),
    "policy": Contest({"policy": "ours:policy_of_many_properties"}, pace=(1, 1), values=5, loops=1),
    "threads": Contest(
        {"4": "many:four_threads", "4, locked": "many:four_threads_locked", "1": "many:one_thread"},
        slices=4,
        pace=(1, 1_000_000),
        loops=40_000,
    ),
    "processes": Contest(
        {"4": "many:four_processes", "1": "many:one_process"},
        slices=4,
        pace=(1, 1_000_000),
        values=2,
        loops=40_000,
    ),
    "startup": Contest(
        {"ours": "startup:our_start", "jupyter_events": "startup:jupyter_events_start"},
        pace=(1, 1),
        values=2,
        loops=1,
    ),
    "query": Contest({"ours": "query:our_query", "duckdb": "query:duckdb_reader"}, pace=(1, 1), values=2, loops=1),
}

CALLERS = {
    "memory": _above_the_floor("ours:journal_at:memory"),
    "process": _above_the_floor("ours:journal_at:process"),
    "disk": Contest(
        {"subject": "ours:journal_at:disk", "floor": "floor:floor", "lasting": "floor:floor_lasting"},
        slices=5,
        pace=(16, 2000),
    ),
    "QueueListener": _above_the_floor("peers:queue_listener"),
    "BatchLogRecordProcessor": _above_the_floor("peers:opentelemetry_exporting", loops=8192),
    "produce": _above_the_floor("peers:kafka_produce", loops=50_000),
    "INSERT": Contest(
        {"subject": "peers:postgresql_insert", "floor": "floor:floor"}, slices=5, values=1, warmups=0, loops=250
    ),
}

_AT_ONCE = (1, 10_000_000)
LEVELS = {"memory": 20_000, "process": 20_000, "disk": 1_000}
"""Of durability, and how many single calls are looked at."""
_CARRIED = 200_000

SHIPPING = {
    **CALLERS,
    **{
        f"calls, {level}": Contest(
            {state: f"calls:calls:{level}:{state}" for state in ("none", "up", "slow", "dead")},
            slices=4,
            pace=_AT_ONCE,
            values=1,
            warmups=0,
            loops=loops,
        )
        for level, loops in LEVELS.items()
    },
    **{
        f"to {name}": Contest(
            {"shipper": f"carriage:shipper:{name}", "loop": f"carriage:loop:{name}"},
            slices=2,
            pace=_AT_ONCE,
            values=1,
            loops=_CARRIED,
        )
        for name in DESTINATIONS
    },
    "reading": Contest(
        {"many": "reading:many", "few": "reading:few"}, slices=1, pace=(1, 1), values=1, warmups=0, loops=1
    ),
    "lake query": Contest(
        {"ours": "query:our_lake_query", "duckdb": "query:duckdb_lake_reader"}, pace=(1, 1), values=2, loops=1
    ),
}

CONTESTS = {**RECORDING, **SHIPPING}
