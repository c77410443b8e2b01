"""Whether any object can match a schema at all: an event is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._drafts import Draft

if TYPE_CHECKING:
    from ._location import Path
    from ._references import Node, References

MAX_NESTED = 20
"""Alternatives within alternatives that are looked into."""


def bars_objects(references: References) -> tuple[Node, Path] | None:
    """Find a rule that no object can match: the subschema that has it, and the rule's path in its document.

    It looks at types and constants, through `$ref`, `allOf` and alternatives. None: it is not so easily proved.
    """
    return _Search(references).barrier(references.root, MAX_NESTED)


class _Search:
    def __init__(self, references: References) -> None:
        self._references = references
        self._found: dict[int, tuple[Node, Path] | None] = {}

    def barrier(self, start: Node, levels: int) -> tuple[Node, Path] | None:
        """Look at a subschema and all that apply together with it; None, too, where that is under way."""
        if id(start.schema) not in self._found:
            self._found[id(start.schema)] = None
            self._found[id(start.schema)] = self._look(start, levels)
        return self._found[id(start.schema)]

    def _look(self, start: Node, levels: int) -> tuple[Node, Path] | None:
        seen: set[int] = set()
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if id(node.schema) in seen:
                continue
            seen.add(id(node.schema))
            if step := _own_barrier(node) or self._alternatives(node, levels):
                return node, (*node.path, *step)
            for step, each in _all_of(self._references, node):
                if each is False:
                    return node, (*node.path, *step)
                if isinstance(each, dict):
                    waiting.append(self._references.node(each))
        return None

    def _alternatives(self, node: Node, levels: int) -> Path:
        """Give the keyword whose alternatives all bar objects; () if there is none."""
        for keyword in ("anyOf", "oneOf") if levels else ():
            each_of = [each for step, each in node.applied() if step[0] == keyword]
            if each_of and all(self._bars(each, levels - 1) for each in each_of):
                return (keyword,)
        return ()

    def _bars(self, schema: Any, levels: int) -> bool:
        if isinstance(schema, dict):
            return self.barrier(self._references.node(schema), levels) is not None
        return schema is False


def _all_of(references: References, node: Node) -> list[tuple[Path, Any]]:
    found = [(step, each) for step, each in node.applied() if step[0] == "allOf"]
    if node.ref is not None:
        found.append((("$ref",), references.reached(node, node.ref)))
    return found


def _own_barrier(node: Node) -> Path:
    """Give the keyword that bars objects; () if none does."""
    schema = node.schema
    if node.ref is not None and node.draft.ref_stands_alone:
        return ()
    types = schema.get("type", "object")
    if "object" not in ([types] if isinstance(types, str) else types):
        return ("type",)
    if "const" in schema and node.draft is not Draft.DRAFT4 and not isinstance(schema["const"], dict):
        return ("const",)
    if "enum" in schema and not any(isinstance(each, dict) for each in schema["enum"]):
        return ("enum",)
    return ("not",) if _takes_all_objects(schema.get("not", False)) else ()


def _takes_all_objects(schema: Any) -> bool:
    """Say whether a subschema is, but for words about it, `true` or `{"type": "object"}`."""
    if not isinstance(schema, dict):
        return schema is True
    types = schema.get("type", "object")
    told = ("type", "title", "description", "$comment")
    return all(key in told for key in schema) and "object" in ([types] if isinstance(types, str) else types)
