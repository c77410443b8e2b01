"""Route: all that is decided of a (schema id, version) before its first event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .encoding import is_too_deep, plain
from .errors import InvalidEvent, invalid_event
from .privacy import ReservedName
from .validation import Violation, may_recurse

if TYPE_CHECKING:
    from .outlet import Outlet
    from .rate import TokenBucket
    from .schema import EventSchema

__all__ = ["Counters", "Route"]

# What a validator raises for what JSON cannot hold.
_NO_JSON = (ValueError, TypeError, RecursionError, OverflowError)

_NOT_AN_OBJECT = Violation("$", "type", "must be an object (a dict)", ("type",), "object")
_NOT_EXPLAINED = Violation("$", "json", "holds a value that JSON cannot hold", (), None)


class Counters:
    """What became of one schema's events; outlives its routes."""

    __slots__ = ("invalid", "not_allowed", "rate_limited", "recorded", "redaction_failures")

    def __init__(self) -> None:
        # An `+= 1` on a slot cannot be interrupted by another thread under the GIL.
        self.recorded = 0
        self.not_allowed = 0
        self.invalid = 0
        self.rate_limited = 0
        self.redaction_failures = 0


class Route:
    """The way of one schema's events: immutable, and made anew when schemas, configuration, consent or handlers change.

    Parameters
    ----------
    outlet: what the log's own limits make of the events; None: nothing may be kept, the route is `denied`.
    narrower: what those handlers get that have limits of their own.
    rate: how many events may be recorded in a second; None: any number.
    """

    __slots__ = (
        "_encoder",
        "_is_valid",
        "_may_recurse",
        "_redact",
        "counters",
        "denied",
        "encode",
        "narrower",
        "outlet",
        "rate",
        "schema",
        "seal",
    )

    outlet: Outlet

    def __init__(
        self,
        schema: EventSchema,
        counters: Counters,
        outlet: Outlet | None,
        narrower: tuple[Outlet, ...] = (),
        rate: TokenBucket | None = None,
    ) -> None:
        self.schema = schema
        self.counters = counters
        self.narrower = narrower
        self.rate = rate
        self.denied = outlet is None
        if outlet is None:
            return
        self.outlet = outlet
        self._is_valid = schema.validator.is_valid
        self._may_recurse = may_recurse(schema.references)
        # As attributes of its own: the road of an event is short.
        self._redact = outlet.redact
        self._encoder = outlet.encoder
        self.seal = outlet.seal
        self.encode = outlet.encode

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
