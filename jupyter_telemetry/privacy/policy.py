"""What the operator allows, by schema."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .classification import RESTRICTED, UNRESTRICTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Limits", "Policy"]


@dataclass(frozen=True)
class Limits:
    """What may be kept of an allowed schema's events.

    categories: values that belong to these and no others are kept.
    properties: top-level properties that are kept whole, whatever they are.
    by_exact_id: the schema was named, not met by a glob.
    allows_all: everything is kept, whatever its categories.
    """

    categories: frozenset[str] = frozenset({UNRESTRICTED})
    properties: frozenset[str] = frozenset()
    by_exact_id: bool = True
    allows_all: bool = False

    def keep_whole(self, *, classifies: bool) -> bool:
        """Say whether such events are kept as they are: the schema classifies nothing, and nothing is picked."""
        return self.allows_all or (not classifies and not self.properties)


class Policy:
    """`allowed_schemas`, ready to be asked.

    An entry for the exact id decides alone; else all globs that match are taken together.
    """

    def __init__(self, allowed_schemas: Iterable[str] | Mapping[str, Mapping[str, Any]]) -> None:
        self._limits = {
            pattern: _limits(allowed_schemas[pattern] if isinstance(allowed_schemas, dict) else {})
            for pattern in allowed_schemas
        }

    @property
    def patterns(self) -> list[str]:
        """The ids and globs, as the operator wrote them."""
        return list(self._limits)

    def limits(self, schema_id: str) -> Limits | None:
        """Return what may be kept of a schema's events; None: nothing."""
        exact = self._limits.get(schema_id)
        if exact is not None:
            return exact
        met = [limits for glob, limits in self._limits.items() if fnmatch.fnmatchcase(schema_id, glob)]
        if not met:
            return None
        return Limits(
            frozenset().union(*(limits.categories for limits in met)),
            frozenset().union(*(limits.properties for limits in met)),
            by_exact_id=False,
        )


def _limits(entry: Mapping[str, Any]) -> Limits:
    return Limits(
        (frozenset(entry.get("allowed_categories", ())) | {UNRESTRICTED}) - {RESTRICTED},
        frozenset(entry.get("allowed_properties", ())),
    )
