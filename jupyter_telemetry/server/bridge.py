"""The bridge from Jupyter's own event bus (jupyter_events) to an EventLog.

A handler or a listener on the bus would change what it does: with one, `emit` begins to validate and runs
the operator's modifiers, and what is raised there ends a user's request. So the bridge stands around `emit`
of that one bus: whatever it returned or raised goes back to the caller, and only then the event is recorded.
"""

from __future__ import annotations

import copy
import threading
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from ..envelope import RESERVED_PREFIX
from ..errors import InvalidEvent, SchemaNotRegistered, TelemetryError
from ..validation import Draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jupyter_events import EventLogger
    from jupyter_events.schema import EventSchema

    from .eventlog import ServerEventLog

__all__ = ["Bridge"]


class _Schemas(threading.local):
    """Ids of the schemas of which this thread is recording an event."""

    def __init__(self) -> None:
        self.ids: set[str] = set()


class Bridge:
    """Record in `log` what is emitted on `bus`, while the log allows anything; any thread may emit."""

    def __init__(self, bus: EventLogger, log: ServerEventLog) -> None:
        self._bus = bus
        self._log = log
        self._lock = threading.Lock()
        self._active = False
        self._installed: Callable[..., Any] | None = None  # our `emit`
        self._original: Callable[..., Any] | None = None  # the one below it, if that stood on the instance
        self._met: dict[str, tuple[EventSchema, str | None]] = {}  # with why it is not registered
        self._recording = _Schemas()

    def follow(self) -> None:
        """Stand around the bus's `emit` whenever the log allows anything, and leave it when it no longer does."""
        self._log.watch(lambda allowed: self._attach() if allowed else self._detach())

    def _attach(self) -> None:
        with self._lock:
            self._active = True
            if self._installed is None:
                self._original = vars(self._bus).get("emit")
                self._installed = self._around(self._bus.emit)
                self._bus.emit = self._installed  # type: ignore[method-assign]
        self._meet_all()

    def _detach(self) -> None:
        with self._lock:
            self._active = False
            if self._installed is None or vars(self._bus).get("emit") is not self._installed:
                return  # another wrapper stands around ours, which then lets all pass
            if self._original is None:
                del self._bus.emit
            else:
                self._bus.emit = self._original  # type: ignore[method-assign]
            self._installed = self._original = None

    def _around(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def emit(*args: Any, **call: Any) -> Any:
            try:
                capsule = original(*args, **call)
            except Exception:
                self._take(call, None, refused=True)
                raise
            self._take(call, capsule)
            return capsule

        return emit

    def _take(self, call: Mapping[str, Any], capsule: dict[str, Any] | None, *, refused: bool = False) -> None:
        """Record one call of `emit`; whatever goes wrong, the caller does not see it."""
        schema_id = call.get("schema_id")
        if not self._active or not isinstance(schema_id, str):
            return
        version = None
        try:
            version = self._version(schema_id)
            if version is None or self._log.drops(schema_id, version):
                return
            if refused:
                raise _invalid(schema_id, "was refused by the event bus, or by a handler or a modifier on it")
            with self._once(schema_id):
                event = self._event(schema_id, call["data"], capsule)
                self._log.take(schema_id, version, event, call.get("timestamp_override"))
        except Exception as error:
            self._log.refuse(error, schema_id, version)

    @contextmanager
    def _once(self, schema_id: str) -> Iterator[None]:
        """Keep a handler or a modifier that emits from doing so without end."""
        if schema_id in self._recording.ids:
            raise _invalid(schema_id, "was emitted by a handler or a modifier of the same schema's events")
        self._recording.ids.add(schema_id)
        try:
            yield
        finally:
            self._recording.ids.discard(schema_id)

    def _event(self, schema_id: str, data: Any, capsule: dict[str, Any] | None) -> Any:
        """Return the payload as the operator's modifiers leave it."""
        if not isinstance(data, dict):
            return data  # is refused
        if capsule is not None:
            return _properties(capsule, data, schema_id)
        modifiers = list(self._bus._modifiers.get(schema_id, ()))
        if not modifiers:
            return data
        modified = copy.deepcopy(data)
        for modifier in modifiers:  # `emit` has not come to them: nobody listens
            modified = modifier(schema_id=schema_id, data=modified)
        return _properties(modified, data, schema_id)

    # Schemas

    def _version(self, schema_id: str) -> str | None:
        """Return the version of a schema that the bus knows now; None if it knows none, and none is allowed.

        Raises SchemaNotRegistered if events of it are allowed and cannot be recorded.
        """
        problem: str | None = "it is not registered with the server's event_logger"
        if schema_id in self._bus.schemas:
            schema = self._bus.schemas.get(schema_id)
            if self._met.get(schema_id, (None,))[0] is not schema:  # new, or registered anew
                self._meet_all()
            problem = self._met[schema_id][1]
            if problem is None:
                return str(schema.version)
        if self._log.names(schema_id):
            raise SchemaNotRegistered(f"{schema_id}: {problem}", schema_id=schema_id)
        return None

    def _meet_all(self) -> None:
        """Register all schemas of the bus that are new: the log can then say which id an operator mistyped."""
        for schema_id in self._bus.schemas.schema_ids:
            schema = self._bus.schemas.get(schema_id)
            if self._met.get(schema_id, (None,))[0] is not schema:
                self._met[schema_id] = (schema, self._register(schema))

    def _register(self, schema: EventSchema) -> str | None:
        """Register a schema of the bus; return why not, if it cannot be."""
        try:
            # The bus validates by draft-07, whatever a schema says.
            self._log.registry.register(schema._schema, draft=Draft.DRAFT7)
        except TelemetryError as error:
            return str(error)
        except Exception as error:
            return f"its schema cannot be read ({type(error).__name__})"
        return None


def _properties(modified: Mapping[str, Any], data: dict[str, Any], schema_id: str) -> dict[str, Any]:
    """Take the bus's metadata off what modifiers have left of a payload.

    What the payload itself has under a name that begins with `__` stays, and so does another schema's id: such
    an event is refused.
    """
    return {
        name: value
        for name, value in modified.items()
        if not name.startswith(RESERVED_PREFIX) or name in data or (name == "__schema__" and value != schema_id)
    }


def _invalid(schema_id: str, reason: str) -> InvalidEvent:
    return InvalidEvent(json_path="$", rule="bus", reason=reason, schema_id=schema_id)
