"""Tables as Parquet files: how they are encoded, and what of a file can be known without reading all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # the same

from .table import ID

if TYPE_CHECKING:
    from .place import Place

__all__ = ["ABSORBED", "Span", "absorbed", "encoded", "ids_of", "read_schema", "read_table", "span_of"]

ABSORBED = b"jupyter_telemetry.absorbed"  # the names of the files whose events a compacted one has taken over
_ROWS = 100_000  # of a row group
_DELTAS = {ID: "DELTA_BYTE_ARRAY", "__timestamp__": "DELTA_BINARY_PACKED"}  # a third less, since both rise


class Span(NamedTuple):
    """What a file says of itself: its rows, and the least and greatest `__id__`; None where it does not say."""

    rows: int
    least: str | None
    greatest: str | None

    def may_hold(self, least: str, greatest: str) -> bool:
        """Say whether it may hold ids between two."""
        return self.least is None or self.greatest is None or (self.least <= greatest and least <= self.greatest)


def encoded(table: Any) -> Any:
    """Encode a table as a Parquet file."""
    sink = pa.BufferOutputStream()
    leaves = [leaf for field in table.schema for leaf in _leaves(field, "") if leaf not in _DELTAS]
    pq.write_table(
        table,
        sink,
        compression="zstd",
        row_group_size=_ROWS,
        use_dictionary=leaves,
        column_encoding=_DELTAS,
    )
    return sink.getvalue()


def read_table(place: Place, path: str) -> Any:
    """Read a file. Raises OSError."""
    with place.read(path) as file:
        return _opened(file).read()


def read_schema(place: Place, path: str) -> Any:
    """Read the Arrow schema of a file. Raises OSError."""
    with place.read(path) as file:
        return _opened(file).schema_arrow


def span_of(place: Place, path: str) -> Span:
    """Return what a file says of its ids. Raises OSError."""
    with place.read(path) as file:
        return _span(_opened(file).metadata)


def absorbed(place: Place, path: str) -> list[str]:
    """Return the names of the files that a compacted one has taken over. Raises OSError."""
    with place.read(path) as file:
        found = (_opened(file).metadata.metadata or {}).get(ABSORBED, b"")
    return [name for name in found.decode().split("\n") if name]


def ids_of(place: Place, path: str, least: str, greatest: str) -> set[str]:
    """Return the ids of a file between two. Raises OSError."""
    with place.read(path) as file:
        opened = _opened(file)
        groups = [
            at
            for at in range(opened.metadata.num_row_groups)
            if _span(opened.metadata.row_group(at)).may_hold(least, greatest)
        ]
        return set(opened.read_row_groups(groups, columns=[ID]).column(ID).to_pylist()) if groups else set()


def _opened(file: Any) -> Any:
    try:
        return pq.ParquetFile(file)
    except pa.ArrowInvalid as error:
        raise OSError("a file of the lake is damaged: it is no Parquet") from error


def _span(metadata: Any) -> Span:
    groups = (
        [metadata.row_group(at) for at in range(metadata.num_row_groups)]
        if hasattr(metadata, "row_group")
        else [metadata]
    )
    rows = sum(group.num_rows for group in groups)
    bounds = []
    for group in groups:
        for at in range(group.num_columns):
            column = group.column(at)
            if column.path_in_schema == ID:
                found = column.statistics
                if found is None or not found.has_min_max:
                    return Span(rows, None, None)
                bounds.append((found.min, found.max))
    if not bounds:
        return Span(rows, None, None)
    return Span(rows, min(least for least, _ in bounds), max(greatest for _, greatest in bounds))


def _leaves(field: Any, prefix: str) -> list[str]:
    """Name the columns that Parquet makes of a field."""
    kind, path = field.type, f"{prefix}{field.name}"
    if pa.types.is_struct(kind):
        return [leaf for each in kind for leaf in _leaves(each, f"{path}.")]
    if pa.types.is_list(kind):
        return _leaves(kind.value_field.with_name("element"), f"{path}.list.")
    if pa.types.is_map(kind):
        return [f"{path}.key_value.key", *_leaves(kind.item_field.with_name("value"), f"{path}.key_value.")]
    return [path]
