"""Whether a schema leaves room for a null, where the encoder would also write a NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._drafts import Draft
from ._references import UnresolvedError, loop

if TYPE_CHECKING:
    from ._references import Node, References


def admits_null(references: References) -> bool:
    """Say whether a null, and so a NaN, may stand anywhere in a valid event; False only if that is proved.

    The proof is a greatest fixed point: all subschemas are taken for proved, and those that are not fall,
    until no more do. That is sound for a recursive schema, because an instance is finite, but not for one
    that loops in place.
    """
    if loop(references) is not None:
        return True
    proved = set(references.nodes)
    changed = True
    while changed:
        changed = False
        for key in reversed(list(references.nodes)):
            if key in proved and not _Proof(references, proved).holds(references.nodes[key]):
                proved.discard(key)
                changed = True
    return id(references.root.schema) not in proved


class _Proof:
    def __init__(self, references: References, proved: set[int]) -> None:
        self._references = references
        self._proved = proved

    def of(self, schema: Any) -> bool:
        """Say whether a subschema is proved; `false` has no instances at all."""
        return schema is False or (isinstance(schema, dict) and id(schema) in self._proved)

    def holds(self, node: Node) -> bool:
        if node.ref is not None and self._ref_holds(node, node.ref):
            return True
        if node.ref is not None and node.draft.ref_stands_alone:
            return False
        schema = node.schema
        return (
            any(self.of(each) for each in schema.get("allOf", ()))
            or any(self._all(schema.get(keyword)) for keyword in ("anyOf", "oneOf"))
            or self._constants_hold(node)
            or self._types_hold(node)
        )

    def _all(self, schemas: list[Any] | None) -> bool:
        return bool(schemas) and all(self.of(each) for each in schemas or ())

    def _ref_holds(self, node: Node, ref: str) -> bool:
        try:
            return self.of(self._references.follow(node, ref))
        except UnresolvedError:
            return False

    @staticmethod
    def _constants_hold(node: Node) -> bool:
        known = ("enum",) if node.draft is Draft.DRAFT4 else ("const", "enum")
        return any(keyword in node.schema and not _has_null(node.schema[keyword]) for keyword in known)

    def _types_hold(self, node: Node) -> bool:
        types = node.schema.get("type", ())
        allowed = {types} if isinstance(types, str) else set(types)
        if not allowed or "null" in allowed:
            return False
        return ("object" not in allowed or self._object_holds(node.schema)) and (
            "array" not in allowed or self._array_holds(node.schema)
        )

    def _object_holds(self, schema: dict[str, Any]) -> bool:
        named = [*schema.get("properties", {}).values(), *schema.get("patternProperties", {}).values()]
        # Not unevaluatedProperties: what the schemas beside it evaluate is theirs.
        return self.of(schema.get("additionalProperties", True)) and all(self.of(each) for each in named)

    def _array_holds(self, schema: dict[str, Any]) -> bool:
        items = schema.get("items", True)
        if isinstance(items, list):
            first, rest = items, schema.get("additionalItems", True)
        else:
            first, rest = schema.get("prefixItems", []), items
        return self.of(rest) and all(self.of(each) for each in first)


def _has_null(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_null(each) for each in value)
    if isinstance(value, dict):
        return any(_has_null(each) for each in value.values())
    return value is None
