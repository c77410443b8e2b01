"""What the bus's modifiers make of an event is recorded, once, under the event's own schema, if it is allowed."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from .bus import SAVE, counts, listen


def hide(schema_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """A modifier that changes its payload in place."""
    data["path"] = "hidden"
    return data


@pytest.mark.parametrize("listening", [False, True])
def test_what_modifiers_make_of_a_payload_is_recorded_and_the_payload_stays(listening, bus, bridge, kept):
    if listening:
        listen(bus)
    bus.add_modifier(schema_id=SAVE, modifier=hide)
    data = {"path": "secret.ipynb"}
    bus.emit(schema_id=SAVE, data=data)
    assert kept.recorded == [{"path": "hidden"}]
    assert data == {"path": "secret.ipynb"}


@pytest.mark.parametrize("listening", [False, True])
def test_modifiers_run_once_for_an_event(listening, bus, bridge):
    calls = []

    def note(schema_id: str, data: dict[str, Any]) -> dict[str, Any]:
        calls.append(schema_id)
        return data

    if listening:
        listen(bus)
    bus.add_modifier(schema_id=SAVE, modifier=note)
    bus.emit(schema_id=SAVE, data={"path": "a"})
    assert calls == [SAVE]


@pytest.mark.parametrize("listening", [False, True])
def test_a_modifier_cannot_move_an_event_to_another_schema(listening, bus, bridge, kept, log):
    def move(schema_id: str, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "__schema__": "https://example.org/other"}

    if listening:
        listen(bus)
    bus.add_modifier(schema_id=SAVE, modifier=move)
    bus.emit(schema_id=SAVE, data={"path": "a"})
    assert kept.lines == []
    assert counts(log) == {"invalid": 1}


def test_a_modifier_that_raises_ends_no_call_while_nobody_listens(bus, bridge, kept, said, log):
    def fail(schema_id: str, data: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError(data["path"])

    bus.add_modifier(schema_id=SAVE, modifier=fail)
    assert bus.emit(schema_id=SAVE, data={"path": "secret.ipynb"}) is None
    assert kept.lines == []
    assert counts(log) == {"invalid": 1}
    (line,) = said.lines
    assert "RuntimeError" in line
    assert SAVE in line
    assert "secret" not in line
    listen(bus)
    with pytest.raises(RuntimeError, match=r"secret\.ipynb"):
        bus.emit(schema_id=SAVE, data={"path": "secret.ipynb"})
    assert counts(log) == {"invalid": 2}


def test_a_payload_that_cannot_be_copied_ends_no_call(bus, bridge, kept, log):
    bus.add_modifier(schema_id=SAVE, modifier=hide)
    assert bus.emit(schema_id=SAVE, data={"path": "a", "lock": threading.Lock()}) is None
    assert kept.lines == []
    assert counts(log) == {"invalid": 1}


class Touchy(dict):  # type: ignore[type-arg]
    """A payload that says when it is looked at."""

    touched = False

    def __deepcopy__(self, memo: Any) -> Any:
        self.touched = True
        return dict(self)

    __iter__ = items = keys = __getitem__ = __deepcopy__  # type: ignore[assignment]


def test_of_an_event_that_is_not_allowed_nothing_is_copied_or_modified(bus, bridge, kept, log):
    calls = []
    bus.add_modifier(schema_id=SAVE, modifier=lambda schema_id, data: calls.append(schema_id))
    log.allowed_schemas = ["https://example.org/other", "https://example.org/*"]  # a glob admits no such schema
    payload = Touchy(path="a")
    bus.emit(schema_id=SAVE, data=payload)
    assert not payload.touched
    assert calls == []
    assert kept.lines == []
    assert counts(log) == {"not_allowed": 1}


def test_a_handler_or_modifier_that_emits_does_so_only_once(bus, bridge, kept, said, log):
    class Echo(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            bus.emit(schema_id=SAVE, data={"path": "echo"})

    def echo(schema_id: str, data: dict[str, Any]) -> dict[str, Any]:
        bus.emit(schema_id=SAVE, data={"path": "echo"})
        return data

    log.add_handler(Echo())
    bus.emit(schema_id=SAVE, data={"path": "a"})
    bus.add_modifier(schema_id=SAVE, modifier=echo)
    bus.emit(schema_id=SAVE, data={"path": "b"})
    assert kept.recorded == [{"path": "a"}, {"path": "b"}]
    assert counts(log) == {"recorded": 2, "invalid": 3}
    assert said.lines == [
        f"An event was not recorded: {SAVE}: $: was emitted by a handler or a modifier of the same schema's events "
        "(rule: bus)"
    ]
