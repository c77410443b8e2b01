"""`ship`: carry journals to a destination, beside the processes that record."""

from __future__ import annotations

import glob
import logging
import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import TelemetryError
from ..journal.cursors import DIRECTORY as SHIPPING
from ..journal.schemas import DIRECTORY as SCHEMAS
from ..journal.segment import SEALED_SUFFIX
from ..printable import printable
from ..shipping import Shipper
from ..shipping.state import LOGGER, WAITS
from ..sinks import make_sink
from .options import options_of, parsed
from .source import find_source
from .vigil import ANOTHER, LOOK_INTERVAL_S, Vigil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["command"]

ROUND_INTERVAL_S = 5.0  # between two looks at many journals
TURN_S = 30.0  # that one of many journals may hold up the others
_MAGIC = frozenset("*?[")
_OF_JOURNALS = (SCHEMAS, SHIPPING)


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

    What it waits for is said on the standard error output, at once and then ever more seldom.

    Exit status 1 if not all was taken, or there is no journal; with --follow it waits for one.
    """
    given = {"to": url, **parsed(options), **({"sink": sink} if sink else {})}
    places = list(journals) or [str(find_source(None, None).directory)]
    vigil = Vigil()
    with _stopping() as stop, _unsaid_by_the_log():
        fleet = _Fleet(given, vigil, again=again)
        if once:
            return 0 if fleet.ship_once(places, stop, timeout_s) else 1
        if len(places) == 1 and not _is_glob(places[0]):
            return fleet.follow(places[0], stop)
        while not stop.is_set():
            fleet.ship_in_turn(places, stop)
            stop.wait(ROUND_INTERVAL_S)
    return 0


class _Fleet:
    """A shipper for each journal, all to one destination."""

    def __init__(self, given: dict[str, Any], vigil: Vigil, *, again: bool) -> None:
        self._again = again  # dead letters are sent again, once
        self._sink = make_sink(given)
        self._vigil = vigil
        self._shippers: dict[str, Shipper] = {}

    def ship_once(self, places: Sequence[str], stop: threading.Event, timeout_s: float | None) -> bool:
        """Ship each journal in turn; say whether there are some, and all that they hold is taken."""
        give_up_at = None if timeout_s is None else time.monotonic() + timeout_s
        all_taken = True
        for place in places:
            directories = _journals(place)
            if not directories:
                all_taken = False
                click.echo(f"Error: {printable(_none_in(place))}", err=True)
            for directory in directories:
                if stop.is_set():
                    return False
                rest_s = None if give_up_at is None else max(0.01, give_up_at - time.monotonic())
                try:
                    taken = self._ship(directory, stop, rest_s, is_once=True)
                except TelemetryError as error:
                    taken = False
                    click.echo(f"Error: {printable(directory)}: {printable(str(error))}", err=True)
                all_taken &= taken
        return all_taken

    def ship_in_turn(self, places: Sequence[str], stop: threading.Event) -> None:
        """Ship each journal that there is now, for TURN_S at most; what is amiss is said when it changes."""
        for place in places:
            directories = _journals(place)
            self._vigil.tell(place, "" if directories else f"{_none_in(place)} yet: it waits for one")
            for directory in directories:
                if stop.is_set():
                    return
                try:
                    self._ship(directory, stop, TURN_S, is_once=False)
                except TelemetryError as error:
                    self._vigil.tell(directory, str(error))

    def follow(self, directory: str, stop: threading.Event) -> int:
        """Ship one journal until stopped; wait for it if it is not there yet."""
        while not _holds_journal(directory):
            self._vigil.tell(directory, f"{_none_in(directory)} yet: it waits for one")
            if stop.wait(LOOK_INTERVAL_S):
                return 0
        shipper = self._of(directory)
        shipper.start()
        while not stop.wait(LOOK_INTERVAL_S):
            self._vigil.look(directory, shipper)
        return 0 if shipper.stop() else 1

    def _of(self, directory: str) -> Shipper:
        """Return the shipper of a journal, told to send dead letters again if that is wanted. Raises JournalError."""
        shipper = self._shippers.get(directory)
        if shipper is None:
            shipper = Shipper(directory, self._sink)
            if self._again:
                shipper.send_dead_letters_again()
            self._shippers[directory] = shipper
        return shipper

    def _ship(self, directory: str, stop: threading.Event, rest_s: float | None, *, is_once: bool) -> bool:
        shipper = self._of(directory)
        before = _counts(shipper)
        with self._vigil.over(directory, shipper):
            taken = shipper.ship(rest_s, stop=stop)
        others = not taken and shipper.is_another_at_work
        if not is_once:
            self._vigil.tell(directory, ANOTHER if others else "")
        why = ANOTHER if others else shipper.state.reason or "time is up"
        _say(directory, shipper, before, why="" if taken or not is_once else why)
        return taken


def _counts(shipper: Shipper) -> tuple[int, int, int]:
    return shipper.state.delivered_events, shipper.state.refused_events, shipper.state.refused_again_events


def _say(directory: str, shipper: Shipper, before: tuple[int, int, int], *, why: str) -> None:
    """Say what was delivered, and why not all was, if that is to be said."""
    delivered, refused, again = (now - then for now, then in zip(_counts(shipper), before, strict=True))
    if not (delivered or refused or again or why):
        return
    parts = [f"{delivered:,} delivered"]
    if refused:
        parts.append(f"{refused:,} refused: they are in dead-letter/")
    if again:
        parts.append(f"{again:,} refused again: they stay in dead-letter/")
    if shipper.is_to_send_dead_letters_again:
        parts.append("the dead letters are sent again by the shipper that is at work, or next")
    if why:
        parts.append(f"not all is taken: {why}")
    click.echo(f"{printable(directory)}: {'; '.join(map(printable, parts))}", err=bool(why))


def _journals(place: str) -> list[str]:
    """List the journals that an argument means: one directory, or all that a glob matches."""
    found = sorted(glob.glob(place)) if _is_glob(place) else [place]
    return [directory for directory in found if _holds_journal(directory)]


def _none_in(place: str) -> str:
    return f"no journal matches {place}" if _is_glob(place) else f"there is no journal in {place}"


def _is_glob(place: str) -> bool:
    return bool(_MAGIC.intersection(place)) and not Path(place).exists()


def _holds_journal(directory: str) -> bool:
    """Say whether a directory may be shipped: in one that holds something else, a shipper would leave its files."""
    try:
        names = os.listdir(os.path.expanduser(directory))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # shipping says why it cannot be read
        return True
    told = [name for name in names if not name.startswith(".")]
    return not told or any(name in _OF_JOURNALS or name.endswith(SEALED_SUFFIX) for name in told)


@contextmanager
def _unsaid_by_the_log() -> Iterator[None]:
    """Have the log, which goes to the terminal, not say what a Vigil says."""
    log = logging.getLogger(LOGGER)

    def is_told_otherwise(record: logging.LogRecord) -> bool:
        return record.msg != WAITS

    log.addFilter(is_told_otherwise)
    try:
        yield
    finally:
        log.removeFilter(is_told_otherwise)


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
