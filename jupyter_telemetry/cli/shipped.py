"""What `status --sinks` says: for each destination of a journal, what became of every event, and how it fares now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from ..errors import JournalError
from ..journal.accounts import lost_events
from ..journal.cursors import Cursor, cursors
from ..printable import printable
from ..shipping.erasures import untold
from ..shipping.reckoning import reckon
from ..shipping.retirement import retire
from ..shipping.state import read_state

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["forgotten", "shipped", "table"]

_COLUMNS = ("delivered", "waiting", "refused", "expired", "erased", "lost", "recorded")
_HEADINGS = ("Destination", "Delivered", "Waiting", "Dead letters", "Expired", "Erased", "Lost", "Recorded", "Now")


def shipped(directory: Path) -> list[dict[str, Any]]:
    """Reckon up each destination that the journal was ever shipped to; it reads the whole journal for each.

    [{"destination", "delivered", "waiting", "refused", "expired", "erased", "lost", "recorded", "failing_since",
    "reason", "last_delivered_at", "untold", "unerased", "problem"}]; counts are None where `problem` says why there are
    none. Lost are those of which the journal keeps account: the same for all destinations, and part of what was
    recorded. `untold` are events that were erased here and that the destination is yet to be told of, `unerased` those
    that it keeps although it was, as the last shipper counted them.

    Raises JournalError for a journal that cannot be read.
    """
    lost = lost_events(directory)
    try:
        paths = list(cursors(directory))
    except OSError as error:
        raise JournalError(f"the journal {directory} cannot be read: {error.strerror}") from error
    return [_of(path, directory, lost) for path in paths]


def _of(path: Path, directory: Path, lost: int) -> dict[str, Any]:
    state = read_state(path.parent)
    found = {"destination": path.parent.name, "problem": None}
    counts = dict.fromkeys([*_COLUMNS, "untold"])
    try:
        cursor = Cursor.load(path, "")
        found["destination"] = cursor.sink
        reckoning = reckon(directory, path.parent)
        recorded = sum(reckoning) + lost
        untold_of = untold(directory, cursor)
        counts = {**reckoning._asdict(), "lost": lost, "recorded": recorded, "untold": untold_of}
    except JournalError as error:
        found["problem"] = str(error)
    names = ("failing_since", "reason", "last_delivered_at")
    unerased = state.get("unerased") or 0
    return {**found, **counts, **{name: state.get(name) or None for name in names}, "unerased": unerased}


def forgotten(directory: Path, name: str) -> str:
    """Forget a destination; say what it has not had.

    Raises ConfigurationError for one that is not known, or shipped to; JournalError.
    """
    retired = retire(directory, name)
    lines = [f"{retired.destination} is forgotten."]
    if retired.reckoning is None:
        lines.append("How much of the journal it has not had is not known: its cursor could not be read.")
    else:
        found = retired.reckoning
        lines.append(f"Delivered: {found.delivered:,}. Still waiting, and not sent any more: {found.waiting:,}.")
        if found.refused:
            lines.append(f"Dead letters, which stay for as long as the journal's limits let them: {found.refused:,}.")
    if retired.untold:
        lines.append(f"Erased here, which it was not told of (have that done there): {retired.untold:,}.")
    return "\n".join(lines)


def table(sinks: list[dict[str, Any]]) -> Table:
    """Set it out for a terminal."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading in ("Destination", "Now") else "right", overflow="fold")
    for sink in sinks:
        counts = ["–" if sink[name] is None else f"{sink[name]:,}" for name in _COLUMNS]
        table.add_row(printable(sink["destination"]), *counts, printable(_now(sink)))
    return table


def _now(sink: dict[str, Any]) -> str:
    said = [_fares(sink)]
    if sink["untold"]:
        said.append(f"it is yet to be told of {sink['untold']:,} that were erased here")
    if sink["unerased"]:
        said.append(f"it keeps {sink['unerased']:,} that were erased here")
    return "; ".join(said)


def _fares(sink: dict[str, Any]) -> str:
    if sink["problem"]:
        return str(sink["problem"])
    if sink["failing_since"]:
        return f"failing since {sink['failing_since']}: {sink['reason']}"
    if sink["last_delivered_at"]:
        return f"last delivered at {sink['last_delivered_at']}"
    return "nothing delivered yet"
