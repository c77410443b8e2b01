"""What an event did wrong, in words that the schema gives: nothing of the event itself."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """One rule that one value fails. It holds names of the event; nobody prints it.

    Parameters
    ----------
    path: where in the event, or in the value that is judged.
    rule_path: where the rule stands in its document.
    rule: the keyword.
    expected: what the schema says under the keyword.
    beside: the subschema that has the keyword.
    name: the property that is missing.
    late: whether a pattern was given up, its bound passed.
    long: whether the text is too long for the pattern to be tried.
    false: whether a subschema `false` stands there, which has no keywords.
    several: for oneOf, whether more than one alternative fits.
    inner: for anyOf and oneOf, what the alternatives ask of this very value, in words; for propertyNames, what is
        asked of the name.
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
    several: bool = False
    inner: Sequence[str] = ()


def violation(failure: Failure, references: References) -> Violation:
    """Describe a failure of an event."""
    return Violation(
        json_path=shown_path(references, failure.path),
        rule=failure.rule,
        reason=describe(failure),
        rule_path=failure.rule_path,
        expected=failure.expected,
    )


def best(failures: Iterable[Failure]) -> Failure | None:
    """Choose: the precise before the vague, the shallow before the deep, and the same one in any order."""
    return min(failures, key=rank, default=None)


def rank(failure: Failure) -> tuple[bool, int, list[tuple[bool, str]], list[tuple[bool, str]], str]:
    """Give what failures are compared by; it stays in order when all are told from further above in the event."""
    return (
        failure.rule in _VAGUE,
        len(failure.path),
        _sortable(failure.path),
        _sortable(failure.rule_path),
        failure.name or "",
    )


def _sortable(path: Path) -> list[tuple[bool, str]]:
    return [(isinstance(step, str), step if isinstance(step, str) else f"{step:09}") for step in path]
