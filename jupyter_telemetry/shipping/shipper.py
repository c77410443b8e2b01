"""Shipper: carries what stands in a journal to one destination, each event once, whatever is killed on the way."""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError, JournalError, TelemetryError
from ..journal.cursors import DIRECTORY
from ..journal.names import default_directory
from .backoff import Backoff
from .carrier import Carrier, Stopped
from .lease import LEASE_S, Lease
from .sink import BatchLimits
from .state import State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..journal.handler import JournalHandler
    from .sink import Sink

__all__ = ["Shipper", "stop_all"]

POLL_INTERVAL_S = 1.0  # between two looks at a journal that has nothing new
SLICE_S = 1.0  # of a wait: a lease is renewed meanwhile, and a stop is heard
EXIT_TIMEOUT_S = 0.7  # KubeSpawner grants 1 s between SIGTERM and SIGKILL


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
        limits = BatchLimits(
            _positive("batch_events", batch_events, liked.events),
            _positive("batch_bytes", batch_bytes, liked.size),
            liked.age_s if batch_age_s is None else batch_age_s,
        )
        self._poll_interval_s = _positive("poll_interval_s", poll_interval_s, POLL_INTERVAL_S)
        self._backoff = Backoff(
            _positive("first_backoff_s", first_backoff_s, 1.0), _positive("longest_backoff_s", longest_backoff_s, 1.0)
        )
        self._lease = Lease(self.place / "lease", lease_s=_positive("lease_s", lease_s, LEASE_S))
        self.state = State(self.place, erases=sink.erases)
        self._carrier = Carrier(
            self.directory, self.place, sink, limits, self._lease, self._backoff, self.state, self._wait
        )
        self._stop = threading.Event()
        self._give_up_at: float | None = None
        self._callers_stop: threading.Event | None = None
        self._is_done = True
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()

    def __deepcopy__(self, memo: dict[int, object]) -> Shipper:
        return self  # traitlets copies a configuration, and what stands in it

    # In a thread

    def start(self) -> None:
        """Ship from now on in a thread; again is harmless. In the child of a fork it is the parent that ships."""
        if self._pid != os.getpid():
            if self._thread is not None:
                return
            self._pid = os.getpid()
            self._stop = threading.Event()
        if self._thread is not None and self._thread.is_alive() and not self._stop.is_set():
            return
        before, self._give_up_at = self._thread, None
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._run, args=(before,), name=f"jupyter_telemetry: {self.sink.name}", daemon=True
        )
        self._thread.start()
        _running.add(self)

    def stop(self, timeout_s: float | None = None) -> bool:
        """Send what is left for `timeout_s` seconds, then hand back; say whether all was sent.

        timeout_s: by default `exit_timeout_s`.

        What is not sent stays in the journal, for whoever ships it next.
        """
        thread = self._thread
        if thread is None or self._pid != os.getpid():
            return True
        timeout_s = self.exit_timeout_s if timeout_s is None else timeout_s
        self._ask_to_stop(timeout_s)
        thread.join(max(0.0, (self._give_up_at or 0.0) - time.monotonic()) + 0.1)
        if thread.is_alive():  # in the middle of a batch, which it ends
            return False
        _running.discard(self)
        self._thread = None
        return self._is_done

    def _ask_to_stop(self, timeout_s: float) -> None:
        if self._pid == os.getpid() and not self._stop.is_set():
            self._give_up_at = time.monotonic() + timeout_s
            self._stop.set()

    def _run(self, before: threading.Thread | None) -> None:
        if before is not None:  # that was asked to stop, and has not yet
            before.join()
        is_last = False
        while not is_last:
            is_last = self._stop.is_set()
            wait_s = self._poll_interval_s
            self._is_done = False
            try:
                self._is_done = self._carrier.carry(until_empty=is_last)
            except Stopped:
                break
            except BaseException as error:  # a thread that ends would be a loss in silence, and waiting may mend it
                self.state.failed(
                    str(error) if isinstance(error, TelemetryError) else f"it failed: {type(error).__name__}"
                )
                wait_s = self._backoff.next_s()
            self._stop.wait(wait_s)
        self._carrier.hand_back()

    # In the caller's thread

    def ship(self, timeout_s: float | None = None, *, stop: threading.Event | None = None) -> bool:
        """Ship what the journal holds now; say whether all of it is acknowledged.

        False if another shipper is at work on it, `timeout_s` seconds have passed, or `stop` is set.

        Raises ConfigurationError, JournalError.
        """
        if self._thread is not None and self._thread.is_alive() and self._pid == os.getpid():
            raise ConfigurationError("Shipper: it ships in a thread of its own already, until `stop`")
        self._give_up_at = None if timeout_s is None else time.monotonic() + timeout_s
        if self._pid != os.getpid():  # whatever the parent's thread did with it when it forked
            self._stop = threading.Event()
        self._stop.clear()
        self._callers_stop = stop
        try:
            return self._carrier.carry(until_empty=True)
        except Stopped:
            return False
        finally:
            self._carrier.hand_back()

    def send_dead_letters_again(self) -> bool:
        """Have the destination's dead letters sent again, by whichever shipper is at work next; say if there are any.

        Raises JournalError.
        """
        try:
            return self._carrier.redelivery.ask()
        except OSError as error:
            raise JournalError(f"the journal {self.directory} cannot be written: {error.strerror}") from error

    @property
    def is_to_send_dead_letters_again(self) -> bool:
        """Whether that is still to be done."""
        return self._carrier.redelivery.is_asked_for

    # Waiting

    def _wait(self, wait_s: float) -> None:
        """Wait before the next try. Raises Stopped."""
        until = time.monotonic() + wait_s
        while (rest_s := until - time.monotonic()) > 0:
            if self._is_over():
                raise Stopped
            if self._stop.is_set():
                time.sleep(min(rest_s, 0.05))
            else:
                self._stop.wait(min(rest_s, SLICE_S))
            self._lease.renew()
        if self._is_over():
            raise Stopped

    def _is_over(self) -> bool:
        if self._callers_stop is not None and self._callers_stop.is_set():
            return True
        return self._give_up_at is not None and time.monotonic() >= self._give_up_at


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


def stop_all(shippers: Iterable[Shipper]) -> None:
    """Stop shippers all at once, within the longest `exit_timeout_s` that one of them has."""
    shippers = list(shippers)
    for shipper in shippers:
        shipper._ask_to_stop(shipper.exit_timeout_s)
    for shipper in shippers:
        shipper.stop()


atexit.register(lambda: stop_all(_running))
