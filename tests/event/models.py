"""Event models that are recorded: the specification's own, and one with fields of many types."""

from __future__ import annotations

import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from jupyter_telemetry import Event, EventLog

SECRET = "s3cret-value"


class MyEvent(Event):
    """All events must have a name property."""

    _id = "url.to.event.schema"
    _title = "My Event"
    _version = 1

    name: str = Field(..., description="Name of event")


def log_of(*models, **traits):
    log = EventLog(allowed_schemas=[model._id for model in models], **traits)
    for model in models:
        log.register_event_model(model)
    return log


def properties(capsule):
    return {name: value for name, value in capsule.items() if not name.startswith("__")}


class Kind(Enum):
    NOTEBOOK = "notebook"
    FILE = "file"


class Origin(BaseModel):
    client: str
    build: int | None = None


class Rich(Event):
    _id = "https://example.org/rich"
    _title = "Rich"
    _version = "2.0"

    kind: Kind
    when: datetime.datetime
    day: datetime.date
    origin: Origin
    origins: list[Origin] = []
    either: int | str
    mode: Literal["a", "b"] = "a"
    maybe: float | None = None
    counts: dict[str, int] = {}
    price: Decimal = Decimal("1.50")
    ident: UUID = UUID(int=7)
    aliased: str = Field("x", alias="file-name")


RICH = {
    "kind": "notebook",
    "when": "2026-11-23T17:42:05Z",
    "day": "2026-11-23",
    "origin": {"client": "lab", "build": None},
    "origins": [{"client": "a", "build": 1}],
    "either": "e",
    "mode": "b",
    "maybe": 1.5,
    "counts": {"n": 3},
    "price": "1.50",
    "ident": "00000000-0000-0000-0000-000000000007",
    "file-name": "x",
}


def rich(**changes: Any) -> Rich:
    return Rich(**{**RICH, **changes})
