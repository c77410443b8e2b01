"""The handlers that an EventLog uses: attached, made by the log itself, and retired."""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING

from .forksafe import Lock
from .handlers import close_handlers, quieten, restore

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

    from .notice import Notices

__all__ = ["Attachment"]

LONGEST_CALL_S = 10.0  # after which no call uses a handler that a change of configuration has taken out of use


class Attachment:
    """The handlers of one log; any thread may call it.

    Those that the log made from configuration are its own: they are closed with it, with the interpreter, or some
    time after they were taken out of use, when no call under way can have them any more.
    """

    def __init__(self, notices: Notices) -> None:
        self.handlers: tuple[logging.Handler, ...] = ()
        self.failures = 0
        self._notices = notices
        self._lock = Lock()
        self._own: list[logging.Handler] = []
        self._retired: dict[logging.Handler, float] = {}  # of the own, those not in use any more, and since when
        weakref.finalize(self, close_handlers, self._own)

    def attach(self, handlers: Sequence[logging.Handler]) -> None:
        """Use these from now on, and no others."""
        with self._lock:
            for handler in handlers:
                if handler not in self.handlers:
                    quieten(handler, self.failed)
            gone = [handler for handler in self.handlers if handler not in handlers]
            self.handlers = tuple(handlers)
            for handler in gone:
                if handler not in self._own:
                    self._restore(handler)
            done = self._retire()
        if done:
            # In a thread of its own: a listener now delivers the rest of its queue.
            threading.Thread(target=self._close, args=(done,), name="jupyter_telemetry: closing handlers").start()

    def adopt(self, handlers: Sequence[logging.Handler]) -> None:
        """Take handlers that were made from configuration for the log's own."""
        with self._lock:
            self._own += handlers

    def flush(self) -> None:
        """Flush all, the retired too."""
        for handler in (*self.handlers, *self._retired):
            try:
                handler.flush()
            except Exception as error:  # one failing handler must not keep the others from it
                self.failed(handler, error)

    def close_own(self) -> None:
        """Close those that the log made."""
        with self._lock:
            own = list(self._own)
            self._own.clear()
            self._retired.clear()
        self._close(own)  # not under the lock: a listener delivers the rest of its queue now

    def failed(self, handler: logging.Handler, error: BaseException | None) -> None:
        """Count that a handler failed, and say so."""
        self.failures += 1  # without the lock: this may run inside the lock of a handler, or in a listener's thread
        self._notices.warn(
            ("handler", id(handler)),
            "A %s failed to take an event: %s. The other handlers have it; this one may have lost it.",
            type(handler).__name__,
            type(error).__name__,  # its text may hold the event
        )

    def _restore(self, handler: logging.Handler) -> None:
        try:
            restore(handler, self.failed)
        except Exception as error:  # the user's code; the others are restored, and the own closed, all the same
            self.failed(handler, error)

    def _retire(self) -> list[logging.Handler]:
        """Retire own handlers that are not in use; give up, and return, those that no call can be using any more."""
        now = time.monotonic()
        unused = [handler for handler in self._own if handler not in self.handlers]
        self._retired = {handler: self._retired.get(handler, now) for handler in unused}
        done = [handler for handler, since in self._retired.items() if now - since >= LONGEST_CALL_S]
        for handler in done:
            self._own.remove(handler)
            del self._retired[handler]
        return done

    def _close(self, handlers: list[logging.Handler]) -> None:
        for handler, error in close_handlers(handlers):
            self.failed(handler, error)
