"""What a sink is: three methods that take a batch to a destination, and the errors by which it answers.

One that comes with another package is an entry point of the group `jupyter_telemetry.sinks`, and runs
`jupyter_telemetry.testing.SinkContract`, as all of this package do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from ..errors import TelemetryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .batch import Batch

__all__ = ["BatchLimits", "CannotErase", "Receipt", "Refused", "Sink", "SinkError", "TooLarge", "Unavailable"]


class SinkError(TelemetryError):
    """What a sink says of a batch that it did not take. The text holds nothing of an event, and no secret."""


class Unavailable(SinkError):
    """The destination cannot be had now: the same batch is sent again, later.

    retry_after_s: how long the destination asks to be left alone, in seconds; None if it does not say.
    """

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Refused(SinkError):
    """The destination will never take this batch as it is: it is split, until the event is found that is to blame."""


class TooLarge(Refused):
    """The batch is too large; it is split."""


class CannotErase(SinkError):
    """The destination keeps what it was given; the text says why, and who can take it away."""


class BatchLimits(NamedTuple):
    """How large a sink likes its batches, and how long events may wait for one to fill."""

    events: int = 10_000
    size: int = 8 * 1024**2  # bytes
    age_s: float = 5.0


class Receipt(NamedTuple):
    """What became of a batch. An event that is neither refused nor deferred is in the destination, and stays there."""

    refused: Mapping[int, str] = {}  # by index in the batch, the reason without a value: they become dead letters
    deferred: Sequence[int] = ()  # by index: to be sent again, later
    retry_after_s: float | None = None  # for the deferred


@runtime_checkable
class Sink(Protocol):
    """A destination of batches. One thread at a time calls it.

    A batch may come twice, in parts that differ: the sink makes sure that each `__id__` is at rest once, or its
    documentation says by what its readers can tell.

    It may have a method `abandon`, which is called in the child of a fork: it forgets the connection, which is the
    parent's, drops this process's copy of it, waits for nothing and takes no lock. Without it, the child calls `close`
    when it ships itself, which may cut the parent's connection.
    """

    name: str
    """Which destination: the same at every start, different from any other's, without a secret: it names the cursor,
    and is shown to operators and users."""

    limits: BatchLimits

    erases: bool
    """Whether `erase` takes events away."""

    def open(self) -> None:
        """Connect, and make what is missing. Called before the first batch, and again after any SinkError but Refused.

        Raises Unavailable; ConfigurationError for what waiting does not mend.
        """

    def send(self, batch: Batch) -> Receipt:
        """Take a batch; return when all that the receipt does not name is at rest.

        Raises Unavailable, Refused, TooLarge. Returns or raises within a minute, whatever the destination does.
        """

    def erase(self, ids: Sequence[str]) -> None:
        """Take away the events of these `__id__`s; those that are not there are no error.

        Raises Unavailable, CannotErase.
        """

    def close(self) -> None:
        """Let go of the connection; never raises, and does not wait for a destination that does not answer."""
