"""What a judgement asks of other subschemas, and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ._violation import Failure

if TYPE_CHECKING:
    from ._plan import Foreign, Plan, Plans
    from ._references import Scope

JUDGE: Final = 0
"""Asks for a verdict, None if the value matches."""
NAMES: Final = 1
"""Asks which names of an object a subschema, which it matches, evaluates."""
ITEMS: Final = 2
"""Asks the same of the indices of an array."""


class Request(NamedTuple):
    """A question to a subschema about a value; `plan` and `step` say where the subschema stands."""

    schema: Any
    value: Any
    plan: Plan | None
    step: tuple[str | int, ...]
    mode: int


def ask(schema: Any, value: Any, plan: Plan | None = None, *step: str | int, mode: int = JUDGE) -> Request:
    """Make a request."""
    return Request(schema, value, plan, step, mode)


class Setting:
    """A subschema where an evaluation has come to it.

    Parameters
    ----------
    scope: the base URIs that the evaluation has passed, outermost first; empty where nothing depends on them.
    """

    __slots__ = ("plan", "plans", "scope")

    def __init__(self, plans: Plans, plan: Plan, scope: Scope) -> None:
        self.plans = plans
        self.plan = plan
        self.scope = scope

    def target(self, keyword: str) -> Any:
        """Give where a reference leads: a subschema; None for a metaschema."""
        return self.plans.target(self.plan, keyword, self.scope)

    def foreign(self, keyword: str) -> Foreign:
        """Give the metaschema that a reference leads to."""
        return self.plans.foreign(self.plan, keyword)

    def false_at_end_of(self, keyword: str) -> Failure:
        """Give the failure of anything where a reference leads to `false`."""
        place = self.plans.references.place_of(self.plan.node, self.plan.schema[keyword])
        return Failure((), place, keyword, expected=False, false=True)
