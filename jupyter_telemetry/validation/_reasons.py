"""What a rule of a schema asks for, in words; made from the schema alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ._guards import MAX_LOOKED_AT
from ._location import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._violation import Failure

MAX_TEXT = 80
"""Characters of a pattern or a constant that a reason shows."""
MAX_CHOICES = 120
"""Characters of the values of an `enum` that a reason shows."""
MAX_ALTERNATIVES = 4
"""Alternatives of anyOf and oneOf that a reason tells one by one."""

_TYPES = {
    "array": "an array",
    "boolean": "a boolean",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def describe(failure: Failure) -> str:
    """Say what the schema asks for: "must be an integer"."""
    if failure.late:
        return f"took too long to match the pattern {_pattern_of(failure)}"
    if failure.long:
        return f"must have at most {MAX_LOOKED_AT} characters to be matched with the pattern {_pattern_of(failure)}"
    if failure.false:
        return "must not be there: the schema allows nothing here"
    say = _REASONS.get(failure.rule)
    return say(failure) if say else f"must satisfy the schema's {quoted(failure.rule)}"


def literal(value: Any) -> str:
    """Write a value of a schema, shortened: 'save', 3, null."""
    if isinstance(value, str):
        return quoted(_short(value, MAX_TEXT))
    return _short(json.dumps(value, ensure_ascii=True), MAX_TEXT)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _pattern_of(failure: Failure) -> str:
    pattern = failure.expected
    # The patterns of patternProperties are names in the schema, the last step of the rule's path.
    return literal(pattern if isinstance(pattern, str) else failure.rule_path[-1])


def _type(failure: Failure) -> str:
    types = failure.expected if isinstance(failure.expected, list) else [failure.expected]
    return f"must be {_either([_TYPES.get(each, literal(each)) for each in types])}"


def _either(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"


def _enum(failure: Failure) -> str:
    values = [literal(each) for each in failure.expected]
    if not values:
        return "must not be there: the schema allows no value here"
    if len(values) == 1:
        return f"must be {values[0]}"
    shown = 1
    while shown < len(values) and len(", ".join(values[: shown + 1])) <= MAX_CHOICES:
        shown += 1
    text = ", ".join(values[:shown])
    return f"must be one of {text}" + (f", … ({len(values)} in all)" if shown < len(values) else "")


def _bound(failure: Failure) -> str:
    """minimum and maximum, which in draft 4 a boolean beside them makes exclusive."""
    low = failure.rule.lower().endswith("minimum")
    plain = "minimum" if low else "maximum"
    beside = failure.beside.get("exclusiveMinimum" if low else "exclusiveMaximum")
    exclusive = beside is True or failure.rule != plain
    limit = failure.beside[plain] if beside is True else failure.expected
    words = {
        (True, True): "greater than",
        (True, False): "at least",
        (False, True): "less than",
        (False, False): "at most",
    }
    return f"must be {words[low, exclusive]} {literal(limit)}"


def _count(most: bool, one: str, many: str) -> Callable[[Failure], str]:
    def say(failure: Failure) -> str:
        noun = one if failure.expected == 1 else many
        return f"must have at {'most' if most else 'least'} {literal(failure.expected)} {noun}"

    return say


def _says(text: str) -> Callable[[Failure], str]:
    return lambda _: text


def _contains(failure: Failure) -> str:
    """contains, with minContains and maxContains: jsonschema-rs does not always know which was broken."""
    bounds = [f"at least {literal(failure.beside.get('minContains', 1))}"]
    if "maxContains" in failure.beside:
        bounds.append(f"at most {literal(failure.beside['maxContains'])}")
    return f"must contain {' and '.join(bounds)} of the items that the schema describes with 'contains'"


def _format(failure: Failure) -> str:
    if failure.expected == "regex":
        return "must be a regular expression of ECMA-262, with its flag 'u'"
    return f"must have the format {literal(failure.expected)}"


def _property_names(failure: Failure) -> str:
    return "has a property name that the schema does not allow" + (f": it {failure.inner[0]}" if failure.inner else "")


def _alternatives(failure: Failure) -> str:
    alternatives = "the alternatives of the schema"
    if isinstance(failure.expected, list):
        alternatives = f"the {len(failure.expected)} alternatives of the schema"
    if failure.several:
        return f"must match exactly one of {alternatives}, and matches more"
    inner = list(dict.fromkeys(failure.inner))
    if 0 < len(inner) <= MAX_ALTERNATIVES and all(each.startswith("must be ") for each in inner):
        return f"must be {_either([each.removeprefix('must be ') for each in inner])}"
    return f"must match one of {alternatives}"


_UNKNOWN_PROPERTIES = _says("has properties that the schema does not allow")
_UNKNOWN_ITEMS = _says("has more items than the schema allows")

_REASONS: dict[str, Callable[[Failure], str]] = {
    "additionalItems": _UNKNOWN_ITEMS,
    "additionalProperties": _UNKNOWN_PROPERTIES,
    "anyOf": _alternatives,
    "const": lambda failure: f"must be {literal(failure.expected)}",
    "contains": _contains,
    "contentEncoding": lambda failure: f"must have the content encoding {literal(failure.expected)}",
    "contentMediaType": lambda failure: f"must have content of the media type {literal(failure.expected)}",
    "dependencies": lambda failure: f"lacks the property {literal(failure.name)}, which another one needs",
    "dependentRequired": lambda failure: f"lacks the property {literal(failure.name)}, which another one needs",
    "enum": _enum,
    "exclusiveMaximum": _bound,
    "exclusiveMinimum": _bound,
    "format": _format,
    "maxItems": _count(True, "item", "items"),
    "maxLength": _count(True, "character", "characters"),
    "maxProperties": _count(True, "property", "properties"),
    "maximum": _bound,
    "minItems": _count(False, "item", "items"),
    "minLength": _count(False, "character", "characters"),
    "minProperties": _count(False, "property", "properties"),
    "minimum": _bound,
    "multipleOf": lambda failure: f"must be a multiple of {literal(failure.expected)}",
    "not": _says("must not match what the schema excludes with 'not'"),
    "oneOf": _alternatives,
    "pattern": lambda failure: f"must match the pattern {_pattern_of(failure)}",
    "propertyNames": _property_names,
    "required": lambda failure: f"lacks the required property {literal(failure.name)}",
    "type": _type,
    "unevaluatedItems": _UNKNOWN_ITEMS,
    "unevaluatedProperties": _UNKNOWN_PROPERTIES,
    "uniqueItems": _says("must not have the same item twice"),
}
