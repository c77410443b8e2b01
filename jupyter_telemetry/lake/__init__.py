"""A lake: events as Parquet files with typed columns, by schema and day, for any engine that reads them.

The parts: kinds and arrays (JSON values as Arrow's) → table (events as a table, and back) → parquet (tables as files)
→ place (where files stand) with layout (under which names) and schemas → appending, erasing, compaction (with
swapping and exchange), reading → lake (one of them, by its path or URL).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import MissingExtra

try:
    from .compaction import Compaction
    from .lake import Lake
except ImportError:
    raise MissingExtra("a lake", "lake") from None

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from datetime import date

__all__ = ["Compaction", "compact", "read_events"]


def read_events(url: str | os.PathLike[str], **options: Any) -> Iterator[dict[str, Any]]:
    """Yield every event of a lake, exactly as it was recorded but for the order of its properties.

    options: as of LakeSink.

    Raises LakeError, ConfigurationError.
    """
    return Lake(url, **options).events()


def compact(url: str | os.PathLike[str], before: date | None = None, **options: Any) -> Compaction:
    """Make few large files of many small ones, for days that are over; it may be killed, and run again.

    before: only days before this one, in UTC; today and the two days before are left alone in any case.
    options: as of LakeSink.

    Raises LakeError, ConfigurationError.
    """
    return Lake(url, **options).compact(before)
