"""Count a journal's events for a report: SQL in, figures out."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ...errors import QueryError
from ...journal import view_name
from .fields import tally_fields
from .figures import OTHERS, Activity, Figures, SchemaFigures, Series
from .kernels import tally_kernels
from .timeaxis import Clock, TimeAxis

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..database import JournalDatabase
    from ..views import View

__all__ = ["make_figures"]

MOST_SERIES = 5  # that colours can tell apart
QUARTER_S = 900  # every zone's hours begin at a whole quarter of UTC's
EARLIEST_S = 946_684_800.0  # 2000-01-01: what is dated earlier has a wrong clock, and would stretch every chart
FUTURE_S = 86_400.0

_NO_EVENTS = "there are no events in this period"


class _Count(NamedTuple):
    schema: tuple[str, str]
    bucket: int  # which stretch of time, since the epoch
    events: int
    first: float
    last: float


def make_figures(
    journal: JournalDatabase,
    *,
    zone: str | None = None,
    since: float | None = None,
    now: Callable[[], float] = time.time,
) -> Figures:
    """Work out all figures of a report.

    Parameters
    ----------
    journal: is asked some questions for each of its views.
    zone: the time zone to tell times in, by its IANA name; by default this machine's.
    since: leave out what happened before, in seconds since the epoch.

    Raises QueryError if there are no events, or no such zone.
    """
    clock, made_at = Clock(zone), now()
    views = {(view.schema_id, view.version): view for view in journal.views()}
    is_in_period = _period(since, made_at)
    counts, left_out = _counts(journal, is_in_period, since, QUARTER_S)
    if not counts:
        raise QueryError(f"{_NO_EVENTS}: nothing to report")
    schemas = _schemas(counts, views)
    axis = TimeAxis.over(min(each.first for each in schemas), max(each.last for each in schemas), clock)
    fine = counts
    if axis.step_s is not None and axis.step_s < QUARTER_S:
        fine, _ = _counts(journal, is_in_period, since, axis.step_s)
    fields = tally_fields(journal, [views[key] for key in _by_frequency(counts) if key in views], is_in_period)
    return Figures(
        journal=journal.directory,
        made_at=made_at,
        clock=clock,
        events=sum(each.events for each in schemas),
        first=axis.first,
        last=axis.last,
        days_active=len({clock.at(each.first).date() for each in counts}),
        schemas=schemas,
        activity=_activity(axis, fine, schemas, views),
        rhythm=_rhythm(counts, clock),
        fields=fields.shown,
        fields_left_out=fields.left_out,
        constants=fields.constants,
        kernels=tally_kernels(journal, is_in_period),
        damaged_lines=_one(journal, "SELECT count(*) FROM journal.lines WHERE line IS NULL"),
        notes=_notes(left_out),
    )


def _period(since: float | None, now: float) -> str:
    """Write whether an event counts, by its time."""
    begin = EARLIEST_S if since is None else since
    return f"__timestamp__ BETWEEN to_timestamp({begin!r}) AND to_timestamp({now + FUTURE_S!r})"


def _counts(
    journal: JournalDatabase, is_in_period: str, since: float | None, bucket_s: int
) -> tuple[list[_Count], int]:
    """Count events by schema and stretch of time; and those that have an impossible time."""
    asked_for = "" if since is None else f"WHERE (__timestamp__ < to_timestamp({since!r})) IS NOT TRUE"
    rows = journal.sql(
        f"""
        SELECT __schema__, __schema_version__,
               CASE WHEN {is_in_period} THEN floor(epoch(__timestamp__) / {bucket_s})::BIGINT END AS bucket,
               count(*), epoch(min(__timestamp__)), epoch(max(__timestamp__))
        FROM events {asked_for} GROUP BY ALL ORDER BY bucket
        """  # noqa: S608 - numbers of ours
    ).rows()
    counts = [_Count((str(row[0]), str(row[1])), *row[2:]) for row in rows if row[2] is not None]
    return counts, sum(row[3] for row in rows if row[2] is None)


def _by_frequency(counts: list[_Count]) -> list[tuple[str, str]]:
    totals: Counter[tuple[str, str]] = Counter()
    for each in counts:
        totals[each.schema] += each.events
    return [schema for schema, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))]


def _schemas(counts: list[_Count], views: dict[tuple[str, str], View]) -> tuple[SchemaFigures, ...]:
    by_schema: dict[tuple[str, str], list[_Count]] = defaultdict(list)
    for each in counts:
        by_schema[each.schema].append(each)
    return tuple(
        SchemaFigures(
            view=_name(schema, views),
            schema_id=schema[0],
            version=schema[1],
            title=views[schema].title if schema in views else "",
            events=sum(each.events for each in by_schema[schema]),
            first=min(each.first for each in by_schema[schema]),
            last=max(each.last for each in by_schema[schema]),
        )
        for schema in _by_frequency(counts)
    )


def _name(schema: tuple[str, str], views: dict[tuple[str, str], View]) -> str:
    return views[schema].name if schema in views else view_name(*schema)


def _activity(
    axis: TimeAxis,
    counts: list[_Count],
    schemas: tuple[SchemaFigures, ...],
    views: dict[tuple[str, str], View],
) -> Activity:
    bins: dict[str, list[int]] = {each.view: [0] * len(axis) for each in schemas[:MOST_SERIES]}
    for each in counts:
        name = _name(each.schema, views)
        bins.setdefault(name if name in bins else OTHERS, [0] * len(axis))[axis.bin(each.first)] += each.events
    return Activity(axis, tuple(Series(name, tuple(events)) for name, events in bins.items()))


def _rhythm(counts: list[_Count], clock: Clock) -> tuple[tuple[int, ...], ...]:
    week = [[0] * 24 for _ in range(7)]
    for each in counts:
        local = clock.at(each.first)
        week[local.weekday()][local.hour] += each.events
    return tuple(map(tuple, week))


def _notes(left_out: int) -> tuple[str, ...]:
    if not left_out:
        return ()
    what = "1 event is" if left_out == 1 else f"{left_out:,} events are"
    return (f"{what} left out: dated before the year 2000 or in the future.",)


def _one(journal: JournalDatabase, question: str) -> int:
    ((count,),) = journal.sql(question).rows()
    return int(count)
