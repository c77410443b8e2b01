"""Where the references of a schema lead: nowhere else than into it and the resources given with it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote, urldefrag, urljoin

from ..errors import InvalidSchema
from ._drafts import Draft, draft_of, subschemas
from ._location import Path, json_path, spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Scope: TypeAlias = "tuple[str, ...]"

METASCHEMAS = tuple(draft.value for draft in Draft)
# What applies to the same value as the schema that it stands in.
_IN_PLACE = frozenset(("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"))
_STORED = frozenset(("definitions", "$defs"))
DYNAMIC = ("$dynamicRef", "$recursiveRef")
REFERENCES = ("$ref", *DYNAMIC)


class Node:
    """A subschema that is an object: where it stands, and against which URI its references count."""

    __slots__ = ("base", "draft", "path", "resource", "schema")

    def __init__(self, schema: dict[str, Any], path: Path, base: str, draft: Draft, resource: str) -> None:
        self.schema = schema
        self.path = path
        self.base = base
        self.draft = draft
        self.resource = resource

    def applied(self) -> Iterator[tuple[Path, Any]]:
        """Give the subschemas that may take part in validation here: those stored for a `$ref` do not."""
        if self.ref is None or not self.draft.ref_stands_alone:
            for step, each in subschemas(self.schema, self.draft):
                if step[0] not in _STORED:
                    yield step, each

    @property
    def ref(self) -> str | None:
        """The `$ref` here, if there is one."""
        ref = self.schema.get("$ref")
        return ref if isinstance(ref, str) else None


class UnresolvedError(LookupError):
    """A reference that leads nowhere: `.remote` if to a document that is not there."""

    def __init__(self, *, remote: bool) -> None:
        super().__init__()
        self.remote = remote


class References:
    """A schema and the resources that its references may lead to, by URI.

    `schema` and `resources` are trees (see own_copy), kept and not changed: nodes are known by identity.
    """

    def __init__(self, schema: dict[str, Any], draft: Draft, resources: Mapping[str, Any]) -> None:
        self.nodes: dict[int, Node] = {}
        self._documents: dict[str, Any] = {}
        self._drafts: dict[str, Draft] = {}
        self._anchors: dict[tuple[str, str], dict[str, Any]] = {}
        self._foreign: set[str] = set()
        for uri, resource in resources.items():
            self._add(urldefrag(uri).url, resource, draft)
        self._documents[""] = schema
        self._drafts[""] = draft
        self._enter(schema, (), "", draft, "")
        self.root = self.nodes[id(schema)]

    def _add(self, uri: str, resource: Any, draft: Draft) -> None:
        """Add a resource: of its own draft if it names one, else of the schema's."""
        if isinstance(resource, dict) and "$schema" in resource:
            try:
                draft = draft_of(resource)
            except InvalidSchema:
                self._foreign.add(uri)
        self._documents[uri] = resource
        self._drafts[uri] = draft
        self._enter(resource, (), uri, draft, uri)

    def node(self, schema: dict[str, Any]) -> Node:
        """Give what is known of a subschema."""
        return self.nodes[id(schema)]

    def concerned(self) -> list[Node]:
        """Give the nodes of the schema, and those elsewhere that its validation may come to.

        Raises InvalidSchema for a reference that leads nowhere.
        """
        found: dict[int, Node] = {}
        waiting = [node for node in reversed(self.nodes.values()) if node.resource == ""]
        while waiting:
            node = waiting.pop()
            if id(node.schema) in found:
                continue
            if node.resource in self._foreign:
                raise InvalidSchema(f"{node.resource}: the $schema of this document is not a draft known here")
            found[id(node.schema)] = node
            after = [each for _, each in node.applied()]
            after += [self._checked(node, keyword) for keyword in REFERENCES]
            waiting.extend(self.node(each) for each in reversed(after) if isinstance(each, dict))
        return list(found.values())

    def _checked(self, node: Node, keyword: str) -> Any:
        ref = node.schema.get(keyword)
        if not isinstance(ref, str):
            return None
        try:
            return self.follow(node, ref)
        except UnresolvedError as error:
            at = json_path((*node.path, keyword))
            where = f"{node.resource}: " if node.resource else ""
            why = "to a document that was not given; none is fetched" if error.remote else "nowhere"
            raise InvalidSchema(f"{where}{at}: leads {why}", json_path=at) from None

    def place(self, path: Path, uri: str = "") -> tuple[Path, Any]:
        """Give a path as it is spelled in the schema, or where `uri` leads, and what stands at its end."""
        named = self._documents.get(urldefrag(uri).url)
        node = self.nodes.get(id(named))
        at: Any = self._documents[node.resource if node else ""]
        path = spelled(at, path)
        for step in path:
            known = isinstance(at, dict) and step in at
            inside = isinstance(at, list) and isinstance(step, int)
            at = at[step] if known or inside else None
        return path, at

    def follow(self, node: Node, ref: str) -> Any:
        """Give the subschema (an object or a boolean) that `ref` in `node` names; None for a metaschema.

        Raises UnresolvedError.
        """
        try:
            uri, fragment = urldefrag(_join(node.base, ref))
        except ValueError:
            raise UnresolvedError(remote=True) from None
        if uri not in self._documents:
            if uri in METASCHEMAS or uri.startswith("https://json-schema.org/draft/20"):
                return None
            raise UnresolvedError(remote=True)
        if fragment and not fragment.startswith("/"):
            return self._anchor(uri, unquote(fragment))
        return self._pointer(uri, unquote(fragment))

    def reached(self, node: Node, ref: str) -> Any:
        """Follow `ref`; a metaschema, or nothing, is None."""
        try:
            return self.follow(node, ref)
        except UnresolvedError:
            return None

    def target(self, node: Node, keyword: str, scope: Scope) -> Any:
        """Give where a reference leads in an evaluation that came through the base URIs of `scope`, outermost first.

        A metaschema is None. Only a dynamic reference depends on the scope (2020-12 core §8.2.3.2, 2019-09 §8.2.4.2.2).
        """
        found = self.reached(node, node.schema[keyword])
        anchor = {"$dynamicRef": "$dynamicAnchor", "$recursiveRef": "$recursiveAnchor"}.get(keyword)
        name = urldefrag(node.schema[keyword]).fragment if keyword == "$dynamicRef" else True
        if anchor is None or not isinstance(found, dict) or found.get(anchor) != name:
            return found
        known: Mapping[Any, Any] = self._anchors if keyword == "$dynamicRef" else self._documents
        outer = (known.get((base, name) if keyword == "$dynamicRef" else base) for base in scope)
        return next((each for each in outer if isinstance(each, dict) and each.get(anchor) == name), found)

    def absolute(self, node: Node, keyword: str) -> str:
        """Give the URI that a reference names."""
        return _join(node.base, node.schema[keyword])

    def place_of(self, node: Node, ref: str) -> Path:
        """Give the path, in its document, of what the JSON pointer of `ref` leads to."""
        uri, fragment = urldefrag(_join(node.base, ref))
        target, path = self._documents[uri], tuple[str | int, ...]()
        start = self.nodes.get(id(target))
        for raw in unquote(fragment).split("/")[1:]:
            step = _pointer_step(target, raw.replace("~1", "/").replace("~0", "~"))
            target, path = target[step], (*path, step)
        return (*start.path, *path) if start else path

    def _anchor(self, uri: str, name: str) -> dict[str, Any]:
        try:
            return self._anchors[uri, name]
        except KeyError:
            raise UnresolvedError(remote=False) from None

    def _pointer(self, uri: str, pointer: str) -> Any:
        """Walk a JSON pointer (RFC 6901); what it passes that is named by an id moves the base."""
        target: Any = self._documents[uri]
        start = self.nodes.get(id(target))
        base, draft = (start.base, start.draft) if start else (uri, self._drafts[uri])
        path, resource = (start.path, start.resource) if start else ((), uri)
        for raw in pointer.split("/")[1:]:
            step = _pointer_step(target, raw.replace("~1", "/").replace("~0", "~"))
            target = target[step]
            path = (*path, step)
            known = self.nodes.get(id(target)) if isinstance(target, dict) else None
            if known is not None:
                base, draft = known.base, known.draft
        if isinstance(target, dict) and id(target) not in self.nodes:
            self._enter(target, path, base, draft, resource)
        if not isinstance(target, dict | bool):
            raise UnresolvedError(remote=False)
        return target

    def _enter(self, schema: Any, path: Path, base: str, draft: Draft, resource: str) -> None:
        waiting = [(schema, path, base)]
        while waiting:
            each, at, outer = waiting.pop()
            if not isinstance(each, dict) or id(each) in self.nodes:
                continue
            own = self._base_of(each, outer, draft)
            self.nodes[id(each)] = Node(each, at, own, draft, resource)
            if own != outer or not at:
                self._documents[own] = each
                self._drafts[own] = draft
            self._name(each, own, draft)
            below = [(sub, at + step, own) for step, sub in subschemas(each, draft)]
            waiting.extend(reversed(below))

    @staticmethod
    def _base_of(schema: dict[str, Any], outer: str, draft: Draft) -> str:
        named = schema.get(draft.id_keyword)
        if not isinstance(named, str) or named.startswith("#") or (draft.ref_stands_alone and "$ref" in schema):
            return outer
        return urldefrag(_join(outer, named)).url

    def _name(self, schema: dict[str, Any], base: str, draft: Draft) -> None:
        named = schema.get(draft.id_keyword)
        if draft.ref_stands_alone:
            if isinstance(named, str) and "#" in named and "$ref" not in schema:
                self._anchors[base, urldefrag(named).fragment] = schema
            return
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(schema.get(keyword), str):
                self._anchors[base, schema[keyword]] = schema


def _join(base: str, ref: str) -> str:
    # urljoin knows http and file, not urn:, and a bare fragment is always of the same document.
    return base + ref if ref.startswith("#") or not ref else urljoin(base, ref)


def _pointer_step(target: Any, name: str) -> str | int:
    if isinstance(target, dict) and name in target:
        return name
    if isinstance(target, list) and name.isascii() and name.isdigit() and int(name) < len(target):
        return int(name)
    raise UnresolvedError(remote=False)


def loop(references: References) -> Node | None:
    """Find a subschema whose `$ref`s come back to it without a step into the value: it means nothing."""
    starts = [node for node in references.nodes.values() if not node.schema.keys().isdisjoint(REFERENCES)]
    return _cycle(starts, partial(_beside, references))


def may_recurse(references: References) -> bool:
    """Say whether validation may go as deep as an event does; False only if the schema bounds it.

    Where it is True, check an event's depth before `is_valid` and `explain`: a very deep one ends the process in
    jsonschema-rs.
    """
    try:
        return _cycle([references.root], partial(_applied, references)) is not None
    except UnresolvedError:
        return True


def is_in_place(step: Path) -> bool:
    """Say whether the subschema that a step leads to applies to the same value."""
    return step[0] in _IN_PLACE or step[0] == "$ref"


def beside(references: References, node: Node) -> list[Any]:
    """Give the subschemas that apply to the same value as `node` does."""
    found = [each for step, each in node.applied() if is_in_place(step)]
    for keyword in REFERENCES:
        if isinstance(node.schema.get(keyword), str):
            found.append(references.reached(node, node.schema[keyword]))
    return found


def _beside(references: References, node: Node) -> list[Node]:
    return [references.node(each) for each in beside(references, node) if isinstance(each, dict)]


def _applied(references: References, node: Node) -> list[Node]:
    """Give all that `node` applies, to the same value or into it; UnresolvedError where that is not known."""
    if any(keyword in node.schema for keyword in DYNAMIC):
        raise UnresolvedError(remote=False)
    found = [each for _, each in node.applied()]
    if node.ref is not None:
        target = references.follow(node, node.ref)
        if target is None:
            raise UnresolvedError(remote=True)
        found.append(target)
    return [references.node(each) for each in found if isinstance(each, dict)]


def _cycle(starts: list[Node], after: Callable[[Node], list[Node]]) -> Node | None:
    """Search depth-first, by hand: a chain of references may be longer than Python's stack."""
    done: set[int] = set()
    trail: set[int] = set()
    waiting = [(start, False) for start in starts]
    while waiting:
        node, leaving = waiting.pop()
        key = id(node.schema)
        if leaving:
            trail.discard(key)
            done.add(key)
        elif key in trail:
            return node
        elif key not in done:
            trail.add(key)
            waiting.append((node, True))
            waiting.extend((each, False) for each in after(node))
    return None
