"""Outlet: the form in which some of a route's handlers get its events."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .encoding import Encoder
from .envelope import CoarseEnvelope, Envelope
from .privacy import compile_redaction, floor_time
from .privacy.generalisation import coarsest
from .record import attributes_alike
from .validation import admits_null

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence

    from .privacy import Classification, Limits
    from .schema import EventSchema

__all__ = ["Outlet"]


class Outlet:
    """What one set of limits makes of a schema's events, and the handlers that get it; immutable.

    Parameters
    ----------
    limits: what may be kept, by all of them together.
    line_handlers: those that take the encoded line; record_handlers: those that take a logging record.
    redaction_failed: called for each value that becomes null because a redaction failed.
    time_unit: what the log rounds times to, if this is an outlet beside its own: no handler is told more of the time,
        though it may be given no time in the event at all.

    Attributes
    ----------
    redact: from a valid event to what may be kept of it; None if that is all. See Redaction.
    seal, encode: from there to the capsule, and to the line.
    time_unit: what times are rounded to, those beside the event too; None if they are exact.
    """

    __slots__ = (
        "encode",
        "encoder",
        "line_handlers",
        "moment",
        "record_attributes",
        "record_handlers",
        "redact",
        "schema_text",
        "seal",
        "seal_again",
        "time_unit",
    )

    def __init__(
        self,
        schema: EventSchema,
        classification: Classification,
        limits: Sequence[Limits],
        *,
        line_handlers: tuple[logging.Handler, ...],
        record_handlers: tuple[logging.Handler, ...],
        max_event_bytes: int,
        redaction_failed: Callable[[], object],
        time_unit: str | None = None,
    ) -> None:
        self.line_handlers = line_handlers
        self.record_handlers = record_handlers
        self.record_attributes = attributes_alike(schema.id, schema.version)
        self.schema_text = schema.text
        redaction = compile_redaction(classification, limits, redaction_failed)
        self.redact = redaction and redaction.redact
        self.time_unit = coarsest(unit for unit in (redaction and redaction.time_unit, time_unit) if unit)
        exact = Envelope(schema.id, schema.version)
        envelope = (
            CoarseEnvelope(schema.id, schema.version, partial(floor_time, unit=self.time_unit))
            if self.time_unit
            else exact
        )
        self.encoder = Encoder(
            envelope,
            max_event_bytes=max_event_bytes,
            admits_null=redaction.keeps_nulls if redaction else admits_null(schema.references),
            names=schema.names,
        )
        self.seal = envelope.seal
        # What the log has rounded as much already keeps its id.
        self.seal_again = exact.seal_again if self.time_unit == time_unit else envelope.seal_again
        self.moment = envelope.moment
        self.encode = self.encoder.encode

    def form(self, event: dict[str, Any], capsule: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Return capsule and line of an event that another outlet has sealed already. Raises InvalidEvent."""
        kept = self.redact(event) if self.redact is not None else event
        own = self.seal_again(capsule, kept)
        return own, self.encode(own, kept)
