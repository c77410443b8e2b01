"""Carries a journal to one sink, batch by batch, for as long as it holds the lease."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from typing import TYPE_CHECKING

from ..journal.access import make_shared
from ..journal.deadletters import sweep_dead_letters
from ..journal.identity import journal_name
from ..journal.reader import JournalReader
from ..lockfile import LockLost
from ..privatefile import drafts_in
from .batch import Batch, Overtaken
from .delivery import Delivery
from .erasures import Eraser
from .hold import Hold
from .redelivery import Redelivery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Any

    from ..lease import Lease
    from .backoff import Backoff
    from .feed import Hand
    from .sink import BatchLimits, Sink
    from .state import State

__all__ = ["Carrier", "Stopped"]

SETTLE_INTERVAL_S = 30.0  # between two looks at what was erased and expired while batches are sent
DAMAGE_INTERVAL_S = 1.0  # between two looks at a damaged line, in a segment that somebody may write to
LEAST_EVENT_BYTES = 150  # its metadata alone
MOST_DOUBTS = 40  # tries, at last five minutes apart, after which events are given up that a destination refuses all of


class Stopped(Exception):
    """The shipper was asked to stop while it waited."""


class Carrier:
    """Does the work of a Shipper, in whatever thread calls it; one at a time.

    Parameters
    ----------
    place: the destination's own directory in the journal.
    wait: returns after so many seconds, and renews the lease meanwhile; raises Stopped.
    heed: raises Stopped, if it was asked to stop.
    """

    def __init__(
        self,
        directory: Path,
        place: Path,
        sink: Sink,
        limits: BatchLimits,
        lease: Lease,
        backoff: Backoff,
        state: State,
        wait: Callable[[float], None],
        heed: Callable[[], None] = lambda: None,
    ) -> None:
        self._directory = directory
        self._place = place
        self._sink = sink
        self._destination = sink.name  # asked for once
        self._limits = limits
        self._lease = lease
        self._state = state
        self._wait = wait
        self._disk_backoff = backoff.another()  # a batch that is taken again and again does not begin it anew
        self._idle_until = 0.0  # by time.monotonic
        self._delivery = Delivery(sink, backoff, self._pause, state.failed, heed)
        self.redelivery = Redelivery(directory, place, limits)
        self._eraser = Eraser(directory, sink, self._delivery, lease, backoff.another(), state)
        self._schemas: dict[tuple[str, str], Mapping[str, Any] | None] = {}
        self._check_hand: Callable[[], None] | None = None  # raises if what is being sent must not be any more
        self._hold: Hold | None = None
        self._settled_at = 0.0
        self._since: float | None = None  # when something was first seen to wait for a batch to fill
        self._waiting = 0  # bytes, at the last look
        self._is_unreadable = False

    def carry(self, *, until_empty: bool) -> bool:
        """Send batches while there are any that are due; say whether nothing is left. Raises Stopped."""
        if time.monotonic() < self._idle_until:
            if self._lease.is_held_here():
                self._lease.renew()
            return False
        try:
            if not self._is_there():
                return True
            return self._take_over() and self._ship_all(until_empty=until_empty)
        except LockLost:
            self._forget()
            self._lease.forget()
            return False
        except OSError as error:
            self._let_go()
            # What cannot be written down after it was sent is sent again: not as fast as it can be.
            self._idle_until = time.monotonic() + self._disk_backoff.next_s()
            self._say_unreadable(error.strerror or type(error).__name__)
            return False
        except BaseException:
            self._let_go()
            self._delivery.close()  # whatever it was, the next try begins with a new connection
            raise

    def _is_there(self) -> bool:
        """Say whether there is a journal. Raises OSError where nobody can know."""
        try:
            return stat.S_ISDIR(os.stat(self._directory).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _ship_all(self, *, until_empty: bool) -> bool:
        while True:
            try:
                is_empty = self._ship_next(until_empty=until_empty)
            except Overtaken:
                self._forget()
                continue
            if is_empty is not None:
                return is_empty

    def _ship_next(self, *, until_empty: bool) -> bool | None:
        """Send one batch; None: there may be more."""
        self._wait(0.0)
        hold = self._held()
        feed = hold.feed
        self._lease.check()
        if time.monotonic() - self._settled_at >= SETTLE_INTERVAL_S:
            self._settle(hold)
        self._is_unreadable = False
        segments = feed.segments()
        waiting = self._state.waiting_bytes = feed.waiting_bytes(segments)
        hand = feed.take_again(hold.cursor.in_hand) if hold.cursor.in_hand else hold.ahead.take()
        if hand is None and waiting and not self._may_be_due(waiting, until_empty=until_empty):
            self._settle(hold)
            return None if self.redelivery.is_asked_for else False
        if hand is None:
            hand = feed.take(segments, self._limits)
            if hand is not None and not (hand.is_full or self._is_old(until_empty=until_empty)):
                self._settle(hold)
                return None if self.redelivery.is_asked_for else False
        if hand is not None:
            self._send(hold, hand, hold.ahead.behind(hand, segments))
            return None
        if until_empty and feed.is_before_damage:  # what comes behind is sent when nobody mends that any more
            self._wait(DAMAGE_INTERVAL_S)
            return None
        self._since = None
        self._state.waiting_bytes = 0
        is_settled = self._settle(hold)
        if self.redelivery.is_asked_for:
            return None
        if not self._is_unreadable and is_settled:
            self._state.well()
        elif until_empty and self._eraser.trouble and not self._state.reason:  # events that went well took it back
            self._state.failed(self._eraser.trouble)
        return not self._is_unreadable and is_settled

    def _may_be_due(self, waiting: int, *, until_empty: bool) -> bool:
        """Say whether it is worth while to read what waits: for a batch that is full, or has waited long enough."""
        had, self._waiting = self._waiting, waiting
        may_be_full = waiting >= self._limits.size or (
            waiting >= self._limits.events * LEAST_EVENT_BYTES and waiting != had
        )
        return self._is_old(until_empty=until_empty) or may_be_full

    def _is_old(self, *, until_empty: bool) -> bool:
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        return until_empty or now - self._since >= self._limits.age_s

    def _send(self, hold: Hold, hand: Hand, meanwhile: AbstractContextManager[None]) -> None:
        feed, cursor = hold.feed, hold.cursor

        def check() -> None:
            self._lease.check()
            if not feed.is_unchanged(hand):
                raise Overtaken

        sent_before = feed.is_sent_before(hand)
        feed.begin(hand)
        self._save(hold)
        self._check_hand = check
        batch = self._batch(hand.lines, sent_before=sent_before, check=check)
        with meanwhile:
            refused = self._delivery.deliver(batch, self._doubting(hold)) if hand.lines else {}
        if sent_before:  # a shipper that was killed before the cursor said so may have left dead letters of them
            hold.discard(batch)
        if refused:
            letters = [(hand.lines[index], reason, hand.segment_of(index)) for index, reason in sorted(refused.items())]
            hold.bury(letters, check)
            self._state.refused(len(refused), letters[0][1])
        feed.acknowledge(hand, refused)
        cursor.doubts = 0
        self._check_hand = None
        # The cursor is written before the next batch is sent, or when there is none: once a batch. Whoever is killed
        # before that sends this one again.
        hold.is_unsaved = True
        if refused:
            self._save(hold)
        self._since = None
        self._state.delivered(len(hand.lines) - len(refused))

    def _batch(self, lines: list[bytes], *, sent_before: bool, check: Callable[[], None]) -> Batch:
        return Batch(lines, self._schema, journal=journal_name(self._directory), sent_before=sent_before, check=check)

    def _deliver_again(self, lines: list[bytes], check: Callable[[], None]) -> dict[int, str]:
        """Send dead letters once more; return those that are refused again, by index. Raises Stopped, before."""
        self._wait(0.0)
        self._check_hand = check
        refused = self._delivery.deliver(self._batch(lines, sent_before=True, check=check), is_second=True)
        self._state.delivered(len(lines) - len(refused))
        self._state.refused_again(len(refused), next(iter(refused.values()), ""))
        return refused

    def _doubting(self, hold: Hold) -> Callable[[], bool]:
        """Return what counts, over restarts, how often the destination has refused the batch in hand as a whole."""

        def doubt() -> bool:
            hold.cursor.doubts += 1
            self._save(hold)
            return hold.cursor.doubts > MOST_DOUBTS

        return doubt

    # What is done beside

    def _settle(self, hold: Hold) -> bool:
        """Carry erasures on, and account for segments that are gone; say whether the destination knows of all."""
        self._settled_at = time.monotonic()
        self._schemas = {}
        self._check_hand = None
        if hold.is_unsaved:
            self._save(hold)
        if self.redelivery.is_asked_for:
            self.redelivery.step(self._deliver_again, hold.refusals, self._lease.check)
            self._check_hand = None
        is_done = self._eraser.carry_on(hold.cursor, lambda: self._save(hold))
        hold.account_for_the_gone()
        return is_done

    # What it holds

    def _take_over(self) -> bool:
        make_shared(self._directory, self._place.parent, self._place)
        was_held = self._lease.is_held_here()
        if not self._lease.acquire():
            return False
        if not was_held:
            self._forget()
            with contextlib.suppress(OSError):  # what killed shippers left
                for path in drafts_in(self._place):
                    os.unlink(path)
                sweep_dead_letters(self._directory, self._place.name)
        return True

    def _held(self) -> Hold:
        if self._hold is None:
            self._hold = Hold(
                self._directory, self._place, self._destination, self._limits, self._lease.check, self._say_unreadable
            )
        return self._hold

    def _let_go(self) -> None:
        """Write down what is acknowledged, if that can be done, and forget the rest."""
        if self._hold is not None and self._hold.is_unsaved:
            with contextlib.suppress(OSError, LockLost):
                self._save(self._hold)
        self._forget()

    def _forget(self) -> None:
        self._hold = self._check_hand = None
        self.redelivery.forget()

    def _save(self, hold: Hold) -> None:
        was_unsaved = hold.is_unsaved
        hold.save()
        if was_unsaved:
            self._disk_backoff.succeeded()

    def hand_back(self) -> None:
        """Let others have what this shipper holds."""
        self._delivery.close()
        self._forget()
        self._state.flush()
        with contextlib.suppress(OSError):
            self._lease.release()

    def _schema(self, schema_id: str, version: str) -> Mapping[str, Any] | None:
        if (schema_id, version) not in self._schemas:
            unknown: dict[tuple[str, str], Mapping[str, Any] | None] = {(schema_id, version): None}
            self._schemas = {**self._schemas, **unknown, **JournalReader(self._directory).schemas()}
        return self._schemas[schema_id, version]

    def _pause(self, wait_s: float) -> None:
        """Wait before the next try. Raises Stopped, Overtaken, LockLost."""
        self._wait(wait_s)
        (self._check_hand or self._lease.check)()

    def _say_unreadable(self, reason: str) -> None:
        self._is_unreadable = True
        self._state.failed(f"the journal's own directory: {reason}")
