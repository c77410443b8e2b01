"""RouteMaker: makes routes out of what is in force, and says what in that is likely a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .handlers import is_line_handler
from .outlet import Outlet
from .privacy import DECISION_SCHEMA
from .privacy.globs import is_glob
from .rate import TokenBucket, rate_of
from .route import Counters, Route

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping

    from .attachment import Attachment
    from .governance import Governance
    from .notice import Notices
    from .privacy import Classification, Limits
    from .registry import SchemaRegistry
    from .schema import EventSchema

__all__ = ["RouteMaker"]


class RouteMaker:
    """Makes the routes of one log. What became of the events of a schema is counted across all routes of it."""

    def __init__(self, registry: SchemaRegistry, attachment: Attachment, notices: Notices) -> None:
        self._registry = registry
        self._attachment = attachment
        self._notices = notices
        self.counters: dict[tuple[str, str], Counters] = {}
        self.rates: Mapping[str, float] = {}  # as rate_of takes them
        self._buckets: dict[str, TokenBucket] = {}  # by schema id: all versions together

    def make(
        self,
        schema: EventSchema,
        governance: Governance,
        classification: Classification,
        limits: Limits | None,
        max_event_bytes: int,
    ) -> Route:
        """Make the route of a schema's events; `limits` None denies them."""
        counters = self.counters.setdefault((schema.id, str(schema.version)), Counters())
        if limits is None:
            if governance.admitted(schema.id, classifies=classification.classifies) is not None:
                self.explain(schema)  # only the user's consent is lacking: what they are asked about explains itself
            return Route(schema, counters, None)

        def redaction_failed() -> None:
            counters.redaction_failures += 1
            self._notices.warn(
                ("redaction", schema.id),
                "A redaction failed on a value of %s, which became null. `jupyter telemetry policy check` shows what "
                "becomes of each field.",
                schema.id,
            )

        shares = governance.shares(schema.id, limits, self._attachment.handlers, classifies=classification.classifies)
        outlets: list[Outlet] = []
        for share in shares:
            line_handlers = tuple(handler for handler in share.handlers if is_line_handler(handler))
            self.explain(schema, line_handlers)
            outlets.append(
                Outlet(
                    schema,
                    classification,
                    share.limits,
                    line_handlers=line_handlers,
                    record_handlers=tuple(handler for handler in share.handlers if handler not in line_handlers),
                    max_event_bytes=max_event_bytes,
                    redaction_failed=redaction_failed,
                    time_unit=outlets[0].time_unit if outlets else None,
                )
            )
        return Route(schema, counters, outlets[0], tuple(outlets[1:]), self._bucket(schema.id))

    def say_limited(self, schema_id: str, rate: float) -> None:
        """Say, once a minute, that events were not recorded since there were too many."""
        self._notices.warn(
            ("rate", schema_id),
            "Events of %s were not recorded: there are more than the %s a second that EventLog.max_rates allows.",
            schema_id,
            f"{rate:g}",
        )

    def _bucket(self, schema_id: str) -> TokenBucket | None:
        """Return what limits a schema's events: the same as before, unless the limit has changed."""
        rate = rate_of(schema_id, self.rates)
        if rate is None:
            self._buckets.pop(schema_id, None)
            return None
        bucket = self._buckets.get(schema_id)
        if bucket is None or bucket.rate != rate:
            bucket = self._buckets[schema_id] = TokenBucket(rate)
        return bucket

    def explain(self, schema: EventSchema, handlers: Iterable[logging.Handler] | None = None) -> None:
        """Give a schema to handlers that keep schemas beside the events; by default to all of the log."""
        for handler in self._attachment.handlers if handlers is None else handlers:
            if is_line_handler(handler):
                try:
                    handler.write_schema(schema.id, schema.version, schema.text)  # type: ignore[attr-defined]
                except Exception as error:
                    self._attachment.failed(handler, error)

    def say_what_is_odd(self, route: Route, governance: Governance) -> None:
        """Say once what in `allowed_schemas` is likely a mistake, with the first event that it may be about."""
        schema_id = route.schema.id
        if schema_id == DECISION_SCHEMA["$id"]:  # it is recorded whatever is allowed: no name is meant for it
            return
        if route.denied and governance.policy.limits(schema_id) and governance.standing(schema_id).on:
            self._notices.warn_once(
                ("glob", schema_id),
                "%s classifies none of its properties, so no glob in allowed_schemas admits it: it is not recorded. "
                "To record it whole, add its exact id.",
                schema_id,
            )
            return
        if schema_id in governance.policy.patterns:  # then no other name is meant for it
            return
        for pattern in governance.policy.unmet({schema.id for schema in self._registry}):
            near = self._registry.nearest(pattern)
            if self._notices.was_said(("unknown", pattern)) or not (route.denied or near == schema_id):
                continue
            self._notices.warn_once(
                ("unknown", pattern),
                "allowed_schemas names %s, which %s%s; %s.",
                pattern,
                "matches no registered schema" if is_glob(pattern) else "is not registered",
                f" (the nearest registered id is {near})" if near else "",
                f"events of {schema_id} are not recorded" if route.denied else "what it says does not count",
            )
