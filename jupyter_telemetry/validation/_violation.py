"""What an event did wrong, in words that the schema gives: nothing of the event itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ._declared import shown_path
from ._reasons import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ._location import Path
    from ._references import References

# Rules that say less than the others where both fail.
_VAGUE = frozenset(("anyOf", "oneOf", "not", "unevaluatedItems", "unevaluatedProperties"))
OF_THE_WHOLE = ("additionalItems", "additionalProperties", "unevaluatedItems", "unevaluatedProperties")
"""Rules that, being `false`, are failed by the object or array, and not by what is in it."""
MAX_FAILURES = 64
"""Failures of one event that are looked at."""
LARGE = 1000
"""Values of an event from which on its first failure is taken, not the one that says most."""


@dataclass(frozen=True)
class Violation:
    """The rule that an event breaks.

    Parameters
    ----------
    json_path: where in the event: `$.user.name`, `$.files[3]`; a name that the schema does not declare: `*`.
    rule: the keyword of the schema.
    reason: what the schema asks for there: "must be an integer".
    rule_path: where the rule stands in the schema, from the root of its document.
    expected: what the schema says under that keyword.
    """

    json_path: str
    rule: str
    reason: str
    rule_path: tuple[str | int, ...]
    expected: Any


@dataclass(frozen=True)
class Failure:
    """One rule that one value fails, as a backend found it. It holds names of the event; nobody prints it.

    Parameters
    ----------
    path: where in the event.
    rule_path: where the rule stands in its document.
    rule: the keyword.
    expected: what the schema says under the keyword.
    beside: the subschema that has the keyword.
    name: the property that is missing.
    late: whether a pattern was given up, its bound passed.
    long: whether the text is too long for the pattern to be tried.
    false: whether a subschema `false` stands there, which has no keywords.
    branches: for anyOf and oneOf, the failures of each alternative, empty if more than one fits; for
        propertyNames, what is wrong with the name.
    """

    path: Path
    rule_path: Path
    rule: str
    expected: Any
    beside: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    late: bool = False
    long: bool = False
    false: bool = False
    branches: Sequence[Sequence[Failure]] = ()


def violation(failures: Iterable[Failure], references: References) -> Violation | None:
    """Choose the failure that says most, and describe it; None if there is none."""
    chosen = best(failures)
    if chosen is None:
        return None
    return Violation(
        json_path=shown_path(references, chosen.path),
        rule=chosen.rule,
        reason=describe(chosen),
        rule_path=chosen.rule_path,
        expected=chosen.expected,
    )


def is_large(instance: object) -> bool:
    """Say whether an event has more than LARGE values."""
    waiting, count = [instance], 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list | tuple):
            count += len(value)
            if count > LARGE:
                return True
            waiting.extend(value.values() if isinstance(value, dict) else value)
    return False


def best(failures: Iterable[Failure]) -> Failure | None:
    """Choose: the precise before the vague, the shallow before the deep, and the same one in any order."""
    return min((_narrowed(each) for each in failures), key=_rank, default=None)


def of_a_name(failures: Sequence[Failure], path: Path) -> Failure:
    """Turn what is wrong with a name into what is wrong with the object at `path` that has it."""
    chosen = min((_narrowed(each) for each in failures), key=_rank)
    return replace(chosen, path=path, rule="propertyNames", branches=((chosen,),))


def _rank(failure: Failure) -> tuple[bool, int, list[tuple[bool, str]], list[tuple[bool, str]], str]:
    return (
        failure.rule in _VAGUE,
        len(failure.path),
        _sortable(failure.path),
        _sortable(failure.rule_path),
        failure.name or "",
    )


def _sortable(path: Path) -> list[tuple[bool, str]]:
    return [(isinstance(step, str), step if isinstance(step, str) else f"{step:09}") for step in path]


def _narrowed(failure: Failure) -> Failure:
    """Go into the one alternative that was meant, if only one can have been."""
    if failure.rule == "propertyNames":
        return failure
    meant = [each for each in failure.branches if each and not _other_kind(each, failure.path)]
    if len(meant) > 1:
        meant = [each for each in meant if not _other_tag(each, failure.path)]
    if len(meant) == 1:
        return min((_narrowed(each) for each in meant[0]), key=_rank)
    return replace(failure, branches=[[min(map(_narrowed, each), key=_rank)] for each in failure.branches if each])


def _other_kind(failures: Sequence[Failure], at: Path) -> bool:
    """The alternative is for another type of value."""
    return any(each.rule == "type" and each.path == at for each in failures)


def _other_tag(failures: Sequence[Failure], at: Path) -> bool:
    """The alternative has another constant in a property: a tagged union."""
    return any(each.rule in ("const", "enum") and len(each.path) == len(at) + 1 for each in failures)
