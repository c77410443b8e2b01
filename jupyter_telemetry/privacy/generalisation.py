"""Generalise a value: say less of it, and nothing that is not true.

Every function raises Unfit for a value it is not made for; its text and what hangs on it never hold the value.
"""

from __future__ import annotations

import ipaddress
import math
import re
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "TIME_UNITS",
    "Unfit",
    "coarsest",
    "first_parts",
    "floor_time",
    "network_of",
    "rounded_down",
    "rounded_time",
    "suffix_of",
    "text_of",
]

TIME_UNITS = ("hour", "day", "week")
"""From fine to coarse; each is made of whole ones of those before it."""

_HOUR_US = 3_600_000_000
_UNIT_US = {"hour": _HOUR_US, "day": 24 * _HOUR_US, "week": 7 * 24 * _HOUR_US}
_MONDAY_US = {"week": -3 * 24 * _HOUR_US}  # weeks begin on Monday (ISO 8601 §3.1.1.23); the epoch was a Thursday
_EPOCH = datetime(1970, 1, 1)

# RFC 3339 §5.6; also without seconds or offset, as ISO 8601 has it.
_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?:[0-5][0-9]|60)(?:[.,][0-9]+)?)?"
    r"(?P<offset>[Zz]|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):?(?P<minutes>[0-5][0-9]))?)?"
)
_PART = re.compile(r"[^/\\]+")
# No more than a kind of file: what follows the last dot of a name may be anything.
_SUFFIX = re.compile(r"[^/\\]\.[^./\\]+\Z")
_KIND_OF_FILE = re.compile(r"\.[A-Za-z0-9_+-]{1,16}")


class Unfit(ValueError):
    """An action does not fit a value."""


def coarsest(units: Iterable[str]) -> str | None:
    """Return the coarsest of some units of time ("hour", "day", "week"); None of none."""
    return max(units, key=TIME_UNITS.index, default=None)


def floor_time(moment_us: int, unit: str) -> int:
    """Return the beginning of the hour, day or week in UTC that a moment is in; both in microseconds since 1970."""
    first_us = _MONDAY_US.get(unit, 0)
    return moment_us - (moment_us - first_us) % _UNIT_US[unit]


def rounded_time(value: Any, unit: str) -> str:
    """Return the beginning of the hour, day or week of a time as RFC 3339 or ISO 8601 writes it.

    A date stays a date. A date-time with an offset goes to UTC; without one it is taken, and written, as it is.
    """
    match = _TIME.fullmatch(text_of(value))
    moment = _moment(match) if match else None
    if match is None or moment is None:
        raise Unfit("is no time as RFC 3339 writes it")
    # The year 1 begins on a Monday: nothing is rounded to a time before it.
    begin = _EPOCH + timedelta(microseconds=floor_time((moment - _EPOCH) // timedelta(microseconds=1), unit))
    if match["hour"] is None:
        return begin.date().isoformat()
    return begin.isoformat() + ("Z" if match["offset"] else "")


def _moment(match: re.Match[str]) -> datetime | None:
    """Return what was read, in UTC if it has an offset; to the minute: nothing finer is left of it anyway."""
    try:
        moment = datetime.fromisoformat(f"{match['date']}T{match['hour'] or '00'}:{match['minute'] or '00'}")
        if match["sign"]:
            east = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
            moment = moment - east if match["sign"] == "+" else moment + east
    except (ValueError, OverflowError):
        return None
    return moment


def suffix_of(value: Any) -> str:
    """Return the suffix of a path's last part, ".ipynb"; "" if it has none, or one that is no kind of file."""
    match = _SUFFIX.search(text_of(value))
    suffix = match[0][1:] if match else ""
    return suffix if _KIND_OF_FILE.fullmatch(suffix) else ""


def first_parts(value: Any, count: int) -> str:
    r"""Return the beginning of a path, as far as its first parts go: "/home/ada" of "/home/ada/x/y" for two.

    Both / and \ are between parts; a drive, or a URL's scheme, is one.
    """
    text = text_of(value)
    ends = [part.end() for part in islice(_PART.finditer(text), count)]
    return text[: ends[-1]] if ends else text


def network_of(value: Any) -> str:
    """Return the /24 of an IPv4 address, or the /48 of an IPv6 one.

    An IPv4 address inside an IPv6 one (mapped: RFC 4291 §2.5.5.2; 6to4, whose /48 would hold all of it: RFC 3056
    §2) is taken as what it is.
    """
    text = text_of(value)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        address = None
    if address is None:
        raise Unfit("is no IP address")
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    length = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address.packed, length), strict=False))


def rounded_down(value: Any, size: Fraction) -> int | float:
    """Return the multiple of `size` that is next below a number; a float is taken as it is written: 0.3, not 0.29…"""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unfit("is not a number")
    if isinstance(value, int) and size.denominator == 1:
        below = value // size.numerator * size.numerator
        if below < -(2**63):
            raise Unfit("has no multiple below it in 64 bits")
        return below
    if not math.isfinite(value):
        raise Unfit("is not a finite number")
    return float(math.floor(Fraction(str(value)) / size) * size)


def text_of(value: Any) -> str:
    """Return the value if it is text."""
    if not isinstance(value, str):
        raise Unfit("is not text")
    return value
