"""Moments as texts: RFC 3339 in UTC, `2026-11-25T17:42:05.123456Z`."""

from __future__ import annotations

from datetime import datetime, timezone

__all__ = ["parsed", "utc_text"]


def utc_text(moment: datetime | None = None, timespec: str = "microseconds") -> str:
    """Write a moment, by default now; `timespec` as of datetime.isoformat."""
    moment = datetime.now(timezone.utc) if moment is None else moment.astimezone(timezone.utc)
    return moment.replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


def parsed(text: str) -> datetime:
    """Read what `utc_text` wrote, or another ISO 8601 text. Raises ValueError."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 knows no Z
