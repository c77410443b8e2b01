"""The contract of a sink, as tests: jupyter_telemetry.testing offers it."""

from __future__ import annotations

import json
import os
import signal
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
import pytest

from .envelope import Envelope
from .shipping import Batch, CannotErase, Shipper, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .shipping import Receipt, Sink
    from .shipping.delivery import Delivery

__all__ = ["SinkContract"]

SCHEMA_ID = "https://example.org/contract/save"
OTHER_ID = "https://example.org/contract/open"


def schema(schema_id: str, version: int | str, **properties: Any) -> dict[str, Any]:
    """Return a schema with these properties."""
    return {"$id": schema_id, "version": version, "title": "An event", "type": "object", "properties": properties}


TEXT, WHOLE, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
SCHEMAS: dict[tuple[str, str], dict[str, Any]] = {
    (SCHEMA_ID, "1"): schema(SCHEMA_ID, 1, name=TEXT, size=WHOLE, seconds=NUMBER, done={"type": "boolean"}),
    (SCHEMA_ID, "2"): schema(SCHEMA_ID, 2, name=TEXT, size=WHOLE, who={"type": "object", "properties": {"id": TEXT}}),
    (OTHER_ID, "1.0"): schema(
        OTHER_ID, "1.0", files={"type": "array", "items": TEXT}, note={"type": ["string", "null"]}
    ),
}
ODD: tuple[dict[str, Any], ...] = (
    {},
    {"name": ""},
    {"name": "Zoë — 日本語 🎉 \\ \" ' \t\n\r , ; { } \u2028 \x7f"},
    {"name": "NULL", "size": 0},
    {"name": "\\N", "size": -(2**63)},
    {"name": "x" * 70_000, "size": 2**63 - 1},
    {"seconds": 0.1, "done": True},
    {"seconds": 1e-300, "done": False},
    {"seconds": 12345678901234567.0},
    {"name": None},
)
ODD_OTHERS: tuple[dict[str, Any], ...] = (
    {"files": [], "note": None},
    {"files": ["a", "", "ü"], "note": "null"},
    {"undeclared": {"deep": [1, "two", None, {"three": 3.5}]}},
)


class SinkContract:
    """What every sink keeps: subclass it in a test module, as `class TestMySink(SinkContract)`, and say how.

    `make_sink(self)` returns a sink of a destination that is there, always the same within a test. `at_rest(self)`
    reads back all events that stand in it, as dicts with their metadata, each as often as it stands there. Both are
    methods or fixtures' work; the destination is empty when a test begins.

    `is_exact`: whether no event ever stands there twice. If not, the sink's documentation says how readers tell, and
    the contract counts each `__id__` once.
    `take_down(self)` and `bring_up(self)`: stop the destination as a power cut would, and start it again.
    `unacceptable(self)`: properties of an event that the destination will not take; None if it takes all.
    `secrets`: texts that must not be shown.
    """

    is_exact: ClassVar[bool] = True
    secrets: ClassVar[tuple[str, ...]] = ()

    def make_sink(self) -> Sink:
        """Return a new sink of the destination."""
        raise NotImplementedError

    def at_rest(self) -> list[dict[str, Any]]:
        """Return all events in the destination."""
        raise NotImplementedError

    def take_down(self) -> None:
        """Stop the destination as a power cut would."""
        raise NotImplementedError

    def bring_up(self) -> None:
        """Start the destination again; return when it answers."""
        raise NotImplementedError

    def unacceptable(self) -> dict[str, Any] | None:
        """Return properties of an event that the destination refuses."""
        return None

    # What the tests are made of

    def found(self) -> dict[str, dict[str, Any]]:
        """Return what is at rest by id; fail if anything is twice, and must not be."""
        events = self.at_rest()
        by_id = {event["__id__"]: event for event in events}
        if self.is_exact:
            assert len(events) == len(by_id), "an event is at rest twice"
        return by_id

    def send(self, sink: Sink, batch: Batch) -> Receipt:
        """Open, send once, and close."""
        sink.open()
        try:
            return sink.send(batch)
        finally:
            sink.close()

    # The contract

    def test_its_name_is_the_same_at_every_start_and_holds_no_secret(self) -> None:
        first, second = self.make_sink(), self.make_sink()
        assert first.name == second.name != ""
        for secret in self.secrets:
            assert secret not in f"{first.name} {first!r} {first}"

    def test_every_event_arrives_as_it_was(self) -> None:
        batch = make_batch(
            [(SCHEMA_ID, 1, each) for each in ODD]
            + [(OTHER_ID, "1.0", each) for each in ODD_OTHERS]
            + [(SCHEMA_ID, 2, {"name": "n", "who": {"id": "i"}}), (SCHEMA_ID, 2, {"who": {}})]
        )
        receipt = self.send(self.make_sink(), batch)
        assert not receipt.refused
        assert not receipt.deferred
        assert self.found() == expected(batch)

    def test_an_event_without_a_known_schema_arrives(self) -> None:
        batch = Batch(make_batch([("urn:nobody:knows", 7, {"any": ["thing", 1]})]).lines, lambda *_: None, journal="j")
        assert not self.send(self.make_sink(), batch).refused
        assert self.found() == expected(batch)

    def test_a_batch_that_comes_again_is_at_rest_once(self) -> None:
        batch = make_batch(numbered(250))
        self.send(self.make_sink(), batch)
        self.send(self.make_sink(), again(batch))
        assert self.found() == expected(batch)

    def test_a_batch_that_comes_again_with_more_is_at_rest_once(self) -> None:
        batch = make_batch(numbered(250))
        self.send(self.make_sink(), batch.part(range(130)))
        self.send(self.make_sink(), again(batch))
        assert self.found() == expected(batch)

    def test_a_batch_that_comes_again_in_parts_is_at_rest_once(self) -> None:
        batch = make_batch(numbered(250))
        sink = self.make_sink()
        self.send(sink, batch)
        for start in range(0, 250, 90):
            self.send(sink, again(batch).part(range(start, min(250, start + 90))))
        assert self.found() == expected(batch)

    def test_many_batches_over_one_connection_arrive(self) -> None:
        batch = make_batch(numbered(3000))
        sink = self.make_sink()
        sink.open()
        for start in range(0, 3000, 300):
            assert not sink.send(batch.part(range(start, start + 300))).refused
        sink.close()
        assert self.found() == expected(batch)

    def test_a_large_batch_arrives(self) -> None:
        batch = make_batch(numbered(20_000))
        assert not self.send(self.make_sink(), batch).refused
        assert self.found() == expected(batch)

    def test_it_can_be_opened_and_closed_again(self) -> None:
        sink = self.make_sink()
        sink.close()
        sink.open()
        sink.open()
        sink.close()
        sink.close()
        batch = make_batch(numbered(3))
        self.send(sink, batch)
        assert self.found() == expected(batch)

    def test_what_the_destination_refuses_does_not_hold_up_the_rest(self, tmp_path: Path) -> None:
        properties = self.unacceptable()
        good = numbered(40)
        events = good if properties is None else [*good[:20], (SCHEMA_ID, 1, properties), *good[20:]]
        batch = make_batch(events)
        refused = deliver(self.make_sink(), batch)
        assert set(refused) == (set() if properties is None else {20})
        assert self.found() == expected(batch.part([index for index in range(len(batch)) if index not in refused]))
        values = [] if properties is None else [value for value in texts_in(properties) if len(value) > 3]
        for reason in refused.values():
            assert reason
            assert not any(value in reason for value in values)

    def test_what_is_erased_is_gone(self) -> None:
        batch = make_batch(numbered(60))
        sink = self.make_sink()
        self.send(sink, batch)
        sink.open()
        if not sink.erases:
            with pytest.raises(CannotErase) as caught:
                sink.erase(batch.ids[:20])
            assert str(caught.value)
            sink.close()
            return
        sink.erase(list(batch.ids[:20]))
        sink.erase([*batch.ids[:20], "01a00000-0000-7000-8000-000000000000"])
        sink.close()
        assert self.found() == expected(batch.part(range(20, 60)))

    def test_a_destination_that_is_down_is_said_to_be_unavailable(self) -> None:
        batch = make_batch(numbered(10))
        sink = self.make_sink()
        sink.open()
        self.take_down()
        try:
            with pytest.raises(Unavailable) as caught:
                sink.send(batch)
            sink.close()
            with pytest.raises(Unavailable):
                self.send(self.make_sink(), batch)
        finally:
            self.bring_up()
        for secret in self.secrets:
            assert secret not in str(caught.value)
        assert not self.send(sink, again(batch)).refused
        assert self.found() == expected(batch)

    def test_the_child_of_a_fork_lets_go_of_its_parents_connection_without_a_word(self) -> None:
        if not hasattr(os, "fork"):
            return
        batch = make_batch(numbered(60))
        sink = self.make_sink()
        delivery = new_delivery(sink)
        assert delivery.deliver(batch.part(range(20))) == {}
        for start in (20, 40):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of threads: those of the sink's client
                pid = os.fork()
            if pid == 0:
                signal.alarm(60)
                delivery.close()
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0, "the child of a fork does not end"
            assert delivery.deliver(batch.part(range(start, start + 20))) == {}
        delivery.close()
        if hasattr(sink, "abandon"):
            assert delivery.retries == 0, "the parent's connection was cut"
        assert self.found() == expected(batch)

    def test_a_journal_is_shipped_whole_over_a_destination_that_is_killed(self, tmp_path: Path) -> None:
        batch = make_batch(numbered(2000))
        journal = write_journal(tmp_path / "journal", batch)
        shipper = Shipper(
            journal, self.make_sink(), batch_events=200, batch_age_s=0.05, first_backoff_s=0.05, longest_backoff_s=0.5
        )
        shipper.start()
        self.take_down()
        self.bring_up()
        assert shipper.stop(60), shipper.state.reason
        assert self.found() == expected(batch)
        assert Shipper(journal, self.make_sink()).ship(30)
        assert self.found() == expected(batch)


def numbered(count: int) -> list[tuple[str, int | str, dict[str, Any]]]:
    """Return that many plain events."""
    return [(SCHEMA_ID, 1, {"name": f"event {n}", "size": n, "seconds": n / 8}) for n in range(count)]


def make_batch(events: Iterable[tuple[str, int | str, dict[str, Any]]]) -> Batch:
    """Seal events (schema id, version, properties) and put them into a batch."""
    lines = []
    for schema_id, version, properties in events:
        capsule = Envelope(schema_id, version).seal(properties, None)
        lines.append(orjson.dumps(capsule) + b"\n")
    return Batch(lines, lambda schema_id, version: SCHEMAS.get((schema_id, version)), journal="0123456789abcdef")


def again(batch: Batch) -> Batch:
    """Return the same batch as one that may have been sent before."""
    return Batch(batch.lines, batch.schemas, journal=batch.journal, sent_before=True)


def expected(batch: Batch) -> dict[str, dict[str, Any]]:
    """Return what is to be at rest: each event by its id."""
    return {event["__id__"]: event for event in map(json.loads, batch.lines)}


def deliver(sink: Sink, batch: Batch) -> dict[int, str]:
    """Deliver as a shipper does that has waited for long enough; return the refused."""
    delivery = new_delivery(sink)
    try:
        return delivery.deliver(batch, lambda: True)
    finally:
        delivery.close()


def new_delivery(sink: Sink) -> Delivery:
    """Return what a shipper has, which does not wait."""
    from .shipping.backoff import Backoff
    from .shipping.delivery import Delivery

    return Delivery(sink, Backoff(0.01, 0.1), lambda _: None, lambda _: None)


def write_journal(directory: Path, batch: Batch) -> Path:
    """Write a batch's lines, and the schemas, into a journal; return its directory."""
    from .journal import JournalHandler

    handler = JournalHandler(directory)
    for (schema_id, version), text in SCHEMAS.items():
        handler.write_schema(schema_id, version, orjson.dumps(text))
    for line in batch.lines:
        handler.write_event(line)
    handler.close()
    return directory


def texts_in(value: Any) -> list[str]:
    """Return all texts in a JSON value."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts_in(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts_in(each)]
    return [value] if isinstance(value, str) else []
