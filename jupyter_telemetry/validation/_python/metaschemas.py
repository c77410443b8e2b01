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
    documents = {draft.value: whole} | {uri: REGISTRY.contents(uri) for uri in vocabularies}
    subschema = {"type": "object"} if draft is Draft.DRAFT4 else {"type": ["boolean", "object"]}
    return tuple(
        _cut({key: each for key, each in document.items() if key not in _OF_THE_WHOLE}, uri, subschema)
        for uri, document in documents.items()
    )


def _cut(value: Any, uri: str, subschema: Mapping[str, Any]) -> Any:
    """Copy a part of the metaschema at `uri`, with `subschema` where it recurses."""
    if value in _RECURSION:
        return subschema
    if isinstance(value, list):
        return [_cut(each, uri, subschema) for each in value]
    if not isinstance(value, dict):
        return value
    cut = {key: _cut(each, uri, subschema) for key, each in value.items()}
    ref = cut.get("$ref")
    if isinstance(ref, str) and not ref.startswith("#"):
        cut["$ref"] = urljoin(uri, ref)
    return cut
