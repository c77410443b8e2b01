"""From the journal to the destinations: batches, acknowledgements, retries."""

from __future__ import annotations

from .batch import Batch, Head
from .shipper import Shipper
from .sink import BatchLimits, CannotErase, Receipt, Refused, Sink, SinkError, TooLarge, Unavailable

__all__ = [
    "Batch",
    "BatchLimits",
    "CannotErase",
    "Head",
    "Receipt",
    "Refused",
    "Shipper",
    "Sink",
    "SinkError",
    "TooLarge",
    "Unavailable",
]
