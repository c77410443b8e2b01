"""Looks for what a user has decided elsewhere, without ever holding up who records.

The file of decisions stands in a home, and a home may be a network disk that hangs whoever opens a file there, for
as long as its server is away. So it is another thread that looks. Who records waits for it a moment; after that
nothing is known, which nobody may take for consent, until it has answered.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from ..forksafe import Lock

if TYPE_CHECKING:
    from .decisions import DecisionStore
    from .ledger import Decisions

__all__ = ["PATIENCE_S", "Lookout"]

PATIENCE_S = 0.5  # much longer than a busy machine takes to get round to it; waited once, until there is an answer


class Lookout:
    """Looks at one file of decisions; any thread may ask."""

    def __init__(self, store: DecisionStore) -> None:
        self._store = store
        self._lock = Lock()
        self._look: _Look | None = None
        self.is_overdue = False  # the last look has not been answered

    def look(self) -> Decisions | None:
        """Return the decisions if they are others than at the last look, or not known any more; else None."""
        if not self._lock.acquire(blocking=False):
            return None  # another thread is about it
        try:
            return self._taken()
        finally:
            self._lock.release()

    def _taken(self) -> Decisions | None:
        look = self._look
        if look is None or look.pid != os.getpid():  # a thread does not live on in the child of a fork
            look = self._look = _Look(self._store, read=self.is_overdue)
            look.begin()
        if not look.done.wait(0.0 if self.is_overdue else PATIENCE_S):
            if self.is_overdue:
                return None
            self.is_overdue = True
            return self._store.unanswered()
        self._look = None
        if self.is_overdue and look.found is None:  # what was known before counts again
            look = _Look(self._store, read=True)
            look.begin()
            if not look.done.wait(PATIENCE_S):
                self._look = look
                return None
        self.is_overdue = False
        return look.found


class _Look:
    """One look, by a thread of its own."""

    def __init__(self, store: DecisionStore, *, read: bool) -> None:
        self._store = store
        self._read = read  # whether or not the file is another one than before
        self.pid = os.getpid()
        self.done = threading.Event()
        self.found: Decisions | None = None

    def begin(self) -> None:
        thread = threading.Thread(target=self._run, name="jupyter_telemetry: decisions", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending, or there are too many threads
            self._run()

    def _run(self) -> None:
        try:
            if self._store.changed() or self._read:
                self.found = self._store.read()
        finally:
            self.done.set()
