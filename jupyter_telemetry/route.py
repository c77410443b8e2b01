"""Route: all that is decided of a (schema id, version) before its first event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .encoding import Encoder, is_too_deep, plain
from .envelope import Envelope
from .errors import InvalidEvent, invalid_event
from .privacy import Classification, compile_redaction
from .privacy.redaction import ReservedName
from .record import attributes_alike
from .validation import Violation, admits_null, may_recurse

if TYPE_CHECKING:
    import logging

    from .privacy import Limits
    from .schema import EventSchema

__all__ = ["Counters", "Route"]

# What a validator raises for what JSON cannot hold.
_NO_JSON = (ValueError, TypeError, RecursionError, OverflowError)

_NOT_AN_OBJECT = Violation("$", "type", "must be an object (a dict)", ("type",), "object")
_NOT_EXPLAINED = Violation("$", "json", "holds a value that JSON cannot hold", (), None)


class Counters:
    """What became of one schema's events; outlives its routes."""

    __slots__ = ("invalid", "not_allowed", "recorded")

    def __init__(self) -> None:
        # An `+= 1` on a slot cannot be interrupted by another thread under the GIL.
        self.recorded = 0
        self.not_allowed = 0
        self.invalid = 0


class Route:
    """The way of one schema's events: immutable, and made anew when schemas, configuration or handlers change.

    Parameters
    ----------
    limits: what may be kept; None: nothing, the route is `denied`.
    line_handlers: those that take the encoded line; record_handlers: those that take a logging record.
    """

    __slots__ = (
        "_encoder",
        "_envelope",
        "_is_valid",
        "_may_recurse",
        "_redact",
        "counters",
        "denied",
        "encode",
        "line_handlers",
        "record_attributes",
        "record_handlers",
        "schema",
        "seal",
    )

    def __init__(
        self,
        schema: EventSchema,
        limits: Limits | None,
        counters: Counters,
        *,
        line_handlers: tuple[logging.Handler, ...],
        record_handlers: tuple[logging.Handler, ...],
        max_event_bytes: int,
    ) -> None:
        self.schema = schema
        self.counters = counters
        self.line_handlers = line_handlers
        self.record_handlers = record_handlers
        self.record_attributes = attributes_alike(schema.id, schema.version)
        self.denied = limits is None
        if limits is None:
            return
        self._is_valid = schema.validator.is_valid
        self._may_recurse = may_recurse(schema.references)
        redaction = compile_redaction(Classification(schema.references), limits)
        self._redact = redaction and redaction.redact
        envelope = Envelope(schema.id, schema.version)
        self._encoder = Encoder(
            envelope,
            max_event_bytes=max_event_bytes,
            admits_null=redaction.keeps_nulls if redaction else admits_null(schema.references),
            names=schema.names,
        )
        self.seal = envelope.seal
        self.encode = self._encoder.encode

    def validate(self, event: object) -> None:
        """Raise InvalidEvent unless the schema has room for `event`."""
        try:
            # A schema that recurses lets a validator go as deep as the event does, and that ends the process.
            if isinstance(event, dict) and not (self._may_recurse and is_too_deep(event)) and self._is_valid(event):
                return
        except _NO_JSON:
            pass
        error = self._misfit_or_violation(event)
        if error is not None:  # not in the `except`: the validator's error holds the value
            raise error

    def filter(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return what may be kept of a valid event: the event itself, or a new object that shares its values."""
        if self._redact is None:
            return event
        try:
            return self._redact(event)
        except ReservedName:
            pass
        raise self._encoder.misfit(event) or self._violation(event)

    def _misfit_or_violation(self, event: object) -> InvalidEvent | None:
        """Return what is wrong with an event that was refused, if anything but a subclass of one of JSON's types."""
        if (misfit := self._encoder.misfit(event)) is not None:
            return misfit
        event = plain(event)
        try:
            if isinstance(event, dict) and self._is_valid(event):
                return None
        except _NO_JSON:
            pass
        return self._violation(event)

    def _violation(self, event: object) -> InvalidEvent:
        found = self.schema.validator.explain(event) or _NOT_EXPLAINED
        if not isinstance(event, dict):
            found = _NOT_AN_OBJECT
        return invalid_event(
            json_path=found.json_path,
            rule=found.rule,
            reason=found.reason,
            schema_id=self.schema.id,
            schema_path=found.rule_path,
            expected=found.expected,
        )
