"""How long kernels lived: from the events that Jupyter Server emits about them."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ...columns.sqltext import literal
from .figures import KernelLife, Kernels

if TYPE_CHECKING:
    from ..database import JournalDatabase

__all__ = ["LIFETIMES", "tally_kernels"]

SCHEMA = "https://events.jupyter.org/jupyter_server/kernel_actions/"  # of any version
MOST_LATEST = 20

# Up to how many seconds, and what that is called.
LIFETIMES: tuple[tuple[float, str], ...] = (
    (10, "under 10 s"),
    (60, "10 s – 1 min"),
    (300, "1 – 5 min"),
    (900, "5 – 15 min"),
    (3600, "15 min – 1 h"),
    (14400, "1 – 4 h"),
    (43200, "4 – 12 h"),
    (86400, "12 – 24 h"),
    (float("inf"), "over a day"),
)

# A restart may show as a shutdown and a start of the same kernel: its life goes on, and ends with a shutdown after
# its last start.
_LIVES = """
    WITH actions AS MATERIALIZED (
        SELECT json_extract_string(event, '/kernel_id') AS kernel_id,
               json_extract_string(event, '/kernel_name') AS name,
               json_extract_string(event, '/action') AS action,
               coalesce(json_extract_string(event, '/status'), 'success') = 'success' AS succeeded,
               epoch(__timestamp__) AS moment
        FROM events WHERE starts_with(__schema__, {schema}) AND {is_in_period}
    ), lives AS (
        SELECT kernel_id, max(name) AS name, min(moment) AS first_seen, max(moment) AS last_seen,
               min(moment) FILTER (action = 'start' AND succeeded) AS started,
               max(moment) FILTER (action = 'start' AND succeeded) AS last_start,
               max(moment) FILTER (action = 'shutdown' AND succeeded) AS last_shutdown,
               count(*) FILTER (action = 'restart' AND succeeded) AS restarts,
               count(*) FILTER (action = 'interrupt' AND succeeded) AS interrupts
        FROM actions WHERE kernel_id IS NOT NULL GROUP BY kernel_id
    ), ends AS MATERIALIZED (
        SELECT *, CASE WHEN last_shutdown >= coalesce(last_start, last_shutdown) THEN last_shutdown END AS ended,
               ended - started AS lifetime
        FROM lives
    )
"""


def tally_kernels(journal: JournalDatabase, is_in_period: str) -> Kernels | None:
    """Return what became of all kernels; None if no event about one is recorded."""
    under = [f"count(*) FILTER (lifetime >= {low} AND lifetime < {high})" for low, high in _limits()]
    (row,) = journal.sql(
        f"""
        {_LIVES.format(schema=literal(SCHEMA), is_in_period=is_in_period)}
        SELECT (SELECT count(*) FROM actions), (SELECT count(*) FROM actions WHERE NOT succeeded),
               count(*), count(lifetime), count(*) FILTER (ended IS NULL), coalesce(sum(restarts), 0)::BIGINT,
               coalesce(sum(interrupts), 0)::BIGINT, median(lifetime), max(lifetime), [{", ".join(under)}],
               (SELECT list(latest ORDER BY first_seen, kernel_id)
                FROM (FROM ends ORDER BY last_seen DESC, kernel_id LIMIT {MOST_LATEST}) AS latest)
        FROM ends
        """  # noqa: S608 - numbers of ours, and a literal
    ).rows()
    events, failures, seen, ended, unfinished, restarts, interrupts, median_s, longest_s, histogram, latest = row
    if not events:
        return None
    return Kernels(
        events=events,
        seen=seen,
        ended=ended,
        unfinished=unfinished,
        restarts=restarts,
        interrupts=interrupts,
        failures=failures,
        median_s=median_s,
        longest_s=longest_s,
        lifetimes=_without_empty_ends([(name, count) for (_, name), count in zip(LIFETIMES, histogram, strict=True)]),
        latest=tuple(_life(each) for each in latest or ()),
    )


def _life(row: dict[str, Any]) -> KernelLife:
    return KernelLife(**{each.name: row[each.name] for each in fields(KernelLife)})


def _limits() -> list[tuple[str, str]]:
    highs = [f"{high:.0f}" if high != float("inf") else "'infinity'::DOUBLE" for high, _ in LIFETIMES]
    return list(zip(["0", *highs], highs, strict=False))


def _without_empty_ends(counts: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    filled = [at for at, (_, count) in enumerate(counts) if count]
    return tuple(counts[filled[0] : filled[-1] + 1]) if filled else ()
