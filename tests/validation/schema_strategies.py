"""Hypothesis strategies: schemas with all common keywords, and events that are nearly valid against them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from jupyter_telemetry.validation import Draft

NAMES = ["a", "b", "name", "a b", "0", "007", "é", "$ref", "items", "properties", "x'y", "m/n~o"]
TEXTS = [
    "",
    "a",
    "ab",
    "abc",
    "b1",
    "é",
    "😀",
    "2026-11-23",
    "2026-11-23T17:42:05Z",
    "a@b.org",
    "10.0.0.1",
    "[a]",
]
NUMBERS = [
    0,
    1,
    2,
    3,
    -1,
    10,
    1.0,
    0.5,
    0.1,
    0.3,
    1.5,
    -0.0,
    1e300,
    1e-300,
    2**53,
    2**63,
    -(2**63),
    2**64 - 1,
]
PATTERNS = ["^a", "b$", "^[a-c]+$", r"\d", r"^\w*$", "a|b", "^.$", "(a)(b)", r"\p{L}", "^$", "a{2,}", "[^a]"]
FORMATS = [
    "date",
    "date-time",
    "email",
    "ipv4",
    "uri",
    "regex",
    "uuid",
    "hostname",
    "json-pointer",
    "unknown",
]
TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"]

names = st.sampled_from(NAMES)
texts = st.sampled_from(TEXTS)
numbers = st.sampled_from(NUMBERS)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
counts = st.integers(0, 3)
limits = st.sampled_from([0, 1, 2, -1, 0.5, 1.5, 10, 1e300, 2**63])


def schemas(draft: Draft) -> st.SearchStrategy[dict[str, Any]]:
    """Whole schemas of a draft, with definitions and references to them."""
    defs = "$defs" if draft in (Draft.DRAFT201909, Draft.DRAFT202012) else "definitions"
    references = st.sampled_from([f"#/{defs}/d", f"#/{defs}/e", "#"]).map(lambda ref: {"$ref": ref})
    leaves = (st.just({}) if draft is Draft.DRAFT4 else st.just({}) | st.booleans()) | references
    below = st.recursive(leaves | _scalar_rules(draft), lambda inner: _rules(draft, inner), max_leaves=8)
    return st.builds(
        lambda root, d, e: {"$schema": draft.value, defs: {"d": d, "e": e}, **root},
        _rules(draft, below),
        below,
        below,
    )


def _scalar_rules(draft: Draft) -> st.SearchStrategy[dict[str, Any]]:
    optional: dict[str, Any] = {
        "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
        "enum": st.lists(values, min_size=1, max_size=4, unique_by=repr),
        "minimum": limits,
        "maximum": limits,
        "multipleOf": st.sampled_from([1, 2, 0.1, 0.5, 1e-300, 3]),
        "minLength": counts,
        "maxLength": counts,
        "pattern": st.sampled_from(PATTERNS),
        "format": st.sampled_from(FORMATS),
    }
    if draft is not Draft.DRAFT4:
        optional |= {"const": values, "exclusiveMinimum": limits, "exclusiveMaximum": limits}
    return _some(optional)


def _some(optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Dicts of one to three of the keywords."""
    chosen = st.lists(st.sampled_from(sorted(optional)), min_size=1, max_size=3, unique=True)
    return chosen.flatmap(lambda keys: st.fixed_dictionaries({key: optional[key] for key in keys}))


def _rules(draft: Draft, inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    many = st.lists(inner, min_size=1, max_size=3)
    required = st.lists(names, min_size=1, max_size=2, unique=True)
    optional: dict[str, Any] = {
        "properties": st.dictionaries(names, inner, min_size=1, max_size=4),
        "patternProperties": st.dictionaries(st.sampled_from(PATTERNS), inner, max_size=2),
        "additionalProperties": st.booleans() | inner,
        "required": required,
        "minProperties": counts,
        "maxProperties": counts,
        "items": inner,
        "minItems": counts,
        "maxItems": counts,
        "uniqueItems": st.booleans(),
        "allOf": many,
        "anyOf": many,
        "oneOf": many,
        "not": inner,
        "type": st.sampled_from(TYPES),
    }
    if draft is not Draft.DRAFT202012:
        optional["items"] |= many
        optional["additionalItems"] = st.booleans() | inner
    if draft is not Draft.DRAFT4:
        optional |= {"contains": inner, "propertyNames": inner}
    if draft not in (Draft.DRAFT4, Draft.DRAFT6):
        optional |= {"if": inner, "then": inner, "else": inner}
    if draft in (Draft.DRAFT201909, Draft.DRAFT202012):
        optional |= {
            "dependentRequired": st.dictionaries(names, required, max_size=2),
            "dependentSchemas": st.dictionaries(names, inner, max_size=2),
            "unevaluatedProperties": st.booleans() | inner,
            "unevaluatedItems": st.booleans() | inner,
            "minContains": counts,
            "maxContains": counts,
        }
    else:
        optional["dependencies"] = st.dictionaries(names, inner | required, max_size=2)
    if draft is Draft.DRAFT202012:
        optional["prefixItems"] = many
    return _some(optional)


@st.composite
def near(draw: st.DrawFn, schema: Any, root: dict[str, Any], depth: int = 0) -> Any:
    """Values of about the form that a schema asks for."""
    if depth > 4 or not isinstance(schema, dict) or draw(st.integers(0, 9)) == 0:
        return draw(values)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        target = root.get("$defs", root.get("definitions", {})).get(name, root)
        return draw(near(target, root, depth + 1))
    for keyword in ("allOf", "anyOf", "oneOf"):
        if keyword in schema and draw(st.booleans()):
            return draw(near(draw(st.sampled_from(schema[keyword])), root, depth + 1))
    if "const" in schema or "enum" in schema:
        return draw(st.sampled_from([schema["const"]] if "const" in schema else schema["enum"]))
    return draw(_of_kind(schema, root, depth))


@st.composite
def _of_kind(draw: st.DrawFn, schema: dict[str, Any], root: dict[str, Any], depth: int) -> Any:
    kinds = schema.get("type", _kind_of(schema))
    kind = kinds if isinstance(kinds, str) else draw(st.sampled_from(kinds))
    if kind == "object":
        return draw(_objects(schema, root, depth))
    if kind == "array":
        items = schema.get("prefixItems", schema.get("items", {}))
        first = items if isinstance(items, list) else []
        rest = schema.get("additionalItems", {}) if first else items
        return [draw(near(each, root, depth + 1)) for each in [*first, *([rest] * draw(counts))]]
    by_kind = {"boolean": st.booleans(), "null": st.none(), "string": texts}
    return draw(by_kind.get(kind, numbers))


@st.composite
def _objects(draw: st.DrawFn, schema: dict[str, Any], root: dict[str, Any], depth: int) -> Any:
    declared = schema.get("properties", {})
    chosen = draw(st.lists(st.sampled_from([*declared, *schema.get("required", ()), *NAMES]), max_size=5))
    other = schema.get("additionalProperties", {})
    return {name: draw(near(declared.get(name, other), root, depth + 1)) for name in chosen}


def _kind_of(schema: dict[str, Any]) -> str:
    if any("ropert" in keyword or keyword in ("required", "dependencies") for keyword in schema):
        return "object"
    if any("tems" in keyword or keyword == "contains" for keyword in schema):
        return "array"
    return "string" if "Length" in str(list(schema)) or {"pattern", "format"} & schema.keys() else "number"
