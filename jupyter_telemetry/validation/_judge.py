"""Judge: says whether events are valid, and why one is not, in work that the schema and the event bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._plan import GivenUpError, Plans
from ._trial import Trial, WorkError
from ._verdict import of_a_name
from ._violation import Failure, Violation, violation

if TYPE_CHECKING:
    from ._location import Path
    from ._plan import Backend
    from ._references import References
    from ._verdict import Verdict

_TOO_MUCH_WORK = Violation(
    "$", "work", "takes too many steps to validate; make it smaller, or the schema's alternatives fewer", (), None
)


class Judge:
    """A schema, interpreted; any thread may use it."""

    def __init__(self, references: References, backend: Backend) -> None:
        self._references = references
        self._plans = Plans(references, backend)

    def is_valid(self, instance: object) -> bool:
        """Say whether `instance` is valid; what takes too much work is not."""
        try:
            return self._verdict(instance) is None
        except (GivenUpError, WorkError):
            return False

    def explain(self, instance: object) -> Violation | None:
        """Say which rule `instance` breaks; None if it breaks none, or is nothing that JSON can hold."""
        try:
            failure = self.failure(instance)
        except WorkError:
            return _TOO_MUCH_WORK
        except (ValueError, TypeError, RecursionError):
            return None
        return None if failure is None else violation(failure, self._references)

    def failure(self, instance: object) -> Failure | None:
        """Give the failure that says most. Raises WorkError, and what a backend raises for what is no JSON."""
        try:
            verdict = self._verdict(instance)
        except GivenUpError as given_up:
            return _given_up(given_up, instance)
        return None if verdict is None else verdict.best

    def _verdict(self, instance: object) -> Verdict | None:
        return Trial(self._plans, instance).verdict(self._references.root.schema)


def _given_up(error: GivenUpError, instance: object) -> Failure:
    """Describe a pattern that was given up."""
    path, is_name = _place_of(error.value, instance)
    step = (error.keyword, error.pattern) if error.keyword == "patternProperties" else (error.keyword,)
    failure = Failure(
        path=path,
        rule_path=(*error.plan.node.path, *step),
        rule=error.keyword,
        expected=error.plan.schema[error.keyword],
        beside=error.plan.schema,
        late=not error.long,
        long=error.long,
    )
    return of_a_name(failure, path) if is_name else failure


def _place_of(value: object, instance: object) -> tuple[Path, bool]:
    """Find an object in an event: its path, or the path of the object that has it for a name."""
    waiting: list[tuple[Path, Any]] = [((), instance)]
    seen: set[int] = set()
    while waiting:
        path, each = waiting.pop()
        if each is value:
            return path, False
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, dict):
            if any(name is value for name in each):
                return path, True
            waiting.extend(((*path, name), inner) for name, inner in reversed(each.items()))
        elif isinstance(each, list | tuple):
            waiting.extend(((*path, index), each[index]) for index in reversed(range(len(each))))
    return (), False
