"""The metaschemas, for one subschema at a time.

A metaschema recurses into subschemas, ten Python frames a level; a schema of fifty levels would end in a
RecursionError. Here each metaschema is cut where it recurses, and every subschema is checked by itself.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # it has no stubs

from .._drafts import Draft, own_copy

if TYPE_CHECKING:
    from collections.abc import Mapping

_RECURSION = ({"$ref": "#"}, {"$recursiveRef": "#"}, {"$dynamicRef": "#meta"})
_OF_THE_WHOLE = ("$schema", "$id", "id", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary", "allOf")


@cache
def documents() -> Mapping[str, dict[str, Any]]:
    """Give every metaschema, and every vocabulary of one, by its URI."""
    return {uri: own_copy(REGISTRY.contents(uri)) for uri in REGISTRY if "draft-03" not in uri}


@cache
def parts_of(draft: Draft) -> tuple[dict[str, Any], ...]:
    """Give the schemas that an object must match to be a schema of `draft`, its subschemas aside."""
    whole = REGISTRY.contents(draft.value)
    vocabularies = [urljoin(draft.value, each["$ref"]) for each in whole.get("allOf", ())]
    parts = {draft.value: whole} | {uri: REGISTRY.contents(uri) for uri in vocabularies}
    subschema = {"type": "object"} if draft is Draft.DRAFT4 else {"type": ["boolean", "object"]}
    return tuple(
        own_copy(_cut({key: each for key, each in part.items() if key not in _OF_THE_WHOLE}, uri, subschema))
        for uri, part in parts.items()
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
