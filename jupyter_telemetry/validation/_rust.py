"""Validation by jsonschema-rs: compiled, offline, its patterns bounded."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from ..errors import InvalidSchema
from ._drafts import Draft, keywords
from ._guards import guarded, without_guard
from ._judge import Judge
from ._location import json_path, spelled
from ._reasons import describe
from ._verdict import of_a_name, of_alternatives, verdict_of
from ._violation import OF_THE_WHOLE, Failure, best
from ._work import is_bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ._references import References
    from ._violation import Violation

BACKTRACK_LIMIT = 100_000
"""Steps of a pattern that backtracks, per match: about 2 ms; what needs more is refused as too slow."""
PATTERN_SIZE_LIMIT = 10 * 1024 * 1024
"""Bytes of one compiled pattern."""
MAX_FAILURES = 64
"""Failures of one schema before its metaschema that are looked at."""

_Kind = jsonschema_rs.ValidationErrorKind
_LATE = (_Kind.BacktrackLimitExceeded, _Kind.RegexEngineFailure)
_FROM_THE_SCHEMA = ("types", "options", "expected_value", "limit", "multiple_of", "pattern", "format")
_CLASSES: dict[Draft, type[jsonschema_rs.Validator]] = {
    Draft.DRAFT4: jsonschema_rs.Draft4Validator,
    Draft.DRAFT6: jsonschema_rs.Draft6Validator,
    Draft.DRAFT7: jsonschema_rs.Draft7Validator,
    Draft.DRAFT201909: jsonschema_rs.Draft201909Validator,
    Draft.DRAFT202012: jsonschema_rs.Draft202012Validator,
}


def _options(registry: jsonschema_rs.Registry | None = None) -> dict[str, Any]:
    return {
        "validate_formats": True,
        "offline": True,
        "mask": "*",
        "registry": registry,
        "pattern_options": jsonschema_rs.FancyRegexOptions(
            backtrack_limit=BACKTRACK_LIMIT, size_limit=PATTERN_SIZE_LIMIT
        ),
    }


def compiled(references: References, resources: Mapping[str, Any]) -> RustValidator:
    """Compile a schema whose metaschema and references are checked. Raises InvalidSchema."""
    try:
        draft = references.root.draft
        schema, resources = guarded(references, resources)
        registry = jsonschema_rs.Registry([(uri, _dated(each, draft)) for uri, each in resources.items()])
        return RustValidator(_CLASSES[draft](schema, **_options(registry)), references)
    except jsonschema_rs.ValidationError as error:
        at, why = _what_is_wrong(error, references)
    except (ValueError, jsonschema_rs.ReferencingError):
        at, why = "$", "cannot be compiled"
    raise InvalidSchema(f"{at}: {why}", json_path=at)


def _what_is_wrong(error: jsonschema_rs.ValidationError, references: References) -> tuple[str, str]:
    """Say what only jsonschema-rs finds: a bad pattern that no metaschema forbids, a metaschema of another draft."""
    if isinstance(error.kind, _Kind.Referencing):
        return "$", "has a reference that cannot be followed from this draft"
    failure = _failure(error, references.root.schema)
    path, _ = without_guard(tuple(error.instance_path), references, "")
    return json_path(spelled(references.root.schema, path)), describe(failure)


def _dated(resource: Any, draft: Draft) -> Any:
    """Name the draft of a resource: without one, that of the schema which refers to it."""
    return {"$schema": draft.value, **resource} if isinstance(resource, dict) else resource


class RustValidator:
    """A compiled schema."""

    def __init__(self, validator: jsonschema_rs.Validator, references: References) -> None:
        self.references = references
        self._judge = Judge(references, _Rules())
        # The compiled method itself: recording calls it for every event.
        self.is_valid: Callable[[object], bool] = validator.is_valid if is_bounded(references) else self._judge.is_valid

    def explain(self, instance: object) -> Violation | None:
        """Say which rule `instance` breaks; None if it breaks none, or is nothing that JSON can hold."""
        return self._judge.explain(instance)


class _Rules:
    """What a Judge has compiled."""

    def assertion(self, rules: Mapping[str, Any], draft: Draft) -> Callable[[object], bool]:
        """Compile rules that say nothing of what is in a value."""
        return _CLASSES[draft](dict(rules), **_options()).is_valid

    def matcher(self, pattern: str) -> Callable[[str], bool]:
        """Compile a pattern; the match raises TimeoutError at its bound."""
        validator = _CLASSES[Draft.DRAFT202012]({"pattern": pattern}, **_options())

        def found(text: str) -> bool:
            if validator.is_valid(text):
                return True
            if any(isinstance(each.kind, _LATE) for each in validator.iter_errors(text)):
                raise TimeoutError
            return False

        return found

    def metaschema(self, uri: str, draft: Draft) -> _Metaschema:
        """Compile the metaschema, or the part of one, that `uri` names in a schema of `draft`."""
        return _Metaschema(_CLASSES[draft]({"$ref": uri}, **_options()))


class _Metaschema:
    def __init__(self, validator: jsonschema_rs.Validator) -> None:
        self._validator = validator

    def failure(self, value: object) -> Failure | None:
        """Give the failure of a value that says most; None if it is valid."""
        if self._validator.is_valid(value):
            return None
        return best(_failure(each, value) for each in islice(self._validator.iter_errors(value), MAX_FAILURES))


def schema_failures(schema: dict[str, Any], draft: Draft) -> Iterator[Failure]:
    """Give what `schema` breaks of its draft's metaschema; each path leads into `schema`."""
    for error in islice(_metavalidator(draft).iter_errors(schema), MAX_FAILURES):
        yield _failure(error, schema)


def _failure(error: jsonschema_rs.ValidationError, instance: object) -> Failure:
    """Take from an error of a metaschema, or of its compilation, what the metaschema says, and where."""
    kind = error.kind
    path = spelled(instance, error.instance_path)
    if isinstance(kind, _Kind.PropertyNames):
        return of_a_name(_failure(kind.error, instance), path)
    way = keywords(tuple(error.evaluation_path))
    rule = way[-1] if way else "$schema"
    said = _said(kind)
    failure = Failure(
        path=path,
        rule_path=tuple(error.schema_path),
        rule=rule,
        expected=said,
        beside={rule: said},
        name=kind.property if isinstance(kind, _Kind.Required) else None,
        late=isinstance(kind, _LATE),
        false=isinstance(kind, _Kind.FalseSchema) and rule not in OF_THE_WHOLE,
        several=isinstance(kind, _Kind.OneOfMultipleValid),
    )
    branches = [verdict_of([_failure(e, instance) for e in branch], path) for branch in _context(kind)]
    return of_alternatives(failure, branches) if branches else failure


def _context(kind: jsonschema_rs.ValidationErrorKind) -> list[list[jsonschema_rs.ValidationError]]:
    if isinstance(kind, _Kind.AnyOf | _Kind.OneOfNotValid):
        return [branch for branch in kind.context if branch]
    return []


def _said(kind: jsonschema_rs.ValidationErrorKind) -> Any:
    """Give what the schema says under the keyword of an error: never what the value is."""
    fields = kind.as_dict()
    known = (fields[name] for name in _FROM_THE_SCHEMA if name in fields)
    return next(known, None)


@cache
def _metavalidator(draft: Draft) -> jsonschema_rs.Validator:
    return _CLASSES[draft]({"$ref": draft.value}, **_options())
