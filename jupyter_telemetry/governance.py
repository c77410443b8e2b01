"""Governance: all that decides what may be kept of events and who gets it, as it is in force at one moment."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from .destination import JOURNAL, destinations
from .dispatch import CarriedTo, carried_beside, shipped
from .errors import ConfigurationError
from .handlers import LIMITS, limits_of, walk
from .privacy import (
    DECISION_SCHEMA,
    Classification,
    Consent,
    Decisions,
    Limits,
    Policy,
    Redactions,
    parse_consent,
    statement,
)
from .privacy.check import PolicyCheck
from .privacy.consent import Standing
from .privacy.modes import ALL, Setting
from .privacy.statement import canonical
from .traits import AllowedSchemas

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from .privacy import DecisionStore
    from .privacy.pseudonym import PseudonymKey
    from .schema import EventSchema
    from .settings import Settings

__all__ = ["Governance", "Share", "govern"]


_DECISIONS = Standing(
    Setting(
        DECISION_SCHEMA["$id"],
        "inform",
        "It must be possible to show that you agreed, and what to.",
        "GDPR art. 7 (1)",
        "It is the record of what you decided.",
    ),
    True,
    "no switch",
    None,
    [],
)


class Share(NamedTuple):
    """Handlers that get the same of a schema's events."""

    limits: tuple[Limits, ...]  # the log's own, and theirs
    handlers: tuple[logging.Handler, ...]


class Governance:
    """The policy of a log, those of its handlers that have one of their own, and the user's consent; immutable.

    `narrower` has the handlers' by their `id`, `shipped` where their journals are carried to by `shippers`. `statement`
    is all of it as plain JSON: what a user is asked about.
    """

    def __init__(
        self,
        policy: Policy,
        consent: Consent,
        narrower: Mapping[int, Policy],
        shipped: Mapping[int, tuple[CarriedTo, ...]],
        shippers: Iterable[Any],
        statement: dict[str, Any],
    ) -> None:
        self.policy = policy
        self.consent = consent
        self.statement = statement
        self._narrower = dict(narrower)
        self._shipped = dict(shipped)
        self._shippers = tuple(shippers)

    def under(self, decisions: Decisions) -> Governance:
        """Return the same under other decisions of the user."""
        settings = tuple(standing.setting for standing in self.consent.standings)
        consent = Consent(settings, decisions, self.statement, os.environ)
        return Governance(self.policy, consent, self._narrower, self._shipped, self._shippers, self.statement)

    def classification(self, schema: EventSchema) -> Classification:
        """Return what the values of a schema's events are."""
        return Classification(schema.references, self.policy.overlay(schema.id))

    def standing(self, schema_id: str) -> Standing:
        """Return how things stand with the user's consent to a schema."""
        if schema_id == DECISION_SCHEMA["$id"]:  # what was decided is recorded wherever anything is; it names nobody
            return _DECISIONS
        return self.consent.of_schema(schema_id)

    def admitted(self, schema_id: str, *, classifies: bool) -> Limits | None:
        """Return what the operator leaves of a schema's events, once the user agrees to all of it."""
        if schema_id == DECISION_SCHEMA["$id"]:
            return Limits() if self.policy.patterns else None
        return self.policy.admits(schema_id, classifies=classifies)

    def limits(self, schema_id: str, *, classifies: bool) -> Limits | None:
        """Return what may be kept of a schema's events, whoever gets them; None: nothing."""
        limits = self.admitted(schema_id, classifies=classifies)
        if limits is None or not self.standing(schema_id).on:
            return None
        return limits if schema_id == DECISION_SCHEMA["$id"] else self.agreed(limits)

    def agreed(self, limits: Limits) -> Limits:
        """Return what the user leaves of limits now, category by category."""
        return replace(limits, refused=self.consent.refused_categories)

    def narrower(self, handler: logging.Handler | Mapping[str, Any]) -> Policy | None:
        """Return the policy of a handler that has one of its own."""
        return self._narrower.get(id(handler))

    def places(self, handler: logging.Handler | Mapping[str, Any]) -> list[CarriedTo]:
        """Return where a handler sends events, and where they are carried on to, by whomever."""
        return [*_places(handler, self._shipped), *carried_beside(self._shippers, handler)]

    def shares(
        self, schema_id: str, limits: Limits, handlers: Iterable[logging.Handler], *, classifies: bool
    ) -> list[Share]:
        """Share out what may be kept; the first share is that of all handlers without limits of their own.

        Handlers whose limits say the same of this schema, whatever they say of others, have one share.
        """
        shares: dict[Policy | None, list[logging.Handler]] = {None: []}
        for handler in handlers:
            shares.setdefault(self.narrower(handler), []).append(handler)
        found: list[tuple[tuple[Limits, ...], list[logging.Handler]]] = []
        for policy, sharing in shares.items():
            together = _together(limits, policy, schema_id, classifies=classifies)
            if together is None:
                continue
            alike = next((others for theirs, others in found if theirs == together), None)
            if alike is None:
                found.append((together, sharing))
            else:
                alike += sharing
        return [Share(together, tuple(sharing)) for together, sharing in found]

    def limits_for(
        self,
        handler: logging.Handler | Mapping[str, Any],
        schema_id: str,
        limits: Limits,
        *,
        classifies: bool,
    ) -> tuple[Limits, ...] | None:
        """Return the limits of one handler, the log's own among them; None: it gets none of the schema's events."""
        return _together(limits, self.narrower(handler), schema_id, classifies=classifies)


def _together(limits: Limits, own: Policy | None, schema_id: str, *, classifies: bool) -> tuple[Limits, ...] | None:
    """Return the limits of a log and those of a handler that has a policy of its own."""
    if own is None:
        return (limits,)
    narrower = own.admits(schema_id, classifies=classifies)
    return None if narrower is None else (limits, narrower)


def problems(
    governance: Governance,
    settings: Settings,
    handlers: Iterable[logging.Handler | Mapping[str, Any]],
    schemas: Iterable[EventSchema],
    if_unknown: str = "",
) -> list[str]:
    """Say what in a configuration is likely a mistake, among the schemas that are registered; see PolicyCheck."""
    classifications: dict[str, list[Classification]] = {}
    for schema in schemas:
        classifications.setdefault(schema.id, []).append(governance.classification(schema))
    check = PolicyCheck(classifications, if_unknown)
    said = governance.statement
    found = [
        *check.allowed_schemas(_entries(settings.allowed_schemas), "EventLog.allowed_schemas"),
        *check.redactions(settings.redactions, "EventLog.redactions"),
        *check.classifications(said["classifications"], "EventLog.classifications"),
        *check.consent(
            (s.setting.subject for s in governance.consent.standings if s.setting.subject != ALL), "EventLog.consent"
        ),
    ]
    for index, handler in enumerate(handlers):
        limits, where = limits_of(handler), f"EventLog.handlers[{index}]"
        found += check.allowed_schemas(_entries(limits.get("allowed_schemas") or ()), f"{where}['allowed_schemas']")
        found += check.redactions(limits.get("redactions") or {}, f"{where}['redactions']")
    return found


def _entries(allowed: Iterable[str] | Mapping[str, Any]) -> Mapping[str, Any]:
    return allowed if isinstance(allowed, dict) else {pattern: {} for pattern in allowed}


def govern(
    settings: Settings,
    handlers: Iterable[logging.Handler | Mapping[str, Any]],
    decisions: DecisionStore,
    *,
    default_mode: str,
    in_use: Collection[logging.Handler] = (),
) -> Governance:
    """Make one of what the configuration and the user's decisions say; handlers may be the dicts that make them.

    A handler with limits wider than the log's is refused, unless it is `in_use`: what a log allows may be narrowed at
    any time, down to nothing. Raises ConfigurationError.
    """
    key = cache(settings.pseudonym_key)
    if settings.pseudonym_key_file:  # a file that is named must be there, whether or not anything needs it yet
        key()
    classifications = settings.parsed_classifications()
    modes = parse_consent(settings.consent, default_mode=default_mode)
    policy = Policy(
        settings.allowed_schemas,
        Redactions(settings.redactions, key=key, where="EventLog.redactions"),
        classifications,
    )
    narrower = _narrower(handlers, key)
    for index, handler in enumerate(handlers):
        if id(handler) in narrower and handler not in in_use:
            _refuse_wider(narrower[id(handler)], policy, f"EventLog.handlers[{index}]")
    carried = shipped(settings.shippers, handlers)
    said = statement(
        allowed_schemas=settings.allowed_schemas,
        redactions=settings.redactions,
        classifications=classifications,
        destinations=[where for handler in handlers for where in _destinations(handler, carried)],
        notice=settings.notice,
        consent=modes,
    )
    # Where nobody is asked, no file is read.
    asks = any(setting.mode != "inform" for setting in modes)
    consent = Consent(modes, decisions.read() if asks else Decisions(), said, os.environ)
    return Governance(policy, consent, narrower, carried, settings.shippers, said)


def _destinations(
    handler: logging.Handler | Mapping[str, Any], carried: Mapping[int, tuple[CarriedTo, ...]]
) -> list[str]:
    """Say where a handler sends events; if its own limits are others than a user was shown, that is another place."""
    limits = limits_of(handler)
    by = f" ({hashlib.sha256(canonical(limits)).hexdigest()[:8]})" if limits else ""
    return [f"{place.where}{by and ', limited' + by}" for place in _places(handler, carried)]


def _places(
    handler: logging.Handler | Mapping[str, Any], carried: Mapping[int, tuple[CarriedTo, ...]]
) -> list[CarriedTo]:
    own = [CarriedTo(where, where == JOURNAL) for where in destinations([handler])]
    return [*own, *carried.get(id(handler), ())]


def _narrower(
    handlers: Iterable[logging.Handler | Mapping[str, Any]], key: Callable[[], PseudonymKey | None]
) -> dict[int, Policy]:
    """Make the policies of handlers that have one of their own; the same limits are one policy."""
    found: dict[int, Policy] = {}
    known: dict[bytes, Policy] = {}
    for index, handler in enumerate(handlers):
        _refuse_limits_behind(handler)
        limits = limits_of(handler)
        if limits:
            made = _narrower_policy(limits, key, f"EventLog.handlers[{index}]")
            found[id(handler)] = known.setdefault(canonical(limits), made)
    return found


def _refuse_limits_behind(handler: logging.Handler | Mapping[str, Any]) -> None:
    for each in walk(handler):
        if each is not handler and limits_of(each):
            raise ConfigurationError(
                f"EventLog.handlers: {' and '.join(LIMITS)} stand at the outer handler; one behind it gets the same"
            )


def _narrower_policy(limits: Mapping[str, Any], key: Callable[[], PseudonymKey | None], where: str) -> Policy:
    if not isinstance(limits, Mapping) or not set(limits) <= set(LIMITS):
        raise ConfigurationError(f"{where}: its event_limits are a dict with {' or '.join(LIMITS)}, and nothing else")
    redactions = limits.get("redactions") or {}
    if not isinstance(redactions, dict) or not all(isinstance(subject, str) for subject in redactions):
        raise ConfigurationError(f"{where}['redactions']: write a dict, as for EventLog.redactions")
    allowed = None  # all that the log allows
    if "allowed_schemas" in limits:
        try:
            allowed = AllowedSchemas().validate(None, limits["allowed_schemas"])
        except ConfigurationError as error:
            where_it_is = f"{where}['allowed_schemas']"
            raise ConfigurationError(str(error).replace("EventLog.allowed_schemas", where_it_is)) from None
    return Policy(allowed, Redactions(redactions, key=key, where=f"{where}['redactions']"))


def _refuse_wider(narrower: Policy, policy: Policy, where: str) -> None:
    if wider := narrower.exceeds(policy):
        raise ConfigurationError(
            f"{where}['allowed_schemas'] is wider than EventLog.allowed_schemas: {'; '.join(wider)}. A handler can "
            "only get less than the log allows: allow it there too, or leave it out here"
        )
