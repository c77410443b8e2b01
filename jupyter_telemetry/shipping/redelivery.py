"""Dead letters that are sent again, when the destination was mended and somebody asks for it.

Who asks leaves a file, `shipping/<destination>/again`, and whoever holds the lease, now or next, does the work: a
server's own shipper holds it for as long as the server runs. The file stays until all is done, so that the work of one
who was killed is done anew. Every dead letter is noted as taken before it goes: it counts once at any moment.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ..journal.access import make_shared, replacing_shared
from ..journal.deadletters import dead_letter_files, dead_letters_in, rewrite_dead_letters
from .batch import Overtaken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..journal.deadletters import DeadLetter
    from .refusals import Refusals
    from .sink import BatchLimits

__all__ = ["Redelivery"]

FILE = "again"


class Redelivery:
    """Sends the dead letters of one destination again, for who holds its lease.

    Parameters
    ----------
    place: the destination's own directory in the journal.
    """

    def __init__(self, journal: Path, place: Path, limits: BatchLimits) -> None:
        self._journal = journal
        self._place = place
        self._limits = limits
        self._left: list[Path] | None = None  # files that were there when this began, and are not done
        self._tried: set[str] = set()  # ids of what was sent since then

    @property
    def is_asked_for(self) -> bool:
        """Whether somebody has asked for it, and it is not done."""
        return (self._place / FILE).exists()

    def ask(self) -> bool:
        """Ask for it; say whether there are any dead letters. Raises OSError."""
        if not dead_letter_files(self._journal, self._place.name):
            return False
        make_shared(self._journal, self._place.parent, self._place)
        with replacing_shared(self._place / FILE):
            pass
        return True

    def step(
        self,
        deliver: Callable[[list[bytes], Callable[[], None]], dict[int, str]],
        refusals: Refusals,
        check: Callable[[], None],
    ) -> None:
        """Send one batch of them once more, or note that all is done: events that are new wait for no more than that.

        Those that are taken go, those that are refused again get the new reason.

        deliver: sends lines, as long as what it is given besides does not raise, and returns the refused by index.

        Raises OSError, and what `deliver` and `check` raise; then it is still asked for.
        """
        if self._left is None:
            self._left = dead_letter_files(self._journal, self._place.name)
        while self._left:
            if self._send_some(self._left[0], deliver, refusals, check):
                return
            del self._left[0]
        (self._place / FILE).unlink(missing_ok=True)
        self.forget()

    def forget(self) -> None:
        """Begin anew: what is asked for the next time is to be sent, though it was sent before."""
        self._left = None
        self._tried.clear()

    def _send_some(
        self,
        path: Path,
        deliver: Callable[[list[bytes], Callable[[], None]], dict[int, str]],
        refusals: Refusals,
        check: Callable[[], None],
    ) -> bool:
        """Send a batch out of a file; say whether there was anything to be sent."""
        letters = self._next(path, self._tried | refusals.taken)
        if not letters:
            if any(letter.event_id in refusals.taken for letter in dead_letters_in(path)):  # left by one who was killed
                rewrite_dead_letters(path, refusals.taken, {}, check)
            return False
        before = _identity(path)

        def check_both() -> None:
            check()
            if before is None or _identity(path) != before:  # something of it was erased, or has expired
                raise Overtaken

        try:
            check_both()
            refused = deliver([letter.event + b"\n" for letter in letters], check_both)
        except Overtaken:
            return True
        refusals.take((each.event_id, each.segment) for n, each in enumerate(letters) if n not in refused)
        again = {letters[n].event_id: reason for n, reason in refused.items()}
        rewrite_dead_letters(path, refusals.taken, again, check)
        self._tried.update(letter.event_id for letter in letters)
        return True

    def _next(self, path: Path, had: set[str]) -> list[DeadLetter]:
        """Return the next letters of a file, as many as make a batch."""
        found: list[DeadLetter] = []
        size = 0
        for letter in dead_letters_in(path):
            if letter.event_id in had:
                continue
            size += len(letter.event)
            if found and (len(found) >= self._limits.events or size > self._limits.size):
                break
            found.append(letter)
        return found


def _identity(path: Path) -> tuple[int, int, int] | None:
    with contextlib.suppress(FileNotFoundError):
        about = path.stat()
        return about.st_ino, about.st_size, about.st_mtime_ns
    return None
