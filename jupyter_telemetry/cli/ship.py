"""`ship`: carry journals to a destination, beside the processes that record."""

from __future__ import annotations

import glob
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import TelemetryError
from ..printable import printable
from ..shipping import Shipper
from ..sinks import make_sink
from .options import options_of, parsed
from .source import find_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["command"]

ROUND_INTERVAL_S = 5.0  # between two looks at many journals
TURN_S = 30.0  # that one of many journals may hold up the others
_MAGIC = frozenset("*?[")


@click.command("ship")
@click.argument("journals", nargs=-1, metavar="[JOURNAL]...")
@click.option("--to", "url", metavar="URL", required=True, help="Where to: postgresql://…, nats://…, a directory.")
@click.option("--sink", metavar="NAME", help="Which sink takes the URL, where its scheme does not tell.")
@options_of("sink", "password_file=/run/secrets/db")
@click.option("--once/--follow", default=True, help="End when all is sent (the default), or go on until stopped.")
@click.option(
    "--dead-letters",
    "again",
    is_flag=True,
    help="Send again, too, what the destination has refused before: after it was mended.",
)
@click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="With --once: give up after that long. By default it waits until the destination takes all.",
)
def command(
    journals: tuple[str, ...],
    url: str,
    sink: str | None,
    options: tuple[str, ...],
    once: bool,
    again: bool,
    timeout_s: float | None,
) -> int:
    """Carry what journals hold to a destination; each event arrives once, whatever is killed on the way.

    JOURNAL is a directory, or a glob of directories in quotes, which is looked at anew in every round. Without one it
    is the configured journal. A lease makes sure that one process ships a journal to a destination at a time: this one
    may run beside others that do the same.

    \b
    jupyter telemetry ship --to postgresql://telemetry@db/events --option password_file=/run/secrets/db
    jupyter telemetry ship --follow --to /srv/lake
    jupyter telemetry ship --to /srv/lake '/home/*/.local/share/jupyter/telemetry/journal'
    jupyter telemetry ship --to postgresql://telemetry@db/events --dead-letters

    Exit status 1 if not all was taken.
    """
    given = {"to": url, **parsed(options), **({"sink": sink} if sink else {})}
    places = list(journals) or [str(find_source(None, None).directory)]
    with _stopping() as stop:
        if once:
            return 0 if _ship_all(_Fleet(given, again=again), places, stop, timeout_s) else 1
        if len(places) == 1 and not _MAGIC.intersection(places[0]):
            return _follow_one(_Fleet(given, again=again), places[0], stop)
        fleet = _Fleet(given, again=again)
        while not stop.is_set():
            _ship_all(fleet, places, stop, None, TURN_S)
            stop.wait(ROUND_INTERVAL_S)
    return 0


class _Fleet:
    """A shipper for each journal, all to one destination."""

    def __init__(self, given: dict[str, Any], *, again: bool) -> None:
        self._again = again  # dead letters are sent again, once
        self._asked: set[Path] = set()
        self._sink = make_sink(given)
        self._shippers: dict[str, Shipper] = {}

    def of(self, directory: str) -> Shipper:
        shipper = self._shippers.get(directory)
        if shipper is None:
            shipper = self._shippers[directory] = Shipper(directory, self._sink)
        return shipper

    def ask(self, shipper: Shipper) -> None:
        """Have dead letters sent again, the first time that a journal is looked at. Raises JournalError."""
        if self._again and shipper.directory not in self._asked:
            self._asked.add(shipper.directory)
            shipper.send_dead_letters_again()


def _ship_all(
    fleet: _Fleet,
    places: Sequence[str],
    stop: threading.Event,
    timeout_s: float | None,
    turn_s: float | None = None,
) -> bool:
    """Ship each journal in turn, for `turn_s` at most; say whether all that they hold is taken."""
    give_up_at = None if timeout_s is None else time.monotonic() + timeout_s
    all_taken = True
    for directory in _directories(places):
        if stop.is_set():
            return False
        shipper = fleet.of(directory)
        before = _counts(shipper)
        rest_s = turn_s if give_up_at is None else max(0.01, give_up_at - time.monotonic())
        try:
            fleet.ask(shipper)
            taken = shipper.ship(rest_s, stop=stop)
        except TelemetryError as error:
            taken = False
            click.echo(f"Error: {printable(directory)}: {printable(str(error))}", err=True)
        _say(directory, shipper, before, taken=taken)
        all_taken &= taken
    return all_taken


def _counts(shipper: Shipper) -> tuple[int, int, int]:
    return shipper.state.delivered_events, shipper.state.refused_events, shipper.state.refused_again_events


def _say(directory: str, shipper: Shipper, before: tuple[int, int, int], *, taken: bool) -> None:
    state = shipper.state
    delivered, refused, again = (now - then for now, then in zip(_counts(shipper), before, strict=True))
    if not (delivered or refused or again) and taken:
        return
    parts = [f"{delivered:,} delivered"]
    if refused:
        parts.append(f"{refused:,} refused: they are in dead-letter/")
    if again:
        parts.append(f"{again:,} refused again: they stay in dead-letter/")
    if shipper.is_to_send_dead_letters_again:
        parts.append("the dead letters are sent again by the shipper that is at work, or next")
    if not taken:
        parts.append(f"not all is taken: {state.reason or 'time is up, or another shipper is at work'}")
    click.echo(f"{printable(directory)}: {'; '.join(map(printable, parts))}", err=not taken)


def _follow_one(fleet: _Fleet, directory: str, stop: threading.Event) -> int:
    shipper = fleet.of(directory)
    fleet.ask(shipper)
    shipper.start()
    stop.wait()
    return 0 if shipper.stop() else 1


def _directories(places: Sequence[str]) -> list[str]:
    found = [
        path
        for place in places
        for path in (sorted(glob.glob(place)) if _MAGIC.intersection(place) and not Path(place).exists() else [place])
    ]
    return list(dict.fromkeys(found))


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Have SIGTERM and Ctrl-C end what is under way in an orderly manner."""
    stop = threading.Event()
    kept = {each: signal.signal(each, lambda *_: stop.set()) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)
