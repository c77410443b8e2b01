"""How a lake is laid out, so that any engine reads it, and it explains itself on any machine.

    schema=<view name>/day=<of the event, in UTC>/<journal>-<when begun>-<digits>.parquet
                                                  compacted-<when begun>-<random>.parquet
    _schemas/<view name>-<digest>.json            the schemas, each text once
    _drafts/                                      what is being written, where it is a directory

`schema` and `day` become columns in DuckDB, polars and Spark. What begins with `_` is no data to Spark, and ends in
another way than data do.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from typing import NamedTuple

__all__ = ["COMPACTED", "SCHEMAS", "Partition", "batch_name", "file_name", "named_after", "owner_of", "partition_of"]

SCHEMAS = "_schemas"
COMPACTED = "compacted"
_UUID7 = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7")
_DATA = re.compile(r"schema=([^/]+)/day=(\d{4}-\d\d-\d\d)/[^/]+\.parquet")


class Partition(NamedTuple):
    """The events of one schema and one day."""

    schema: str  # as the directory is called
    day: str

    @property
    def path(self) -> str:
        """Its directory."""
        return f"schema={self.schema}/day={self.day}"


def partition_of(path: str) -> Partition | None:
    """Return the partition that a file of events belongs to; None for any other file."""
    found = _DATA.fullmatch(path)
    return Partition(found[1], found[2]) if found else None


def named_after(journal: str) -> str:
    """Return what the names of a journal's files begin with."""
    return re.sub(r"[^A-Za-z0-9]+", "", journal)[:32] or "journal"


def file_name(owner: str) -> str:
    """Make up a name for a new file: one that is begun later comes later, and no two are the same."""
    return f"{owner}-{time.time_ns() // 1_000_000:012x}-{os.urandom(4).hex()}.parquet"


def batch_name(owner: str, event_id: str, number: int) -> str:
    """Name a new file after its first event: whoever writes the same batch at the same time finds the name taken.

    Its order is that of the events' ids. number: of the names that a file of this first event may have.
    """
    found = _UUID7.match(event_id)
    moment = found[1] + found[2] if found else "0" * 12
    return f"{owner}-{moment}-{hashlib.sha256(f'{event_id} {number}'.encode()).hexdigest()[:8]}.parquet"


def owner_of(name: str) -> str:
    """Return whose events a file holds: what `named_after` made of a journal, or COMPACTED."""
    return name.partition("-")[0]
