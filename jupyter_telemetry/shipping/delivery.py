"""A batch on its way: sent again until it is taken, and split until the event is found that never will be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from ..lockfile import LockLost
from .sink import Refused, SinkError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .backoff import Backoff
    from .batch import Batch
    from .sink import Receipt, Sink

__all__ = ["Delivery"]

ODD_TRIES = 3  # with an error that no sink should raise, before the batch is split to see what is to blame


class Delivery:
    """Delivers batches to one sink, in the thread that calls `deliver`.

    Parameters
    ----------
    pause: waits for so many seconds; raises to give up.
    failed: is told the reason of each failure that is followed by another try.
    """

    def __init__(
        self, sink: Sink, backoff: Backoff, pause: Callable[[float], None], failed: Callable[[str], None]
    ) -> None:
        self._sink = sink
        self._backoff = backoff
        self._pause = pause
        self._failed = failed
        self.is_open = False
        self.retries = 0  # tries after a failure

    def deliver(self, batch: Batch) -> dict[int, str]:
        """Return when every event of the batch is at rest or refused; the refused ones by index, with the reason.

        Raises what `pause` and the batch's `check` raise, and ConfigurationError.
        """
        refused: dict[int, str] = {}
        waiting: list[Sequence[int]] = [range(len(batch))]
        odd = accepted = 0
        while waiting:
            indices = waiting.pop()
            try:
                receipt = self._send(batch if len(indices) == len(batch) else batch.part(indices))
            except Refused as error:
                _split(indices, str(error), waiting, refused)
            except (LockLost, ConfigurationError):
                raise
            except SinkError as error:
                waiting.append(indices)
                self._wait(str(error), getattr(error, "retry_after_s", None))
            except Exception as error:
                odd += 1
                reason = f"the sink failed: {type(error).__name__}"  # its text may hold anything
                if odd > ODD_TRIES and (len(indices) > 1 or accepted):
                    # One event makes the sink fail while it takes others: it would hold up all for ever.
                    _split(indices, reason, waiting, refused)
                else:
                    waiting.append(indices)
                    self._wait(reason, None)
            else:
                self._backoff.succeeded()
                accepted += len(indices) - len(receipt.refused) - len(receipt.deferred)
                self._settle(indices, receipt, waiting, refused)
        return refused

    def open(self) -> None:
        """Open the sink; try again until that succeeds. Raises as `deliver` does."""
        while not self.is_open:
            try:
                self._open()
            except SinkError as error:
                self._wait(str(error), getattr(error, "retry_after_s", None))

    def close(self) -> None:
        """Close the sink."""
        if self.is_open:
            self.is_open = False
            self._sink.close()

    def _open(self) -> None:
        if not self.is_open:
            self._sink.open()
            self.is_open = True

    def _send(self, batch: Batch) -> Receipt:
        self._open()
        batch.check()
        return self._sink.send(batch)

    def _wait(self, reason: str, asked_for_s: float | None) -> None:
        self.retries += 1
        self.close()
        self._failed(reason)
        self._pause(self._backoff.next_s(asked_for_s))

    def _settle(
        self, indices: Sequence[int], receipt: Receipt, waiting: list[Sequence[int]], refused: dict[int, str]
    ) -> None:
        refused.update((indices[index], reason) for index, reason in receipt.refused.items())
        if receipt.deferred:
            waiting.append([indices[index] for index in receipt.deferred])
            self._wait("the destination took a part only", receipt.retry_after_s)


def _split(indices: Sequence[int], reason: str, waiting: list[Sequence[int]], refused: dict[int, str]) -> None:
    if len(indices) == 1:
        refused[indices[0]] = reason
        return
    half = len(indices) // 2
    waiting += [indices[half:], indices[:half]]
