"""The shippers of an EventLog: made from configuration, started with it, and stopped.

Recording does not know how a journal is shipped: what ships is imported when a shipper is configured, and not before.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from .destination import journal_directory
from .errors import ConfigurationError, JournalError, TelemetryError
from .handlers import walk

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping, Sequence

    from .shipping import Shipper, Sink

__all__ = ["CarriedTo", "Dispatch", "carried_beside", "shipped"]

SHIPPER_OPTIONS = (
    "batch_events",
    "batch_bytes",
    "batch_age_s",
    "first_backoff_s",
    "longest_backoff_s",
    "lease_s",
    "poll_interval_s",
    "exit_timeout_s",
)
_NOT_THE_SINKS = {*SHIPPER_OPTIONS, "journal"}
_WHERE = "EventLog.shippers"


class Dispatch:
    """The shippers of one log, which starts them, and stops them with itself."""

    def __init__(self) -> None:
        self.shippers: tuple[Shipper, ...] = ()
        self._given: list[Any] = []
        self._journals: list[logging.Handler] = []

    def attach(self, given: Sequence[Any], handlers: Iterable[logging.Handler]) -> None:
        """Ship by these from now on, and by no others. Raises ConfigurationError; then nothing has changed."""
        journals = _journals(handlers)
        if list(given) == self._given and (not given or journals == self._journals):
            return
        made = tuple(
            each if hasattr(each, "start") else _make(each, journals, f"{_WHERE}[{place}]")
            for place, each in enumerate(given)
        )
        before, self.shippers = self.shippers, made
        self._given, self._journals = list(given), journals
        for shipper in before:
            if shipper not in made:
                shipper.stop(0.0)  # what it has not sent, its successor sends
        for shipper in made:
            shipper.start()

    def close(self) -> None:
        """Stop all, each within its `exit_timeout_s`; what is not sent then is in the journal still."""
        shippers, self.shippers = self.shippers, ()
        self._given = []
        if shippers:
            from .shipping.shipper import stop_all

            stop_all(shippers)


class CarriedTo(NamedTuple):
    """Where events go."""

    where: str  # in words
    erases: bool  # what a user erases is erased there too


def shipped(
    shippers: Iterable[Any], handlers: Iterable[logging.Handler | Mapping[str, Any]]
) -> dict[int, tuple[CarriedTo, ...]]:
    """Say where the journal of each handler is carried to, by the handler's `id`; nothing is opened here.

    Shippers and handlers may be what would make them. A shipper of a journal that none of the handlers keeps is left
    out: what it carries is others'.
    """
    found: dict[int, tuple[CarriedTo, ...]] = {}
    kept = [(handler, directory) for handler in handlers for directory in _directories(handler)]
    for shipper in shippers:
        journal = _journal_of(shipper)
        for handler, directory in kept:
            if journal is None or journal == directory:
                found[id(handler)] = (*found.get(id(handler), ()), _place(shipper))
                break
    return found


def carried_beside(shippers: Iterable[Any], handler: logging.Handler | Mapping[str, Any]) -> list[CarriedTo]:
    """Say where the journal of a handler is carried to by others than these: from beside, or in former times.

    Cursors in the journal tell; those that cannot be read tell nothing.
    """
    directories = _directories(handler)
    if not directories:
        return []
    from .journal.cursors import Cursor, cursors
    from .shipping.state import read_state

    known = {_name(shipper) for shipper in shippers}
    found = []
    for directory in directories:
        with suppress(OSError):
            for path in cursors(directory):
                with suppress(JournalError):
                    name = Cursor.load(path, "").sink
                    if name not in known:
                        found.append(CarriedTo(name, bool(read_state(path.parent).get("erases"))))
    return found


def _directories(handler: logging.Handler | Mapping[str, Any]) -> list[Path]:
    return [directory for each in walk(handler) if (directory := journal_directory(each)) is not None]


def _journal_of(shipper: Any) -> Path | None:
    if not isinstance(shipper, (str, dict)):
        directory: Path = shipper.directory
        return directory
    told = shipper.get("journal") if isinstance(shipper, dict) else None
    return None if told is None else Path(os.path.abspath(os.path.expanduser(told)))


def _place(shipper: Any) -> CarriedTo:
    if not isinstance(shipper, (str, dict)):
        return CarriedTo(shipper.sink.name, shipper.sink.erases)
    sink = _sink_of(shipper)
    return CarriedTo(_without_options(_told(shipper)), sink is not None and sink.erases)


def _name(shipper: Any) -> str | None:
    """Return the name of the destination, by which its cursor goes."""
    sink = shipper.sink if not isinstance(shipper, (str, dict)) else _sink_of(shipper)
    return None if sink is None else str(sink.name)


def _sink_of(given: str | Mapping[str, Any]) -> Sink | None:
    """Make the sink of a shipper, without opening it; None if that cannot be done here."""
    from .sinks import make_sink

    told = _told(given)
    try:
        return make_sink({name: told[name] for name in told if name not in _NOT_THE_SINKS})
    except Exception:  # an extra, or a file, that this process lacks: making the shipper says what is wrong
        return None


def _told(given: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"to": given} if isinstance(given, str) else dict(given)


def _without_options(told: Mapping[str, Any]) -> str:
    """Say of a place what its URL says of it, and nothing else: no user, no parameters."""
    url = str(told.get("to") or "")
    if "://" not in url:  # the path of a lake; with a name before it, it may be anything
        return str(told.get("sink") or url)
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"  # of Kafka it may name several servers


def _make(given: str | Mapping[str, Any], journals: Sequence[logging.Handler], where: str) -> Shipper:
    from .shipping import Shipper
    from .sinks import make_sink

    told = _told(given)
    options: dict[str, Any] = {name: told.pop(name) for name in SHIPPER_OPTIONS if name in told}
    journal = told.pop("journal", None)
    try:
        return Shipper(_only(journals) if journal is None else journal, make_sink(told), **options)
    except TelemetryError as error:
        raise ConfigurationError(f"{where}: {error}") from error.__cause__
    except Exception as error:  # of a sink's own code
        raise ConfigurationError(f"{where}: its sink cannot be made: {type(error).__name__}") from error


def _only(journals: Sequence[Any]) -> Any:
    if len(journals) == 1:
        return journals[0]
    what = "none of the handlers is a journal" if not journals else "several of the handlers are journals"
    raise ConfigurationError(
        f'a shipper carries a journal, and {what}: say which by "journal": its directory, or add '
        '{"class": "jupyter_telemetry.journal.JournalHandler"} to EventLog.handlers'
    )


def _journals(handlers: Iterable[logging.Handler]) -> list[Any]:
    return [
        each
        for handler in handlers
        for each in walk(handler)
        if hasattr(each, "directory") and hasattr(each, "write_event")
    ]
