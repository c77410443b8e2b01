"""How large a lake is, of events that are not all the same: of some hundred users, in some thousand notebooks."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from .event import ACTIONS, EVENT, SCHEMA, VERSION

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Size", "lake_size"]

_USERS = 500
_NOTEBOOKS = 5_000
_DAYS = 7
_TAGS = [*EVENT["tags"], "exam", "group work", "plots", "solution", "to be graded"]


class Size(NamedTuple):
    """Bytes of the same events at two places."""

    events: int
    lake: int
    journal: int


def lake_size(directory: Path, events: int) -> Size:
    """Record so many events, of a week, and ship them to a lake."""
    from jupyter_telemetry.journal import JournalHandler
    from jupyter_telemetry.shipping import Shipper
    from jupyter_telemetry.sinks.lake import LakeSink

    from .ours import new_log

    chance = random.Random(2026)  # no secret
    handler = JournalHandler(directory / "journal")
    record = new_log(handler, SCHEMA).record_event
    start, step = datetime(2026, 10, 1, tzinfo=timezone.utc), timedelta(days=_DAYS) / events
    for number in range(events):
        record(SCHEMA["$id"], VERSION, _event(chance), timestamp_override=start + number * step)
    handler.close()
    if not Shipper(directory / "journal", LakeSink(directory / "lake")).ship():
        raise RuntimeError("not all of it came to the lake")
    return Size(events, _bytes(directory / "lake", "*.parquet"), _bytes(directory / "journal", "*.jsonl"))


def _event(chance: random.Random) -> dict[str, Any]:
    user, notebook = chance.randrange(_USERS), chance.randrange(_NOTEBOOKS)
    session = f"{chance.randrange(3) * _USERS + user:016x}"
    return {
        "action": chance.choice(ACTIONS),
        "path": f"courses/2026/statistics/week-{notebook % 15:02}/notebook_{notebook}.ipynb",
        "size": chance.randrange(10**6),
        "origin": {**EVENT["origin"], "session_id": session, "user": f"user-{user}"},
        "tags": chance.sample(_TAGS, chance.randrange(6)),
    }


def _bytes(directory: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in directory.rglob(pattern))
