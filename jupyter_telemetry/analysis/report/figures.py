"""The figures of a report: plain data, without any form."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ...timestamp import utc_text

if TYPE_CHECKING:
    from .timeaxis import Clock, TimeAxis

__all__ = ["Activity", "FieldValues", "Figures", "KernelLife", "Kernels", "SchemaFigures", "Series"]

OTHERS = "others"


@dataclass(frozen=True)
class SchemaFigures:
    """What is recorded of one schema, which is one view."""

    view: str
    schema_id: str
    version: str
    title: str
    events: int
    first: float  # seconds since the epoch, as all times here
    last: float


@dataclass(frozen=True)
class Series:
    """How often something happened in each bin of a time axis."""

    name: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """Return how often in all."""
        return sum(self.counts)


@dataclass(frozen=True)
class Activity:
    """Events over time, one series a schema, the most frequent first; the rare ones are together in `others`."""

    axis: TimeAxis
    series: tuple[Series, ...]

    @property
    def totals(self) -> tuple[int, ...]:
        """Return the events of each bin."""
        return tuple(map(sum, zip(*(each.counts for each in self.series), strict=True)))


@dataclass(frozen=True)
class FieldValues:
    """The values of a field that has few: the most frequent first."""

    view: str
    name: str  # of the field; a dot leads into a nested one
    values: tuple[tuple[str | None, int], ...]  # None: the field is null, or absent
    distinct: int
    rest: int = 0  # events with a value that is not listed

    @property
    def total(self) -> int:
        """Return of how many events this tells."""
        return sum(count for _, count in self.values) + self.rest


@dataclass(frozen=True)
class KernelLife:
    """One kernel, as far as its events tell."""

    kernel_id: str
    name: str | None
    started: float | None  # None: before the journal's first event
    ended: float | None  # None: no shutdown is recorded
    last_seen: float
    restarts: int
    interrupts: int

    @property
    def lifetime_s(self) -> float | None:
        """Return how long it lived, if both ends are known."""
        if self.started is None or self.ended is None:
            return None
        return max(0.0, self.ended - self.started)


@dataclass(frozen=True)
class Kernels:
    """All kernels of the period."""

    events: int = 0  # about kernels, whether or not they tell which
    seen: int = 0  # kernels that have an id
    ended: int = 0  # of which both ends are known
    unfinished: int = 0  # of which no shutdown is recorded
    restarts: int = 0
    interrupts: int = 0
    failures: int = 0  # actions that ended in an error
    median_s: float | None = None
    longest_s: float | None = None
    lifetimes: tuple[tuple[str, int], ...] = ()  # how many kernels lived for so long
    latest: tuple[KernelLife, ...] = ()  # in order of their first event


@dataclass(frozen=True)
class Figures:
    """All that a report says."""

    journal: str
    made_at: float
    clock: Clock
    events: int
    first: float
    last: float
    days_active: int
    schemas: tuple[SchemaFigures, ...]
    activity: Activity
    rhythm: tuple[tuple[int, ...], ...]  # events by weekday (Monday first) and hour of the local day
    fields: tuple[FieldValues, ...]
    fields_left_out: int = 0
    constants: tuple[FieldValues, ...] = ()  # fields with one value only
    kernels: Kernels | None = None  # None: no kernel event is recorded
    damaged_lines: int = 0
    notes: tuple[str, ...] = field(default=())

    @property
    def zone(self) -> str:
        """Name the time zone in which the report tells times."""
        return self.clock.describe(self.last)

    @property
    def days(self) -> int:
        """Return how many local days the period touches."""
        return (self.clock.at(self.last).date() - self.clock.at(self.first).date()).days + 1

    def as_dict(self) -> dict[str, Any]:
        """Return the figures in the form of JSON: times as RFC 3339 in UTC, durations in seconds."""
        kernels = self.kernels
        return {
            "journal": self.journal,
            "made_at": _utc(self.made_at),
            "time_zone": self.zone,
            "events": self.events,
            "first": _utc(self.first),
            "last": _utc(self.last),
            "days_active": self.days_active,
            "damaged_lines": self.damaged_lines,
            "notes": list(self.notes),
            "schemas": [{**asdict(each), "first": _utc(each.first), "last": _utc(each.last)} for each in self.schemas],
            "activity": {
                "bin": self.activity.axis.unit,
                "edges": [_utc(edge) for edge in self.activity.axis.edges],
                "series": {each.name: list(each.counts) for each in self.activity.series},
            },
            "by_weekday_and_hour": [list(row) for row in self.rhythm],
            "fields": [_field(each) for each in (*self.fields, *self.constants)],
            "kernels": None if kernels is None else _kernels(kernels),
        }


def _utc(epoch_s: float | None) -> str | None:
    if epoch_s is None:
        return None
    return utc_text(datetime.fromtimestamp(epoch_s, timezone.utc), "milliseconds")


def _field(values: FieldValues) -> dict[str, Any]:
    return {
        "view": values.view,
        "field": values.name,
        "distinct": values.distinct,
        "values": [{"value": value, "events": count} for value, count in values.values],
        "other_events": values.rest,
    }


def _kernels(kernels: Kernels) -> dict[str, Any]:
    return {
        **asdict(kernels),
        "lifetimes": dict(kernels.lifetimes),
        "latest": [
            {
                **asdict(each),
                "started": _utc(each.started),
                "ended": _utc(each.ended),
                "last_seen": _utc(each.last_seen),
                "lifetime_s": each.lifetime_s,
            }
            for each in kernels.latest
        ],
    }
