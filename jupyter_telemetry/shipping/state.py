"""How a shipper fares, for whoever looks: counters in its process, and a file for all others."""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ..journal.access import replacing_shared
from ..printable import cut, printable
from ..timestamp import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LOGGER", "WAITS", "State", "read_state", "sayable"]

FILE = "state.json"
WRITE_INTERVAL_S = 5.0
SAY_INTERVAL_S = 60.0
MOST_SAID = 10  # reasons within that
MOST_REASON = 1000  # characters

LOGGER = "jupyter_telemetry.shipping"
WAITS = "shipping to %s waits: %s"
"""What is logged of a failure that is followed by another try: who says it in another way may filter it out."""

_log = logging.getLogger(LOGGER)


class State:
    """The state of one shipper, since it was made.

    It is written to `state.json` beside the cursor when it turns from well to failing or back, and else every few
    seconds in which something happens: {"at", "delivered", "refused", "unerased", "failures", "failing_since",
    "reason", "last_delivered_at", "erases"}, times in RFC 3339 or null.

    erases: whether the destination takes away what was erased.
    """

    def __init__(self, place: Path, clock: Callable[[], float] = time.monotonic, *, erases: bool = False) -> None:
        self.erases = erases
        self.delivered_events = 0
        self.refused_events = 0
        self.refused_again_events = 0  # dead letters that were sent again, and stay
        self.unerased_events = 0  # that were erased in the journal, and that the destination was told of and keeps
        self.failures = 0  # tries that were followed by another one
        self.failing_since: str | None = None
        self.reason = ""  # of the last failure; "" if all is well
        self.last_delivered_at: str | None = None
        self.waiting_bytes = 0  # at the last look
        self._place = place
        self._clock = clock
        self._written_at = float("-inf")
        self._is_written = True
        self._said: dict[str, float] = {}  # by reason, when

    def delivered(self, events: int) -> None:
        """Note events that are acknowledged."""
        self.delivered_events += events
        if events:
            self.last_delivered_at = _now()
        if not self.well():
            self._write(at_once=False)

    def well(self) -> bool:
        """Note that nothing is amiss now; say whether something was."""
        was_failing, self.failing_since, self.reason = self.failing_since, None, ""
        if was_failing:
            self._said = {}
            with contextlib.suppress(Exception):
                _log.info("shipping to %s goes on", self._place.name)
            self._write(at_once=True)
        return bool(was_failing)

    def refused(self, events: int, reason: str) -> None:
        """Note events that became dead letters, for the reason of one of them."""
        self.refused_events += events
        self._warn("shipping to %s: events became dead letters: %s", reason)
        self._write(at_once=False)

    def refused_again(self, events: int, reason: str) -> None:
        """Note dead letters that were sent again, and refused, for the reason of one of them."""
        self.refused_again_events += events
        if events:
            self._warn("shipping to %s: dead letters that were sent again are refused again: %s", reason)

    def unerased(self, events: int, reason: str) -> None:
        """Note erased events that the destination keeps, and why it does."""
        self.unerased_events += events
        self._warn("shipping to %s: it keeps events that were erased here: %s", reason)
        self._write(at_once=False)

    def flush(self) -> None:
        """Write what is not written yet."""
        if not self._is_written:
            self._write(at_once=True)

    def failed(self, reason: str) -> None:
        """Note what went wrong; it is logged at once, and then once a minute."""
        self.failures += 1
        reason = sayable(reason)
        began = self.failing_since is None
        self.failing_since = self.failing_since or _now()
        self.reason = reason
        self._warn(WAITS, reason)
        self._write(at_once=began)

    def _warn(self, text: str, reason: str) -> None:
        now, reason = self._clock(), sayable(reason)
        self._said = {each: at for each, at in self._said.items() if now - at < SAY_INTERVAL_S}
        if reason in self._said or len(self._said) >= MOST_SAID:
            return
        self._said[reason] = now
        with contextlib.suppress(Exception):  # of a handler of the log
            _log.warning(text, self._place.name, reason)

    def _write(self, *, at_once: bool) -> None:
        now = self._clock()
        self._is_written = at_once or now - self._written_at >= WRITE_INTERVAL_S
        if not self._is_written:
            return
        self._written_at = now
        content = {
            "at": _now(),
            "delivered": self.delivered_events,
            "refused": self.refused_events,
            "unerased": self.unerased_events,
            "failures": self.failures,
            "failing_since": self.failing_since,
            "reason": self.reason,
            "last_delivered_at": self.last_delivered_at,
            "erases": self.erases,
        }
        with contextlib.suppress(OSError), replacing_shared(self._place / FILE) as file:
            file.write(orjson.dumps(content))


def sayable(reason: object) -> str:
    """Return a reason as a log and a file can hold it: a sink of others' may give anything, a path be no UTF-8."""
    text = reason if isinstance(reason, str) else f"no reason, but a {type(reason).__name__}"
    return printable(cut(text, MOST_REASON))


def read_state(place: Path) -> dict[str, Any]:
    """Return what the last shipper wrote there; {} if there is nothing to be read, or no shipper has written it."""
    try:
        found = orjson.loads((place / FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    numbers = [found.get(name, 0) for name in ("delivered", "refused", "unerased", "failures")]
    texts = [found.get(name) or "" for name in ("at", "failing_since", "reason", "last_delivered_at")]
    is_one = all(type(each) is int for each in numbers) and all(isinstance(each, str) for each in texts)
    return found if is_one else {}


def _now() -> str:
    return utc_text(timespec="seconds")
