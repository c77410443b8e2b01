"""Disclosure: what a log records, in the form in which a user is told; a page and the command line show it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .privacy import DECISION_SCHEMA, compile_redaction, digest
from .privacy.example import example
from .privacy.modes import ALL
from .privacy.plan import plan
from .schema import EventSchema

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping, Sequence

    from .governance import Governance
    from .privacy import Classification, Limits, Policy
    from .privacy.consent import Standing
    from .privacy.plan import Field

__all__ = ["AGREED", "decision_schema", "disclose", "in_words", "sent", "withheld_paths"]

AGREED = ", once you agree"
"""Stands behind the form of what is not recorded now, because the user has not agreed to a category of data."""


def disclose(
    governance: Governance, schemas: Iterable[EventSchema], handlers: Iterable[logging.Handler | Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what is recorded of a user, as plain JSON.

    {"recording": bool, "policy": digest, "notice": {name: text}, "switches": [{"subject", "title", "mode", "on", "why",
    "can_switch", "reason", "legal_basis", "decided_at", "asked_again"}], "collected": [{"schema", "version", "title",
    "description", "recorded", "subject", "not_erasable", "fields": [{"path", "title", "description", "form", "reason",
    "kept", "categories"}], "example": {"before", "after"}}], "destinations": [{"where", "erasable", "limits", "sent"}]}

    `collected` are those of `schemas` that the policy admits, whether or not the user has agreed; the example is
    made up from the schema, and what becomes of it is what the compiled redaction made of it. Forms and examples are
    those of a user who has agreed: what one is asked about. What is `sent` to a destination is told as by `sent`.
    """
    known = _with_decisions(schemas)
    collected = [told for schema in known if (told := _collected(schema, governance)) is not None]
    standings = governance.consent.standings
    return {
        "recording": any(each["recorded"] for each in collected if each["schema"] != DECISION_SCHEMA["$id"]),
        "policy": digest(governance.statement),
        "notice": governance.statement["notice"],
        "switches": [_switch(standing, is_only=len(standings) == 1) for standing in standings],
        "collected": sorted(collected, key=_by_title),
        "destinations": _destinations(handlers, governance, known),
    }


def sent(
    handler: logging.Handler | Mapping[str, Any], governance: Governance, schemas: Iterable[EventSchema]
) -> list[dict[str, Any]]:
    """Return what a handler gets of the events of `schemas`, by what is in force now; [] if nothing.

    [{"schema", "version", "title", "recorded", "forms": [{"form": in words, "paths": of the fields in it}]}]
    """
    found = [told for schema in _with_decisions(schemas) if (told := _sent(schema, handler, governance)) is not None]
    return sorted(found, key=_by_title)


@lru_cache(maxsize=1)
def decision_schema() -> EventSchema:
    """Return the schema of the events that tell what the user decided."""
    return EventSchema(DECISION_SCHEMA)


def in_words(disclosed: dict[str, Any]) -> str:
    """Write a disclosure as the text that is kept beside a decision: what the user was shown."""
    lines = [f"{name}: {text}" for name, text in disclosed["notice"].items() if text]
    for each in disclosed["collected"]:
        lines.append(f"{each['title']} ({each['schema']} version {each['version']})")
        lines += [f"  {field['path']}: {field['form']}" for field in each["fields"]]
    lines += [
        f"goes to: {each['where']}{each['limits'] and ', ' + each['limits']}" for each in disclosed["destinations"]
    ]
    return "\n".join(lines)


def _with_decisions(schemas: Iterable[EventSchema]) -> list[EventSchema]:
    """Return schemas, each once, and that of the user's decisions, which is recorded wherever anything is."""
    return list({(schema.id, str(schema.version)): schema for schema in (*schemas, decision_schema())}.values())


def _by_title(told: Mapping[str, Any]) -> tuple[str, str, str]:
    return told["title"], told["schema"], str(told["version"])


def _title(schema: EventSchema) -> str:
    return str(schema.document.get("title") or schema.id)


def _sent(
    schema: EventSchema, handler: logging.Handler | Mapping[str, Any], governance: Governance
) -> dict[str, Any] | None:
    classification = governance.classification(schema)
    limits = governance.admitted(schema.id, classifies=classification.classifies)
    if limits is None:
        return None
    of_handler = governance.limits_for(handler, schema.id, limits, classifies=classification.classifies)
    if of_handler is None:
        return None
    withheld = withheld_paths(classification, of_handler, governance)
    forms: dict[str, list[str]] = {}
    for field in sorted(plan(classification, of_handler), key=_how_little):
        forms.setdefault(_form(field, withheld), []).append(field.path)
    return {
        "schema": schema.id,
        "version": schema.version,
        "title": _title(schema),
        "recorded": governance.standing(schema.id).on,
        "forms": [{"form": form, "paths": paths} for form, paths in forms.items()],
    }


def _how_little(field: Field) -> int:
    """Return 0 for a field that is kept as it is, 1 for one of which something is left, 2 for one that is withheld."""
    return (field.action.name != "keep") + (not field.is_kept)


def _form(field: Field, withheld: set[str]) -> str:
    return field.action.text + (AGREED if field.path in withheld else "")


def _collected(schema: EventSchema, governance: Governance) -> dict[str, Any] | None:
    classification = governance.classification(schema)
    limits = governance.admitted(schema.id, classifies=classification.classifies)
    if limits is None:
        return None
    made_up = example(classification)
    redaction = compile_redaction(classification, [limits], lambda: None)
    standing = governance.standing(schema.id)
    withheld = withheld_paths(classification, [limits], governance)
    return {
        "schema": schema.id,
        "version": schema.version,
        "title": _title(schema),
        "description": str(schema.document.get("description") or ""),
        "recorded": standing.on,
        "subject": standing.setting.subject,
        "not_erasable": standing.setting.not_erasable,
        "fields": [
            {
                "path": field.path,
                "title": field.title,
                "description": field.description,
                "categories": list(field.categories),
                "form": _form(field, withheld),
                "reason": field.rule,
                "kept": field.is_kept,
            }
            for field in plan(classification, [limits])
        ],
        "example": {"before": made_up, "after": redaction.redact(made_up) if redaction else made_up},
    }


def withheld_paths(classification: Classification, limits: Sequence[Limits], governance: Governance) -> set[str]:
    """Return the fields of which less is left now, because the user has not agreed to a category of data.

    The first of `limits` are those of the log, which the user narrows.
    """
    agreed = {field.path: field.action for field in plan(classification, limits)}
    now = {field.path: field.action for field in plan(classification, [governance.agreed(limits[0]), *limits[1:]])}
    return {path for path, action in agreed.items() if now.get(path) != action}


def _switch(standing: Standing, *, is_only: bool) -> dict[str, Any]:
    setting = standing.setting
    of_all = "Everything that is recorded here" if is_only else "Everything else"
    return {
        "subject": setting.subject,
        "title": of_all if setting.subject == ALL else setting.subject,
        "mode": setting.mode,
        "on": standing.on,
        "why": standing.why,
        "can_switch": standing.can_switch,
        "reason": setting.reason,
        "legal_basis": setting.legal_basis,
        "decided_at": standing.decision.decided_at if standing.decision else None,
        "asked_again": list(standing.asked_again),
    }


def _destinations(
    handlers: Iterable[logging.Handler | Mapping[str, Any]], governance: Governance, schemas: Iterable[EventSchema]
) -> list[dict[str, Any]]:
    found = []
    gets: dict[Policy | None, list[dict[str, Any]]] = {}  # those without limits of their own get the same
    for handler in handlers:
        own = governance.narrower(handler)
        if own not in gets:
            gets[own] = sent(handler, governance, schemas)
        for place in governance.places(handler):
            found.append(
                {
                    "where": place.where,
                    "erasable": place.erases,
                    "limits": "less than the others" if own else "",
                    "sent": gets[own],
                }
            )
    return [each for index, each in enumerate(found) if each not in found[:index]]
