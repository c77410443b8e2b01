"""What the tests of decisions decide."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from jupyter_telemetry.privacy.decisions import Decision
from jupyter_telemetry.privacy.statement import digest, statement

POLICY = statement(
    allowed_schemas=["a"],
    redactions={"personal-data": "pseudonymise"},
    classifications={},
    destinations=["a journal on this machine"],
    notice={"purpose": "a lone surrogate \ud800 is no reason to fail"},
    consent=(),
)
MOMENT = datetime(2026, 11, 23, 18, 42, 5, 120000, timezone(timedelta(hours=1)))
STAMP = "2026-11-23T17:42:05.120000Z"


def decide(store, by="page", **choices):
    return store.decide(choices, statement=POLICY, shown="All that you do", by=by)


def decision(subject, granted, by="page"):
    return Decision(subject, granted, STAMP, digest(POLICY), by, "All that you do")


def names(directory):
    return sorted(each.name for each in directory.iterdir())
