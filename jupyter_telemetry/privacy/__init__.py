"""What may be kept of an event: classification (what a value is) → policy (what is allowed) → redaction."""

from .classification import PERSONAL_DATA, UNRESTRICTED, Classification
from .policy import Limits, Policy
from .redaction import compile_redaction

__all__ = ["PERSONAL_DATA", "UNRESTRICTED", "Classification", "Limits", "Policy", "compile_redaction"]
