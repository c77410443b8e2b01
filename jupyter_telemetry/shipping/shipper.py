"""Shipper: carries what stands in a journal to one destination, each event once, whatever is killed on the way."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import logging
import os
import re
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError, TelemetryError
from ..journal.access import shared_mode
from ..journal.cursors import CURSOR_FILE, DIRECTORY, Cursor
from ..journal.deadletters import write_dead_letters
from ..journal.identity import journal_name
from ..journal.names import default_directory
from ..journal.reader import JournalReader
from ..lockfile import LockLost
from ..privatefile import make_private
from .afterwards import account_for_the_gone, erasures
from .backoff import Backoff
from .batch import Batch
from .delivery import Delivery
from .feed import Feed
from .lease import LEASE_S, Lease
from .sink import BatchLimits, CannotErase, SinkError
from .state import State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..journal.handler import JournalHandler
    from .feed import Hand
    from .sink import Sink

__all__ = ["Shipper"]

POLL_INTERVAL_S = 1.0  # between two looks at a journal that has nothing new
SETTLE_INTERVAL_S = 30.0  # between two looks at what was erased and expired while batches are sent
SLICE_S = 1.0  # of a wait: a lease is renewed meanwhile, and a stop is heard
EXIT_TIMEOUT_S = 0.7  # KubeSpawner grants 1 s between SIGTERM and SIGKILL

_log = logging.getLogger("jupyter_telemetry.shipping")


class _Stopped(Exception):
    """The shipper was asked to stop while it waited."""


class _Overtaken(Exception):
    """What was taken was erased meanwhile, or another shipper has taken over: begin again from the cursor."""


class Shipper:
    """Ships one journal to one sink, in a thread of its own (`start`, `stop`) or in the caller's (`ship`).

    Of several shippers of a journal to the same sink, in whatever process, one is at work and the others wait; when
    it dies another takes over. The journal keeps what no destination has acknowledged for as long as its limits
    allow. Tries go on for ever; nobody who records ever waits for them.

    Parameters
    ----------
    journal: a directory, or a JournalHandler; by default `default_directory`.
    sink: a Sink; it belongs to the shipper, which opens and closes it.
    batch_events, batch_bytes, batch_age_s: how large a batch may become, and how long an event may wait for it to
        fill; by default what the sink likes best.
    first_backoff_s, longest_backoff_s: the longest wait after the first failure, and after any.
    lease_s: after which a shipper that was stopped or cut off is taken for dead by those on other machines.
    exit_timeout_s: how long the end of the interpreter waits for what is left.

    Raises ConfigurationError for arguments that cannot be meant.
    """

    def __init__(
        self,
        journal: str | os.PathLike[str] | JournalHandler | None,
        sink: Sink,
        *,
        batch_events: int | None = None,
        batch_bytes: int | None = None,
        batch_age_s: float | None = None,
        first_backoff_s: float = 1.0,
        longest_backoff_s: float = 300.0,
        lease_s: float = LEASE_S,
        poll_interval_s: float = POLL_INTERVAL_S,
        exit_timeout_s: float = EXIT_TIMEOUT_S,
    ) -> None:
        self.directory = _directory(journal)
        self.sink = sink
        self.place = self.directory / DIRECTORY / directory_name(sink.name)
        self.exit_timeout_s = exit_timeout_s
        liked = sink.limits
        self._limits = BatchLimits(
            _positive("batch_events", batch_events, liked.events),
            _positive("batch_bytes", batch_bytes, liked.size),
            liked.age_s if batch_age_s is None else batch_age_s,
        )
        self._poll_interval_s = _positive("poll_interval_s", poll_interval_s, POLL_INTERVAL_S)
        self._backoff = Backoff(
            _positive("first_backoff_s", first_backoff_s, 1.0), _positive("longest_backoff_s", longest_backoff_s, 1.0)
        )
        self._lease = Lease(self.place / "lease", lease_s=_positive("lease_s", lease_s, LEASE_S))
        self._delivery = Delivery(sink, self._backoff, self._pause, self._say)
        self.state = State(self.place)
        self._schemas: dict[tuple[str, str], dict[str, Any]] = {}
        self._stop = threading.Event()
        self._give_up_at: float | None = None
        self._callers_stop: threading.Event | None = None
        self._hand: Hand | None = None
        self._cursor: Cursor | None = None
        self._feed: Feed | None = None
        self._settled_at = 0.0
        self._since: float | None = None  # when something was first seen to wait for a batch to fill
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()

    def __deepcopy__(self, memo: dict[int, object]) -> Shipper:
        return self  # traitlets copies a configuration, and what stands in it

    # In a thread

    def start(self) -> None:
        """Ship from now on in a thread; again is harmless. In the child of a fork it is the parent that ships."""
        if self._thread is None or not self._thread.is_alive():
            self._stop.clear()
            self._give_up_at = None
            self._thread = threading.Thread(target=self._run, name=f"jupyter_telemetry: {self.sink.name}", daemon=True)
            self._thread.start()
            _running.add(self)

    def stop(self, timeout_s: float | None = None) -> bool:
        """Send what is left for `timeout_s` seconds, then hand back; say whether all was sent.

        timeout_s: by default `exit_timeout_s`.

        What is not sent stays in the journal, for whoever ships it next.
        """
        thread, self._thread = self._thread, None
        if thread is None or self._pid != os.getpid():
            return True
        timeout_s = self.exit_timeout_s if timeout_s is None else timeout_s
        self._ask_to_stop(timeout_s)
        thread.join(max(0.0, (self._give_up_at or 0.0) - time.monotonic()) + 0.1)
        _running.discard(self)
        return not thread.is_alive() and self.state.waiting_bytes == 0

    def _ask_to_stop(self, timeout_s: float) -> None:
        if not self._stop.is_set():
            self._give_up_at = time.monotonic() + timeout_s
            self._stop.set()

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._stop.is_set()
            try:
                self._ship(until_empty=is_last)
            except _Stopped:
                break
            except Exception as error:  # a thread that ends would be a loss in silence, and waiting may mend it
                self._say(str(error) if isinstance(error, TelemetryError) else f"it failed: {type(error).__name__}")
                wait_s = self._backoff.next_s()
            else:
                wait_s = self._poll_interval_s
            self._stop.wait(wait_s)
        self._hand_back()

    # In the caller's thread

    def ship(self, timeout_s: float | None = None, *, stop: threading.Event | None = None) -> bool:
        """Ship what the journal holds now; say whether all of it is acknowledged.

        False if another shipper is at work on it, `timeout_s` seconds have passed, or `stop` is set.

        Raises ConfigurationError, JournalError.
        """
        self._give_up_at = None if timeout_s is None else time.monotonic() + timeout_s
        self._stop.clear()
        self._callers_stop = stop
        try:
            return self._ship(until_empty=True)
        except _Stopped:
            return False
        finally:
            self._hand_back()

    # The way of a batch

    def _ship(self, *, until_empty: bool) -> bool:
        """Send batches while there are any that are due; say whether nothing is left."""
        if not self.directory.is_dir():
            return True
        try:
            if not self._take_over():
                return False
            while True:
                try:
                    is_empty = self._ship_next(until_empty=until_empty)
                except _Overtaken:
                    self._forget()
                    continue
                if is_empty is not None:
                    return is_empty
        except LockLost:
            self._forget()
            self._lease.is_held = False
            return False
        except OSError as error:
            self._forget()
            self._say(f"the journal's own directory: {error.strerror}")
            return False

    def _ship_next(self, *, until_empty: bool) -> bool | None:
        """Send one batch; None: there may be more."""
        if self._is_over():
            raise _Stopped
        feed, cursor = self._opened()
        self._lease.check()
        if time.monotonic() - self._settled_at >= SETTLE_INTERVAL_S:
            self._settle(cursor)
        segments = feed.segments()
        waiting = feed.waiting_bytes(segments)
        self.state.waiting_bytes = waiting
        again = feed.take_again(cursor.in_hand) if cursor.in_hand else None
        if again is None and not self._is_due(waiting, until_empty=until_empty):
            self._settle(cursor)
            return waiting == 0
        hand = again or feed.take(segments, self._limits)
        if hand is None:
            self._settle(cursor)
            self._since = None
            return True
        self._send(feed, cursor, hand, sent_before=bool(cursor.in_hand))
        return None

    def _is_due(self, waiting: int, *, until_empty: bool) -> bool:
        if not waiting:
            self._since = None
            return False
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        return until_empty or waiting >= self._limits.size or now - self._since >= self._limits.age_s

    def _send(self, feed: Feed, cursor: Cursor, hand: Hand, *, sent_before: bool) -> None:
        cursor.in_hand = list(hand.takes)
        self._save(cursor)
        self._hand = hand
        batch = Batch(
            hand.lines,
            self._schema,
            journal=journal_name(self.directory),
            sent_before=sent_before,
            check=self._lease.check,
        )
        refused = self._delivery.deliver(batch) if hand.lines else {}
        if refused:
            letters = [(hand.lines[index], reason) for index, reason in sorted(refused.items())]
            write_dead_letters(self.directory, self.place.name, letters, self._lease.check)
            self.state.refused(len(refused), letters[0][1])
        feed.acknowledge(hand, refused)
        cursor.in_hand = []
        self._save(cursor)
        self._hand = None
        self._since = None
        self.state.delivered(len(hand.lines) - len(refused))

    def _settle(self, cursor: Cursor) -> None:
        """Carry erasures on, and account for segments that are gone."""
        self._settled_at = time.monotonic()
        for ids, note in erasures(self.directory, cursor):
            if self.sink.erases:
                self._erase(ids)
            note()
            self._save(cursor)
        if account_for_the_gone(self.directory, cursor):
            self._save(cursor)

    def _erase(self, ids: list[str]) -> None:
        while True:
            try:
                self._delivery.open()
                self.sink.erase(ids)
            except CannotErase as error:
                self._say(str(error))
                return
            except SinkError as error:
                self._say(str(error))
                self._delivery.close()
                self._pause(self._backoff.next_s(getattr(error, "retry_after_s", None)))
                continue
            self._backoff.succeeded()
            return

    # What it holds

    def _take_over(self) -> bool:
        make_private(str(self.place.parent), mode=shared_mode(self.directory))
        make_private(str(self.place), mode=shared_mode(self.directory))
        was_held = self._lease.is_held
        if not self._lease.acquire():
            return False
        if not was_held:
            self._forget()
        return True

    def _opened(self) -> tuple[Feed, Cursor]:
        if self._cursor is None or self._feed is None:
            self._cursor = Cursor.load(self.place / CURSOR_FILE, self.sink.name)
            self._feed = Feed(self.directory, self._cursor)
        return self._feed, self._cursor

    def _forget(self) -> None:
        self._cursor = self._feed = self._hand = None

    def _save(self, cursor: Cursor) -> None:
        cursor.save(self.place / CURSOR_FILE, self._lease.check)

    def _hand_back(self) -> None:
        """Let others have what this shipper holds."""
        self._delivery.close()
        self._forget()
        with contextlib.suppress(OSError):
            self._lease.release()

    def _schema(self, schema_id: str, version: str) -> Mapping[str, Any] | None:
        if (schema_id, version) not in self._schemas:
            self._schemas = JournalReader(self.directory).schemas()
        return self._schemas.get((schema_id, version))

    # Waiting

    def _pause(self, wait_s: float) -> None:
        """Wait before the next try. Raises _Stopped, _Overtaken, LockLost."""
        until = time.monotonic() + wait_s
        while (rest_s := until - time.monotonic()) > 0:
            if self._is_over():
                raise _Stopped
            self._stop.wait(min(rest_s, SLICE_S) if not self._stop.is_set() else 0)
            if self._stop.is_set():
                time.sleep(min(rest_s, 0.05))
            self._lease.renew()
        if self._is_over():
            raise _Stopped
        self._lease.check()
        if self._hand is not None and self._feed is not None and not self._feed.is_unchanged(self._hand):
            raise _Overtaken

    def _is_over(self) -> bool:
        if self._callers_stop is not None and self._callers_stop.is_set():
            return True
        return self._give_up_at is not None and time.monotonic() >= self._give_up_at

    def _say(self, reason: str) -> None:
        self.state.failed(reason)


def directory_name(sink_name: str) -> str:
    """Name the directory of a destination: readable, and another one for every name."""
    readable = re.sub(r"[^a-z0-9]+", "-", sink_name.lower()).strip("-")[:40].strip("-")
    return f"{readable}-{hashlib.sha256(sink_name.encode()).hexdigest()[:8]}"


def _directory(journal: str | os.PathLike[str] | JournalHandler | None) -> Path:
    if journal is None:
        return default_directory()
    if isinstance(journal, (str, os.PathLike)):
        return Path(os.path.abspath(os.path.expanduser(journal)))
    return journal.directory


def _positive(name: str, given: Any, default: Any) -> Any:
    if given is None:
        return default
    if not isinstance(given, (int, float)) or isinstance(given, bool) or not given > 0:
        raise ConfigurationError(f"Shipper: {name} must be a number above 0, not {given!r}")
    return given


_running: weakref.WeakSet[Shipper] = weakref.WeakSet()


def _stop_all() -> None:
    """At the end of the interpreter: all at once, within the longest time that one of them has."""
    shippers = list(_running)
    for shipper in shippers:
        shipper._ask_to_stop(shipper.exit_timeout_s)
    for shipper in shippers:
        shipper.stop()


atexit.register(_stop_all)
