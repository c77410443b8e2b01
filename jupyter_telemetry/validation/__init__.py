"""Validation of events against JSON Schema: compiled once per schema, offline, bounded in time.

jsonschema-rs validates where its work is bounded (`_work`); a Judge (`_judge`) does elsewhere, and explains all
that is invalid. Where jsonschema-rs has no wheel, the Judge asks jsonschema for the rules, with `regex` for the
patterns. Neither is imported before the first schema is compiled. Whatever is said of a violation comes from the
schema, never from the event.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urldefrag

from ..errors import ConfigurationError, InvalidSchema
from ._drafts import Draft, draft_of, own_copy, subschemas
from ._location import HIDDEN, Hidden, json_path
from ._nulls import admits_null
from ._objects import bars_objects
from ._reasons import describe
from ._references import Node, References, UnresolvedError, loop, may_recurse
from ._violation import Violation, best

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

__all__ = [
    "HIDDEN",
    "Draft",
    "Hidden",
    "Node",
    "References",
    "UnresolvedError",
    "Validator",
    "Violation",
    "admits_null",
    "bars_objects",
    "check_schema",
    "compile_validator",
    "draft_of",
    "json_path",
    "may_recurse",
    "own_copy",
    "subschemas",
]

BACKEND_VARIABLE = "JUPYTER_TELEMETRY_VALIDATION"
"""Environment variable that chooses the backend: `rust` or `python`."""
_BACKENDS = ("rust", "python")


class Validator(Protocol):
    """A compiled schema; any thread may use it."""

    references: References
    """The schema's own copy as a graph: its subschemas, and where its references lead."""
    is_valid: Callable[[object], bool]
    """Say whether an event is valid. May raise for what JSON cannot hold."""

    def explain(self, instance: object) -> Violation | None:
        """Say which rule an event breaks; None if none, or if it is nothing that JSON can hold."""
        ...


def compile_validator(
    schema: Mapping[str, Any],
    *,
    resources: Mapping[str, Mapping[str, Any]] | None = None,
    draft: Draft | None = None,
    backend: str | None = None,
) -> Validator:
    """Check and compile a schema, once for all its events.

    Parameters
    ----------
    schema: neither kept nor changed.
    resources: URI → the schema that a `$ref` to it means. Nothing else is reachable, nothing is fetched.
    draft: by default what draft_of says.
    backend: "rust" or "python"; by default rust if jsonschema-rs can be imported.

    Raises
    ------
    InvalidSchema: the schema is no JSON Schema of its draft, has a pattern that cannot be compiled, or a
        `$ref` that leads nowhere, to a document that is not in `resources`, or back to itself.
    ConfigurationError: the environment chooses a backend that there is not.
    """
    own = own_copy(schema)
    draft = draft or draft_of(own)
    given = {uri: own_copy(each) for uri, each in (resources or {}).items()}
    module = _backend(backend)
    _check_metaschema(own, draft, module)
    references = References(own, draft, given)
    # jsonschema-rs refuses a schema if a reference leads nowhere in any resource, needed or not.
    used = {node.resource for node in references.concerned()}
    _check_loops(references)
    reached = {uri: each for uri, each in given.items() if urldefrag(uri).url in used}
    validator: Validator = module.compiled(references, reached)
    return validator


def check_schema(schema: Mapping[str, Any], draft: Draft, *, backend: str | None = None) -> None:
    """Raise InvalidSchema, with its JSON path, unless `schema` is valid against the metaschema of `draft`."""
    _check_metaschema(own_copy(schema), draft, _backend(backend))


def _backend(name: str | None) -> ModuleType:
    chosen = os.environ.get(BACKEND_VARIABLE)
    if not name and chosen and chosen not in _BACKENDS:
        raise ConfigurationError(
            f"{BACKEND_VARIABLE}={chosen!r} in the environment names no backend: write 'rust' or 'python', or unset it"
        )
    name = name or chosen
    if not name:
        try:
            return import_module("._rust", __name__)
        except ImportError:
            return import_module("._python", __name__)
    if name not in _BACKENDS:
        raise ValueError(f"no backend {name!r}: 'rust' and 'python' are known")
    return import_module(f"._{name}", __name__)


def _check_metaschema(schema: dict[str, Any], draft: Draft, module: ModuleType) -> None:
    failure = best(module.schema_failures(schema, draft))
    if failure is not None:
        at = json_path(failure.path)
        rule = f"rule: {failure.rule} of {draft.title}'s metaschema"
        raise InvalidSchema(f"{at}: {describe(failure)} ({rule})", json_path=at, schema_id=_id_of(schema, draft))


def _check_loops(references: References) -> None:
    looping = loop(references)
    if looping is not None:
        at = json_path(looping.path)
        raise InvalidSchema(f"{at}: refers to itself and to nothing else", json_path=at)


def _id_of(schema: Mapping[str, Any], draft: Draft) -> str | None:
    named = schema.get(draft.id_keyword)
    return named if isinstance(named, str) else None
