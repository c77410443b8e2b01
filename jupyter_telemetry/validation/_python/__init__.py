"""Validation by jsonschema, as closed and as bounded, where jsonschema-rs cannot be had."""

from __future__ import annotations

import math
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import referencing
from jsonschema import validators
from referencing.jsonschema import DRAFT4, DRAFT6, DRAFT7, DRAFT201909, DRAFT202012

from ...errors import InvalidSchema
from .._drafts import Draft, walk
from .._location import json_path
from .._violation import MAX_FAILURES, Failure, Violation, of_a_name, violation
from .evaluated import Unevaluated
from .keywords import GivenUpError, MissingError, keywords_of
from .metaschemas import parts_of
from .patterns import PatternError
from .patterns import compiled as compiled_pattern
from .rendering import Rendering

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema.exceptions import ValidationError

    from .._location import Path
    from .._references import References

_CLASSES: dict[Draft, Any] = {
    Draft.DRAFT4: validators.Draft4Validator,
    Draft.DRAFT6: validators.Draft6Validator,
    Draft.DRAFT7: validators.Draft7Validator,
    Draft.DRAFT201909: validators.Draft201909Validator,
    Draft.DRAFT202012: validators.Draft202012Validator,
}
_SPECIFICATIONS: dict[Draft, Any] = {
    Draft.DRAFT4: DRAFT4,
    Draft.DRAFT6: DRAFT6,
    Draft.DRAFT7: DRAFT7,
    Draft.DRAFT201909: DRAFT201909,
    Draft.DRAFT202012: DRAFT202012,
}
# Without a way to retrieve: what is not in it is nowhere. jsonschema's own default fetches.
_CLOSED: Any = referencing.Registry()


def compiled(references: References, resources: Mapping[str, Any]) -> PythonValidator:
    """Prepare a schema whose metaschema and references are checked. Raises InvalidSchema."""
    _check_patterns(references)
    draft = references.root.draft
    rendering = Rendering(references, resources)
    keywords: dict[str, Any] = dict(keywords_of(draft))
    unevaluated = Unevaluated(rendering)
    if "unevaluatedProperties" in _CLASSES[draft].VALIDATORS:
        keywords["unevaluatedProperties"] = unevaluated
    registry = _CLOSED.with_resources(
        (uri, _SPECIFICATIONS[references.draft_at(uri)].create_resource(each))
        for uri, each in rendering.resources.items()
    )
    validator = _class(draft, keywords)(rendering.root, registry=registry)
    unevaluated.root = validator
    return PythonValidator(validator, rendering, references)


def _class(draft: Draft, keywords: Mapping[str, Any]) -> Any:
    base = _CLASSES[draft]
    types = base.TYPE_CHECKER.redefine_many(
        {
            "array": _is_array,
            "number": _is_number,
            "integer": _is_int if draft is Draft.DRAFT4 else _is_integer,
        }
    )
    extend: Any = validators.extend
    return extend(base, keywords, type_checker=types)


def _is_array(_: object, value: object) -> bool:
    return isinstance(value, list | tuple)


def _is_number(_: object, value: object) -> bool:
    """A bool is none, nor is what JSON has no number for."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_int(_: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer(_: object, value: object) -> bool:
    return _is_int(_, value) or (isinstance(value, float) and value.is_integer())


def _check_patterns(references: References) -> None:
    """Compile each pattern, so that none is found to be bad while recording."""
    for node in references.concerned():
        sources: dict[Path, Any] = {
            ("patternProperties", name): name for name in node.schema.get("patternProperties", ())
        }
        sources[("pattern",)] = node.schema.get("pattern", "")
        for step, source in sources.items():
            try:
                compiled_pattern(source)
            except PatternError as error:
                at = json_path(node.path + step)
                raise InvalidSchema(f"{at}: {error}", json_path=at) from None


class PythonValidator:
    """A schema, interpreted."""

    def __init__(self, validator: Any, rendering: Rendering, references: References) -> None:
        self._validator = validator
        self._rendering = rendering
        self.references = references

    def is_valid(self, instance: object) -> bool:
        """Say whether `instance` is valid."""
        try:
            return next(self._validator.iter_errors(instance), None) is None
        except GivenUpError:
            return False

    def explain(self, instance: object) -> Violation | None:
        """Say which rule `instance` breaks; None if it breaks none, or is nothing that JSON can hold."""
        try:
            errors = list(islice(self._validator.iter_errors(instance), MAX_FAILURES))
            failures = [_failure(each, self._rendering) for each in errors]
        except GivenUpError as given_up:
            failures = [_given_up(given_up, instance, self._rendering)]
        except (ValueError, TypeError, RecursionError):
            return None
        return violation(failures, self.references)


def schema_failures(schema: dict[str, Any], draft: Draft) -> Iterator[Failure]:
    """Give what `schema` breaks of its draft's metaschema; each path leads into `schema`."""
    for path, node in walk(schema, draft):
        for part in _metavalidators(draft):
            for error in islice(part.iter_errors(node), MAX_FAILURES):
                yield _failure(error, None, path)


@cache
def _metavalidators(draft: Draft) -> tuple[Any, ...]:
    kind = _class(draft, keywords_of(draft))
    return tuple(kind(part, registry=_CLOSED) for part in parts_of(draft))


def _failure(error: ValidationError, rendering: Rendering | None, below: Path = ()) -> Failure:
    """Take from an error where it is and which rule it is of: not its message, nor its instance."""
    path = below + tuple(error.absolute_path)
    false_at = rendering.false_at(error.schema) if rendering else None
    if rendering and false_at is not None:
        return Failure(path, false_at, rendering.rule_of(false_at), expected=False, false=True)
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    rule = str(error.validator)
    if rule in ("maximum", "minimum") and schema.get(f"exclusive{rule.capitalize()}") is True:
        rule = f"exclusive{rule.capitalize()}"
    if rule in ("maxContains", "minContains"):
        rule = "contains"
    node = rendering.node(error.schema) if rendering else None
    expected = (node.schema if node else schema).get(rule)
    if rule == "propertyNames":
        return of_a_name([_failure(each, rendering, below) for each in error.context or ()], path)
    return Failure(
        path=path,
        rule_path=(*(node.path if node else ()), rule),
        rule=rule,
        expected=expected,
        beside=schema,
        name=error.name if isinstance(error, MissingError) else None,
        branches=_branches(error, rendering, below),
    )


def _branches(error: ValidationError, rendering: Rendering | None, below: Path) -> list[list[Failure]]:
    """Sort what failed below anyOf or oneOf by alternative."""
    found: dict[object, list[Failure]] = {}
    for each in error.context or ():
        alternative = each.relative_schema_path[0] if each.relative_schema_path else None
        found.setdefault(alternative, []).append(_failure(each, rendering, below))
    return list(found.values())


def _given_up(error: GivenUpError, instance: object, rendering: Rendering) -> Failure:
    """Describe a pattern that was given up."""
    path, is_name = _place_of(error.instance, instance)
    node = rendering.node(error.schema)
    step = (error.keyword, error.pattern) if error.keyword == "patternProperties" else (error.keyword,)
    failure = Failure(
        path=path,
        rule_path=(*(node.path if node else ()), *step),
        rule=error.keyword,
        expected=error.schema[error.keyword],
        beside=error.schema,
        late=not error.long,
        long=error.long,
    )
    return of_a_name([failure], path) if is_name else failure


def _place_of(value: object, instance: object) -> tuple[Path, bool]:
    """Find an object in an event: its path, or the path of the object that has it for a name."""
    waiting: list[tuple[Path, Any]] = [((), instance)]
    while waiting:
        path, each = waiting.pop()
        if each is value:
            return path, False
        if isinstance(each, dict):
            if any(name is value for name in each):
                return path, True
            waiting.extend(((*path, name), inner) for name, inner in reversed(each.items()))
        elif isinstance(each, list | tuple):
            waiting.extend(((*path, index), each[index]) for index in reversed(range(len(each))))
    return (), False
