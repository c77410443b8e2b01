"""A batch on its way: sent again until it is taken, and split until the event is found that never will be.

Who is to blame for a failure? An event, if the destination takes others meanwhile, or if it is one of a few; as long as
the destination takes none of many, it is the destination, or the sink, and every event waits.
"""

from __future__ import annotations

import contextlib
import operator
import os
import weakref
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigurationError
from ..lockfile import LockLost
from .sink import Receipt, Refused, SinkError
from .state import sayable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .backoff import Backoff
    from .batch import Batch
    from .sink import Sink

__all__ = ["Delivery"]

ODD_TRIES = 3  # with an error that no sink should raise, before the batch is split to see what is to blame
MOST_SUSPECTS = 8  # events that are to blame; if there are more it is the destination, or the sink


class _OddFailure(Exception):
    """The sink failed while it sent, in a way that no sink should."""


class _Part(NamedTuple):
    """Events of a batch that are to be sent together."""

    indices: Sequence[int]
    sent_before: bool = False
    accepted: int | None = None  # events that the sink had taken when it first failed oddly with this part
    tries: int = 0  # of an event alone, that failed oddly


class Delivery:
    """Delivers batches to one sink, in the thread that calls `deliver`.

    Parameters
    ----------
    pause: waits for so many seconds; raises to give up.
    failed: is told the reason of each failure that is followed by another try.
    heed: raises to give up between two parts of a batch that is split. What was found out of it is forgotten then: it
        must not do so whenever some time is over, or a destination that is slow never gets past a bad event.
    """

    def __init__(
        self,
        sink: Sink,
        backoff: Backoff,
        pause: Callable[[float], None],
        failed: Callable[[str], None],
        heed: Callable[[], None] = lambda: None,
    ) -> None:
        self._sink = sink
        self._backoff = backoff
        self._pause = pause
        self._failed = failed
        self.heed = heed
        self.is_open = False
        self.retries = 0  # tries after a failure
        self.refused_in_a_row = 0  # events, since the destination last took one
        _alive.add(self)

    def deliver(
        self, batch: Batch, doubt: Callable[[], bool] = lambda: False, *, is_second: bool = False
    ) -> dict[int, str]:
        """Return when every event of the batch is at rest or refused; the refused ones by index, with the reason.

        doubt: is told each time that the destination has refused so many events, and taken none, that it is rather to
            blame than they are; says whether they are refused all the same. Else they are sent again, later.
        is_second: each of them was refused before, while others were taken: it is they that are to blame.

        Raises what `pause`, `heed`, `doubt` and the batch's `check` raise, and ConfigurationError.
        """
        return _Round(self, batch, doubt, is_second=is_second).run()

    def open(self) -> None:
        """Open the sink; try again until that succeeds. Raises as `deliver` does."""
        while not self.is_open:
            try:
                self._sink.open()
                self.is_open = True
            except ConfigurationError:
                raise
            except SinkError as error:
                self.wait(str(error), getattr(error, "retry_after_s", None))
            except Exception as error:  # that is no event's fault
                self.wait(odd(error))

    def close(self) -> None:
        """Close the sink; never raises."""
        if self.is_open:
            self.is_open = False
            with contextlib.suppress(Exception):
                self._sink.close()

    def abandon(self) -> None:
        """In the child of a fork: have the sink forget the parent's connection, if it can, without a word on it."""
        if (abandon := getattr(self._sink, "abandon", None)) is not None:
            self.is_open = False
            with contextlib.suppress(Exception):
                abandon()

    def send(self, batch: Batch) -> Receipt:
        """Send once. Raises SinkError, _OddFailure, and what the batch's `check` raises."""
        self.open()
        batch.check()
        try:
            receipt = self._sink.send(batch)
            refused = {operator.index(each): sayable(reason) for each, reason in receipt.refused.items()}
            deferred = [operator.index(each) for each in receipt.deferred]
            if len({*range(len(batch)), *refused, *deferred}) != len(batch):
                raise IndexError("the receipt names what is not in the batch")
        except (SinkError, LockLost, ConfigurationError):
            raise
        except Exception as error:
            raise _OddFailure(odd(error)) from None
        return Receipt(refused, deferred, receipt.retry_after_s)

    def wait(self, reason: str, asked_for_s: float | None = None) -> None:
        """Say that a try failed, and return when it is time for another. Raises what `pause` raises."""
        self.retries += 1
        self.close()
        self._failed(reason)
        if not isinstance(asked_for_s, (int, float)):
            asked_for_s = None
        self._pause(self._backoff.next_s(asked_for_s))

    def succeeded(self) -> None:
        """Note that the destination takes what it is sent."""
        self._backoff.succeeded()
        self.refused_in_a_row = 0


class _Round:
    """The delivery of one batch."""

    def __init__(self, delivery: Delivery, batch: Batch, doubt: Callable[[], bool], *, is_second: bool) -> None:
        self._delivery = delivery
        self._batch = batch
        self._doubt = doubt
        self._is_second = is_second
        self._waiting = [_Part(range(len(batch)))]  # the last one is next
        self._refused: dict[int, str] = {}
        self._suspects: dict[int, str] = {}  # refused, while nothing of the batch was accepted
        self._accepted = 0
        self._doubts = 0  # how often so many were refused that it seemed to be the destination's fault
        self._odd = 0  # failures since something was accepted
        self._odd_again = 0  # those of what was refused before, that were followed by another try of the same

    def run(self) -> dict[int, str]:
        while self._waiting:
            part = self._waiting.pop()
            whole = len(part.indices) == len(self._batch) and not part.sent_before
            if not whole:
                self._delivery.heed()
            try:
                receipt = self._delivery.send(
                    self._batch if whole else self._batch.part(part.indices, sent_before=part.sent_before)
                )
            except Refused as error:
                self._refuse(part, sayable(str(error)))
            except SinkError as error:
                self._again(part, str(error), getattr(error, "retry_after_s", None))
            except _OddFailure as error:
                self._suspect(part, str(error))
            else:
                self._settle(part, receipt)
        self._refused.update(self._suspects)
        if not self._accepted and not self._is_second:
            self._delivery.refused_in_a_row += len(self._refused)
        return self._refused

    def _again(self, part: _Part, reason: str, asked_for_s: float | None = None) -> None:
        self._waiting.append(part._replace(sent_before=True))
        self._delivery.wait(reason, asked_for_s)

    def _refuse(self, part: _Part, reason: str) -> None:
        if len(part.indices) > 1:
            self._split(part)
        elif self._accepted:
            self._refused[part.indices[0]] = reason
        else:
            self._doubt_all({part.indices[0]: reason})

    def _doubt_all(self, refused: Mapping[int, str]) -> None:
        """Keep in mind what was refused while nothing was accepted; if there is much of it, blame the destination."""
        self._suspects.update(refused)
        in_a_row = len(self._suspects) + (0 if self._waiting else self._delivery.refused_in_a_row)
        if in_a_row < MOST_SUSPECTS or self._is_second:
            self._look_elsewhere()
            return
        self._doubts += 1
        reason = next(reversed(self._suspects.values()))
        rest = sorted({*self._suspects, *(index for part in self._waiting for index in part.indices)})
        self._suspects, self._waiting = {}, []
        if self._doubt():
            self._refused.update(dict.fromkeys(rest, reason))
        else:
            self._again(_Part(rest), f"the destination refuses every event: {reason}")

    def _split(self, part: _Part) -> None:
        half = len(part.indices) // 2
        halves = [part._replace(indices=part.indices[half:]), part._replace(indices=part.indices[:half])]
        depth = len(self._batch).bit_length() - len(part.indices).bit_length() - MOST_SUSPECTS.bit_length() + 1
        if depth >= 0 and self._doubts >> depth & 1:  # after each wait it is others that are tried alone
            halves.reverse()
        self._waiting += halves

    def _look_elsewhere(self) -> None:
        """Go on in the largest part: so that few sends tell whether the destination takes anything, wherever it is."""
        self._waiting.sort(key=lambda part: len(part.indices))

    def _suspect(self, part: _Part, reason: str) -> None:
        """Find out which event makes the sink fail while it takes others: it would hold up all for ever.

        An event alone is to blame if it fails again and again, and the sink has taken others meanwhile. As long as it
        takes none, or fails for many, it is the sink that is to blame, and every event waits: for ever, since an error
        that no sink should raise says nothing about an event.
        """
        self._odd += 1
        if self._is_second:
            self._keep_refused(part, reason)
            return
        since = self._accepted if part.accepted is None else part.accepted
        part = part._replace(sent_before=True, accepted=since)
        is_hopeless = self._odd > ODD_TRIES + len(self._batch).bit_length()  # splitting does not help
        if len(part.indices) > 1:
            if self._odd <= ODD_TRIES and not self._accepted:
                self._again(part, reason)
                return
            self._split(part)
        else:
            part = part._replace(tries=part.tries + 1)
            if part.tries > ODD_TRIES and self._accepted > since and len(self._waiting) < MOST_SUSPECTS:
                self._refused[part.indices[0]] = reason
                self._delivery.close()
                return
            self._waiting.insert(0, part)  # all others come first
            is_hopeless = is_hopeless or part.tries > 1 or len(self._waiting) == 1
        if is_hopeless:
            self._delivery.wait(reason)
        else:
            self._delivery.close()

    def _keep_refused(self, part: _Part, reason: str) -> None:
        """Leave it at that after some tries: nothing waits long for what was refused before.

        It may have arrived all the same: nobody can know.
        """
        if self._odd_again < ODD_TRIES:
            self._odd_again += 1
            self._again(part, reason)
            return
        self._delivery.close()
        if len(part.indices) > 1 and self._odd <= ODD_TRIES + len(self._batch).bit_length():
            self._split(part._replace(sent_before=True))
            self._look_elsewhere()
        else:
            self._refused.update(dict.fromkeys(part.indices, reason))

    def _settle(self, part: _Part, receipt: Receipt) -> None:
        refused = {part.indices[index]: reason for index, reason in receipt.refused.items()}
        accepted = len(part.indices) - len({*receipt.refused, *receipt.deferred})
        self._accepted += accepted
        if accepted or refused:
            self._odd = 0
        if accepted:
            self._delivery.succeeded()
        if self._accepted:
            self._refused.update({**self._suspects, **refused})
            self._suspects = {}
        deferred = [part.indices[index] for index in sorted(set(receipt.deferred) - set(receipt.refused))]
        if deferred:
            self._again(_Part(deferred), "the destination took a part only", receipt.retry_after_s)
        if refused and not self._accepted:
            self._doubt_all(refused)


_alive: weakref.WeakSet[Delivery] = weakref.WeakSet()


def _abandon_all() -> None:
    for delivery in list(_alive):
        delivery.abandon()


if hasattr(os, "register_at_fork"):  # absent on Windows, which has no fork
    os.register_at_fork(after_in_child=_abandon_all)


def odd(error: Exception) -> str:
    """Say that a sink failed in a way that no sink should; the text of its error may hold anything."""
    return f"the sink failed: {type(error).__name__}"
