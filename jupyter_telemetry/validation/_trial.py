"""One event before a schema: each value is judged once by each subschema, whatever combines them.

jsonschema-rs and jsonschema judge a value anew for each way that leads to a subschema, and explain each of those
ways: exponential in the depth of an event where alternatives recurse. Here the work is bounded by the size of the
schema times that of the event, and no chain of references or of values is too long for Python's stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ._evaluated import evaluated_items, evaluated_names
from ._judging import assert_rules, judged
from ._request import ITEMS, JUDGE, NAMES, Setting, ask
from ._verdict import Findings, Verdict
from ._violation import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from ._location import Path
    from ._plan import Plan, Plans
    from ._references import Scope
    from ._request import Request

    Key: TypeAlias = tuple[int, int, int, Scope]

FREE_STEPS = 50_000
"""Judgements of a value by a subschema that any event may take: a quarter of a second or so."""
STEPS_PER_VALUE = 16
"""Judgements that an event may take for each of its values."""
MAX_COUNTED = 1_000_000
"""Values of an event that are counted."""

_UNDER_WAY = object()
_STEPS: Mapping[int, Callable[[Setting, Any], Generator[Request, Any, Any]]] = {
    JUDGE: judged,
    NAMES: evaluated_names,
    ITEMS: evaluated_items,
}


class _Frame(NamedTuple):
    steps: Generator[Request, Any, Any]
    key: Key
    scope: Scope


class WorkError(Exception):
    """An event takes more steps than it may."""


class Trial:
    """The judgement of one event; for one thread, and once."""

    def __init__(self, plans: Plans, event: object) -> None:
        self._plans = plans
        self._event = event
        self._known: dict[Key, Any] = {}
        self._frames: list[_Frame] = []
        self._left = FREE_STEPS
        self._counted = False

    def verdict(self, schema: dict[str, Any]) -> Verdict | None:
        """Judge the event by a subschema. Raises GivenUpError, WorkError, and what a backend raises for no JSON."""
        frames = self._frames
        answer = self._answer(ask(schema, self._event), ())
        while frames:
            frame = frames[-1]
            try:
                request = frame.steps.send(answer)
            except StopIteration as done:
                frames.pop()
                answer = self._known[frame.key] = done.value
            else:
                answer = self._answer(request, frame.scope)
        verdict: Verdict | None = answer
        return verdict

    def _answer(self, request: Request, scope: Scope) -> Any:
        """Give the answer to a request, or begin to look for it: a frame more, and None."""
        schema, value, plan, step, mode = request
        if not isinstance(schema, dict):
            return None if schema is not False else _nothing_allowed(plan, step)
        self._left -= 1
        if self._left < 0:
            self._grant_more()
        asked = self._plans[schema]
        if self._plans.are_dynamic and asked.node.base not in scope:
            scope = (*scope, asked.node.base)
        key = (id(schema), id(value), mode, scope)
        try:
            answer = self._known[key]
        except KeyError:
            pass
        else:
            if answer is _UNDER_WAY:  # a $dynamicRef that comes back to itself means nothing
                raise RecursionError
            return answer
        if mode == JUDGE and asked.is_simple:
            found = Findings()
            assert_rules(asked, value, found)
            answer = self._known[key] = found.verdict()
            return answer
        self._known[key] = _UNDER_WAY
        self._frames.append(_Frame(_STEPS[mode](Setting(self._plans, asked, scope), value), key, scope))
        return None

    def _grant_more(self) -> None:
        if self._counted:
            raise WorkError
        self._counted = True
        self._left = STEPS_PER_VALUE * _count(self._event)


def _nothing_allowed(plan: Plan | None, step: Path) -> Verdict | None:
    if plan is None:
        return None
    return Verdict(Failure((), (*plan.node.path, *step), str(step[0]), expected=False, false=True))


def _count(event: object) -> int:
    """Count the values of an event, up to MAX_COUNTED."""
    waiting, count = [event], 1
    while waiting and count < MAX_COUNTED:
        value = waiting.pop()
        if isinstance(value, (dict, list, tuple)):
            count += len(value)
            waiting.extend(value.values() if isinstance(value, dict) else value)
    return count
