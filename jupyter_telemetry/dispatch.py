"""The shippers of an EventLog: made from configuration, started with it, and stopped.

Recording does not know how a journal is shipped: what ships is imported when a shipper is configured, and not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import ConfigurationError, TelemetryError
from .handlers import walk

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping, Sequence

    from .shipping import Shipper

__all__ = ["Dispatch", "shipped_to"]

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
_WHERE = "EventLog.shippers"


class Dispatch:
    """The shippers of one log. Those made from dicts are its own: it starts them, and stops them with the log."""

    def __init__(self) -> None:
        self.shippers: tuple[Shipper, ...] = ()
        self._given: list[Any] = []
        self._journals: list[logging.Handler] = []

    def attach(self, given: Sequence[Any], handlers: Iterable[logging.Handler]) -> None:
        """Ship by these from now on, and by no others. Raises ConfigurationError; then nothing has changed."""
        journals = _journals(handlers)
        if list(given) == self._given and (not given or journals == self._journals):
            return
        made = tuple(each if hasattr(each, "start") else _make(each, journals) for each in given)
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
        for shipper in shippers:
            shipper.stop()


def shipped_to(given: Any) -> str:
    """Say in words where a shipper, or the dict that would make one, sends events; nothing is made here."""
    if not isinstance(given, (str, dict)):
        return str(given.sink.name)
    url = given if isinstance(given, str) else str(given.get("to") or "")
    parts = urlsplit(url) if "://" in url else None
    if parts is not None and parts.hostname:
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
    name = given.get("sink") if isinstance(given, dict) else None
    return f"{name or 'a lake'}{' in ' if url else ''}{url}"


def _make(given: str | Mapping[str, Any], journals: Sequence[logging.Handler]) -> Shipper:
    from .shipping import Shipper
    from .sinks import make_sink

    told: dict[str, Any] = {"to": given} if isinstance(given, str) else dict(given)
    options: dict[str, Any] = {name: told.pop(name) for name in SHIPPER_OPTIONS if name in told}
    journal = told.pop("journal", None) or _only(journals)
    try:
        return Shipper(journal, make_sink(told), **options)
    except TelemetryError as error:
        raise ConfigurationError(f"{_WHERE}: {error}") from None


def _only(journals: Sequence[Any]) -> Any:
    if len(journals) == 1:
        return journals[0]
    what = "none of the handlers is a journal" if not journals else "several of the handlers are journals"
    raise ConfigurationError(
        f'{_WHERE}: a shipper carries a journal, and {what}: say which by "journal": its directory, or add '
        '{"class": "jupyter_telemetry.journal.JournalHandler"} to EventLog.handlers'
    )


def _journals(handlers: Iterable[logging.Handler]) -> list[Any]:
    return [
        each
        for handler in handlers
        for each in walk(handler)
        if hasattr(each, "directory") and hasattr(each, "write_event")
    ]
