"""The metaschemas, for one subschema at a time.

A metaschema recurses into subschemas, ten Python frames a level; a schema of fifty levels would end in a
RecursionError. Here each metaschema is cut where it recurses, and every subschema is checked by itself.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # it has no stubs

from .._drafts import Draft

if TYPE_CHECKING:
    from collections.abc import Mapping

_RECURSION = ({"$ref": "#"}, {"$recursiveRef": "#"}, {"$dynamicRef": "#meta"})
_OF_THE_WHOLE = ("$schema", "$id", "id", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary", "allOf")


@cache
def parts_of(draft: Draft) -> tuple[Mapping[str, Any], ...]:
    """Give the schemas that an object must match to be a schema of `draft`, its subschemas aside."""
    whole = REGISTRY.contents(draft.value)
    vocabularies = [urljoin(draft.value, each["$ref"]) for each in whole.get("allOf", ())]
    documents = [whole, *(REGISTRY.contents(uri) for uri in vocabularies)]
    return tuple(_cut({k: v for k, v in each.items() if k not in _OF_THE_WHOLE}, draft) for each in documents)


def _cut(value: Any, draft: Draft) -> Any:
    if value in _RECURSION:
        return {"type": "object"} if draft is Draft.DRAFT4 else {"type": ["object", "boolean"]}
    if isinstance(value, dict):
        return {key: _cut(each, draft) for key, each in value.items()}
    if isinstance(value, list):
        return [_cut(each, draft) for each in value]
    return value
