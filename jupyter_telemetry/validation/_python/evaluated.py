"""unevaluatedProperties (draft 2020-12 core §11.3), its patterns bounded as all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonschema.exceptions import ValidationError

from .keywords import named_by_patterns
from .rendering import pointer_to

if TYPE_CHECKING:
    from .keywords import Errors
    from .rendering import Rendering

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class Unevaluated:
    """The keyword unevaluatedProperties for one schema."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering
        # Set once the validator exists that has this keyword.
        self.root: Any = None

    def __call__(self, _validator: Any, allowed: Any, instance: Any, schema: dict[str, Any]) -> Errors:
        """Yield an error if a name that no other keyword evaluated is not allowed."""
        if not isinstance(instance, dict) or allowed is True:
            return
        evaluated = self._names(schema, instance, itself=True)
        rest = [name for name in instance if name not in evaluated]
        if allowed is not False:
            rest = [name for name in rest if not self._holds(allowed, instance[name])]
        if rest:
            yield ValidationError("")

    def _names(self, schema: Any, instance: dict[str, Any], *, itself: bool = False) -> set[str]:
        """Give the names in `instance` that `schema`, which it matches, evaluates."""
        if not isinstance(schema, dict):
            return set()
        if "additionalProperties" in schema or (not itself and "unevaluatedProperties" in schema):
            return set(instance)
        found: set[str] = instance.keys() & schema.get("properties", {}).keys()
        if "patternProperties" in schema:
            found |= {name for name in instance if named_by_patterns(name, instance, schema)}
        for each in self._taken(schema, instance):
            found |= self._names(each, instance)
        return found

    def _taken(self, schema: dict[str, Any], instance: dict[str, Any]) -> list[Any]:
        """Give the subschemas that apply to the same value and hold there."""
        taken = [self._rendering.follow(schema, schema[key]) for key in _REFERENCES if key in schema]
        taken += schema.get("allOf", ())
        for keyword in ("anyOf", "oneOf"):
            taken += [each for each in schema.get(keyword, ()) if self._holds(each, instance)]
        taken += [each for name, each in schema.get("dependentSchemas", {}).items() if name in instance]
        if "if" in schema:
            holds = self._holds(schema["if"], instance)
            taken += [schema["if"], schema.get("then")] if holds else [schema.get("else")]
        return taken

    def _holds(self, schema: Any, instance: Any) -> bool:
        """Validate against a subschema where it stands, so that its references count from there."""
        if isinstance(schema, bool):
            return schema
        node = self._rendering.node(schema)
        at = {"$ref": pointer_to(node)} if node else schema
        holds: bool = self.root.evolve(schema=at).is_valid(instance)
        return holds
