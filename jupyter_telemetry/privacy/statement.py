"""What a policy says, in plain JSON: what a user was shown when they decided, and whether another one says more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .paths import is_by_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .modes import Setting

__all__ = ["NOTICE", "VERSION", "digest", "statement"]

VERSION = 1
NOTICE = ("controller", "contact", "purpose", "legal_basis", "recipients", "retention")  # GDPR art. 13


def statement(
    *,
    allowed_schemas: Iterable[str] | Mapping[str, Mapping[str, Any]],
    redactions: Mapping[str, Any],
    classifications: Mapping[str, Mapping[str, Any]],
    destinations: Iterable[str],
    notice: Mapping[str, str],
    consent: Iterable[Setting],
) -> dict[str, Any]:
    """Put a policy into plain JSON, the same whatever the order in which it was written.

    Parameters
    ----------
    allowed_schemas, redactions, classifications, notice: as the traits of EventLog have them; `classifications` read
        from its file if it is one.
    destinations: in words, see destination.destinations.
    consent: the settings, see consent.parse_consent.

    Returns {"version": 1, "allowed": {id or glob: {"categories": [...], "properties": [...]}}, "redactions":
    {"categories": {category: action}, "properties": {id or glob: {path: action}}}, "classifications": {id or glob:
    {path: [category, ...]}}, "destinations": [...], "notice": {...}, "consent": {subject: {"mode": ..., ...}}}.
    """
    said = {
        "version": VERSION,
        "allowed": {
            pattern: _limits(allowed_schemas[pattern] if isinstance(allowed_schemas, Mapping) else {})
            for pattern in allowed_schemas
        },
        "redactions": {
            "categories": {name: action for name, action in redactions.items() if not is_by_path(action)},
            "properties": {name: dict(paths) for name, paths in redactions.items() if is_by_path(paths)},
        },
        "classifications": {
            pattern: {path: _categories(entry) for path, entry in paths.items()}
            for pattern, paths in classifications.items()
        },
        "destinations": sorted(set(destinations)),
        "notice": {name: " ".join(str(notice.get(name) or "").split()) for name in NOTICE},
        "consent": {
            setting.subject: {name: text for name, text in setting._asdict().items() if name != "subject"}
            for setting in consent
        },
    }
    plain: dict[str, Any] = json.loads(canonical(said))
    return plain


def digest(statement: Mapping[str, Any]) -> str:
    """Name a statement by its SHA-256: "sha256:…"."""
    return f"sha256:{hashlib.sha256(canonical(statement)).hexdigest()}"


def canonical(value: Any) -> bytes:
    """Write plain JSON in the one form in which it is compared; what is none by its name."""
    # Not orjson: a lone surrogate or a long integer of somebody's configuration must not end a server here.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr).encode("ascii")


def _limits(entry: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        "categories": sorted(set(entry.get("allowed_categories") or ())),
        "properties": sorted(set(entry.get("allowed_properties") or ())),
    }


def _categories(entry: Any) -> list[str]:
    categories = entry.get("categories") if isinstance(entry, Mapping) else entry
    return sorted({str(each) for each in categories or ()})
