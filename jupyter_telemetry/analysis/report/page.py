"""A report as one HTML page that loads nothing, runs no script, and shows hostile values as what they are.

Every value goes through jinja2's autoescape, and through `printable`, which shows control characters and text that
turns other text around as escapes; `bdi` keeps right-to-left values from reordering what stands beside them. A
Content-Security-Policy forbids all but the page's own style sheet, should anything slip through.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import __version__
from ...errors import MissingExtra
from ...printable import cut, printable
from .charts import Bar, bars, columns, level_ranges, levels, percent, spans
from .timeaxis import duration

if TYPE_CHECKING:
    import jinja2

    from .figures import FieldValues, Figures, KernelLife, Kernels
    from .timeaxis import Clock

__all__ = ["WEEKDAYS", "adventures", "headlines", "lived", "period", "rhythm_summary", "to_html"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NULL = "null or absent"


def to_html(figures: Figures, title: str = "Telemetry report") -> str:
    """Return the page.

    Raises MissingExtra without jinja2.
    """
    template = _environment().get_template("page.html.j2")
    clock, kernels = figures.clock, figures.kernels
    style = Path(__file__).with_name("page.css").read_text("utf-8")
    return template.render(
        figures=figures,
        title=title,
        period=period(figures),
        package_version=__version__,
        style=_Trusted(style),
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        headlines=headlines(figures),
        columns=columns(figures.activity),
        activity_rows=_activity_rows(figures),
        rhythm_summary=rhythm_summary(figures),
        levels=levels(figures.rhythm),
        level_ranges=level_ranges(figures.rhythm),
        weekdays=WEEKDAYS,
        kernels=kernels,
        kernel_headlines=_kernel_headlines(kernels) if kernels else [],
        lifetimes=bars(list(kernels.lifetimes), kernels.ended) if kernels and kernels.ended else [],
        spans=spans(kernels, clock) if kernels and kernels.latest else None,
        has_open_ends=any(each.lifetime_s is None for each in kernels.latest) if kernels else False,
        fields=[(each, *_field_bars(each)) for each in figures.fields],
        moment=lambda epoch_s: moment(epoch_s, clock),
        life=lambda kernel: _life(kernel, clock),
    )


def period(figures: Figures) -> str:
    """Say from which day to which: `3–28 November 2026`."""
    first, last = figures.clock.at(figures.first), figures.clock.at(figures.last)
    end = f"{last.day} {last:%B} {last.year}"
    if first.date() == last.date():
        return end
    if first.year != last.year:
        return f"{first.day} {first:%B} {first.year} – {end}"
    return f"{first.day}–{end}" if first.month == last.month else f"{first.day} {first:%B} – {end}"


def headlines(figures: Figures) -> list[tuple[str, str]]:
    """Choose the figures that stand first: (figure, what it counts)."""
    period_s = figures.last - figures.first
    found = [
        (f"{figures.events:,}", _plural(figures.events, "event")),
        (f"{len(figures.schemas):,}", _plural(len(figures.schemas), "kind") + " of event"),
        (f"{figures.days_active:,}", f"of {figures.days:,} days with events")
        if figures.days > 1
        else (duration(period_s), "from first to last event"),
    ]
    if figures.kernels and figures.kernels.seen:
        found.append((f"{figures.kernels.seen:,}", _plural(figures.kernels.seen, "kernel")))
        if figures.kernels.median_s is not None:
            found.append((duration(figures.kernels.median_s), "median life of a kernel"))
    return found


def rhythm_summary(figures: Figures) -> str:
    """Say when most events come."""
    count, day, hour = max(
        (count, -day, -hour) for day, row in enumerate(figures.rhythm) for hour, count in enumerate(row)
    )
    when = f"from {-hour:02}:00 to {1 - hour:02}:00"
    if count == figures.events:
        return f"All events come on {WEEKDAYS[-day]} {when}."
    share = percent(count, figures.events)
    return f"Most events come on {WEEKDAYS[-day]}s {when}: {count:,}, which is {share}."


def lived(kernel: KernelLife) -> str:
    """Say how long a kernel lived, as far as is known."""
    if kernel.lifetime_s is not None:
        return duration(kernel.lifetime_s)
    return "end not known" if kernel.ended is None else "start not known"


def adventures(kernel: KernelLife) -> str:
    """Say what happened to a kernel on its way."""
    counts = ((kernel.restarts, "restart"), (kernel.interrupts, "interrupt"))
    return "".join(f", {count:,} {_plural(count, what)}" for count, what in counts if count)


def moment(epoch_s: float, clock: Clock) -> str:
    """Say a moment in local time, to the minute."""
    local = clock.at(epoch_s)
    return f"{local.day} {local:%b %Y, %H:%M}"


def value(given: str | None) -> str:
    """Show a field's value."""
    if given is None:
        return NULL
    return cut(printable(given), 200) if given.strip() else f"“{printable(given)}”"


def _activity_rows(figures: Figures) -> list[tuple[str, tuple[int, ...]]]:
    activity = figures.activity
    return [
        (activity.axis.label(index), counts)
        for index, counts in enumerate(zip(*(each.counts for each in activity.series), strict=True))
        if any(counts)
    ]


def _kernel_headlines(kernels: Kernels) -> list[tuple[str, str]]:
    found = [(f"{kernels.seen:,}", _plural(kernels.seen, "kernel"))]
    if kernels.median_s is not None and kernels.longest_s is not None:
        found += [(duration(kernels.median_s), "median life"), (duration(kernels.longest_s), "longest life")]
    counts = (
        (kernels.restarts, _plural(kernels.restarts, "restart")),
        (kernels.interrupts, _plural(kernels.interrupts, "interrupt")),
        (kernels.unfinished, "without a recorded end"),
        (kernels.failures, "failed " + _plural(kernels.failures, "action")),
    )
    return found + [(f"{count:,}", what) for count, what in counts if count]


def _field_bars(field: FieldValues) -> tuple[list[Bar], int | None]:
    """Return the bars of a field's values, and which is the first that stands for what is not listed."""
    rows = bars(list(field.values), field.total)
    if not field.rest:
        return rows, None
    hidden = field.distinct - len(field.values)
    width = max((each.count for each in rows), default=1)
    rest = Bar(
        f"{hidden:,} other{'' if hidden == 1 else 's'}",
        field.rest,
        round(min(100.0, 100 * field.rest / width), 2),
        percent(field.rest, field.total),
    )
    return [*rows, rest], len(rows)


def _life(kernel: KernelLife, clock: Clock) -> str:
    begin = "before the first event" if kernel.started is None else moment(kernel.started, clock)
    end = "end not known" if kernel.ended is None else moment(kernel.ended, clock)
    return f"{begin} – {end}"


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"


class _Trusted(str):
    """Text of this package, which is not escaped."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


@cache
def _environment() -> jinja2.Environment:
    try:
        import jinja2
    except ModuleNotFoundError:
        raise MissingExtra("the HTML report", "cli") from None
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        keep_trailing_newline=True,
    )
    filters: dict[str, Any] = {
        "number": lambda count: f"{count:,}",
        "printable": lambda text, keep="": printable(text, keep=keep),
        "value": value,
        "cut": cut,
        "percent": percent,
        "lived": lived,
        "adventures": adventures,
    }
    environment.filters.update(filters)
    return environment
