"""What may be kept of an event: classification (what a value is) → policy (what is allowed) → redaction. Consent."""

from .classification import Classification
from .classifications import parse_classifications
from .consent import DECISION_SCHEMA, Consent, decision_event
from .decisions import Decision, Decisions, DecisionStore
from .generalisation import floor_time
from .lookout import Lookout
from .modes import default_mode, parse_consent
from .policy import Limits, Policy, Redactions
from .pseudonym import read_key
from .redaction import ReservedName, compile_redaction
from .statement import digest, statement

__all__ = [
    "DECISION_SCHEMA",
    "Classification",
    "Consent",
    "Decision",
    "DecisionStore",
    "Decisions",
    "Limits",
    "Lookout",
    "Policy",
    "Redactions",
    "ReservedName",
    "compile_redaction",
    "decision_event",
    "default_mode",
    "digest",
    "floor_time",
    "parse_classifications",
    "parse_consent",
    "read_key",
    "statement",
]
