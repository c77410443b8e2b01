"""Cursor, segments and retries as a state machine: whatever happens, every event is somewhere, and once."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from journal.lines import event_id, line

from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.journal.deadletters import dead_letters
from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.journal.reader import JournalReader
from jupyter_telemetry.journal.tombstones import TombstoneWriter, erased_from, tombstones
from jupyter_telemetry.lease import Lease
from jupyter_telemetry.shipping import BatchLimits
from jupyter_telemetry.shipping.carrier import Stopped
from jupyter_telemetry.shipping.reckoning import reckon
from jupyter_telemetry.shipping.redelivery import Redelivery
from jupyter_telemetry.shipping.refusals import Refusals

from .scene import Destination, Killed, PlannedSink, expire_oldest, make_carrier, place_of

FAULTS = ("", "down", "lost", "part", "lost part", "refuse", "too large", "odd", "lost oddly")
ACTIONS = (
    "nothing",
    "kill",
    "take over",
    "erase",
    "expire",
    "remove_dead_letters",
    "ask_for_dead_letters",
    "record",
    "seal",
)


class InterruptedLease(Lease):
    """Something happens at one of its checks: these stand before each step that counts."""

    def __init__(self, path, at, action):
        super().__init__(path)
        self._checks_left = at
        self._action = action

    def check(self):
        super().check()
        self._checks_left -= 1
        if self._checks_left == 0:
            self._action()


class Shipping(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.home = Path(tempfile.mkdtemp())
        self.journal = self.home / "journal0"
        self.journal.mkdir()
        self.handler = JournalHandler(self.journal)
        self.destination, self.other_destination = Destination(), Destination()
        self.recorded: dict[str, bytes] = {}
        self.expired: set[str] = set()
        self.half_erased: set[str] = set()
        self.removed: set[str] = set()  # dead letters that somebody deleted
        self.copies = 0
        self.cursor_was_lost = False

    def teardown(self):
        if hasattr(self, "home"):
            self.drain()
            self.handler.close()
            shutil.rmtree(self.home)

    # What happens

    @rule(schema=st.sampled_from("ab"), count=st.integers(1, 7), poison=st.booleans())
    def record(self, schema="b", count=3, poison=False):
        for _ in range(count):
            number = len(self.recorded)
            text = line(number, __schema__=schema, name="poison" if poison else "good")
            poison = False
            self.handler.write_event(text)
            self.recorded[event_id(number)] = text

    @rule()
    def seal(self):
        self.handler.seal()

    @rule()
    def tear(self):
        """A line that is damaged, and a segment that ends with a torn one."""
        self.handler.write_event(b'{"torn":\n')
        self.handler.write_event(b'{"__timestamp__":"2026')
        self.handler.seal()

    @rule()
    def expire(self):
        self.expired |= set(expire_oldest(self.journal))

    @rule()
    def ask_for_dead_letters(self):
        """Somebody wants them to be sent again."""
        place = place_of(self.journal)
        Redelivery(self.journal, place, BatchLimits(2)).ask()

    @rule(mended=st.booleans())
    def ship_elsewhere(self, mended):
        """Another destination has the same journal."""
        carrier = make_carrier(self.journal, self.other_sink(mended))
        carrier.carry(until_empty=True)
        carrier.hand_back()

    def other_sink(self, mended=False):
        sink = PlannedSink(self.other_destination)
        sink.name, sink.is_mended = "planned:other", mended
        return sink

    @rule(every=st.booleans())
    def remove_dead_letters(self, every=True):
        """A limit deletes them, or somebody does, file by file."""
        letters = list(self.letters())
        for path in sorted({letter.path for letter in letters})[: None if every else 1]:
            self.removed |= {letter.event_id for letter in letters if letter.path == path}
            path.unlink()

    @rule()
    def erase(self):
        self.handler.seal()
        assert erase(self.journal, erases=lambda schema: schema == "a", settle_s=0.0).left == ()

    @rule()
    def name_what_is_to_be_erased_and_die(self):
        writer = TombstoneWriter(self.journal, "killed")
        for event in JournalReader(self.journal).events():
            if event["__schema__"] == "a":
                writer.add(event["__id__"].encode())
                self.half_erased.add(event["__id__"])
        writer.commit()
        writer.close()

    @rule()
    def copy(self):
        """Restore the journal from a copy: all inodes change."""
        self.handler.close()
        self.copies += 1
        copied = self.home / f"journal{self.copies}"
        shutil.copytree(self.journal, copied, symlinks=True)
        self.journal = copied
        self.handler = JournalHandler(self.journal)

    @rule()
    def lose_the_cursor(self):
        with contextlib.suppress(FileNotFoundError):
            (place_of(self.journal) / "cursor.json").unlink()
            self.cursor_was_lost = True

    @rule()
    def drop_a_draft(self):
        place = place_of(self.journal)
        place.mkdir(parents=True, exist_ok=True)
        (place / ".cursor.json.01234567.tmp").write_bytes(b"{")

    @rule(
        faults=st.lists(st.sampled_from(FAULTS), max_size=6),
        batch_events=st.sampled_from([1, 2, 5, 100]),
        batch_bytes=st.sampled_from([1, 700, 100_000]),
        where=st.one_of(st.sampled_from(["before", "after"]), st.integers(1, 12)),
        action=st.sampled_from(ACTIONS),
        waits=st.sampled_from([0, 2, 30]),
        mended=st.sampled_from([False, False, True]),
    )
    def ship(self, faults, batch_events, batch_bytes, where, action, waits, mended):
        sink = PlannedSink(self.destination, faults)
        sink.is_mended = mended
        place = place_of(self.journal)
        place.mkdir(parents=True, exist_ok=True)
        happens = self.once(action)
        if isinstance(where, int):
            lease = InterruptedLease(place / "lease", where, happens)
        else:
            lease = Lease(place / "lease")
            setattr(sink, where, happens)
        limits = BatchLimits(batch_events, batch_bytes, 0.0)
        carrier = make_carrier(self.journal, sink, limits=limits, lease=lease, most_waits=waits)
        self.left = None
        try:
            carrier.carry(until_empty=True)
            assert self.left in (None, self.cursor()), "a shipper whose lease was taken wrote the cursor"
        except Killed:
            (place / "lease").unlink()  # as the next one does, which finds its process dead
        except Stopped:
            carrier.hand_back()
        else:
            carrier.hand_back()

    def once(self, action):
        """Return what does something at the first call."""
        calls = []

        def happens():
            if not calls:
                calls.append(action)
                self.happen(action)

        return happens

    def happen(self, action):
        if action == "kill":
            raise Killed
        if action == "take over":
            lease = place_of(self.journal) / "lease"
            lease.unlink()
            other = make_carrier(self.journal, PlannedSink(self.destination))
            other.carry(until_empty=True)
            other.hand_back()
            self.left = self.cursor()
        elif action != "nothing":
            getattr(self, action)()

    def cursor(self):
        path = place_of(self.journal) / "cursor.json"
        return path.read_bytes() if path.exists() else b""

    # What must hold

    @invariant()
    def what_is_at_rest_was_recorded(self):
        if hasattr(self, "home"):
            for each, text in self.destination.lines.items():
                assert self.recorded[each] == text

    @invariant()
    def every_event_counts_once(self):
        if not hasattr(self, "home"):
            return
        self.every_event_counts_once_for(self.other_sink())
        found = self.every_event_counts_once_for(PlannedSink)
        if not self.cursor_was_lost:
            assert found.expired <= len(self.expired | self.removed)
        assert found.delivered <= len(
            (self.recorded.keys() - self.poisoned()) | self.half_erased | self.destination.ever
        )

    def every_event_counts_once_for(self, sink):
        place = place_of(self.journal, sink)
        found = reckon(self.journal, place)
        taken = Refusals(place, "").taken
        letters = [letter.event_id for letter in self.letters(place) if letter.event_id not in taken]
        assert len(letters) == len(set(letters)) == found.refused
        assert set(letters) <= self.poisoned()
        # What a killed erasure has named, and a limit deleted then, was both.
        assert len(self.recorded) <= sum(found) <= len(self.recorded) + len(self.expired & self.half_erased)
        return found

    def letters(self, place=None):
        return dead_letters(self.journal, (place or place_of(self.journal)).name)

    def named(self):
        return {each for tombstone in tombstones(self.journal) for each in tombstone.ids()}

    def poisoned(self):
        return {each for each, text in self.recorded.items() if b"poison" in text}

    def drain(self):
        """In the end all is somewhere."""
        self.handler.seal()
        # Where nothing but poison is left, it waits before it believes that.
        assert make_carrier(self.journal, PlannedSink(self.destination), most_waits=500).carry(until_empty=True)
        at_rest = set(self.destination.lines)
        letters = {letter.event_id for letter in self.letters()}
        # Whoever fails oddly again and again, after it has taken an event, has it refused: nobody can know.
        unsure = {letter.event_id for letter in self.letters() if letter.reason.startswith("the sink failed")}
        there = {event["__id__"] for event in JournalReader(self.journal).events()}
        named = self.named()
        erased = erased_from(self.journal, place_of(self.journal).name).ids - there - letters
        assert at_rest & erased <= self.half_erased  # they were in the journal still, and then a limit deleted them
        assert at_rest & letters <= unsure
        assert set(self.recorded) == at_rest | letters | self.expired | named | self.removed
        assert (there - named) <= at_rest | letters | self.removed
        found = reckon(self.journal, place_of(self.journal))
        assert found.waiting == 0
        assert found.erased == len(erased)
        self.every_event_counts_once()


EXAMPLES = os.environ.get("JUPYTER_TELEMETRY_MACHINE_EXAMPLES")  # more of them, by hand

Shipping.TestCase.settings = settings(
    max_examples=int(EXAMPLES or 60),
    stateful_step_count=25,
    deadline=None,
    derandomize=not EXAMPLES,
    suppress_health_check=list(HealthCheck),
)
TestShipping = Shipping.TestCase
