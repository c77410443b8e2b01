"""Validation by jsonschema-rs: compiled, offline, its patterns bounded."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from ..errors import InvalidSchema
from ._drafts import Draft, keywords
from ._guards import guarded, without_guard
from ._location import json_path, spelled
from ._reasons import describe
from ._violation import MAX_FAILURES, OF_THE_WHOLE, Failure, Violation, is_large, of_a_name, violation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ._location import Path
    from ._references import References

BACKTRACK_LIMIT = 100_000
"""Steps of a pattern that backtracks, per match: about 2 ms; what needs more is refused as too slow."""
PATTERN_SIZE_LIMIT = 10 * 1024 * 1024
"""Bytes of one compiled pattern."""

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
    failure = _failure(error, references.root.schema, None)
    path, _ = without_guard(tuple(error.instance_path), references, "")
    return json_path(spelled(references.root.schema, path)), describe(failure)


def _dated(resource: Any, draft: Draft) -> Any:
    """Name the draft of a resource: without one, that of the schema which refers to it."""
    return {"$schema": draft.value, **resource} if isinstance(resource, dict) else resource


class RustValidator:
    """A compiled schema."""

    def __init__(self, validator: jsonschema_rs.Validator, references: References) -> None:
        self._validator = validator
        self.references = references
        # The compiled method itself: recording calls it for every event.
        self.is_valid: Callable[[object], bool] = validator.is_valid

    def explain(self, instance: object) -> Violation | None:
        """Say which rule `instance` breaks; None if it breaks none, or is nothing that JSON can hold."""
        try:
            errors = self._errors(instance)
        except (ValueError, TypeError, RecursionError):
            return None
        return violation([_failure(each, instance, self.references) for each in errors], self.references)

    def _errors(self, instance: object) -> list[jsonschema_rs.ValidationError]:
        """Give the errors to choose from; of a large event the first only: iter_errors makes all of them at once."""
        if not is_large(instance):
            return list(islice(self._validator.iter_errors(instance), MAX_FAILURES))
        try:
            self._validator.validate(instance)
        except jsonschema_rs.ValidationError as error:
            return [error]
        return []


def schema_failures(schema: dict[str, Any], draft: Draft) -> Iterator[Failure]:
    """Give what `schema` breaks of its draft's metaschema; each path leads into `schema`."""
    for error in islice(_metavalidator(draft).iter_errors(schema), MAX_FAILURES):
        yield _failure(error, schema, None)


def _failure(error: jsonschema_rs.ValidationError, instance: object, references: References | None) -> Failure:
    """Take from an error what the schema says, and where; `references` knows it unless it is a metaschema."""
    kind = error.kind
    path = spelled(instance, error.instance_path)
    if isinstance(kind, _Kind.PropertyNames):
        return of_a_name([_failure(kind.error, instance, references)], path)
    way = keywords(tuple(error.evaluation_path))
    rule = way[-1] if way else "$schema"
    rule_path: Path = tuple(error.schema_path)
    beside: Any = None
    long = False
    if references is not None:
        uri = error.absolute_keyword_location or ""
        rule_path, long = without_guard(rule_path, references, uri)
        rule = "pattern" if long else rule
        rule_path, beside = _stand(references, rule_path, rule, uri)
    if rule in ("maxContains", "minContains"):
        rule, rule_path = "contains", (*rule_path[:-1], "contains")
    if not isinstance(beside, dict) or rule not in beside:
        beside = {rule: _said(kind)}
    false = isinstance(kind, _Kind.FalseSchema) and not long
    failure = Failure(
        path=path,
        rule_path=rule_path,
        rule=rule,
        expected=False if false else beside[rule],
        beside=beside,
        name=kind.property if isinstance(kind, _Kind.Required) else None,
        late=isinstance(kind, _LATE),
        long=long,
        false=false and rule not in OF_THE_WHOLE,
        branches=[[_failure(e, instance, references) for e in branch] for branch in _context(kind)],
    )
    # A pattern for names that took too long is an error of the pattern, not of propertyNames.
    return of_a_name([failure], path) if failure.late and "propertyNames" in way else failure


def _stand(references: References, path: Path, rule: str, uri: str) -> tuple[Path, Any]:
    """Give where a rule stands, and the subschema that has it."""
    path, _ = references.place(path, uri)
    length = len(path) - 1
    while length > 0 and path[length] != rule:
        length -= 1
    return path, references.place(path[:length], uri)[1]


def _context(kind: jsonschema_rs.ValidationErrorKind) -> list[list[jsonschema_rs.ValidationError]]:
    if isinstance(kind, _Kind.AnyOf | _Kind.OneOfNotValid):
        return kind.context
    return []


def _said(kind: jsonschema_rs.ValidationErrorKind) -> Any:
    """Give what the schema says under the keyword of an error: never what the value is."""
    fields = kind.as_dict()
    known = (fields[name] for name in _FROM_THE_SCHEMA if name in fields)
    return next(known, None)


@cache
def _metavalidator(draft: Draft) -> jsonschema_rs.Validator:
    return _CLASSES[draft]({"$ref": draft.value}, **_options())
