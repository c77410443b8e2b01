"""How a value is judged by one subschema, step by step.

Each function here is a generator: it yields what it asks of other subschemas, and is sent the verdicts (see `_trial`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from ._drafts import Draft
from ._evaluated import evaluated_items, evaluated_names
from ._request import ask
from ._verdict import Findings, Verdict, of_a_name, of_alternatives, verdict_of
from ._violation import Failure

if TYPE_CHECKING:
    from collections.abc import Generator

    from ._plan import Plan
    from ._request import Request, Setting

    Judging: TypeAlias = Generator[Request, Any, None]


def judged(setting: Setting, value: Any) -> Generator[Request, Any, Verdict | None]:
    """Judge a value by all that the subschema asks."""
    plan, found = setting.plan, Findings()
    assert_rules(plan, value, found)
    if plan.references:
        yield from _references(setting, value, found)
    if plan.under:
        yield from _combined(plan, value, found)
        if isinstance(value, dict):
            yield from _dependent(plan, value, found)
            yield from _of_object(setting, value, found)
            yield from _names(setting, value, found)
        elif isinstance(value, (list, tuple)):
            yield from _of_array(setting, value, found)
    return found.verdict()


def assert_rules(plan: Plan, value: Any, found: Findings) -> None:
    """Judge a value by the rules about it alone."""
    if plan.holds is not None and not plan.holds(value):
        for keyword, holds in plan.each_holds.items():
            if not holds(value):
                found.add_rule(_of_rule(plan, keyword))
    if plan.pattern is not None and isinstance(value, str) and not plan.finds(plan.pattern, value):
        found.add_rule(_failure(plan, "pattern"))
    if isinstance(value, dict):
        for name in plan.required:
            if name not in value:
                found.add_rule(_failure(plan, "required", name=name))
        for keyword, names in plan.needed.items():
            for each in (each for name in names if name in value for each in names[name] if each not in value):
                found.add_rule(_failure(plan, keyword, name=each))


def _failure(plan: Plan, keyword: str, **more: Any) -> Failure:
    said = plan.schema.get(keyword)
    return Failure((), (*plan.node.path, keyword), keyword, expected=said, beside=plan.schema, **more)


def _of_rule(plan: Plan, keyword: str) -> Failure:
    exclusive = f"exclusive{keyword.capitalize()}"  # of draft 4: a boolean
    return _failure(plan, exclusive if plan.schema.get(exclusive) is True else keyword)


def _references(setting: Setting, value: Any, found: Findings) -> Judging:
    for keyword in setting.plan.references:
        target = setting.target(keyword)
        if isinstance(target, dict):
            found.merge((yield ask(target, value)))
        elif target is False:
            found.add(setting.false_at_end_of(keyword))
        elif target is None:
            failure = setting.foreign(keyword).failure(value)
            found.merge(None if failure is None else verdict_of([failure]))


def _combined(plan: Plan, value: Any, found: Findings) -> Judging:
    under = plan.under
    for index, each in under.get("allOf", {}).items():
        found.merge((yield ask(each, value, plan, "allOf", index)))
    for keyword in ("anyOf", "oneOf"):
        if keyword in under:
            yield from _alternatives(plan, keyword, value, found)
    if "not" in under and (yield ask(under["not"], value, plan, "not")) is None:
        found.add(_failure(plan, "not"))
    if "if" in under:
        branch = "then" if (yield ask(under["if"], value, plan, "if")) is None else "else"
        if branch in under:
            found.merge((yield ask(under[branch], value, plan, branch)))


def _dependent(plan: Plan, value: dict[str, Any], found: Findings) -> Judging:
    for keyword in ("dependentSchemas", "dependencies"):
        for name, each in plan.under.get(keyword, {}).items():
            if name in value:
                found.merge((yield ask(each, value, plan, keyword, name)))


def _alternatives(plan: Plan, keyword: str, value: Any, found: Findings) -> Judging:
    wrong, fitting = [], 0
    for index, each in plan.under[keyword].items():
        verdict = yield ask(each, value, plan, keyword, index)
        if verdict is not None:
            wrong.append(verdict)
            continue
        fitting += 1
        if keyword == "anyOf":
            return
        if fitting > 1:
            found.add(_failure(plan, keyword, several=True))
            return
    if not fitting:
        found.kind |= all(each.kind for each in wrong)
        found.add(of_alternatives(_failure(plan, keyword), wrong))


def _of_object(setting: Setting, value: dict[str, Any], found: Findings) -> Judging:
    plan = setting.plan
    declared, patterns = plan.under.get("properties", {}), plan.under.get("patternProperties", {})
    others = plan.under.get("additionalProperties", True)
    for name, each in value.items() if declared or patterns or others is not True else ():
        matched = plan.named_by_patterns(name, value) if patterns else ()
        if name in declared:
            found.below(name, (yield ask(declared[name], each, plan, "properties", name)))
        elif others is False and not matched:
            found.add(_failure(plan, "additionalProperties"))
        elif others is not True and not matched:
            found.below(name, (yield ask(others, each, plan, "additionalProperties")))
        for pattern in matched:
            found.below(name, (yield ask(patterns[pattern], each, plan, "patternProperties", pattern)))
        if found.full:
            break


def _names(setting: Setting, value: dict[str, Any], found: Findings) -> Judging:
    plan = setting.plan
    rest = plan.under.get("unevaluatedProperties", True)
    if rest is not True:
        evaluated = yield from evaluated_names(setting, value, itself=True)
        for name in [name for name in value if name not in evaluated]:
            if rest is False or (yield ask(rest, value[name], plan, "unevaluatedProperties")) is not None:
                found.add(_failure(plan, "unevaluatedProperties"))
                break
    for name in value if "propertyNames" in plan.under else ():
        verdict = yield ask(plan.under["propertyNames"], name, plan, "propertyNames")
        if verdict is not None:
            found.add(of_a_name(verdict.best, ()))


def _of_array(setting: Setting, value: list[Any] | tuple[Any, ...], found: Findings) -> Judging:
    plan = setting.plan
    first, keyword, rest = items_of(plan)
    for index, each in enumerate(value):
        if index in first[1]:
            found.below(index, (yield ask(first[1][index], each, plan, first[0], index)))
        elif rest is True:
            break
        elif rest is False and keyword == "additionalItems":
            found.add(_failure(plan, keyword))
            break
        else:
            found.below(index, (yield ask(rest, each, plan, keyword)))
        if found.full:
            break
    if "contains" in plan.under:
        yield from _contains(plan, value, found)
    others = plan.under.get("unevaluatedItems", True)
    if others is not True:
        evaluated = yield from evaluated_items(setting, value, itself=True)
        for index in [index for index in range(len(value)) if index not in evaluated]:
            if others is False or (yield ask(others, value[index], plan, "unevaluatedItems")) is not None:
                found.add(_failure(plan, "unevaluatedItems"))
                break


def items_of(plan: Plan) -> tuple[tuple[str, dict[int, Any]], str, Any]:
    """Give the keyword of the first items with index → subschema, and that of the rest with its subschema."""
    if isinstance(plan.schema.get("items"), list):
        return ("items", plan.under.get("items", {})), "additionalItems", plan.under.get("additionalItems", True)
    return ("prefixItems", plan.under.get("prefixItems", {})), "items", plan.under.get("items", True)


def _contains(plan: Plan, value: list[Any] | tuple[Any, ...], found: Findings) -> Judging:
    counted = plan.node.draft in (Draft.DRAFT201909, Draft.DRAFT202012)
    least = plan.schema.get("minContains", 1) if counted else 1
    most = plan.schema.get("maxContains") if counted else None
    count = 0
    for each in value:
        count += (yield ask(plan.under["contains"], each, plan, "contains")) is None
        if count >= least if most is None else count > most:
            break
    if count < least or (most is not None and count > most):
        found.add(_failure(plan, "contains"))
