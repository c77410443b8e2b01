"""The envelope: the metadata around an event.

{"__timestamp__":"2026-11-23T17:42:05.123456Z","__schema__":"…","__schema_version__":1,
 "__metadata_version__":2,"__id__":"0193…",…the event's own properties…}
"""

from __future__ import annotations

import itertools
import os
import secrets
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from uuid import UUID

from .errors import invalid_event
from .forksafe import Lock
from .timestamp import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "METADATA_NAMES",
    "METADATA_VERSION",
    "RESERVED_PREFIX",
    "CoarseEnvelope",
    "Envelope",
    "Stamper",
    "stamp",
]

METADATA_VERSION = TELEMETRY_METADATA_VERSION = 2  # the long name is 0.1.0's
METADATA_NAMES = ("__timestamp__", "__schema__", "__schema_version__", "__metadata_version__", "__id__")
RESERVED_PREFIX = "__"  # of all metadata names, those of the future included

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TIMESTAMP_LENGTH = len("2026-11-23T17:42:05.123456")
_LOW_BITS = 8  # of the counter, two digits in the last group of the id; the rest stands in its cached prefix
# Written once: to look a piece of text up takes a third of the time of formatting it.
_MICROSECONDS = tuple(f"{number:03d}Z" for number in range(1000))


class Stamper:
    """Give each event its time and its id; callable from any thread, before and after a fork.

    A call returns (timestamp, id): the time in UTC as RFC 3339 §5.6 with microseconds and `Z`, and a UUIDv7
    (RFC 9562 §5.7): 48 bits of milliseconds, a 42-bit counter in the place of rand_a and the start of rand_b
    (RFC 9562 §6.2 method 1, seeded at random), and 32 bits drawn once per process. Ids rise strictly from call
    to call, when the clock jumps backwards too: their milliseconds then stay where they were.
    """

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._lock = Lock()
        self.reseed()

    def reseed(self) -> None:
        """Draw the random part anew: a forked child must not repeat its parent's ids."""
        node = f"{secrets.randbits(32):08x}"
        self._endings = tuple(f"{low:02x}{node}" for low in range(1 << _LOW_BITS))
        self._counter = itertools.count(secrets.randbits(41))  # next() on it is atomic
        self._id_milliseconds = 0
        # The millisecond in hand and the high bits of the counter, with what they are written as.
        self._written = (-1, -1, "", "")

    def __call__(self) -> tuple[str, str]:
        milliseconds, microseconds = divmod(self._now_ns() // 1000, 1000)
        count = next(self._counter)
        known, high, timestamp, prefix = self._written
        if milliseconds != known or count >> _LOW_BITS != high:
            timestamp, prefix = self._write(milliseconds, count >> _LOW_BITS)
        return timestamp + _MICROSECONDS[microseconds], prefix + self._endings[count & 0xFF]

    def _write(self, milliseconds: int, high: int) -> tuple[str, str]:
        seconds, fraction = divmod(milliseconds, 1000)
        timestamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{fraction:03d}"
        variant = 0x8000 | high >> 8 & 0x3FFF
        with self._lock:
            self._id_milliseconds = given = max(milliseconds, self._id_milliseconds)
            prefix = f"{given >> 16:08x}-{given & 0xFFFF:04x}-7{high >> 22:03x}-{variant:04x}-{high & 0xFF:02x}"
            self._written = (milliseconds, high, timestamp, prefix)
        return timestamp, prefix


stamp = Stamper()
_stamp = stamp.__call__  # a method is called in less time than an object is
if hasattr(os, "register_at_fork"):  # absent on Windows, which has no fork
    os.register_at_fork(after_in_child=stamp.reseed)


class Envelope:
    """What every event of one (schema id, version) is wrapped in."""

    __slots__ = ("schema_id", "version")

    def __init__(self, schema_id: str, version: int | str) -> None:
        self.schema_id = schema_id
        self.version = version

    def seal(self, event: dict[str, Any], timestamp_override: datetime | None = None) -> dict[str, Any]:
        """Return the capsule: metadata first, then the event's properties (the values are shared).

        Raises InvalidEvent for a `timestamp_override` that is no datetime, or outside the years 1 to 9999.
        """
        timestamp, event_id = _stamp()
        if timestamp_override is not None:
            timestamp = self._timestamp(timestamp_override)
        return {
            "__timestamp__": timestamp,
            "__schema__": self.schema_id,
            "__schema_version__": self.version,
            "__metadata_version__": METADATA_VERSION,
            "__id__": event_id,
            **event,
        }

    def seal_again(self, capsule: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
        """Return the capsule of the same event with other properties: its time and its id stay."""
        return {**{name: capsule[name] for name in METADATA_NAMES}, **event}

    def moment(self) -> float:
        """Return the time of now that may stand beside an event, in seconds since the epoch."""
        return time.time()

    def _timestamp(self, moment: datetime) -> str:
        try:
            if moment.tzinfo is not None:
                moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
            text = moment.isoformat(timespec="microseconds")
        except Exception:  # a tzinfo may raise anything
            text = ""
        # A datetime.time has an isoformat too, and pandas' NaT is a datetime.
        if not isinstance(moment, datetime) or len(text) != _TIMESTAMP_LENGTH:
            raise invalid_event(
                json_path="$",
                rule="timestamp",
                reason="timestamp_override must be a datetime.datetime in the years 1 to 9999",
                schema_id=self.schema_id,
            )
        return text + "Z"


class CoarseEnvelope(Envelope):
    """An envelope that does not tell the time better than the event in it, where a time is rounded.

    The timestamp is rounded in the same way, and so are the milliseconds of the id (RFC 9562 §5.7); all other bits of
    the id are random, since a counter would tell between which two events it was drawn. So these ids do not rise from
    call to call.

    Parameters
    ----------
    floor: from microseconds since the epoch to those of the beginning of the hour, the day or the week.
    """

    __slots__ = ("_floor",)

    def __init__(self, schema_id: str, version: int | str, floor: Callable[[int], int]) -> None:
        super().__init__(schema_id, version)
        self._floor = floor

    def seal(self, event: dict[str, Any], timestamp_override: datetime | None = None) -> dict[str, Any]:
        """Return the capsule, as Envelope does."""
        return self._coarse(super().seal({}, timestamp_override), event)

    def seal_again(self, capsule: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
        """Return the capsule of the same event with other properties, and with an id of its own."""
        return self._coarse(capsule, event)

    def moment(self) -> float:
        """Return the beginning of the hour, the day or the week of now."""
        return self._floor(time.time_ns() // 1000) / 1e6

    def _coarse(self, capsule: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
        exact = datetime.fromisoformat(capsule["__timestamp__"][:-1]).replace(tzinfo=timezone.utc)
        moment = _EPOCH + timedelta(microseconds=self._floor((exact - _EPOCH) // timedelta(microseconds=1)))
        return {
            **{name: capsule[name] for name in METADATA_NAMES},
            "__timestamp__": utc_text(moment),
            "__id__": _id_of_random(round(self.moment() * 1000)),
            **event,
        }


def _id_of_random(milliseconds: int) -> str:
    """Return a UUIDv7 of a time, in which all else is random."""
    low, high = secrets.randbits(62), secrets.randbits(12)
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))
