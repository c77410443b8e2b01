"""Time as a report shows it: in one zone, cut into bins of a length that fits the period."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "TimeAxis", "duration"]

MINUTE, HOUR, DAY = 60, 3600, 86400
MOST_BINS = 60
MOST_DAYS = 92  # shown day by day
MOST_WEEKS = 105
SUB_DAY_PERIOD_S = 10 * DAY  # a longer one is shown in days: the rhythm of day and night has a chart of its own

# Whole parts of a day, so that bins begin where people expect them.
_STEPS_S = (1, 2, 5, 10, 15, 30, *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)), *(HOUR * n for n in (1, 2, 3, 6)))
_TICKS_S = (*_STEPS_S, 12 * HOUR, *(DAY * n for n in (1, 2, 5, 10)))
_TICKS_MONTHS = (1, 3, 6, 12, 24, 60, 120)
_WORDS = {1: "second", MINUTE: "minute", HOUR: "hour"}


class Clock:
    """Tell local time, of this machine or of a named zone.

    Parameters
    ----------
    zone: a name of the IANA time zone database ("Europe/Berlin", "UTC"); None for this machine's own.

    Raises QueryError for a zone that is not known.
    """

    def __init__(self, zone: str | None = None) -> None:
        self._name = zone
        self._zone: tzinfo | None = None
        if zone is not None:
            try:
                self._zone = timezone.utc if zone.upper() == "UTC" else ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise QueryError(
                    "no such time zone: write a name of the IANA database, such as UTC or Europe/Berlin"
                ) from None

    def at(self, epoch_s: float) -> datetime:
        """Return the local time of a moment, aware of its offset."""
        moment = datetime.fromtimestamp(epoch_s, timezone.utc)
        return moment.astimezone(self._zone)

    def midnight(self, year: int, month: int, day: int) -> float:
        """Return the moment at which a local day begins, in seconds since the epoch."""
        naive = datetime(year, month, day)
        return (naive.replace(tzinfo=self._zone) if self._zone else naive).timestamp()

    def describe(self, epoch_s: float) -> str:
        """Name the zone, with its offset at a moment: `Europe/Berlin (UTC+01:00)`."""
        local = self.at(epoch_s)
        name = self._name or local.tzname() or "local time"
        seconds = int((local.utcoffset() or timedelta()).total_seconds())
        if name.upper() == "UTC":
            return "UTC"
        sign = "-" if seconds < 0 else "+"
        return f"{name} (UTC{sign}{abs(seconds) // HOUR:02}:{abs(seconds) % HOUR // MINUTE:02})"


@dataclass(frozen=True)
class TimeAxis:
    """A period in bins: `edges` has one moment more than there are bins, in seconds since the epoch."""

    clock: Clock
    first: float  # the period
    last: float
    unit: str  # what a bin is: "hour", "15 minutes", "day", "week", …
    step_s: int | None  # how long it is; None for whole days and more, which are not all of one length
    edges: tuple[float, ...]

    @classmethod
    def over(cls, first: float, last: float, clock: Clock) -> TimeAxis:
        """Cut the period from `first` to `last`, both included, into at most about a hundred bins."""
        period = last - first
        if period <= SUB_DAY_PERIOD_S:
            step = next(step for step in _STEPS_S if period / step < MOST_BINS)
            return cls(clock, first, last, _unit(step), step, _even(first, last, step, clock))
        first_day, last_day = clock.at(first), clock.at(last)
        if period <= MOST_DAYS * DAY:
            return cls(clock, first, last, "day", None, _days(first_day, last_day, 1, clock))
        if period <= MOST_WEEKS * 7 * DAY:
            monday = first_day - timedelta(days=first_day.weekday())
            return cls(clock, first, last, "week", None, _days(monday, last_day, 7, clock))
        return cls(clock, first, last, "month", None, _months(first_day, last_day, clock))

    def __len__(self) -> int:
        return len(self.edges) - 1

    def bin(self, epoch_s: float) -> int:
        """Return which bin a moment falls in; one outside of the period, the nearest."""
        return min(max(bisect_right(self.edges, epoch_s) - 1, 0), len(self) - 1)

    def label(self, index: int) -> str:
        """Say when a bin begins, in full."""
        local = self.clock.at(self.edges[index])
        day = f"{local:%a} {local.day} {local:%b %Y}"
        if self.unit in ("day", "week"):
            return day if self.unit == "day" else f"week of {day}"
        if self.unit == "month":
            return f"{local:%B %Y}"
        return f"{day}, {local:%H:%M:%S}" if "second" in self.unit else f"{day}, {local:%H:%M}"

    def ticks(self, most: int) -> list[tuple[int, str]]:
        """Choose at most `most` bins, and the short text that says when each begins."""
        texts: list[tuple[int, str]] = []
        before: datetime | None = None
        for index in self._ticked(most):
            local = self.clock.at(self.edges[index])
            texts.append((index, self._short(local, before)))
            before = local
        return texts

    def _ticked(self, most: int) -> list[int]:
        """Choose bins that begin at moments which are easy to read: at whole hours, in January."""
        if self.step_s is None and self.unit != "month":
            stride = next(n for n in _strides(self.unit) if len(self) / n <= most)
            return list(range(0, len(self), stride))
        for length in _TICKS_S if self.step_s else _TICKS_MONTHS:
            chosen = [index for index in range(len(self)) if self._place(index) % length == 0]
            if len(chosen) <= most:
                break
        return chosen or [0]

    def _place(self, index: int) -> int:
        """Return how far the local calendar has come when a bin begins: in months, or in seconds."""
        local = self.clock.at(self.edges[index])
        if self.step_s is None:
            return local.year * 12 + local.month - 1
        return local.toordinal() * DAY + local.hour * HOUR + local.minute * MINUTE + local.second

    def _short(self, local: datetime, before: datetime | None) -> str:
        if self.unit in ("day", "week"):
            is_new_year = before is not None and before.year != local.year
            return f"{local.day} {local:%b}" + (f" {local.year}" if is_new_year else "")
        if self.unit == "month":
            return f"{local:%b} {local.year}" if before is None or before.year != local.year else f"{local:%b}"
        time = f"{local:%H:%M:%S}" if "second" in self.unit else f"{local:%H:%M}"
        spans_days = self.clock.at(self.edges[0]).date() != self.clock.at(self.edges[-1] - 1).date()
        if spans_days and (before is None or before.date() != local.date()):
            return f"{local.day} {local:%b} {time}"
        return time


def duration(seconds: float) -> str:
    """Say a length of time to two digits or so: `45 s`, `2 min 30 s`, `32 min`, `3 h 5 min`, `12 d`."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, name, part, part_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // part if whole < 10 * size else 0
            return f"{whole // size} {name} {rest} {part_name}" if rest else f"{whole // size} {name}"
    return f"{whole} s"


def _unit(step: int) -> str:
    size = next(size for size in (HOUR, MINUTE, 1) if step % size == 0)
    count = step // size
    return _WORDS[size] if count == 1 else f"{count} {_WORDS[size]}s"


def _even(first: float, last: float, step: int, clock: Clock) -> tuple[float, ...]:
    """Cut into steps of the same length, which begin at whole parts of the local day."""
    local = clock.at(first)
    since_midnight = local.hour * HOUR + local.minute * MINUTE + local.second + local.microsecond / 1e6
    start = round(first - since_midnight % step, 3)
    return tuple(start + step * index for index in range(int((last - start) // step) + 2))


def _days(first: datetime, last: datetime, days: int, clock: Clock) -> tuple[float, ...]:
    day, end = first.date(), last.date()
    edges = []
    while day <= end:
        edges.append(clock.midnight(day.year, day.month, day.day))
        day += timedelta(days=days)
    return (*edges, clock.midnight(day.year, day.month, day.day))


def _months(first: datetime, last: datetime, clock: Clock) -> tuple[float, ...]:
    begin, end = first.year * 12 + first.month - 1, last.year * 12 + last.month
    start: Callable[[int], float] = lambda month: clock.midnight(month // 12, month % 12 + 1, 1)  # noqa: E731
    return tuple(start(month) for month in range(begin, end + 1))


def _strides(unit: str) -> list[int]:
    """Return after how many days or weeks a tick may follow."""
    nice = (1, 2, 7, 14, 28) if unit == "day" else (1, 2, 4)
    return [*nice, *(nice[-1] * n for n in range(2, 100))]
