"""Validation by jsonschema, as closed and as bounded, where jsonschema-rs cannot be had."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from jsonschema import validators

from ...errors import InvalidSchema
from .._drafts import Draft, walk
from .._judge import Judge
from .._location import json_path
from .._references import References
from .keywords import keywords_of
from .metaschemas import documents, parts_of
from .patterns import PatternError
from .patterns import compiled as compiled_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .._location import Path
    from .._violation import Failure

_CLASSES: dict[Draft, Any] = {
    Draft.DRAFT4: validators.Draft4Validator,
    Draft.DRAFT6: validators.Draft6Validator,
    Draft.DRAFT7: validators.Draft7Validator,
    Draft.DRAFT201909: validators.Draft201909Validator,
    Draft.DRAFT202012: validators.Draft202012Validator,
}


def compiled(references: References, _resources: Mapping[str, Any]) -> PythonValidator:
    """Prepare a schema whose metaschema and references are checked. Raises InvalidSchema."""
    _check_patterns(references)
    return PythonValidator(references)


@cache
def _class(draft: Draft) -> Any:
    base = _CLASSES[draft]
    types = base.TYPE_CHECKER.redefine_many(
        {
            "array": _is_array,
            "number": _is_number,
            "integer": _is_int if draft is Draft.DRAFT4 else _is_integer,
        }
    )
    extend: Any = validators.extend
    return extend(base, keywords_of(draft), type_checker=types)


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

    def __init__(self, references: References) -> None:
        judge = Judge(references, _Rules())
        self.references = references
        self.is_valid: Callable[[object], bool] = judge.is_valid
        self.explain = judge.explain


class _Rules:
    """What a Judge has compiled."""

    def assertion(self, rules: Mapping[str, Any], draft: Draft) -> Callable[[object], bool]:
        """Prepare rules that say nothing of what is in a value."""
        validator = _class(draft)(dict(rules))

        def holds(value: object) -> bool:
            return next(validator.iter_errors(value), None) is None

        return holds

    def matcher(self, pattern: str) -> Callable[[str], bool]:
        """Compile a pattern; the match raises TimeoutError at its bound."""
        return compiled_pattern(pattern).found_in

    def metaschema(self, uri: str, draft: Draft) -> Judge:
        """Compile the metaschema, or the part of one, that `uri` names in a schema of `draft`."""
        return Judge(References({"$ref": uri}, draft, documents()), self)


def schema_failures(schema: dict[str, Any], draft: Draft) -> Iterator[Failure]:
    """Give what `schema` breaks of its draft's metaschema; each path leads into `schema`."""
    for path, node in walk(schema, draft):
        for part in _metajudges(draft):
            failure = part.failure(node)
            if failure is not None:
                yield replace(failure, path=(*path, *failure.path))


@cache
def _metajudges(draft: Draft) -> tuple[Judge, ...]:
    return tuple(Judge(References(part, draft, documents()), _Rules()) for part in parts_of(draft))
