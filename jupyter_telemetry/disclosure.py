"""Disclosure: what a log records, in the form in which a user is told; a page and the command line show it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .destination import JOURNAL, destinations
from .privacy import DECISION_SCHEMA, compile_redaction, digest
from .privacy.example import example
from .privacy.modes import ALL
from .privacy.plan import plan
from .schema import EventSchema

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping

    from .governance import Governance
    from .privacy import Classification, Limits
    from .privacy.consent import Standing

__all__ = ["AGREED", "decision_schema", "disclose", "in_words", "withheld_paths"]

AGREED = ", once you agree"
"""Stands behind the form of what is not recorded now, because the user has not agreed to a category of data."""


def disclose(
    governance: Governance, schemas: Iterable[EventSchema], handlers: Iterable[logging.Handler | Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what is recorded of a user, as plain JSON.

    {"recording": bool, "policy": digest, "notice": {name: text}, "switches": [{"subject", "title", "mode", "on", "why",
    "can_switch", "reason", "legal_basis", "decided_at", "asked_again"}], "collected": [{"schema", "version", "title",
    "description", "recorded", "subject", "not_erasable", "fields": [{"path", "title", "description", "form", "reason",
    "kept", "categories"}], "example": {"before", "after"}}], "destinations": [{"where", "erasable", "limits"}]}

    `collected` are those of `schemas` that the policy admits, whether or not the user has agreed; the example is
    made up from the schema, and what becomes of it is what the compiled redaction made of it. Forms and examples are
    those of a user who has agreed: what one is asked about.
    """
    known = {(schema.id, str(schema.version)): schema for schema in (*schemas, decision_schema())}
    collected = [told for schema in known.values() if (told := _collected(schema, governance)) is not None]
    standings = governance.consent.standings
    return {
        "recording": any(each["recorded"] for each in collected if each["schema"] != DECISION_SCHEMA["$id"]),
        "policy": digest(governance.statement),
        "notice": governance.statement["notice"],
        "switches": [_switch(standing, is_only=len(standings) == 1) for standing in standings],
        "collected": sorted(collected, key=lambda each: (each["title"], each["schema"], str(each["version"]))),
        "destinations": _destinations(handlers, governance),
    }


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


def _collected(schema: EventSchema, governance: Governance) -> dict[str, Any] | None:
    classification = governance.classification(schema)
    limits = governance.admitted(schema.id, classifies=classification.classifies)
    if limits is None:
        return None
    made_up = example(classification)
    redaction = compile_redaction(classification, [limits], lambda: None)
    standing = governance.standing(schema.id)
    withheld = withheld_paths(classification, limits, governance)
    return {
        "schema": schema.id,
        "version": schema.version,
        "title": str(schema.document.get("title") or schema.id),
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
                "form": field.action.text + (AGREED if field.path in withheld else ""),
                "reason": field.rule,
                "kept": field.is_kept,
            }
            for field in plan(classification, [limits])
        ],
        "example": {"before": made_up, "after": redaction.redact(made_up) if redaction else made_up},
    }


def withheld_paths(classification: Classification, limits: Limits, governance: Governance) -> set[str]:
    """Return the fields of which less is left now, because the user has not agreed to a category of data."""
    agreed = {field.path: field.action for field in plan(classification, [limits])}
    now = {field.path: field.action for field in plan(classification, [governance.agreed(limits)])}
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
    handlers: Iterable[logging.Handler | Mapping[str, Any]], governance: Governance
) -> list[dict[str, Any]]:
    found = []
    for handler in handlers:
        for where in destinations([handler]):
            found.append(
                {
                    "where": where,
                    "erasable": where == JOURNAL,
                    "limits": "less than the others" if governance.narrower(handler) else "",
                }
            )
    return [each for index, each in enumerate(found) if each not in found[:index]]
