"""The geometry of a report's charts: numbers and texts, which the page's template draws.

Charts are SVG and tables drawn by the page itself rather than pictures of matplotlib or a script's canvas: they take
the reader's fonts and colours (light and dark), reflow to the width of a phone since what scales is a length in
percent and never a text, are read by a screen reader, tell a bar's figure when it is pointed at, need no script, so
that the page can forbid all of them, and add neither 60 MB to an installation nor a second to a command.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from .figures import OTHERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .figures import Activity, Kernels
    from .timeaxis import Clock

__all__ = ["Bar", "Column", "Columns", "Span", "Spans", "bars", "columns", "levels", "spans"]

PLOT_HEIGHT = 220.0  # px; widths are in percent
MOST_TICKS = 9  # of the time axis of a wide page; a narrow one shows every other
LEVELS = 5  # shades of the heat map, above none
GAP = 0.18  # of a column's width
THINNEST = 0.35  # percent of the width that a bar has at least, to be seen


@dataclass(frozen=True)
class Segment:
    """A piece of a stacked column, in px from the top of the plot."""

    style: str
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    """One bin of the time axis; x and width are in percent."""

    x: float
    width: float
    hit_x: float  # the whole bin, which a pointer meets
    hit_width: float
    tip: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Tick:
    """A mark of an axis, with its text; `minor` where a narrow page leaves it out."""

    position: float
    text: str
    anchor: str = "middle"
    minor: bool = False


@dataclass(frozen=True)
class Columns:
    """Stacked columns over time."""

    height: float
    columns: tuple[Column, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    legend: tuple[tuple[str, str, int], ...]  # (style, name, total)


@dataclass(frozen=True)
class Bar:
    """A horizontal bar; its width is in percent of the longest."""

    name: str | None
    count: int
    width: float
    share: str


@dataclass(frozen=True)
class Span:
    """From when to when: in percent of the period."""

    x: float
    width: float
    open_start: bool
    open_end: bool


@dataclass(frozen=True)
class Spans:
    """Several lives on one time axis, with the texts of its ticks."""

    rows: tuple[Span, ...]
    ticks: tuple[Tick, ...]


def columns(activity: Activity) -> Columns:
    """Draw events over time, stacked by schema."""
    axis, totals = activity.axis, activity.totals
    steps = _steps(max(totals, default=0))
    top = steps[-1]
    bin_width = 100 / len(axis)
    gap = bin_width * GAP if len(axis) > 1 else 20.0
    drawn = [
        Column(
            x=round(bin_width * index + gap / 2, 3),
            width=round(bin_width - gap, 3),
            hit_x=round(bin_width * index, 3),
            hit_width=round(bin_width, 3),
            tip=_tip(activity, index),
            segments=_stack(activity, index, top),
        )
        for index in range(len(axis))
    ]
    return Columns(
        height=PLOT_HEIGHT,
        columns=tuple(each for each in drawn if each.segments),
        x_ticks=_time_ticks(axis.ticks(MOST_TICKS), len(axis)),
        y_ticks=tuple(Tick(round(PLOT_HEIGHT * (1 - step / top), 1), f"{step:,}") for step in steps),
        legend=tuple((style(index, each.name), each.name, each.total) for index, each in enumerate(activity.series)),
    )


def style(index: int, name: str) -> str:
    """Return the CSS class of a series' colour."""
    return "others" if name == OTHERS else f"s{index}"


def bars(values: list[tuple[str | None, int]], total: int) -> list[Bar]:
    """Draw how often each value occurs, as bars that compare with the most frequent."""
    most = max((count for _, count in values), default=0) or 1
    return [
        Bar(name, count, round(max(100 * count / most, THINNEST) if count else 0.0, 2), percent(count, total))
        for name, count in values
    ]


def percent(part: int, whole: int) -> str:
    """Say a share: never 0% of something, nor 100% of not quite all."""
    if not part or not whole:
        return "0%"
    share = 100 * part / whole
    if share < 1:
        return "<1%"
    return ">99%" if share > 99 and part < whole else f"{share:.0f}%"


def levels(rhythm: tuple[tuple[int, ...], ...]) -> list[list[int]]:
    """Choose each cell's shade, 0 (nothing) to LEVELS; by the square root, so that quiet hours differ too."""
    most = max(max(row) for row in rhythm) or 1
    return [[math.ceil(LEVELS * math.sqrt(count / most)) for count in row] for row in rhythm]


def level_ranges(rhythm: tuple[tuple[int, ...], ...]) -> list[str]:
    """Say which counts each shade above none stands for; "" where no count can fall in it."""
    most = max(max(row) for row in rhythm) or 1
    ends = [math.floor(most * (level / LEVELS) ** 2) for level in range(LEVELS + 1)]
    return [_range(low + 1, high) for low, high in pairwise(ends)]


def spans(kernels: Kernels, clock: Clock) -> Spans:
    """Draw when each of the latest kernels lived."""
    first = min((each.last_seen if each.started is None else each.started) for each in kernels.latest)
    last = max(each.last_seen for each in kernels.latest)
    period = (last - first) or 1.0
    rows = []
    for each in kernels.latest:
        begin = 100 * ((each.started or first) - first) / period
        end = 100 * ((each.ended or each.last_seen) - first) / period
        width = max(end - begin, 4 * THINNEST)
        begin = min(begin, 100 - width)
        rows.append(Span(round(begin, 2), round(width, 2), each.started is None, each.ended is None))
    tick = _tick_text(clock, first, last)
    ticks = [
        Tick(position, tick(first + period * position / 100), anchor, minor=0 < position < 100)
        for position, anchor in ((0, "start"), (25, "middle"), (50, "middle"), (75, "middle"), (100, "end"))
    ]
    return Spans(tuple(rows), tuple(ticks))


def _tick_text(clock: Clock, first: float, last: float) -> Callable[[float], str]:
    """Return what writes the ticks of a period, in few letters: two of them have to fit on a phone."""
    if last - first > 3 * 86400:
        return lambda at: f"{clock.at(at).day} {clock.at(at):%b}"
    form = "%H:%M:%S" if last - first < 600 else "%H:%M"
    if clock.at(first).date() != clock.at(last).date():
        form = "%a %H:%M"
    return lambda at: clock.at(at).strftime(form)


def _stack(activity: Activity, index: int, top: int) -> tuple[Segment, ...]:
    """Stack the counts of a bin from the bottom, the most frequent schema first."""
    segments = []
    floor = 0
    for number, series in enumerate(activity.series):
        count = series.counts[index]
        if count:
            y = PLOT_HEIGHT * (1 - (floor + count) / top)
            height = PLOT_HEIGHT * count / top
            segments.append(Segment(style(number, series.name), round(y, 2), round(max(height, 0.75), 2)))
        floor += count
    return tuple(segments)


def _tip(activity: Activity, index: int) -> str:
    parts = [f"{each.name}: {each.counts[index]:,}" for each in activity.series if each.counts[index]]
    return "\n".join([f"{activity.axis.label(index)} — {activity.totals[index]:,} events", *parts])


def _time_ticks(chosen: list[tuple[int, str]], bins: int) -> tuple[Tick, ...]:
    """Place the ticks at the beginnings of their bins; one near the right end would be cut off."""
    last_place = 94 if bins > 1 else 0
    return tuple(
        Tick(round(100 * index / bins, 3), text, anchor="start", minor=number % 2 == 1)
        for number, (index, text) in enumerate(chosen)
        if 100 * index / bins <= last_place
    )


def _steps(most: int) -> list[int]:
    """Return 0 and the round numbers up to one that is not below `most`, five of them at the most."""
    magnitude = 1
    while True:
        for step in (magnitude, 2 * magnitude, 5 * magnitude):
            if step * 4 >= most:
                return [step * number for number in range(max(2, math.ceil(most / step) + 1))]
        magnitude *= 10


def _range(low: int, high: int) -> str:
    if low > high:
        return ""
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
