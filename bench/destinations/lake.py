"""A lake: a directory of Parquet files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jupyter_telemetry.shipping import Batch, Sink

__all__ = ["Lake"]


class Lake:
    """A directory of this machine's disk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def start(self) -> None:
        """Nothing runs there."""

    def stop(self) -> None:
        """Nothing runs there."""

    def sink(self) -> Sink:
        """Make a sink."""
        from jupyter_telemetry.sinks.lake import LakeSink

        return LakeSink(self._directory)

    def loop(self, batches: Sequence[Batch]) -> Callable[[], None]:
        """Have the text of each batch, put together before, read and written as a file that is on the disk."""
        import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
        import pyarrow.json as pj  # type: ignore[import-untyped]  # as above
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # as above

        texts = [b"".join(batch.lines) for batch in batches]

        def read_and_write() -> None:
            for text in texts:
                table = pj.read_json(pa.BufferReader(text))
                with (self._directory / f"{os.urandom(8).hex()}.parquet").open("wb") as file:
                    pq.write_table(table, file, compression="zstd")
                    file.flush()
                    os.fsync(file.fileno())

        return read_and_write

    def at_rest(self) -> int:
        """Count the rows that its files say they have."""
        import pyarrow.parquet as pq

        return sum(pq.read_metadata(path).num_rows for path in self._directory.rglob("*.parquet"))
