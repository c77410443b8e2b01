"""Journals for reports: recorded by an EventLog, at times of our choice."""

from __future__ import annotations

import json
import math
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jupyter_server
import yaml

from jupyter_telemetry import EventLog
from jupyter_telemetry.journal import JournalHandler

_SCHEMAS = Path(jupyter_server.__file__).parent / "event_schemas"
CONTENTS, KERNELS = (
    yaml.safe_load((_SCHEMAS / name / "v1.yaml").read_text("utf-8")) for name in ("contents_service", "kernel_actions")
)
COMMAND = {
    "$id": "https://example.org/command",
    "version": 1,
    "title": "Command",
    "type": "object",
    "properties": {
        "command": {"type": "string"},
        "user": {"type": "object", "properties": {"role": {"type": "string"}, "id": {"type": "string"}}},
        "trusted": {"type": "boolean"},
        "code": {"type": "integer"},
        "elapsed": {"type": "number"},
        "session_id": {"type": "string"},
    },
}
COMMAND_VIEW, CONTENTS_VIEW, KERNELS_VIEW = (
    "example_org_command_v1",
    "jupyter_server_contents_service_v1",
    "jupyter_server_kernel_actions_v1",
)
MONDAY = datetime(2026, 11, 2, tzinfo=timezone.utc)  # midnight
NOW = MONDAY + timedelta(days=28)

HOSTILE = (
    "</script><img src=x onerror=alert(1)>.ipynb",
    "<svg onload=alert(2)>",
    "\x1b]0;owned\x07\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    '=HYPERLINK("http://evil.example","click")',
    "{{ 7 * 7 }}{% raw %}",
    '"><style>*{display:none}</style>',
    "a" * 5000,
    "العربية",
)


class Recorder:
    """Records into a journal, at any time. A context manager."""

    def __init__(self, directory: Path, *schemas: dict[str, Any]) -> None:
        schemas = schemas or (CONTENTS, KERNELS, COMMAND)
        self._log = EventLog(
            handlers=[JournalHandler(directory)],
            allowed_schemas={schema["$id"]: {"allowed_categories": ["personal-data"]} for schema in schemas},
        )
        for schema in schemas:
            self._log.register_schema(schema)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        handlers = self._log.handlers
        self._log.close()
        for handler in handlers:
            handler.close()

    def record(self, schema: dict[str, Any], at: datetime, **properties: Any) -> None:
        assert self._log.record_event(schema["$id"], schema["version"], properties, timestamp_override=at)

    def save(self, at: datetime, path: str = "a.ipynb", action: str = "save") -> None:
        self.record(CONTENTS, at, action=action, path=path)

    def kernel(self, at: datetime, action: str, kernel_id: str | None = "k1", status: str = "success") -> None:
        properties = {"action": action, "status": status, "msg": "…", "kernel_name": "python3"}
        self.record(KERNELS, at, **properties, **({} if kernel_id is None else {"kernel_id": kernel_id}))

    def command(self, at: datetime, **properties: Any) -> None:
        self.record(COMMAND, at, **properties)


def office_month(directory: Path) -> Path:
    """Record four weeks of an office: busy on weekdays, with kernels of all lives, and with hostile names."""
    chance = random.Random(7)
    with Recorder(directory) as recorder:
        for moment in _office_hours(chance, 900):
            action = chance.choices(["get", "save", "rename", "delete"], [60, 30, 6, 4])[0]
            recorder.save(moment, f"work/{chance.choice('abcdefghijklmnopqrstuvwxyz' * 2)}{action}.ipynb", action)
        for number, moment in enumerate(_office_hours(chance, 60)):
            _live(recorder, chance, f"{number:08x}-0000-4000-8000-{chance.getrandbits(48):012x}", moment)
        for moment in _office_hours(chance, 180):
            command = chance.choices(["docmanager:save", "notebook:run-cell", *HOSTILE], [60, 40, *[6] * len(HOSTILE)])[
                0
            ]
            role = chance.choice(["student", "teacher"])
            recorder.command(moment, command=command, user={"role": role, "id": str(chance.random())}, code=200)
    return directory


def _office_hours(chance: random.Random, count: int) -> list[datetime]:
    moments: list[datetime] = []
    while len(moments) < count:
        moment = MONDAY + timedelta(seconds=chance.uniform(0, 27.9 * 86400))
        weight = math.exp(-(((moment.hour - 13) / 3.5) ** 2)) * (0.1 if moment.weekday() > 4 else 1)
        if chance.random() < weight:
            moments.append(moment)
    return sorted(moments)


def _live(recorder: Recorder, chance: random.Random, kernel_id: str, start: datetime) -> None:
    life = timedelta(seconds=min(chance.lognormvariate(7, 2), 200_000))
    recorder.kernel(start, "start", kernel_id)
    if chance.random() < 0.3:
        recorder.kernel(start + life / 3, "restart", kernel_id)
    if chance.random() < 0.3:
        recorder.kernel(start + life / 2, "interrupt", kernel_id)
    if chance.random() < 0.9 and start + life < NOW:
        recorder.kernel(start + life, "shutdown", kernel_id)


def lines_of(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(directory.glob("*.jsonl")) for line in path.read_bytes().splitlines()]
