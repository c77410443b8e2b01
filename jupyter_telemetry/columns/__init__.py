"""Which columns the events of a schema have in a table, and of which types: the same on a journal and in a lake."""

from __future__ import annotations

from .properties import PropertyColumn, columns_of

__all__ = ["PropertyColumn", "columns_of"]
