"""A schema as jsonschema is to see it, and the way back from there to the schema."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .._drafts import Draft, keywords, subschemas
from .._violation import OF_THE_WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._location import Path
    from .._references import Node, References

NOTHING: Mapping[str, Any] = {"not": {}}


class Rendering:
    """A copy of a schema and its resources, for one validator.

    `$schema` is left out, which would make jsonschema change to its own keywords on the way, and `false` is
    written as `{"not": {}}`, which has an identity, so that an error's place is known.
    """

    def __init__(self, references: References, resources: Mapping[str, Any]) -> None:
        memo: dict[int, Any] = {}
        self.root: dict[str, Any] = copy.deepcopy(references.root.schema, memo)
        self.resources: dict[str, Any] = copy.deepcopy(dict(resources), memo)
        self._references = references
        self._copies = memo
        self._nodes: dict[int, Node] = {}
        self._false: dict[int, Path] = {}
        for key, node in list(references.nodes.items()):
            if key in memo:
                rendered = memo[key]
                rendered.pop("$schema", None)
                self._nodes[id(rendered)] = node
                self._write_false(node, rendered)

    def _write_false(self, node: Node, rendered: dict[str, Any]) -> None:
        for step, each in subschemas(node.schema, node.draft):
            if each is False and node.draft is not Draft.DRAFT4 and step[0] not in OF_THE_WHOLE:
                within: Any = rendered if len(step) == 1 else rendered[str(step[0])]
                within[step[-1]] = nothing = dict(NOTHING)
                self._false[id(nothing)] = node.path + step

    def node(self, rendered: object) -> Node | None:
        """Give what is known of a subschema; None if it is not of this schema."""
        return self._nodes.get(id(rendered))

    def false_at(self, rendered: object) -> Path | None:
        """Give where a `false` stands that `rendered` is written for."""
        return self._false.get(id(rendered))

    def follow(self, rendered: dict[str, Any], ref: str) -> Any:
        """Give the rendered subschema that `ref` in `rendered` names; None where that is not known."""
        node = self.node(rendered)
        target = self._references.reached(node, ref) if node else None
        return self._copies.get(id(target), target) if isinstance(target, dict) else target

    @staticmethod
    def rule_of(path: Path) -> str:
        """Give the keyword that led to the `false` at `path`."""
        last = keywords(path)[-1]
        return "$ref" if last in ("$defs", "definitions") else last


def pointer_to(node: Node) -> str:
    """Write a reference to `node`, from the root of the schema."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in node.path)
    return node.resource + "#" + quote("".join(f"/{step}" for step in steps))
