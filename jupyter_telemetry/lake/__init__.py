"""A lake: events as Parquet files with typed columns, by schema and day, for any engine that reads them.

`Lake` opens one: in a directory, or in an object store. The parts: kinds and arrays (JSON values as Arrow's) → table
(events as a table, and back) → parquet (tables as files) → place (where files stand) with layout (under which names)
and schemas → appending, erasing, compaction, reading.
"""

from .compaction import Compaction
from .lake import Lake
from .place import Entry

__all__ = ["Compaction", "Entry", "Lake"]
