"""What of a value the subschemas beside unevaluatedProperties and unevaluatedItems evaluate (2020-12 core §11).

A subschema evaluates something only if the value matches it; here that is known of the one asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._drafts import Draft
from ._request import ITEMS, NAMES, ask

if TYPE_CHECKING:
    from collections.abc import Collection, Generator

    from ._request import Request, Setting


def evaluated_names(
    setting: Setting, value: dict[str, Any], *, itself: bool = False
) -> Generator[Request, Any, Collection[str]]:
    """Give the names in `value` that a subschema evaluates; of `itself`, without its own unevaluatedProperties."""
    under = setting.plan.under
    if "additionalProperties" in under or (not itself and "unevaluatedProperties" in under):
        return value.keys()
    found: set[str] = value.keys() & under.get("properties", {}).keys()
    if "patternProperties" in under:
        found.update(name for name in value if setting.plan.named_by_patterns(name, value))
    for each in (yield from _taken(setting, value)):
        found |= yield ask(each, value, mode=NAMES)
    return found


def evaluated_items(
    setting: Setting, value: list[Any] | tuple[Any, ...], *, itself: bool = False
) -> Generator[Request, Any, Collection[int]]:
    """Give the indices in `value` that a subschema evaluates; of `itself`, without its own unevaluatedItems."""
    under = setting.plan.under
    first = setting.plan.schema.get("items")
    all_by = "additionalItems" if isinstance(first, list) else "items"
    if all_by in under or (not itself and "unevaluatedItems" in under):
        return range(len(value))
    found = set(under.get("items" if isinstance(first, list) else "prefixItems", ()))
    if "contains" in under and setting.plan.node.draft is Draft.DRAFT202012:
        for index, each in enumerate(value):
            if (yield ask(under["contains"], each, setting.plan, "contains")) is None:
                found.add(index)
    for each in (yield from _taken(setting, value)):
        found |= set((yield ask(each, value, mode=ITEMS)))
    return found


def _taken(setting: Setting, value: Any) -> Generator[Request, Any, list[Any]]:
    """Give the subschemas that apply to the same value and hold there."""
    plan, under = setting.plan, setting.plan.under
    taken = [setting.target(keyword) for keyword in plan.references]
    taken += under.get("allOf", {}).values()
    for keyword in ("anyOf", "oneOf"):
        for index, each in under.get(keyword, {}).items():
            if (yield ask(each, value, plan, keyword, index)) is None:
                taken.append(each)
    if isinstance(value, dict):
        taken += [each for name, each in under.get("dependentSchemas", {}).items() if name in value]
    if "if" in under:
        holds = (yield ask(under["if"], value, plan, "if")) is None
        taken += [under["if"], under.get("then")] if holds else [under.get("else")]
    return [each for each in taken if isinstance(each, dict)]
