"""A report for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.bar import Bar
from rich.box import SIMPLE_HEAD
from rich.columns import Columns
from rich.console import Group
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ...printable import cut, printable
from .charts import bars, levels, percent
from .page import WEEKDAYS, adventures, headlines, lived, moment, period, rhythm_summary, value

if TYPE_CHECKING:
    from rich.console import RenderableType

    from .figures import Activity, FieldValues, Figures, Kernels

__all__ = ["to_terminal"]

# Of the 256 colours that nearly every terminal has; text says everything that a colour does.
_COLOURS = ("color(33)", "color(172)", "color(36)", "color(168)", "color(141)", "color(245)")
_SHADES = (" · ", "░░░", "▒▒▒", "▓▓▓", "▓▓▓", "███")
_SHADE_STYLES = ("dim", "color(25)", "color(26)", "color(32)", "color(33)", "color(117)")
_EIGHTHS = " ▁▂▃▄▅▆▇█"
FIELD_WIDTH = 44
BAR_WIDTH = 16


def to_terminal(figures: Figures, title: str = "Telemetry report") -> RenderableType:
    """Return the report as something that rich can print."""
    parts: list[RenderableType] = [
        Text(f"{title} · {period(figures)}", "bold"),
        Text(f"Times are {figures.zone}.", "dim"),
    ]
    if figures.damaged_lines:
        parts.append(
            Text(f"{figures.damaged_lines:,} damaged lines are not counted; `jupyter telemetry status`.", "yellow")
        )
    parts += [Text(printable(note), "yellow") for note in figures.notes]
    parts += [Text(), _headlines(figures)]
    parts += _section(f"Activity: events per {figures.activity.axis.unit}", _activity(figures.activity))
    parts += _section("By weekday and hour", Group(Text(rhythm_summary(figures), "dim"), _rhythm(figures)))
    if figures.kernels and figures.kernels.latest:
        parts += _section("Kernels", _kernels(figures.kernels))
    if figures.fields:
        parts += _section("What the events say", Columns([_field(each) for each in figures.fields], padding=(0, 3)))
    parts += _section("Schemas", _schemas(figures))
    return Group(*parts)


def _section(title: str, content: RenderableType) -> list[RenderableType]:
    return [Text(), Rule(Text(title, "bold"), align="left", style="dim"), Padding(content, (0, 1))]


def _headlines(figures: Figures) -> Table:
    found = headlines(figures)
    table = Table.grid(padding=(0, 3))
    table.add_row(*(Text(figure, "bold") for figure, _ in found))
    table.add_row(*(Text(text, "dim") for _, text in found))
    return table


def _activity(activity: Activity) -> Table:
    """Draw a line of columns for each schema, each on a scale of its own: the rare ones are to be seen too."""
    table = Table.grid(padding=(0, 2))
    for at, series in enumerate(activity.series):
        most = max(series.counts)
        heights = [0 if not count else max(1, round(8 * count / most)) for count in series.counts]
        line = Text("".join(_EIGHTHS[height] for height in heights), _COLOURS[at], no_wrap=True)
        table.add_row(Text(cut(printable(series.name), 40)), _right(series.total), line)
    ends = f"{activity.axis.label(0)} – {activity.axis.label(len(activity.axis) - 1)}"
    table.add_row(Text(), Text(), Text(ends, "dim"))
    return table


def _rhythm(figures: Figures) -> Table:
    table = Table.grid()
    table.add_row(Text("    "), *(Text(f"{hour:02} " if hour % 3 == 0 else "   ", "dim") for hour in range(24)))
    for name, row in zip(WEEKDAYS, levels(figures.rhythm), strict=True):
        table.add_row(Text(f"{name[:3]} "), *(Text(_SHADES[level], _SHADE_STYLES[level]) for level in row))
    return table


def _kernels(kernels: Kernels) -> RenderableType:
    lifetimes = Table.grid(padding=(0, 2))
    for bar in bars(list(kernels.lifetimes), kernels.ended):
        lifetimes.add_row(Text(str(bar.name)), _bar(bar.width), _right(bar.count), Text(bar.share, "dim"))
    latest = Table.grid(padding=(0, 2))
    for kernel in kernels.latest:
        name = Text(cut(printable(kernel.name or "kernel"), 24))
        name.append(f" {cut(printable(kernel.kernel_id), 9)}", "dim")
        latest.add_row(name, Text(lived(kernel) + adventures(kernel)))
    parts: list[RenderableType] = [lifetimes, Text()] if kernels.lifetimes else []
    return Group(*parts, Text("The latest", "dim"), latest)


def _field(field: FieldValues) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=FIELD_WIDTH - BAR_WIDTH - 10, no_wrap=True, overflow="ellipsis")
    table.add_column(width=BAR_WIDTH)
    table.add_column(width=8, justify="right")
    title = Text(cut(printable(field.name), 40), "bold")
    subtitle = Text(cut(printable(field.view), 40), "dim")
    for bar in bars(list(field.values), field.total):
        table.add_row(
            Text(value(bar.name), "italic dim" if bar.name is None else ""), _bar(bar.width), _right(bar.count)
        )
    if field.rest:
        table.add_row(Text("others", "dim"), Text(), _right(field.rest))
    whole = Table.grid()
    whole.add_row(title)
    whole.add_row(subtitle)
    whole.add_row(table)
    whole.add_row(Text())
    return whole


def _schemas(figures: Figures) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="dim", padding=(0, 1))
    for name, justify in (
        ("view", "left"),
        ("events", "right"),
        ("share", "right"),
        ("first", "right"),
        ("last", "right"),
    ):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]  # a str as rich has it
    for each in figures.schemas:
        times = [moment(epoch_s, figures.clock) for epoch_s in (each.first, each.last)]
        share = percent(each.events, figures.events)
        table.add_row(Text(printable(each.view)), f"{each.events:,}", share, *times)
    return table


def _bar(width: float) -> Bar:
    return Bar(100, 0, width, width=BAR_WIDTH, color=_COLOURS[0])


def _right(count: int) -> Text:
    return Text(f"{count:,}", justify="right")
