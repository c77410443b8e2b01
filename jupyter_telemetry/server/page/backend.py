"""What the page is told, and what it does: the disclosure, the last events, decisions, export, erasure.

Every call may take a while (it reads files), so handlers make it in another thread.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson

from ...destination import JOURNAL
from ...disclosure import disclose, in_words
from ...errors import ConsentError, JournalError
from ...handlers import walk
from ...journal import JournalHandler, JournalReader
from ...journal.erasure import erase
from ...journal.export import export
from ...printable import printable
from ...privacy import digest
from .recent import JournalTail, Memory
from .wording import reworded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ..eventlog import ServerEventLog

__all__ = ["Backend", "Refusal"]

_GROUNDS_UNKNOWN = (
    "The configuration cannot be used, and does not tell what may not be erased. Nothing was erased; ask who runs "
    "this server."
)


class Refusal(Exception):
    """Something that the page asked for cannot be done; `status` is of HTTP, the text is for the user."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Backend:
    """The backend of one server's page, upon its EventLog."""

    def __init__(self, log: ServerEventLog) -> None:
        self._log = log
        self._memory: Memory | None = None
        self._tail: JournalTail | None = None
        self._known: tuple[Any, dict[str, Any]] = None, {}
        log.watch(self._follow)

    def state(self) -> dict[str, Any]:
        """Return all that the page shows.

        The disclosure; `unusable`: why the configuration cannot be used, so that nothing is recorded, or "";
        `journal`: whether there is one here; `standing`: differs when the page is to ask anew; `events`: {"mark": what
        to ask for later ones with, "lines": the last ones as they were written}.
        """
        disclosure = self._disclosure()
        mark, lines = self._recent().read()
        return {
            **disclosure,
            "unusable": printable(self._log.unusable),
            "destinations": [*disclosure["destinations"], *self._idle_destinations()],
            "journal": bool(self._journals()),
            "standing": _standing(disclosure),
            "events": {"mark": mark, "lines": lines},
        }

    def events(self, after: str) -> dict[str, Any]:
        """Return {"mark", "standing", "lines"}; lines is None if nothing was written or removed since the mark."""
        mark, lines = self._recent().read()
        return {"mark": mark, "standing": _standing(self._disclosure()), "lines": None if mark == after else lines}

    def decide(self, choices: Mapping[str, bool], policy: str) -> dict[str, Any]:
        """Keep the user's decisions, by subject, about the policy of that digest; return the state that follows.

        Raises Refusal: 409 if the policy is another one now, 400 for a subject without a switch, 503 if the
        decision cannot be kept.
        """
        shown = self._disclosure()
        statement = self._known[0][0].statement  # what is decided about is what was shown, whatever changes meanwhile
        if policy != shown["policy"] or policy != digest(statement):
            raise Refusal(409, "What is recorded has changed since this page showed it. Please look again, and decide.")
        if not choices.keys() <= {each["subject"] for each in shown["switches"] if each["can_switch"]}:
            raise Refusal(400, "There is no such switch. Please reload the page.")
        try:
            self._log.decide(choices, shown=in_words(shown), by="page", statement=statement)
        except ConsentError as error:
            raise Refusal(503, f"Your decision could not be kept, and is not in force: {error}") from None
        return self.state()

    def export(self, form: str) -> Iterator[bytes]:
        """Yield all that the journals hold, in one of journal.export.FORMATS.

        Raises Refusal: 404 if there is no journal; and, when it is read, 503 if it cannot be.
        """
        readers = [JournalReader(journal.directory) for journal in self._needed_journals()]
        with _readable():
            for segment in (segment for reader in readers for segment in reader.segments()):
                try:
                    segment.path.open("rb").close()
                except FileNotFoundError:  # sealed or deleted a moment ago
                    continue
                except OSError as error:  # better no copy than one that lacks something unsaid
                    raise Refusal(503, f"A part of your data cannot be read now: {error.strerror}.") from None
        return _exported(readers, form)

    def erase(self) -> dict[str, Any]:
        """Erase all that the journals hold and may be erased.

        Returns {"erased": {schema id: how many}, "kept": the same of those that may not be erased, "grounds": {schema
        id: why not}, "left": [{"events": how many, "reason": why they could not be erased}], "damaged": how many lines
        are no events and stay}. Raises Refusal: 404 if there is no journal, 503 if it cannot be done, or if the
        configuration does not tell what may not be erased.
        """
        if not self._log.knows_grounds:
            raise Refusal(503, _GROUNDS_UNKNOWN)
        governance = self._log.obeyed()
        erased: Counter[str] = Counter()
        kept: Counter[str] = Counter()
        left: list[dict[str, Any]] = []
        damaged = 0

        def ground(schema_id: str) -> str:
            return governance.standing(schema_id).setting.not_erasable

        for journal in self._needed_journals():
            with _readable():
                done = erase(journal.directory, not_erasable=ground, seal_own=journal.seal)
            erased.update(done.erased)
            kept.update(done.kept)
            left += [{"events": each.events, "reason": each.reason} for each in done.left]
            damaged += done.damaged
        grounds = {schema_id: ground(schema_id) for schema_id in kept}
        return {"erased": erased, "kept": kept, "grounds": grounds, "left": left, "damaged": damaged}

    # What the log has

    def _disclosure(self) -> dict[str, Any]:
        """Return what is recorded; made anew when anything that it depends on is another."""
        governance, handlers = self._log.obeyed(), tuple(self._log.handlers)
        depends_on = (governance, handlers, len(self._log.registry))
        known_for, known = self._known
        if known_for != depends_on:
            known = reworded(disclose(governance, self._log.registry, handlers))
            self._known = depends_on, known
        return known

    def _idle_destinations(self) -> Iterator[dict[str, Any]]:
        """Tell of the places that an unusable configuration names: something may have been sent there before."""
        for where in self._log.idle_destinations:
            yield {"where": where, "erasable": where == JOURNAL, "limits": "", "sent": []}

    def _journals(self) -> list[JournalHandler]:
        """Return the journals that the log writes to, each directory once, also those behind other handlers.

        Where the configuration cannot be used, those that it would write to.
        """
        found: dict[Path, JournalHandler] = {}
        for handler in (*self._log.handlers, *self._log.idle_journals):
            for each in walk(handler):
                if isinstance(each, JournalHandler):
                    found.setdefault(each.directory, each)
        return list(found.values())

    def _needed_journals(self) -> list[JournalHandler]:
        if not (journals := self._journals()):
            raise Refusal(404, "No journal is kept on this machine.")
        return journals

    # The last events

    def _recent(self) -> JournalTail | Memory:
        for journal in self._journals():
            if self._tail is None or self._tail.directory != journal.directory:
                self._tail = JournalTail(journal.directory)
            return self._tail
        return self._remember()

    def _remember(self) -> Memory:
        """Return the memory of a server that keeps no journal; nothing is remembered before somebody looks."""
        memory = self._memory = self._memory or Memory()
        if self._log.allowed_schemas and memory not in self._log.handlers:
            self._log.add_handler(memory)
        return memory

    def _follow(self, allowed: bool) -> None:
        if not allowed and self._memory is not None:
            self._log.remove_handler(self._memory)
            self._memory.forget()


def _standing(disclosure: Mapping[str, Any]) -> str:
    """Return what differs between two disclosures that a user should see differ."""
    switches = [[each["subject"], each["on"], each["why"]] for each in disclosure["switches"]]
    said = orjson.dumps([disclosure["policy"], disclosure["recording"], len(disclosure["collected"]), switches])
    return hashlib.blake2b(said, digest_size=8).hexdigest()


def _exported(readers: Iterable[JournalReader], form: str) -> Iterator[bytes]:
    with _readable():
        for place, reader in enumerate(readers):
            pieces = export(reader, form)
            if place and form == "csv":
                yield next(pieces, b"").partition(b"\n")[2]  # without the names of the columns
            yield from pieces


@contextmanager
def _readable() -> Iterator[None]:
    """Refuse what a journal that cannot be read, or locked, does not allow."""
    try:
        yield
    except JournalError as error:
        raise Refusal(503, f"This cannot be done now: {error}.") from None
