"""What the operator says of each schema: what is allowed, what becomes of it, and how it is classified."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import ConfigurationError
from .actions import parse_action
from .classification import RESTRICTED, UNRESTRICTED
from .globs import contains, is_glob
from .overlays import shipped
from .paths import Paths, is_by_path, is_path, parse_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .actions import Action
    from .classification import Overlay
    from .pseudonym import PseudonymKey

    AllowedSchemas: TypeAlias = Iterable[str] | Mapping[str, Mapping[str, Any]]

__all__ = ["Limits", "Policy", "Redactions", "overlay_of"]


@dataclass(frozen=True)
class Limits:
    """What may be kept of an allowed schema's events, and in what form.

    categories: values that belong to these and no others are kept.
    properties: paths of values that are kept whole, whatever they are.
    by_category, by_path: what becomes of values, whether or not they are allowed.
    refused: categories that the user does not consent to.
    by_exact_id: the schema was named, not met by a glob.
    allows_all: everything is kept, whatever its categories, but for what redactions say.
    """

    categories: frozenset[str] = frozenset({UNRESTRICTED})
    properties: Paths[None] = field(default_factory=Paths)
    by_category: Mapping[str, Action] = field(default_factory=dict)
    by_path: Paths[Action] = field(default_factory=Paths)
    refused: frozenset[str] = frozenset()
    by_exact_id: bool = True
    allows_all: bool = False

    def takes_whole(self, *, classifies: bool) -> bool:
        """Say whether nothing must be proved of such events: nothing is classified, and nothing is picked."""
        return self.allows_all or (not classifies and not self.properties)

    def changes_nothing(self, *, classifies: bool) -> bool:
        """Say whether such events are kept as they are."""
        return (
            self.takes_whole(classifies=classifies)
            and not self.by_path
            and not (classifies and (self.by_category or self.refused))
        )


class Redactions:
    """`redactions`, ready to be asked: {category: action, schema id or glob: {"/path": action}}.

    `key` is asked for the key of pseudonyms wherever one is needed, and may raise.

    Raises ConfigurationError, which names the place as `where[…]`.
    """

    def __init__(self, given: Mapping[str, Any], *, key: Callable[[], PseudonymKey | None], where: str) -> None:
        self.by_category: dict[str, Action] = {}
        self._by_schema: dict[str, list[tuple[tuple[str, ...], Action]]] = {}

        def parsed(said: object, place: str) -> Action:
            return parse_action(said, where=place, key=key() if said == "pseudonymise" else None)

        for subject, said in given.items():
            place = f"{where}[{subject!r}]"
            if is_by_path(said):
                self._by_schema[subject] = [
                    (_checked_path(path, place), parsed(action, f"{place}[{path!r}]")) for path, action in said.items()
                ]
            else:
                _refuse_names(said, place, parsed)
                self.by_category[subject] = parsed(said, place)

    def by_path(self, schema_id: str) -> Paths[Action]:
        """Return what becomes of values of a schema's events, by path: all entries that match are taken together."""
        return Paths(way for ways in _matching(self._by_schema, schema_id) for way in ways)


class Policy:
    """What one set of configuration says of any schema.

    Of `allowed_schemas` and `classifications`, an entry for the exact id decides alone; else all globs that match
    are taken together. What the package itself says of Jupyter's schemas counts where no entry matches.
    `allowed_schemas` None allows everything, in the form that the redactions give it.
    """

    def __init__(
        self,
        allowed_schemas: AllowedSchemas | None,
        redactions: Redactions | None = None,
        classifications: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.redactions = redactions
        self._classifications = classifications or {}
        self._allows_all = allowed_schemas is None
        self._entries: dict[str, Mapping[str, Any]] = {
            pattern: allowed_schemas[pattern] if isinstance(allowed_schemas, dict) else {}
            for pattern in allowed_schemas or ()
        }

    @property
    def patterns(self) -> list[str]:
        """The ids and globs that are allowed, as the operator wrote them."""
        return list(self._entries)

    def unmet(self, schema_ids: Iterable[str]) -> list[str]:
        """Return the ids and globs that none of some schemas meets."""
        known = set(schema_ids)
        return [
            pattern
            for pattern in self._entries
            if pattern not in known
            and not (is_glob(pattern) and any(fnmatch.fnmatchcase(each, pattern) for each in known))
        ]

    def limits(self, schema_id: str) -> Limits | None:
        """Return what may be kept of a schema's events; None: nothing."""
        if self._allows_all:
            return Limits(allows_all=True, **self._redacted(schema_id))
        entries = _exact_or_matching(self._entries, schema_id)
        if not entries:
            return None
        return Limits(
            categories=frozenset({UNRESTRICTED}).union(*(e.get("allowed_categories", ()) for e in entries))
            - {RESTRICTED},
            properties=Paths((parse_path(path), None) for e in entries for path in e.get("allowed_properties", ())),
            by_exact_id=schema_id in self._entries,
            **self._redacted(schema_id),
        )

    def admits(self, schema_id: str, *, classifies: bool) -> Limits | None:
        """Return the limits, unless only globs allow a schema of which nothing is classified: it may hold anything."""
        limits = self.limits(schema_id)
        return limits if limits and (classifies or limits.by_exact_id) else None

    def exceeds(self, other: Policy) -> list[str]:
        """Say what this policy allows that another does not.

        Properties that it names are none of it: they are kept only if both allow them.
        """
        reasons = []
        for pattern, entry in self._entries.items():
            covering = [said for each, said in other._entries.items() if each == pattern or contains(each, pattern)]
            if not covering:
                reasons.append(f"{pattern} is not allowed there")
                continue
            more = set(entry.get("allowed_categories", ())).difference(
                {UNRESTRICTED}, *(each.get("allowed_categories", ()) for each in covering)
            )
            reasons += [f"{category} of {pattern} is not allowed there" for category in sorted(more)]
        return reasons

    def overlay(self, schema_id: str) -> Overlay:
        """Return what is said of a schema's values beside the schema."""
        said = _exact_or_matching(self._classifications, schema_id) or _exact_or_matching(shipped(), schema_id)
        return overlay_of(said)

    def _redacted(self, schema_id: str) -> dict[str, Any]:
        if self.redactions is None:
            return {}
        return {"by_category": self.redactions.by_category, "by_path": self.redactions.by_path(schema_id)}


def overlay_of(entries: Iterable[Mapping[str, Any]]) -> Overlay:
    """Make an overlay of entries {"/path": [category, …] or {"categories": […], "reason": "…"}}."""
    return Paths(
        (parse_path(path), frozenset(said["categories"] if isinstance(said, dict) else said))
        for entry in entries
        for path, said in entry.items()
    )


def _matching(entries: Mapping[str, Any], schema_id: str) -> list[Any]:
    return [said for glob, said in entries.items() if glob == schema_id or fnmatch.fnmatchcase(schema_id, glob)]


def _exact_or_matching(entries: Mapping[str, Any], schema_id: str) -> list[Any]:
    return [entries[schema_id]] if schema_id in entries else _matching(entries, schema_id)


def _refuse_names(said: Any, where: str, parsed: Callable[[object, str], Action]) -> None:
    """Raise ConfigurationError for {"name": action}, which is meant for {"/name": action}."""
    for name, action in said.items() if isinstance(said, dict) else ():
        try:
            parsed(action, where)
        except ConfigurationError:
            continue
        _checked_path(name, where)


def _checked_path(path: object, where: str) -> tuple[str, ...]:
    if isinstance(path, str) and is_path(path):
        return parse_path(path)
    raise ConfigurationError(f"{where}: {path!r} is no path; write one such as '/user/name' or '/files/*/path'")
