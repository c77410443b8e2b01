"""Consent: what the operator asks of a user, what the user decided, and what follows from both.

inform: it is recorded, and the user is told; there is nothing to decide. opt-out: it is recorded unless the user
refuses. opt-in: it is recorded once the user agrees. An agreement holds for the policy that the user was shown, and
for any that collects no more (see widening); a refusal holds whatever the policy says.

This protects a user from software that plays by the rules. It does not bind the user, in whose process it runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConsentError
from .globs import contains
from .modes import ALL, Setting
from .widening import widened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .decisions import Decision, Decisions

__all__ = [
    "DECISION_SCHEMA",
    "Consent",
    "Standing",
    "decision_event",
    "do_not_track",
]

DECISION_SCHEMA: dict[str, Any] = {
    "$id": "https://events.jupyter.org/jupyter_telemetry/consent/v1",
    "version": 1,
    "title": "A decision about telemetry",
    "description": "A user agreed that events are recorded, or refused it. It does not say who.",
    "type": "object",
    "properties": {
        "decision": {
            "title": "Decision",
            "description": "What was decided.",
            "enum": ["granted", "refused"],
            "categories": ["unrestricted"],
        },
        "subject": {
            "title": "Subject",
            "description": "Of what: a schema id, a glob of ids, a category of data, or * for all else.",
            "type": "string",
            "categories": ["unrestricted"],
        },
        "mode": {
            "title": "Mode",
            "description": "Whether it was recorded before the decision (opt-out) or not (opt-in).",
            "enum": ["inform", "opt-out", "opt-in"],
            "categories": ["unrestricted"],
        },
        "policy": {
            "title": "Policy",
            "description": "The digest of the policy that the user was shown.",
            "type": "string",
            "categories": ["unrestricted"],
        },
        "by": {
            "title": "By",
            "description": "Where the user decided.",
            "enum": ["page", "command line"],
            "categories": ["unrestricted"],
        },
    },
    "required": ["decision", "subject", "mode", "policy", "by"],
    "additionalProperties": False,
}
"""The schema of the event that a decision is; it holds nothing of the person."""


def decision_event(decision: Decision, mode: str) -> dict[str, str]:
    """Return the event that tells a decision; see DECISION_SCHEMA."""
    return {
        "decision": decision.word,
        "subject": decision.subject,
        "mode": mode,
        "policy": decision.digest,
        "by": decision.by,
    }


def do_not_track(environ: Mapping[str, str]) -> bool:
    """Say whether the environment refuses all that can be refused: DO_NOT_TRACK is set, and not to "", 0 or false."""
    return environ.get("DO_NOT_TRACK", "").strip().lower() not in ("", "0", "false")


class Standing(NamedTuple):
    """How things stand with one subject.

    why: "no switch" (mode inform), "granted", "refused", "undecided", "asked again" (it was granted, and the policy
    has widened since), "do not track", "unreadable" (what was decided is not known).
    """

    setting: Setting
    on: bool  # whether its events are recorded
    why: str
    decision: Decision | None  # the latest
    asked_again: list[str]  # how the policy has widened, in words

    @property
    def can_switch(self) -> bool:
        """Whether a decision about it has any effect."""
        return self.why not in ("no switch", "do not track")


class Consent:
    """What may be recorded as far as the user is concerned: a judgement that never changes.

    Parameters
    ----------
    settings: what the operator asks; see modes.parse_consent.
    decisions: what the user decided.
    statement: the policy in force; see statement.statement.
    environ: of the process.
    """

    def __init__(
        self,
        settings: Iterable[Setting],
        decisions: Decisions,
        statement: dict[str, Any],
        environ: Mapping[str, str],
    ) -> None:
        self._decisions = decisions
        self._statement = statement
        self._do_not_track = do_not_track(environ)
        self._reasons: dict[str, list[str]] = {}  # by the digest of the policy that was shown
        self._refused = [each.subject for each in decisions.latest.values() if not each.granted]
        self.standings = tuple(self._standing(setting) for setting in settings)
        self._by_subject = {standing.setting.subject: standing for standing in self.standings}
        self.depends_on_decisions = any(standing.setting.mode != "inform" for standing in self.standings)
        # A refusal outlives the switch by which it was made, as long as anything can be decided.
        self._formerly_refused = [
            subject for subject in self._refused if subject not in self._by_subject and self.depends_on_decisions
        ]
        off = (subject for subject, standing in self._by_subject.items() if not standing.on)
        self.refused_categories = frozenset((*off, *self._formerly_refused)) - {ALL}

    def of_schema(self, schema_id: str) -> Standing:
        """Return how things stand with a schema: its own subject, else the longest glob that matches, else `*`."""
        standing = self._of_its_subject(schema_id)
        if standing.setting.mode == "inform" or not any(contains(each, schema_id) for each in self._formerly_refused):
            return standing
        return standing._replace(on=False, why="refused")

    def _of_its_subject(self, schema_id: str) -> Standing:
        own = self._by_subject.get(schema_id)
        if own is not None:
            return own
        met = [each for glob, each in self._by_subject.items() if glob != ALL and contains(glob, schema_id)]
        # Of two globs of one length, the one that is off.
        return max(met, key=lambda each: (len(each.setting.subject), not each.on), default=self._by_subject[ALL])

    def check(self, choices: Iterable[str]) -> None:
        """Raise ConsentError for a subject about which nothing can be decided."""
        switches = [each.setting.subject for each in self.standings if each.setting.mode != "inform"]
        for subject in choices:
            if subject not in switches:
                known = ", ".join(switches) or "none"
                raise ConsentError(f"there is no switch {subject!r} to decide about; there are: {known}")

    def _standing(self, setting: Setting) -> Standing:
        decision = self._decisions.latest.get(setting.subject)
        if decision is None and setting.mode == "opt-out" and any(contains(s, setting.subject) for s in self._refused):
            return Standing(setting, False, "refused", None, [])  # with what it was a part of
        reasons = self._widened_since(decision.digest) if decision and decision.granted else []
        on, why = self._verdict(setting.mode, decision, reasons)
        return Standing(setting, on, why, decision, list(reasons) if why == "asked again" else [])

    def _verdict(self, mode: str, decision: Decision | None, reasons: list[str]) -> tuple[bool, str]:
        if mode == "inform":
            return True, "no switch"
        if self._do_not_track:
            return False, "do not track"
        if decision is None:
            return (False, "unreadable") if self._decisions.problem else (mode == "opt-out", "undecided")
        if not decision.granted:
            return False, "refused"
        return (mode == "opt-out", "asked again") if reasons else (True, "granted")

    def _widened_since(self, policy: str) -> list[str]:
        if policy not in self._reasons:
            self._reasons[policy] = widened(self._decisions.statements.get(policy, {}), self._statement)
        return self._reasons[policy]
