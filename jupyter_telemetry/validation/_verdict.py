"""What is wrong with one value under one subschema: of all its failures, the one that says most."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ._reasons import MAX_ALTERNATIVES, describe
from ._violation import Failure, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ._location import Path

MAX_BELOW = 64
"""Wrong items or properties of one value that are looked at."""
MAX_WORDS = 200
"""Characters of a reason that is told within another."""


class Verdict(NamedTuple):
    """Why a value does not match a subschema; for one that matches there is none.

    Parameters
    ----------
    best: the failure that says most.
    kind: whether the subschema is for another type of value.
    constant: whether it is, or is one of, other constants.
    tag: whether a property has another constant: the subschema is for another kind in a tagged union.
    """

    best: Failure
    kind: bool = False
    constant: bool = False
    tag: bool = False


def verdict_of(failures: Iterable[Failure], at: Path = ()) -> Verdict:
    """Make a verdict on the value at `at` from all its failures, of which there is one at least."""
    failures = list(failures)
    constants = [len(each.path) - len(at) for each in failures if each.rule in ("const", "enum")]
    kind = any(each.rule == "type" and each.path == at for each in failures)
    return Verdict(min(failures, key=rank), kind, 0 in constants, 1 in constants)


def of_alternatives(failure: Failure, branches: Sequence[Verdict]) -> Failure:
    """Go into the one alternative that was meant, if only one can have been; else `failure` knows what all ask for."""
    meant = [each for each in branches if not each.kind]
    if len(meant) > 1:
        meant = [each for each in meant if not each.tag]
    if len(meant) == 1:
        return meant[0].best
    if any(each.best.path != failure.path for each in branches):
        return failure
    return replace(failure, inner=_asked(branches))


def _asked(branches: Sequence[Verdict]) -> tuple[str, ...]:
    """Tell what alternatives ask for, if it is little; told now, since later it would be told over and over again."""
    inner: dict[str, None] = {}
    for each in branches:
        inner[describe(each.best)] = None
        if len(inner) > MAX_ALTERNATIVES or sum(map(len, inner)) > MAX_WORDS:
            return ()
    return tuple(inner)


def of_a_name(failure: Failure, path: Path) -> Failure:
    """Turn what is wrong with a name into what is wrong with the object at `path` that has it."""
    return replace(failure, path=path, rule="propertyNames", inner=(describe(failure),))


class Findings:
    """Collects what is wrong with a value under a subschema."""

    __slots__ = ("_below", "_best", "constant", "kind", "tag")

    def __init__(self) -> None:
        self._best: Failure | None = None
        self._below = 0
        self.kind = False
        self.constant = False
        self.tag = False

    @property
    def full(self) -> bool:
        """Whether enough items or properties are wrong: no more need to be judged."""
        return self._below >= MAX_BELOW

    def add(self, failure: Failure) -> None:
        """Add a failure of the value itself."""
        if self._best is None or rank(failure) < rank(self._best):
            self._best = failure

    def add_rule(self, failure: Failure) -> None:
        """Add a failure of a rule that stands in the subschema itself."""
        self.kind |= failure.rule == "type"
        self.constant |= failure.rule in ("const", "enum")
        self.add(failure)

    def merge(self, verdict: Verdict | None) -> None:
        """Add the verdict of a subschema that applies to the same value."""
        if verdict is not None:
            self.kind |= verdict.kind
            self.constant |= verdict.constant
            self.tag |= verdict.tag
            self.add(verdict.best)

    def below(self, step: str | int, verdict: Verdict | None) -> None:
        """Add the verdict on an item or a property."""
        if verdict is not None:
            self._below += 1
            self.tag |= verdict.constant
            self.add(replace(verdict.best, path=(step, *verdict.best.path)))

    def verdict(self) -> Verdict | None:
        """Give what all findings come to; None if there is none."""
        return None if self._best is None else Verdict(self._best, self.kind, self.constant, self.tag)
