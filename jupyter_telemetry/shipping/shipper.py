"""Shipper: carries what stands in a journal to one destination, each event once, whatever is killed on the way."""

from __future__ import annotations

import atexit
import concurrent.futures.thread  # noqa: F401  # what a sink's library loads late needs it, and at exit it cannot be loaded
import contextlib
import hashlib
import os
import re
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError, JournalError, TelemetryError
from ..farewell import interpreter_ends, left_s
from ..journal.cursors import DIRECTORY, LEASE_FILE
from ..journal.names import default_place
from ..lease import LEASE_S, Lease
from .backoff import Backoff
from .carrier import Carrier, Stopped
from .sink import BatchLimits, Sink
from .state import State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..journal.handler import JournalHandler

__all__ = ["Shipper", "stop_all"]

POLL_INTERVAL_S = 1.0  # between two looks at a journal that has nothing new
SLICE_S = 1.0  # of a wait: a lease is renewed meanwhile, and a stop is heard
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 300.0
GRACE_S = 0.1  # of a time-out, for handing back
EXIT_TIMEOUT_S = 0.7  # KubeSpawner grants 1 s between SIGTERM and SIGKILL


class Shipper:
    """Ships one journal to one sink, in a thread of its own (`start`, `stop`) or in the caller's (`ship`).

    Of several shippers of a journal to the same sink, in whatever process, one is at work and the others wait; when
    it dies another takes over. The journal keeps what no destination has acknowledged for as long as its limits
    allow. Tries go on for ever; nobody who records ever waits for them.

    Parameters
    ----------
    journal: a directory, or a JournalHandler; None: where an EventLog that ships keeps its journal unless it is told
        otherwise, which under a JupyterHub is the local disk.
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
        first_backoff_s: float = FIRST_BACKOFF_S,
        longest_backoff_s: float = LONGEST_BACKOFF_S,
        lease_s: float = LEASE_S,
        poll_interval_s: float = POLL_INTERVAL_S,
        exit_timeout_s: float = EXIT_TIMEOUT_S,
    ) -> None:
        if isinstance(sink, type) or not isinstance(sink, Sink):
            raise ConfigurationError(
                f"Shipper: sink must be a Sink, such as jupyter_telemetry.sinks.make_sink returns, not {_kind(sink)}"
            )
        self.directory = _directory(journal)
        self.sink = sink
        self.destination = _named(sink.name)  # once: of whoever changes it, the cursor would be another's
        self.place = self.directory / DIRECTORY / directory_name(self.destination)
        self.exit_timeout_s = _seconds("exit_timeout_s", exit_timeout_s, EXIT_TIMEOUT_S, may_be_0=True)
        liked = sink.limits
        limits = BatchLimits(
            _whole("batch_events", batch_events, liked.events),
            _whole("batch_bytes", batch_bytes, liked.size),
            _seconds("batch_age_s", batch_age_s, liked.age_s, may_be_0=True),
        )
        self.batch_age_s = limits.age_s
        self._poll_interval_s = _seconds("poll_interval_s", poll_interval_s, POLL_INTERVAL_S)
        first_s = _seconds("first_backoff_s", first_backoff_s, FIRST_BACKOFF_S)
        longest_s = _seconds("longest_backoff_s", longest_backoff_s, LONGEST_BACKOFF_S)
        if longest_s < first_s:
            raise ConfigurationError(
                f"Shipper: longest_backoff_s must not be below first_backoff_s, which is {first_s!r}; not {longest_s!r}"
            )
        self._backoff = Backoff(first_s, longest_s)
        self._lease = Lease(self.place / LEASE_FILE, lease_s=_seconds("lease_s", lease_s, LEASE_S))
        self.state = State(self.place, erases=sink.erases)
        self._carrier = Carrier(
            self.directory, self.place, sink, limits, self._lease, self._backoff, self.state, self._wait, self._heed
        )
        self._stop = threading.Event()
        self._give_up_at: float | None = None
        self._callers_stop: threading.Event | None = None
        self._is_done = True
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()

    @property
    def is_another_at_work(self) -> bool:
        """Whether somebody else ships this journal to this destination, or was killed a short time ago while it did."""
        return not self._lease.is_held_here() and os.path.lexists(self.place / LEASE_FILE)

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
            target=self._run, args=(before,), name=f"jupyter_telemetry: {self.destination}", daemon=True
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
        self._ask_to_stop(left_s(self.exit_timeout_s) if timeout_s is None else timeout_s)
        thread.join(max(0.0, (self._give_up_at or 0.0) + GRACE_S - time.monotonic()))
        if thread.is_alive():  # in the middle of a batch, which it ends
            return False
        _running.discard(self)
        self._thread = None
        return self._is_done

    def _ask_to_stop(self, timeout_s: float) -> None:
        if self._pid == os.getpid() and not self._stop.is_set():
            self._give_up_at = time.monotonic() + max(0.0, timeout_s - GRACE_S)
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

    def _heed(self) -> None:
        """Raise Stopped if it was asked to stop, and has had the time for that; a caller's time-out is no such wish."""
        is_asked = self._stop.is_set() or (self._callers_stop is not None and self._callers_stop.is_set())
        if is_asked and self._is_over():
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
        return default_place(os.environ, has_shipper=True).directory
    if isinstance(journal, (str, os.PathLike)):
        if not (path := os.fspath(journal)) or not isinstance(path, str) or "\0" in path:
            raise ConfigurationError("Shipper: journal must be the path of a directory, not an empty text or bytes")
        return Path(os.path.abspath(os.path.expanduser(path)))
    directory = getattr(journal, "directory", None)
    if not isinstance(directory, Path):
        raise ConfigurationError(f"Shipper: journal must be a directory or a JournalHandler, not {_kind(journal)}")
    return directory


def _named(given: Any) -> str:
    with contextlib.suppress(UnicodeEncodeError):
        if isinstance(given, str) and given.encode():
            return given
    raise ConfigurationError("Shipper: the sink's name must be a text, not empty, that is UTF-8")


def _whole(name: str, given: Any, default: int) -> int:
    if given is None:
        return default
    if not isinstance(given, int) or isinstance(given, bool) or given <= 0:
        raise ConfigurationError(f"Shipper: {name} must be a whole number above 0, not {given!r}")
    return given


def _seconds(name: str, given: Any, default: float, *, may_be_0: bool = False) -> float:
    if given is None:
        return default
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
    if not is_number or not (0 < given <= threading.TIMEOUT_MAX or (may_be_0 and given == 0)):  # NaN is neither
        which = "0 or more" if may_be_0 else "above 0"
        raise ConfigurationError(f"Shipper: {name} must be a number of seconds, {which}, not {given!r}")
    return float(given)


def _kind(given: object) -> str:
    return f"the class {given.__name__}" if isinstance(given, type) else f"a {type(given).__name__}"


_running: weakref.WeakSet[Shipper] = weakref.WeakSet()


def stop_all(shippers: Iterable[Shipper]) -> None:
    """Stop shippers all at once, within the longest `exit_timeout_s` that one of them has."""
    shippers = list(shippers)
    for shipper in shippers:
        shipper._ask_to_stop(left_s(shipper.exit_timeout_s))
    for shipper in shippers:
        shipper.stop()


@atexit.register
def _stop_the_rest() -> None:
    interpreter_ends()
    stop_all(_running)
